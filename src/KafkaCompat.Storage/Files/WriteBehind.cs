using System.Threading.Channels;

namespace KafkaCompat.Storage.Files;

/// <summary>
/// Keeps the pages that appends touch few and warm: what has been appended is handed to the disk at once, and once more than a window of it lies
/// behind, the oldest is waited for and its pages are given back to the system, which appends then use again. Where a machine's free memory is not backed yet
/// (a virtual one), a first touch of a page costs several times what writing it does. The price: a reader further behind than the window reads from the disk.
/// </summary>
/// <remarks>
/// Nothing about durability changes: this is no sync, and no recovery point follows from it. A write that the disk refuses fails the directory.
/// Appends only put a piece into a bounded queue; where that is full, the piece is left to the system as it would be without this.
/// </remarks>
public sealed class WriteBehind
{
    /// <summary>Bytes of one file that are handed over together.</summary>
    public const int PieceBytes = 1 << 20;

    /// <summary>The most pieces that wait to be handed to the disk.</summary>
    private const int MaxWaitingPieces = 1024;

    private readonly long _maxPieces;
    private readonly DirectoryHealth _health;
    private readonly IWorkThreads _threads;
    private readonly Queue<Piece> _window = new();
    private readonly Channel<Piece> _written =
        Channel.CreateBounded<Piece>(new BoundedChannelOptions(MaxWaitingPieces) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private Task _loop = Task.CompletedTask;

    /// <param name="windowBytes">How much of what was appended last, in all logs together, stays in memory; at least one piece.</param>
    /// <param name="health">The directory that fails with its disk.</param>
    /// <param name="threads">Where the disk is waited for.</param>
    public WriteBehind(long windowBytes, DirectoryHealth health, IWorkThreads? threads = null)
    {
        _threads = threads ?? IWorkThreads.None;
        _maxPieces = Math.Max(1, windowBytes / PieceBytes);
        _health = health;
    }

    private readonly record struct Piece(StoredFile File, long Position, long Length);

    /// <summary>Tells of bytes of a file that are final. Never waits.</summary>
    public void Written(StoredFile file, long position, long length) => _ = _written.Writer.TryWrite(new Piece(file, position, length));

    public void Start() => _loop = Run();

    /// <summary>Leaves what has not been handed over to the system, and ends.</summary>
    public async Task Stop()
    {
        _ = _written.Writer.TryComplete();
        await _loop;
    }

    private async Task Run()
    {
        while (await _written.Reader.WaitToReadAsync())
        {
            while (_written.Reader.TryRead(out var piece))
                await _threads.Run(() => HandOver(piece));
        }
    }

    private void HandOver(Piece piece)
    {
        try
        {
            Use(piece, static piece => piece.File.StartWriting(piece.Position, piece.Length));
            _window.Enqueue(piece);
            while (_window.Count > _maxPieces)
                Use(_window.Dequeue(), static piece => piece.File.DropPages(piece.Position, piece.Length));
        }
        catch (IOException failure)
        {
            _health.Fail(failure);
        }
    }

    // A file that was closed in the meantime, its log deleted perhaps, is left alone: keeping it open would keep its room on the disk.
    private static void Use(Piece piece, Action<Piece> use)
    {
        if (!piece.File.TryRetain())
            return;
        try
        {
            use(piece);
        }
        finally
        {
            piece.File.Release();
        }
    }
}
