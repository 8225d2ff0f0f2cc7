using System.Globalization;
using System.IO.Pipes;
using KafkaCompat.Server.Logging;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Logging;

/// <summary>Whoever logs may be serving a request. It does not wait for a terminal or a pipe whose reader reads slowly.</summary>
public sealed class StandardStreamTests
{
    /// <summary>More than a pipe holds, and no more than a pipe and the stream do.</summary>
    private const int Lines = 1_000;

    [Fact]
    public async Task Lines_wait_for_a_slow_reader_and_whoever_writes_them_does_not()
    {
        if (OperatingSystem.IsWindows()) return;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        var descriptor = (int)pipe.ClientSafePipeHandle.DangerousGetHandle();
        using (var stream = new StandardStream(descriptor))
        {
            // Nobody reads meanwhile.
            for (var i = 0; i < Lines; i++) stream.WriteLine(Line(i));
            Assert.InRange(stream.WaitingBytes, 1, StandardStream.MaxWaitingBytes);
            Assert.Equal(0, stream.Waits);
            using var reader = new StreamReader(pipe, leaveOpen: true);
            for (var i = 0; i < Lines; i++) Assert.Equal(Line(i), await reader.ReadLineAsync(TestContext.Current.CancellationToken));
            await Eventually.Is(() => stream.WaitingBytes == 0);
        }
    }

    private static string Line(int number) => string.Create(CultureInfo.InvariantCulture, $"{number:D100}");
}
