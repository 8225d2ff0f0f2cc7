using System.Buffers;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Appended bytes are handed to the disk at once and leave memory behind the window; a disk that refuses them fails the directory.</summary>
public sealed class WriteBehindTests
{
    private const int Piece = WriteBehind.PieceBytes;

    [Fact]
    public async Task EveryPieceIsStartedAndThoseBehindTheWindowAreLetGo()
    {
        using var file = new RecordingFile();
        var writeBehind = new WriteBehind(2 * Piece, new DirectoryHealth());
        for (var i = 0; i < 5; i++)
            writeBehind.Written(file, (long)i * Piece, Piece);
        writeBehind.Start();
        await writeBehind.Stop();

        Assert.Equal([0, Piece, 2 * Piece, 3 * Piece, 4 * Piece], file.Started);
        Assert.Equal([0, Piece, 2 * Piece], file.LetGo);
    }

    [Fact]
    public async Task AFileThatWasClosedIsLeftAlone()
    {
        var file = new RecordingFile();
        var writeBehind = new WriteBehind(Piece, new DirectoryHealth());
        writeBehind.Written(file, 0, Piece);
        file.Dispose();
        writeBehind.Start();
        await writeBehind.Stop();

        Assert.Empty(file.Started);
    }

    [Fact]
    public async Task ADiskThatRefusesFailsTheDirectory()
    {
        using var file = new RecordingFile { Refusal = new IOException("sync_file_range failed") };
        var health = new DirectoryHealth();
        var writeBehind = new WriteBehind(Piece, health);
        writeBehind.Written(file, 0, Piece);
        writeBehind.Start();
        await writeBehind.Stop();

        Assert.True(health.IsFailed);
        Assert.Same(file.Refusal, health.Cause);
    }

    [Fact]
    public async Task WhatWasLetGoIsReadFromTheDisk()
    {
        var root = Directory.CreateTempSubdirectory("kafkacompat-write-behind-").FullName;
        try
        {
            var environment = new LogEnvironment(new DiskFileStore(), new FixedClock(Batches.StartMs), new Random(1));
            environment.WriteBehind = new WriteBehind(Piece, environment.Health);
            environment.WriteBehind.Start();
            using var log =
                PartitionLog.Open(environment, Path.Combine(root, "t-0"), new TopicPartition("t", 0), LogSettings.Default, new LogOpening(IsClean: false));
            byte[][] batches = [.. Enumerable.Range(0, 20).Select(static i => Batches.Plain(i, 1, Piece / 3))];
            foreach (var batch in batches)
                log.Append(batch);
            await environment.WriteBehind.Stop();

            Assert.False(environment.Health.IsFailed);
            for (var i = 0; i < batches.Length; i++)
            {
                var read = new ArrayBufferWriter<byte>();
                log.Read(i, 1, long.MaxValue, minOneBatch: true).Region!.CopyTo(read);
                Assert.Equal(batches[i], read.WrittenSpan);
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private sealed class RecordingFile() : StoredFile("recorded")
    {
        public List<long> Started { get; } = [];

        public List<long> LetGo { get; } = [];

        public IOException? Refusal { get; init; }

        public override long Length => 0;

        public override int Read(long position, Span<byte> buffer) => 0;

        public override void Write(long position, ReadOnlySpan<byte> bytes)
        {
        }

        public override void Write(long position, in ReadOnlySequence<byte> bytes)
        {
        }

        public override void SetLength(long length)
        {
        }

        public override void Preallocate(long length)
        {
        }

        public override void Sync()
        {
        }

        public override void StartWriting(long position, long length)
        {
            if (Refusal is not null)
                throw Refusal;
            Started.Add(position);
        }

        public override void DropPages(long position, long length) => LetGo.Add(position);

        protected override void Close()
        {
        }
    }
}
