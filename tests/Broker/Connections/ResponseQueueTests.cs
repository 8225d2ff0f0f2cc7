using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>On which thread the next request of a connection is started.</summary>
public sealed class ResponseQueueTests
{
    private readonly WaitingWriter _output = new();

    [Fact]
    public void The_next_request_starts_on_the_thread_that_completes_a_flush()
    {
        var queue = new ResponseQueue(_output, static _ => { });
        Answer(queue);
        var startedOn = ThreadOf(queue.WhenMayStart(isProduce: false));
        _output.CompleteFlush();
        Assert.Equal(Environment.CurrentManagedThreadId, startedOn.Value);
    }

    [Fact]
    public async Task A_flush_that_completes_while_it_is_asked_for_starts_nothing_on_that_thread()
    {
        var queue = new ResponseQueue(_output, static _ => { });
        var place = queue.Begin(1, 0, 0);
        var started = new TaskCompletionSource<int>();
        StartAfter(queue.WhenMayStart(isProduce: false), started);
        _output.CompletesAsAsked = true;
        queue.Complete(place, new HeartbeatResponse());
        Assert.False(started.Task.IsCompleted && await started.Task == Environment.CurrentManagedThreadId);
        _ = await started.Task;
    }

    [Fact]
    public async Task An_answer_of_another_thread_starts_nothing_on_that_thread()
    {
        var queue = new ResponseQueue(_output, static _ => { });
        _output.TakesAtOnce = true;
        var place = queue.Begin(1, 0, 0);
        var started = new TaskCompletionSource<int>();
        StartAfter(queue.WhenMayStart(isProduce: false), started);
        queue.Complete(place, new HeartbeatResponse());
        Assert.False(started.Task.IsCompleted && await started.Task == Environment.CurrentManagedThreadId);
        _ = await started.Task;
    }

    private static void Answer(ResponseQueue queue) => queue.Complete(queue.Begin(1, 0, 0), new HeartbeatResponse());

    private static StrongBox<int> ThreadOf(Task mayStart)
    {
        var thread = new StrongBox<int>();
        _ = mayStart.ContinueWith(_ => thread.Value = Environment.CurrentManagedThreadId, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return thread;
    }

    private static void StartAfter(Task mayStart, TaskCompletionSource<int> started) => _ = mayStart.ContinueWith(
        _ => started.SetResult(Environment.CurrentManagedThreadId), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>A client that takes an answer at once, when the test says so, or between the two looks of whoever awaits it.</summary>
    private sealed class WaitingWriter : PipeWriter
    {
        private readonly ArrayBufferWriter<byte> _written = new();
        private TaskCompletionSource<FlushResult>? _flush;

        public bool TakesAtOnce { get; set; }

        public bool CompletesAsAsked { get; set; }

        public void CompleteFlush() => _flush!.SetResult(default);

        public override void Advance(int bytes) => _written.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => _written.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => _written.GetSpan(sizeHint);

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            if (TakesAtOnce) return default;
            if (CompletesAsAsked) return new ValueTask<FlushResult>(new CompletingSource(), 0);
            _flush = new TaskCompletionSource<FlushResult>();
            return new ValueTask<FlushResult>(_flush.Task);
        }
    }

    /// <summary>Pending when it is looked at first, and completed at every later look.</summary>
    private sealed class CompletingSource : IValueTaskSource<FlushResult>
    {
        private int _looks;

        public FlushResult GetResult(short token) => default;

        public ValueTaskSourceStatus GetStatus(short token) =>
            _looks++ == 0 ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

        /// <summary>As the sources of the runtime: what has completed by now continues on the pool.</summary>
        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            ThreadPool.UnsafeQueueUserWorkItem(continuation, state, preferLocal: false);
    }
}
