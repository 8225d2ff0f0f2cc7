using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>
/// What the making of many partitions keeps waiting: how long a turn of each mailbox takes at most, on whatever thread, and how long the broker's heartbeats
/// take to be answered meanwhile. A whole node in this process, on a disk folder. A turn that has another mailbox take one on the spot holds both for as long.
/// The first round is not counted: the JIT compiles most of what it calls.
/// </summary>
internal static class TurnMeasurement
{
    private const int Partitions = 3_000;
    private const int Rounds = 10;
    private const double BoundMs = 20;

    public static int Run()
    {
        var turns = new TimedTurns();
        TimedChannel? channel = null;
        using var node = BenchmarkNode.Start(new NodeSeams { Turns = turns, ControllerChannel = next => channel = new TimedChannel(next) });
        using var client = new FrameClient(node.Port);
        var longest = 0.0;
        for (var round = 0; round <= Rounds; round++)
        {
            _ = turns.TakeLongest();
            _ = channel!.TakeHeartbeats();
            var pauses = GC.GetTotalPauseDuration();
            var collections = GC.CollectionCount(0);
            var began = Stopwatch.GetTimestamp();
            var topic = string.Create(CultureInfo.InvariantCulture, $"turns-{round}");
            RequestFrames.CreateTopic(client, topic, Partitions);
            var created = Stopwatch.GetElapsedTime(began);
            var heartbeats = channel.TakeHeartbeats();
            var taken = turns.TakeLongest();
            longest = round == 0 ? 0 : Math.Max(longest, taken.GetValueOrDefault(nameof(QuorumLoop)).TotalMilliseconds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(round == 0 ? "warm-up" : $"round {round}")}: {Partitions} partitions made in {created.TotalMilliseconds:F0} ms; longest turns: "
                    + $"{Describe(taken)}; "
                    + $"{heartbeats.Count} heartbeats, the longest {(heartbeats.Count == 0 ? 0 : heartbeats.Max().TotalMilliseconds):F1} ms; "
                    + $"{GC.CollectionCount(0) - collections} collections, {(GC.GetTotalPauseDuration() - pauses).TotalMilliseconds:F1} ms of pauses"));
            RequestFrames.DeleteTopic(client, topic);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the quorum's longest turn {longest:F1} ms, target {BoundMs:F0} ms"));
        return longest <= BoundMs ? 0 : 1;
    }

    private static string Describe(Dictionary<string, TimeSpan> longest) => string.Join(
        ", ",
        longest.OrderBy(static each => each.Key, StringComparer.Ordinal)
            .Select(static each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {each.Value.TotalMilliseconds:F1} ms")));

    /// <summary>Runs turns on the pool, and knows the longest of each owner.</summary>
    private sealed class TimedTurns : TaskScheduler, ITurnWatch
    {
        private readonly ConcurrentDictionary<string, TimeSpan> _longest = new(StringComparer.Ordinal);

        public Dictionary<string, TimeSpan> TakeLongest()
        {
            var taken = _longest.ToDictionary(StringComparer.Ordinal);
            _longest.Clear();
            return taken;
        }

        public void Take(Action turn)
        {
            var began = Stopwatch.GetTimestamp();
            turn();
            var took = Stopwatch.GetElapsedTime(began);
            _ = _longest.AddOrUpdate(turn.Target!.GetType().Name, took, (_, known) => took > known ? took : known);
        }

        protected override IEnumerable<Task> GetScheduledTasks() => [];

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override void QueueTask(Task task) => ThreadPool.UnsafeQueueUserWorkItem(
            static turn => turn.Scheduler.TryExecuteTask(turn.Task), (Scheduler: this, Task: task), preferLocal: false);
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
