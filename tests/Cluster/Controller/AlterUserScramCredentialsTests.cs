using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>
/// SCRAM credentials altered and described, answered as a single node of Kafka 4.4 answered the same requests. A change is written -user:mechanism or
/// user:mechanism:iterations.
/// </summary>
public sealed class AlterUserScramCredentialsTests
{
    private const string Twice = "A user credential cannot be altered twice in the same request";
    private const string Missing = "Attempt to delete a user credential that does not exist";
    private static readonly byte[] Salted = [.. Enumerable.Repeat((byte)'p', 32)];

    private readonly TestController _node = TestController.New();

    [Theory]
    [InlineData("-x:1", "x", ErrorCode.ResourceNotFound, Missing)]
    [InlineData("-:1", "", ErrorCode.UnacceptableCredential, "Username must not be empty")]
    [InlineData("-:3", "", ErrorCode.UnacceptableCredential, "Username must not be empty")]
    [InlineData("-x:0", "x", ErrorCode.UnsupportedSaslMechanism, "Unknown SCRAM mechanism")]
    [InlineData("x:1:4096", "x", ErrorCode.None, null)]
    [InlineData("x:2:16384", "x", ErrorCode.None, null)]
    [InlineData("x:2:4095", "x", ErrorCode.UnacceptableCredential, "Too few iterations")]
    [InlineData("x:2:16385", "x", ErrorCode.UnacceptableCredential, "Too many iterations")]
    [InlineData(":1:1", "", ErrorCode.UnacceptableCredential, "Username must not be empty")]
    [InlineData("x:5:1", "x", ErrorCode.UnsupportedSaslMechanism, "Unknown SCRAM mechanism")]
    [InlineData("x:1:4096 x:2:4096", "x", ErrorCode.DuplicateResource, Twice)]
    [InlineData("-known:1 known:1:4096", "known", ErrorCode.DuplicateResource, Twice)]
    [InlineData("-known:1 -known:1", "known", ErrorCode.DuplicateResource, Twice)]
    [InlineData("x:1:1 x:2:4096", "x", ErrorCode.UnacceptableCredential, "Too few iterations")]
    [InlineData("-x:1 x:2:4096", "x", ErrorCode.ResourceNotFound, Missing)]
    [InlineData("-known:1", "known", ErrorCode.None, null)]
    public void A_change_is_checked_as_Kafka_does(string changes, string user, ErrorCode error, string? message)
    {
        Assert.Equal(ErrorCode.None, Assert.Single(Alter("known:1:4096").Results).ErrorCode);
        var before = _node.State.Image;
        var result = Assert.Single(Alter(changes).Results);
        Assert.Equal((user, error, message), (result.User, result.ErrorCode, result.ErrorMessage));
        if (error != ErrorCode.None)
        {
            Assert.Equal(before.ScramCredentials, _node.State.Image.ScramCredentials);
        }
    }

    /// <summary>The keys of RFC 5802, from the salted password that the client made.</summary>
    [Fact]
    public void What_is_kept_proves_a_password_and_does_not_hold_it()
    {
        Alter("u:2:5000");
        var kept = _node.State.Image.ScramCredentials[(2, "u")];
        var clientKey = HMACSHA512.HashData(Salted, Encoding.ASCII.GetBytes("Client Key"));
        Assert.Equal(SHA512.HashData(clientKey), kept.StoredKey);
        Assert.Equal(HMACSHA512.HashData(Salted, Encoding.ASCII.GetBytes("Server Key")), kept.ServerKey);
        Assert.Equal("salt"u8.ToArray(), kept.Salt);
        Assert.Equal(5_000, kept.Iterations);
        Assert.Contains(MetadataSnapshot.Records(_node.State.Image), r => r.Message is UserScramCredentialRecord { Name: "u" });
        Alter("-u:2");
        Assert.Empty(_node.State.Image.ScramCredentials);
    }

    [Fact]
    public void Users_are_described_without_their_keys()
    {
        Alter("b:1:4096 a:2:16384");
        Alter("a:1:5000");
        Assert.Equal(["a: 1=5000 2=16384", "b: 1=4096"], Describe());
        Assert.Equal(["b: 1=4096", "n: ResourceNotFound Attempt to describe a user credential that does not exist: n"], Describe("b", "n"));
        Assert.Equal(["b: DuplicateResource Cannot describe SCRAM credentials for the same user twice in a single request: b"], Describe("b", "b"));
    }

    private List<string> Describe(params string[] users) =>
    [
        .. ScramUsers.Describe(_node.State.Image,
            new DescribeUserScramCredentialsRequest { Users = [.. users.Select(u => new DescribeUserScramCredentialsRequest.UserName { Name = u })] })
            .Results.Select(r => r.ErrorCode == ErrorCode.None
                ? $"{r.User}: {string.Join(' ', r.CredentialInfos.Select(c => $"{c.Mechanism}={c.Iterations}"))}"
                : $"{r.User}: {r.ErrorCode} {r.ErrorMessage}"),
    ];

    private AlterUserScramCredentialsResponse Alter(string changes)
    {
        var request = new AlterUserScramCredentialsRequest();
        foreach (var change in changes.Split(' ').Select(c => c.Split(':')))
        {
            if (change[0].StartsWith('-'))
            {
                request.Deletions.Add(new() { Name = change[0][1..], Mechanism = sbyte.Parse(change[1], CultureInfo.InvariantCulture) });
            }
            else
            {
                request.Upsertions.Add(
                    new()
                    {
                        Name = change[0],
                        Mechanism = sbyte.Parse(change[1], CultureInfo.InvariantCulture),
                        Iterations = int.Parse(change[2], CultureInfo.InvariantCulture),
                        Salt = "salt"u8.ToArray(),
                        SaltedPassword = Salted
                    });
            }
        }

        var decision = _node.State.Decide(request);
        _node.Apply(decision);
        return decision.Reply;
    }
}
