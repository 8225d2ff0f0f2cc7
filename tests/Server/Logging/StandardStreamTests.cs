using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using KafkaCompat.Server.Logging;
using KafkaCompat.Tests.Shared;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace KafkaCompat.Server.Tests.Logging;

/// <summary>Whoever logs may be serving a request. It does not wait for a terminal or a pipe whose reader reads slowly.</summary>
public sealed class StandardStreamTests
{
    /// <summary>More than any pipe holds.</summary>
    private const int LongLine = 2 * 1024 * 1024;

    [Fact]
    public async Task Lines_wait_for_a_slow_reader_and_whoever_writes_them_does_not()
    {
        if (OperatingSystem.IsWindows()) return;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var stream = Into(pipe);

        // Nobody reads meanwhile.
        var lines = 0;
        while (stream.WaitingBytes < StandardStream.MaxWaitingBytes / 2) stream.WriteLine(Line(lines++));
        Assert.Equal(0, stream.Waits);
        using var reader = new StreamReader(pipe, leaveOpen: true);
        for (var i = 0; i < lines; i++) Assert.Equal(Line(i), await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await Eventually.Is(() => stream.WaitingBytes == 0);
    }

    /// <summary>The end of the program is the last chance for a reader that had stopped.</summary>
    [Fact]
    public async Task The_end_waits_for_a_reader_that_had_stopped_and_tells_of_the_lines_that_are_lost()
    {
        if (OperatingSystem.IsWindows()) return;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var stream = Into(pipe);
        var lines = 0;
        while (stream.Waits == 0) stream.WriteLine(Line(lines++));
        stream.WriteLine(Line(lines++));
        Assert.Equal(1, stream.Waits);
        stream.Flush();
        Assert.Equal(2, stream.Waits);
        using var reader = new StreamReader(pipe, leaveOpen: true);
        for (var i = 0; i < lines - 2; i++) Assert.Equal(Line(i), await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal("kafkacompat: 2 lines were lost here: nobody read them", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2, stream.Waits);
    }

    /// <summary>A named pipe, whose reader goes and comes again. The line that tells of lost lines is lost too, once.</summary>
    [Fact]
    public async Task A_torn_line_ends_before_the_line_that_tells_of_lost_ones()
    {
        if (OperatingSystem.IsWindows()) return;
        var folder = Directory.CreateTempSubdirectory("kafkacompat-stream-").FullName;
        try
        {
            var file = Path.Combine(folder, "pipe");
            using (var make = Process.Start("mkfifo", [file])) await make.WaitForExitAsync(TestContext.Current.CancellationToken);
            var gone = Open(FileAccess.ReadWrite);
            using var written = Open(FileAccess.Write);
            using var stream = new StandardStream((int)written.DangerousGetHandle());
            stream.WriteLine(new string('x', LongLine));
            Assert.NotEqual(0, stream.WaitingBytes);

            // Its data stays in the pipe.
            gone.Dispose();
            stream.Flush();
            Assert.Equal(0, stream.WaitingBytes);
            stream.WriteLine("lost");
            Assert.Equal(0, stream.WaitingBytes);
            using var reader = new StreamReader(new FileStream(Open(FileAccess.Read), FileAccess.Read));
            stream.WriteLine("last");
            Assert.Matches("^x+$", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
            Assert.StartsWith("kafkacompat: 2 lines were lost here: ", await reader.ReadLineAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal);
            Assert.Equal("last", await reader.ReadLineAsync(TestContext.Current.CancellationToken));

            SafeFileHandle Open(FileAccess access) => File.OpenHandle(file, FileMode.Open, access, FileShare.ReadWrite);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static StandardStream Into(AnonymousPipeServerStream pipe) => new((int)pipe.ClientSafePipeHandle.DangerousGetHandle());

    private static string Line(int number) => string.Create(CultureInfo.InvariantCulture, $"{number:D100}");
}
