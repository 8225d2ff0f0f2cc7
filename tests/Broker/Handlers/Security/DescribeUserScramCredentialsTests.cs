using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Which mechanisms users can log in by, never what a password could be guessed from.</summary>
public sealed class DescribeUserScramCredentialsTests
{
    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task Users_are_shown_by_name_or_all_with_the_iterations_of_each_mechanism(string listener)
    {
        await using var node = TestNode.Start();
        await Create(node, ("b", 1, 4096), ("a", 2, 8192), ("a", 1, 5000));
        Assert.Equal(["a None 1:5000 2:8192", "b None 1:4096"], await Describe(node, listener, null));
        Assert.Equal(["a None 1:5000 2:8192", "b None 1:4096"], await Describe(node, listener, []));
        Assert.Equal(["b None 1:4096"], await Describe(node, listener, ["b"]));
    }

    [Fact]
    public async Task A_user_without_credentials_and_one_named_twice_are_refused_each_by_itself()
    {
        await using var node = TestNode.Start();
        await Create(node, ("a", 1, 4096));
        Assert.Equal(
            ["none ResourceNotFound Attempt to describe a user credential that does not exist: none", "a None 1:4096",
                "b DuplicateResource Cannot describe SCRAM credentials for the same user twice in a single request: b"],
            await Describe(node, "PLAINTEXT", ["none", "a", "b", "b"]));
        await using var empty = TestNode.Start();
        Assert.Empty(await Describe(empty, "PLAINTEXT", null));
    }

    [Fact]
    public async Task Who_may_not_describe_the_cluster_is_told_so()
    {
        await using var node = await GroupNode.Start();
        await Create(node.Node, ("a", 1, 4096));
        node.Rules.Denies = static question => question.ResourceName == "kafka-cluster";
        var refused = await node.Client.Ask<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>(new() { Users = null }, 0);
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, 0), (refused.ErrorCode, refused.Results.Count));
    }

    private static async Task Create(TestNode node, params (string Name, sbyte Mechanism, int Iterations)[] users)
    {
        // A user is named once in a request.
        foreach (var (name, mechanism, iterations) in users)
        {
            var request = new AlterUserScramCredentialsRequest
            {
                Upsertions =
                [
                    new()
                    {
                        Name = name,
                        Mechanism = mechanism,
                        Iterations = iterations,
                        Salt = new byte[16],
                        SaltedPassword = new byte[mechanism == 1 ? 32 : 64],
                    },
                ],
            };
            var altered = await node.Connect().Ask<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>(request, 0);
            Assert.Equal(ErrorCode.None, Assert.Single(altered.Results).ErrorCode);
        }
    }

    private static async Task<IEnumerable<string>> Describe(TestNode node, string listener, string[]? users)
    {
        var request = new DescribeUserScramCredentialsRequest
        {
            Users = users is null ? null : [.. users.Select(static name => new DescribeUserScramCredentialsRequest.UserName { Name = name })],
        };
        var described = await node.Connect(listener).Ask<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>(request, 0);
        Assert.Equal(ErrorCode.None, described.ErrorCode);
        return described.Results.Select(static user => user.ErrorCode == ErrorCode.None
            ? $"{user.User} None {string.Join(' ', user.CredentialInfos.Select(static info => $"{info.Mechanism}:{info.Iterations}"))}"
            : $"{user.User} {user.ErrorCode} {user.ErrorMessage}");
    }
}
