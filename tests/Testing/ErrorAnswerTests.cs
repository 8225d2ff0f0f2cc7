using System.Buffers;
using System.Collections;
using System.Reflection;
using System.Text.Json;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Testing.Tests;

/// <summary>
/// The refusal of every request that the broker serves, in every version: it can be written and read in that version, every error code in it is the one that was
/// asked for, and nothing that the request names is left out. A key that is served and has no refusal fails here.
/// </summary>
public sealed class ErrorAnswerTests
{
    private const ErrorCode Error = ErrorCode.KafkaStorageError;
    private const int Items = 2;

    /// <summary>Where one error more says that all is well: above partitions that have their own, and of a topic's settings.</summary>
    private static readonly ApiKey[] WithWell = [ApiKey.Fetch, ApiKey.Metadata, ApiKey.CreateTopics];

    /// <summary>How many items of its innermost kind a request of these names, each with two of everything.</summary>
    private static readonly Dictionary<ApiKey, int> Named = new()
    {
        [ApiKey.Produce] = 4,
        [ApiKey.Fetch] = 4,
        [ApiKey.ListOffsets] = 4,
        [ApiKey.DeleteRecords] = 4,
        [ApiKey.OffsetForLeaderEpoch] = 4,
        [ApiKey.DescribeProducers] = 4,
        [ApiKey.OffsetCommit] = 4,
        [ApiKey.OffsetFetch] = 4,
        [ApiKey.OffsetDelete] = 5,
        [ApiKey.AlterPartitionReassignments] = 5,
        [ApiKey.ElectLeaders] = 4,
        [ApiKey.DescribeQuorum] = 5,
        [ApiKey.Metadata] = 2,
        [ApiKey.DescribeTopicPartitions] = 2,
        [ApiKey.CreateTopics] = 2,
        [ApiKey.DeleteTopics] = 2,
        [ApiKey.CreatePartitions] = 2,
        [ApiKey.DescribeGroups] = 2,
        [ApiKey.DeleteGroups] = 2,
        [ApiKey.DescribeConfigs] = 2,
        [ApiKey.AlterConfigs] = 2,
        [ApiKey.IncrementalAlterConfigs] = 2,
        [ApiKey.AlterClientQuotas] = 2,
        [ApiKey.CreateAcls] = 2,
        [ApiKey.DeleteAcls] = 2,
        [ApiKey.AlterUserScramCredentials] = 2,
    };

    public static TheoryData<string> Handlers => [.. typeof(BrokerNode).Assembly.GetTypes().Where(static type => type.GetCustomAttribute<ServesAttribute>() is not null).Select(static type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Handlers))]
    public void Every_served_request_can_be_refused_in_every_version(string handler)
    {
        var type = typeof(BrokerNode).Assembly.GetType(handler)!;
        var serves = type.GetCustomAttribute<ServesAttribute>()!;
        var messages = type.GetInterfaces().Single(static i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IHandler<,>)).GetGenericArguments();
        var refuse = typeof(ErrorAnswerTests).GetMethod(nameof(Refuse), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(messages);
        for (var version = serves.MinVersion; version <= serves.MaxVersion; version++)
        {
            var (errors, well) = ((int, int))refuse.Invoke(null, [version])!;
            Assert.True(errors >= Named.GetValueOrDefault(serves.Key, 1), $"{serves.Key} {version}: {errors} errors");
            Assert.True(well <= (WithWell.Contains(serves.Key) ? Items : 0), $"{serves.Key} {version}: {well} codes say that all is well");
        }
    }

    private static (int Errors, int Well) Refuse<TRequest, TResponse>(short version)
        where TRequest : class, IRequest<TRequest>, new()
        where TResponse : class, IResponse<TResponse>
    {
        var filled = new TRequest();
        Fill(filled);
        var request = WireClient.Read<TRequest>(Fitted(filled, version), version);
        var answer = WireClient.Read<TResponse>(WireClient.Write(ErrorAnswers.For(request, version, Error, null, "PLAINTEXT"), version), version);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) answer.WriteJson(json, version);
        var codes = Codes(JsonDocument.Parse(buffer.WrittenMemory).RootElement).ToList();
        Assert.All(codes, static code => Assert.Contains(code, new[] { (short)ErrorCode.None, (short)Error }));
        return (codes.Count(static code => code == (short)Error), codes.Count(static code => code == (short)ErrorCode.None));
    }

    /// <summary>Every error code that the version has.</summary>
    private static IEnumerable<short> Codes(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(static field =>
            field.Name.EndsWith("rrorCode", StringComparison.Ordinal) ? [field.Value.GetInt16()] : Codes(field.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Codes),
        _ => [],
    };

    /// <summary>Two of everything, each with a name of its own.</summary>
    private static void Fill(object message)
    {
        foreach (var property in message.GetType().GetProperties().Where(static property => property.CanWrite || typeof(IList).IsAssignableFrom(property.PropertyType)))
        {
            if (property.PropertyType == typeof(string)) property.SetValue(message, "name");
            else if (IsFilled(property)) Fill(message, property);
        }
    }

    private static bool IsFilled(PropertyInfo property) =>
        typeof(IList).IsAssignableFrom(property.PropertyType) && property.PropertyType.IsGenericType && property.PropertyType.GetGenericArguments()[0] != typeof(UnknownTag);

    private static void Fill(object message, PropertyInfo property)
    {
        var list = (IList)(property.GetValue(message) ?? Activator.CreateInstance(property.PropertyType)!);
        var element = property.PropertyType.GetGenericArguments()[0];
        for (var i = 0; i < Items; i++)
        {
            if (element == typeof(string)) _ = list.Add($"name-{i}");
            else if (element.IsValueType) _ = list.Add(Convert.ChangeType(i, element, System.Globalization.CultureInfo.InvariantCulture));
            else
            {
                var item = Activator.CreateInstance(element)!;
                Fill(item);
                foreach (var name in element.GetProperties().Where(static p => p.PropertyType == typeof(string))) name.SetValue(item, $"name-{i}");
                _ = list.Add(item);
            }
        }

        if (property.CanWrite) property.SetValue(message, list);
    }

    /// <summary>The message as far as a version has room for it.</summary>
    private static byte[] Fitted(IMessage message, short version)
    {
        while (true)
        {
            try
            {
                return WireClient.Write(message, version);
            }
            catch (UnsupportedVersionException lost)
            {
                var owner = lost.MessageName.Split('.')[^1];
                Assert.True(Clear(message, owner, lost.Field), lost.Message);
            }
        }
    }

    private static bool Clear(object message, string owner, string field)
    {
        var cleared = false;
        if (message.GetType().Name == owner)
        {
            var property = message.GetType().GetProperty(char.ToUpperInvariant(field[0]) + field[1..])!;
            property.SetValue(message, property.GetValue(Activator.CreateInstance(message.GetType())!));
            cleared = true;
        }

        foreach (var property in message.GetType().GetProperties())
        {
            if (property.GetValue(message) is not IList list || !property.PropertyType.IsGenericType || property.PropertyType.GetGenericArguments()[0].IsValueType) continue;
            foreach (var item in list)
            {
                if (item is not string) cleared |= Clear(item!, owner, field);
            }
        }

        return cleared;
    }
}
