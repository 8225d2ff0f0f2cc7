using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>What a group has committed of a partition.</summary>
internal readonly record struct CommitKey(string Group, string Topic, int Partition);

/// <summary>Reads commits as they stand in the internal topic, by Kafka's format.</summary>
internal static class CommittedOffsets
{
    /// <summary>Keys of a later version are of groups and their members.</summary>
    private const int MaxCommitVersion = 1;

    /// <summary>The last commit of each key; null where that was deleted.</summary>
    /// <param name="segments">The records.</param>
    /// <param name="deleted">Gets the keys that were deleted at any time.</param>
    public static Dictionary<CommitKey, long?> Last(IEnumerable<byte[]> segments, HashSet<CommitKey>? deleted = null)
    {
        var last = new Dictionary<CommitKey, long?>();
        foreach (var segment in segments)
        {
            foreach (var (position, header) in StoredLogs.Batches(segment))
            {
                var slice = new RecordBatchSlice(header, new ReadOnlySequence<byte>(segment, position, header.SizeInBytes));
                if (header.IsControl || !slice.IsSound())
                {
                    continue;
                }

                using var reader = new RecordBatchReader(slice);
                while (reader.MoveNext())
                {
                    if (Key(reader.Current.Key.ToArray() ?? []) is { } key)
                    {
                        last[key] = reader.Current.Value.ToArray() is { } value ? BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(2)) : null;
                        _ = last[key] is null && deleted?.Add(key) == true;
                    }
                }
            }
        }

        return last;
    }

    private static CommitKey? Key(ReadOnlySpan<byte> key)
    {
        if (key.Length < 2 || BinaryPrimitives.ReadInt16BigEndian(key) > MaxCommitVersion)
        {
            return null;
        }

        var group = Text(key, 2);
        var topic = Text(key, 4 + group.Length);
        return new CommitKey(group, topic, BinaryPrimitives.ReadInt32BigEndian(key[(6 + group.Length + topic.Length)..]));
    }

    private static string Text(ReadOnlySpan<byte> key, int at) => Encoding.ASCII.GetString(key.Slice(at + 2, BinaryPrimitives.ReadInt16BigEndian(key[at..])));
}
