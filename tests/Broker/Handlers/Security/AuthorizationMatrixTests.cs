using System.Buffers;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// Every served key asks what Apache Kafka 4.4 asks, and a denial is answered with Kafka's error: by the table of authorization that was taken out of Kafka. A
/// key that comes to be served, or a handler that forgets to ask, fails here. Where a row cannot be asked, or more is asked than the table lists, it stands
/// below with the reason.
/// </summary>
public sealed class AuthorizationMatrixTests
{
    /// <summary>Rows whose occasion does not arise in this node.</summary>
    private static readonly Dictionary<(ApiKey Key, AclOperation Operation, ResourceType Type), string> NoOccasion = new()
    {
        [(ApiKey.InitProducerId, AclOperation.TwoPhaseCommit, ResourceType.TransactionalId)] = "version 6 is not stable in Kafka 4.4, and not served",
        [(ApiKey.CreateDelegationToken, AclOperation.CreateTokens, ResourceType.User)] = "nobody can log in, so that everybody is refused before",
        [(ApiKey.DescribeDelegationToken, AclOperation.Describe, ResourceType.DelegationToken)] = "nobody can log in, so that everybody is refused before",
        [(ApiKey.DescribeDelegationToken, AclOperation.DescribeTokens, ResourceType.User)] = "nobody can log in, so that everybody is refused before",
        [(ApiKey.StreamsGroupHeartbeat, AclOperation.Create, ResourceType.Cluster)] = "the streams protocol is refused, so that no internal topic is made",
        [(ApiKey.StreamsGroupHeartbeat, AclOperation.Create, ResourceType.Topic)] = "the streams protocol is refused, so that no internal topic is made",
    };

    /// <summary>What is asked besides.</summary>
    private static readonly Dictionary<(ApiKey Key, ApiListeners Listener, AclOperation Operation, ResourceType Type), string> Besides = new()
    {
        [(ApiKey.DescribeUserScramCredentials, ApiListeners.Controller, AclOperation.Describe, ResourceType.Cluster)] =
            "Kafka's controller has no handler for what it advertises; ours answers, so it asks as a broker does",
        [(ApiKey.Metadata, ApiListeners.Broker, AclOperation.DescribeConfigs, ResourceType.Topic)] =
            "what the CreateTopics asks that the creation of a missing topic is forwarded as",
    };

    private static readonly AclOperation[] OperationsOnTopic =
        [AclOperation.Delete, AclOperation.Write, AclOperation.Read, AclOperation.Create, AclOperation.AlterConfigs, AclOperation.Alter,
            AclOperation.DescribeConfigs];

    private static readonly AclOperation[] OperationsOnCluster =
    [
        AclOperation.Describe, AclOperation.Create, AclOperation.ClusterAction, AclOperation.IdempotentWrite, AclOperation.Alter, AclOperation.AlterConfigs,
        AclOperation.DescribeConfigs,
    ];

    private static readonly ErrorCode[] Refusals =
    [
        ErrorCode.TopicAuthorizationFailed, ErrorCode.GroupAuthorizationFailed, ErrorCode.ClusterAuthorizationFailed,
        ErrorCode.TransactionalIdAuthorizationFailed,
        ErrorCode.DelegationTokenAuthorizationFailed,
    ];

    public static TheoryData<ApiKey> Keys => [.. ServedVersions.All.Select(static served => served.Key)];

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_key_asks_what_Kafka_asks(ApiKey key)
    {
        var rows = AuthorizationRow.All();
        var known = AuthorizationRow.Keys();
        foreach (var listener in await ListenersOf(key))
        {
            Assert.Contains((key, listener), known);
            var asked = new HashSet<(AclOperation, ResourceType)>();
            foreach (
                var denies in (Func<ResourceType, bool>[])[static _ => false, static type => type == ResourceType.Cluster,
                static _ => true])
            {
                var rules = new RecordingAuthorizer { Denies = question => denies(question.ResourceType) };
                _ = await Answers(key, listener, rules);
                asked.UnionWith(rules.Asked.Select(static question => (question.Operation, question.ResourceType)));
            }
            var expected = rows.Where(row => (row.Key, row.Listener) == (key, listener) && !NoOccasion.ContainsKey((key, row.Operation, row.Type)))
                .Select(static row => (row.Operation, row.Type))
                .Concat(Besides.Keys.Where(question => (question.Key, question.Listener) == (key, listener))
                    .Select(static question => (question.Operation, question.Type)))
                .Concat(ToldOperations(key, listener));
            Assert.Equal(Lines(expected), Lines(asked));
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_denial_is_answered_with_Kafkas_error(ApiKey key)
    {
        var rows = AuthorizationRow.All();
        foreach (var listener in await ListenersOf(key))
        {
            foreach (var row in rows.Where(row => (row.Key, row.Listener) == (key, listener) && !NoOccasion.ContainsKey((key, row.Operation, row.Type))))
            {
                var answers = await Answers(key, listener, RecordingAuthorizer.Denying([.. row.Denied(rows)]));
                var refused = answers.SelectMany(ErrorsIn).Intersect(Refusals).Order().ToList();
                // Transactions are not served yet: who asks for them is told so with this error, whatever the rules say.
                if (row.Error != ErrorCode.TransactionalIdAuthorizationFailed) _ = refused.Remove(ErrorCode.TransactionalIdAuthorizationFailed);
                Assert.Equal($"{key} on {listener}, {row.Operation} {row.Type} denied: {(row.Error == ErrorCode.None ? "" : row.Error)}",
                    $"{key} on {listener}, {row.Operation} {row.Type} denied: {string.Join(", ", refused)}");
            }
        }
    }

    /// <summary>Answers that tell what a client may do ask for each operation that there is.</summary>
    private static IEnumerable<(AclOperation, ResourceType)> ToldOperations(ApiKey key, ApiListeners listener) => key switch
    {
        ApiKey.DescribeTopicPartitions => OperationsOnTopic.Select(static operation => (operation, ResourceType.Topic)),
        ApiKey.DescribeCluster or ApiKey.Metadata => OperationsOnCluster.Select(static operation => (operation, ResourceType.Cluster)),
        _ => [],
    };

    private static async Task<IReadOnlyList<ApiListeners>> ListenersOf(ApiKey key)
    {
        await using var node = TestNode.Start(settings: ("kafkacompat.client.telemetry", "always"));
        var serving = new List<ApiListeners>();
        foreach (var listener in (ApiListeners[])[ApiListeners.Broker, ApiListeners.Controller])
        {
            var versions = await node.Connect(NameOf(listener))
                .Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 4);
            if (versions.ApiKeys.Exists(served => served.ApiKey == (short)key)) serving.Add(listener);
        }
        Assert.NotEmpty(serving);
        return serving;
    }

    /// <summary>What a node with these rules answers to the probes of a key.</summary>
    private static async Task<List<IResponse>> Answers(ApiKey key, ApiListeners listener, RecordingAuthorizer rules)
    {
        var denies = rules.Denies;
        (rules.IsRecording, rules.Denies) = (false, static _ => false);
        await using var node = TestNode.Start(IWorkThreads.None, new NodeSeams { Authorizer = rules });
        var topicId = await node.CreateTopic(AuthorizationProbes.Topic);
        if (key is ApiKey.ListGroups or ApiKey.OffsetFetch or ApiKey.OffsetDelete)
            await AuthorizationProbes.Commit(node, AuthorizationProbes.Group, AuthorizationProbes.Topic);
        (rules.Denies, rules.IsRecording) = (denies, true);
        var answers = new List<IResponse>();
        foreach (var (request, version) in AuthorizationProbes.Of(key, listener, topicId))
        {
            var client = node.Connect(NameOf(listener));
            await client.Send(WireFrames.Of(request, version, correlationId: 1));
            if (await client.Receive() is { } frame) answers.Add(Read(frame, key, version));
            client.CloseSending();
        }
        // The creation of a missing topic goes on behind the answer.
        await node.Broker.Topics.UnderWay(AuthorizationProbes.MissingTopic);
        return answers;
    }

    private static IResponse Read(byte[] frame, ApiKey key, short version)
    {
        var reader = new WireReader(new ReadOnlySequence<byte>(frame));
        _ = ResponseHeader.Read(ref reader, ApiCatalog.Get(key).ResponseHeaderVersion(version));
        return ApiCatalog.ReadResponse(key, ref reader, version);
    }

    private static IEnumerable<ErrorCode> ErrorsIn(IResponse response)
    {
        var counts = new long[256];
        var tally = new ErrorTally(counts);
        response.CountErrors(ref tally);
        return Enumerable.Range(0, counts.Length).Where(place => counts[place] > 0)
            .Select(static place => (ErrorCode)(place + (short)ErrorCode.UnknownServerError));
    }

    private static string NameOf(ApiListeners listener) => listener == ApiListeners.Controller ? "CONTROLLER" : "PLAINTEXT";

    private static string Lines(IEnumerable<(AclOperation Operation, ResourceType Type)> questions) =>
        string.Join('\n', questions.Select(static question => $"{question.Operation} {question.Type}").Distinct().Order(StringComparer.Ordinal));
}
