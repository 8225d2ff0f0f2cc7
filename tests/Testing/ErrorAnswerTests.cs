using System.Buffers;
using System.Reflection;
using System.Text.Json;
using KafkaCompat.Broker.Node;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Testing.Tests;

/// <summary>
/// The refusal of every request that the broker serves, in every version: it can be written and read in that version, every error code in it is the one that
/// was asked for, and nothing that the request names is left out. A key that is served and has no refusal fails here.
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

    public static TheoryData<string> Handlers =>
        [.. Types.Where(static type => type.GetCustomAttribute<ServesAttribute>() is { Listeners: not ApiListeners.None })
        .Select(static type => type.FullName!)];

    /// <summary>Of handlers that are a broker's or a controller's listener's, and of those that decide for the controller.</summary>
    private static IEnumerable<Type> Types => [.. typeof(BrokerNode).Assembly.GetTypes(), .. typeof(ControllerState).Assembly.GetTypes()];

    [Theory]
    [MemberData(nameof(Handlers))]
    public void Every_served_request_can_be_refused_in_every_version(string handler)
    {
        var type = Types.Single(type => type.FullName == handler);
        var serves = type.GetCustomAttribute<ServesAttribute>()!;
        var messages = type.GetInterfaces().Single(static i => i.IsGenericType && i.Name is "IHandler`2" or "IControllerHandler`2").GetGenericArguments();
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
        var request = WireClient.Read<TRequest>(FilledMessages.Write(new TRequest(), version, Items), version);
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
}
