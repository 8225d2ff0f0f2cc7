using System.Text;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>What the log shows of requests: enough to follow them, and never a secret.</summary>
public sealed class RequestLoggerTests
{
    private const string Secret = "hunter2-and-more";

    private static readonly byte[] SecretBytes = Encoding.UTF8.GetBytes(Secret);

    public static TheoryData<IMessage, short> WithSecrets() => new()
    {
        { new SaslAuthenticateRequest { AuthBytes = SecretBytes }, 2 },
        { new SaslAuthenticateResponse { AuthBytes = SecretBytes }, 2 },
        { new AlterUserScramCredentialsRequest
        {
            Upsertions = [new() { Name = "alice", Mechanism = 1, Iterations = 4096, Salt = SecretBytes, SaltedPassword = SecretBytes }],
        }, 0 },
        { new CreateDelegationTokenResponse { TokenId = "id", Hmac = SecretBytes }, 3 },
        { new DescribeDelegationTokenResponse { Tokens = [new() { TokenId = "id", Hmac = SecretBytes }] }, 3 },
        { new RenewDelegationTokenRequest { Hmac = SecretBytes }, 2 },
        { new ExpireDelegationTokenRequest { Hmac = SecretBytes }, 2 },
        { Incremental("ssl.keystore.password"), 1 },
        { Incremental("ssl.keystore.key"), 1 },
        { Incremental("sasl.jaas.config"), 1 },
        { Incremental("listener.name.internal.ssl.key.password"), 1 },
        { Incremental("listener.name.internal.scram-sha-256.sasl.jaas.config"), 1 },
        { Incremental("no.such.setting"), 1 },
        { new AlterConfigsRequest
        {
            Resources = [new() { ResourceType = 4, ResourceName = "1", Configs = [new() { Name = "ssl.key.password", Value = Secret }] }],
        }, 2 },
        { new CreateTopicsRequest { Topics = [new() { Name = "t", Configs = [new() { Name = "no.such.setting", Value = Secret }] }] }, 7 },
        { new ProduceRequest { TopicData = [new() { Name = "t", PartitionData = [new() { Records = RecordBytes.From(SecretBytes) }] }] }, 9 },
        { new JoinGroupRequest { GroupId = "g", Protocols = [new() { Name = "range", Metadata = SecretBytes }] }, 5 },
    };

    [Theory]
    [MemberData(nameof(WithSecrets))]
    public void A_secret_is_not_shown_in_any_form(IMessage message, short version)
    {
        var text = RequestLogger.TextOf(message, version);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(SecretBytes)[..12], text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(SecretBytes)[..12], text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(text.Contains("hidden", StringComparison.Ordinal) ? "hidden" : $"({SecretBytes.Length} bytes)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_that_is_no_secret_is_shown()
    {
        var request = new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = 2, ResourceName = "t", Configs = [new() { Name = "retention.ms", Value = "12345" }] }],
        };
        Assert.Contains("12345", RequestLogger.TextOf(request, 1), StringComparison.Ordinal);
    }

    [Fact]
    public void Long_content_is_cut()
    {
        var request = new DescribeGroupsRequest { Groups = [.. Enumerable.Range(0, 100_000).Select(static i => $"group-{i}")] };
        var text = RequestLogger.TextOf(request, 5);
        Assert.InRange(text.Length, RequestLogger.MaxContentBytes, RequestLogger.MaxContentBytes + 100);
        Assert.Contains("cut at", text, StringComparison.Ordinal);

        // The next one begins anew.
        Assert.DoesNotContain("cut", RequestLogger.TextOf(new ListGroupsRequest(), 4), StringComparison.Ordinal);
    }

    private static IncrementalAlterConfigsRequest Incremental(string name) =>
        new() { Resources = [new() { ResourceType = 4, ResourceName = "1", Configs = [new() { Name = name, Value = Secret }] }] };
}
