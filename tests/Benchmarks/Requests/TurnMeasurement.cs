using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>
/// What the making of many partitions keeps waiting: how long a turn of a mailbox (quorum, controller) takes at most, and how long the broker's heartbeats
/// take to be answered meanwhile. A whole node in this process, on a disk folder. Not counted are turns that a socket's thread takes on the spot.
/// </summary>
internal static class TurnMeasurement
{
    private const int WarmPartitions = 100;
    private const int Partitions = 3_000;
    private const int Rounds = 5;

    public static int Run()
    {
        var turns = new TimedTurns();
        TimedChannel? channel = null;
        using var node = BenchmarkNode.Start(new NodeSeams { Turns = turns, ControllerChannel = next => channel = new TimedChannel(next) });
        using var client = new FrameClient(node.Port);
        RequestFrames.CreateTopic(client, "warm", WarmPartitions);
        for (var round = 0; round < Rounds; round++)
        {
            _ = turns.TakeLongest();
            _ = channel!.TakeHeartbeats();
            var began = Stopwatch.GetTimestamp();
            RequestFrames.CreateTopic(client, string.Create(CultureInfo.InvariantCulture, $"turns-{round}"), Partitions);
            var created = Stopwatch.GetElapsedTime(began);
            var heartbeats = channel.TakeHeartbeats();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Partitions} partitions made in {created.TotalMilliseconds:F0} ms; longest turn {turns.TakeLongest().TotalMilliseconds:F1} ms; "
                    + $"{heartbeats.Count} heartbeats, the longest {(heartbeats.Count == 0 ? 0 : heartbeats.Max().TotalMilliseconds):F1} ms"));
        }

        return 0;
    }

    /// <summary>Runs turns on the pool, and knows the longest.</summary>
    private sealed class TimedTurns : TaskScheduler
    {
        private long _longest;

        public TimeSpan TakeLongest() => TimeSpan.FromTicks(Interlocked.Exchange(ref _longest, 0));

        protected override IEnumerable<Task> GetScheduledTasks() => [];

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override void QueueTask(Task task) => ThreadPool.UnsafeQueueUserWorkItem(
            static turn =>
            {
                var began = Stopwatch.GetTimestamp();
                turn.Scheduler.TryExecuteTask(turn.Task);
                var ticks = Stopwatch.GetElapsedTime(began).Ticks;
                for (var known = Volatile.Read(ref turn.Scheduler._longest); ticks > known;)
                {
                    known = Interlocked.CompareExchange(ref turn.Scheduler._longest, ticks, known) is var seen && seen == known ? ticks : seen;
                }
            },
            (Scheduler: this, Task: task),
            preferLocal: false);
    }

    /// <summary>A way to the controller that times heartbeats.</summary>
    private sealed class TimedChannel(IControllerChannel next) : IControllerChannel
    {
        private readonly Lock _lock = new();
        private List<TimeSpan> _heartbeats = [];

        public List<TimeSpan> TakeHeartbeats()
        {
            lock (_lock)
            {
                var taken = _heartbeats;
                _heartbeats = [];
                return taken;
            }
        }

        public async Task<ForwardedAnswer> Forward(ForwardedRequest request)
        {
            if (request.Body is not BrokerHeartbeatRequest)
            {
                return await next.Forward(request);
            }

            var began = Stopwatch.GetTimestamp();
            var answer = await next.Forward(request);
            lock (_lock)
            {
                _heartbeats.Add(Stopwatch.GetElapsedTime(began));
            }

            return answer;
        }
    }
}
