using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>What DescribeUserScramCredentials answers about users: their mechanisms and iterations, never what a password could be guessed from.</summary>
public static class ScramUsers
{
    public static DescribeUserScramCredentialsResponse Describe(MetadataImage image, DescribeUserScramCredentialsRequest request)
    {
        var byUser = image.ScramCredentials.Values.GroupBy(c => c.Name, StringComparer.Ordinal)
            .ToDictionary(c => c.Key, c => c.OrderBy(i => i.Mechanism).ToList(), StringComparer.Ordinal);

        // No names, or an empty list of them, are all users.
        var asked = request.Users is { Count: > 0 } named
            ? named.CountBy(u => u.Name, StringComparer.Ordinal)
            : byUser.Keys.Order(StringComparer.Ordinal).Select(name => KeyValuePair.Create(name, 1));
        return new DescribeUserScramCredentialsResponse
        {
            ErrorMessage = "",
            Results =
            [
                .. asked.Select(user => user.Value > 1
                    ? Failed(user.Key, ErrorCode.DuplicateResource, "Cannot describe SCRAM credentials for the same user twice in a single request")
                    : byUser.TryGetValue(user.Key, out var credentials)
                    ? new DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult
                    {
                        User = user.Key,
                        ErrorMessage = "",
                        CredentialInfos = credentials.ConvertAll(c =>
                            new DescribeUserScramCredentialsResponse.CredentialInfo { Mechanism = c.Mechanism, Iterations = c.Iterations }),
                    }
                    : Failed(user.Key, ErrorCode.ResourceNotFound, "Attempt to describe a user credential that does not exist")),
            ],
        };
    }

    private static DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult Failed(string user, ErrorCode error, string message) =>
        new() { User = user, ErrorCode = error, ErrorMessage = $"{message}: {user}" };
}
