using System.Text.Json;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>
/// The smallest machine that uses all of the contract: sums by name, which a record keeps each, and which are forgotten when nobody has added to them for a
/// second. The time of the last addition is a draft: it is never written.
/// </summary>
internal sealed class ToyShard : IShard
{
    public const int MaxIdleMs = 1_000;

    private readonly SortedDictionary<string, long> _sums = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _dueMs = new(StringComparer.Ordinal);

    public long NextDeadline => _dueMs.Values.DefaultIfEmpty(long.MaxValue).Min();

    public static bool TryRead(byte[] key, byte[]? value, out ShardRecord record)
    {
        record = new ShardRecord(ToyName.Type, ToyName.Read(key), ToySum.Version, value is null ? null : ToySum.Read(value));
        return true;
    }

    public void Apply(in ShardRecord record, long offset, long producerId = -1)
    {
        var name = ((ToyName)record.Key).Name;
        if (record.Value is ToySum sum)
            _sums[name] = sum.Sum;
        else
            _ = _sums.Remove(name) & _dueMs.Remove(name);
    }

    public ShardDecision OnLoaded(Now now)
    {
        var decision = new ShardDecision();
        foreach (var name in _sums.Keys)
            decision.Draft(new Due(name, now.After(MaxIdleMs)));
        return decision;
    }

    public ShardDecision Decide(ShardCommand command, Ticket ticket, Now now)
    {
        var decision = new ShardDecision();
        var sum = _sums.GetValueOrDefault(command.Key);
        if (command is Add add)
        {
            sum += add.Amount;
            decision.Write(ToySum.Record(add.Key, sum));
            decision.Draft(new Due(add.Key, now.After(MaxIdleMs)));
        }
        decision.Reply(ticket, new Answer(ErrorCode.None, sum));
        return decision;
    }

    public ShardDecision OnDeadline(Now now)
    {
        var decision = new ShardDecision();
        foreach (var (name, dueMs) in _dueMs)
        {
            if (dueMs <= now.TickMs)
                decision.Write(ToySum.Record(name, null));
        }
        return decision;
    }

    public void Install(ShardDecision decision, Now now)
    {
        foreach (var draft in decision.Drafts.Cast<Due>())
            _dueMs[draft.Name] = draft.AtMs;
    }

    public sealed record Add(string Name, long Amount) : ShardCommand(Name)
    {
        public override object Refuse(ErrorCode error) => new Answer(error, 0);
    }

    public sealed record Look(string Name) : ShardCommand(Name)
    {
        public override object Refuse(ErrorCode error) => new Answer(error, 0);
    }

    public sealed record Answer(ErrorCode Error, long Sum);

    private sealed class Due(string name, long atMs) : Draft
    {
        public string Name { get; } = name;

        public long AtMs { get; } = atMs;
    }
}

/// <summary>The key of the toy's records.</summary>
internal sealed record ToyName(string Name) : IMessage
{
    public const short Type = 77;

    public static ToyName Read(byte[] key)
    {
        var reader = new WireReader(key);
        reader.Skip(sizeof(short));
        return new ToyName(reader.ReadString(flexible: true));
    }

    public int GetSize(short version) => throw new NotSupportedException();

    public void Write(ref WireWriter writer, short version) => writer.WriteString(Name, flexible: true);

    public void WriteJson(Utf8JsonWriter json, short version) => throw new NotSupportedException();
}

/// <summary>Their value.</summary>
internal sealed record ToySum(long Sum) : IMessage
{
    public const short Version = 0;

    public static ShardRecord Record(string name, long? sum) => new(ToyName.Type, new ToyName(name), Version, sum is { } value ? new ToySum(value) : null);

    public static ToySum Read(byte[] value)
    {
        var reader = new WireReader(value);
        reader.Skip(sizeof(short));
        return new ToySum(reader.ReadInt64());
    }

    public int GetSize(short version) => throw new NotSupportedException();

    public void Write(ref WireWriter writer, short version) => writer.WriteInt64(Sum);

    public void WriteJson(Utf8JsonWriter json, short version) => throw new NotSupportedException();
}
