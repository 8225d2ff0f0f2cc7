using KafkaCompat.Server.Surroundings;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>Work is done whether the system gives threads or not.</summary>
public sealed class WorkThreadsTests
{
    [Fact]
    public async Task Without_a_thread_of_the_system_the_work_is_done_by_who_asks()
    {
        using var threads = new WorkThreads("test", 2, static _ => throw new InsufficientMemoryException());
        var here = Environment.CurrentManagedThreadId;
        var there = 0;
        await threads.Run(() => there = Environment.CurrentManagedThreadId);
        Assert.Equal(here, there);
        await Assert.ThrowsAsync<InvalidOperationException>(() => threads.Run(static () => throw new InvalidOperationException()));
    }

    [Fact]
    public async Task Without_a_second_thread_the_work_waits_for_the_first()
    {
        var started = 0;
        using var threads = new WorkThreads("test", 2, thread =>
        {
            if (++started > 1) throw new InsufficientMemoryException();
            thread.Start();
        });
        using var gate = new ManualResetEventSlim();
        var first = threads.Run(gate.Wait);
        var second = threads.Run(static () => { });
        Assert.False(second.IsCompleted);
        gate.Set();
        await first;
        await second;
        Assert.Equal(2, started);
    }

    [Fact]
    public async Task Work_of_one_name_waits_for_none_of_another()
    {
        using var threads = new WorkThreads("test", 1);
        using var gate = new ManualResetEventSlim();
        var (one, other) = (threads.Of("one"), threads.Of("other"));
        Assert.Same(one, threads.Of("one"));
        var hangs = one.Run(gate.Wait);
        var behind = one.Run(static () => { });
        await other.Run(static () => { });
        await one.Of("within").Run(static () => { });
        Assert.False(behind.IsCompleted);
        gate.Set();
        await hangs;
        await behind;
    }
}
