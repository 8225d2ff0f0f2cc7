using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// SCRAM credentials of users, stored and deleted with Kafka's errors in Kafka's words: one change a user in a request; two are none. The client sends the
/// salted password; what the log keeps are the two keys of RFC 5802 that are made of it.
/// </summary>
internal sealed class ScramDecisions(MetadataImage image)
{
    public Decision<AlterUserScramCredentialsResponse> Alter(AlterUserScramCredentialsRequest request)
    {
        var changes = new Dictionary<string, (ErrorCode Error, string? Message, IRecord? Record)>(StringComparer.Ordinal);
        if (!image.MetadataVersion.IsScramSupported)
        {
            foreach (var user in request.Deletions.Select(d => d.Name).Concat(request.Upsertions.Select(u => u.Name)))
            {
                changes[user] = (ErrorCode.UnsupportedVersion, "The current metadata version does not support SCRAM", null);
            }
        }

        foreach (var deletion in request.Deletions)
        {
            Add(changes, deletion.Name, () => Decide(deletion));
        }

        foreach (var upsertion in request.Upsertions)
        {
            Add(changes, upsertion.Name, () => Decide(upsertion));
        }

        return new(
            [.. changes.Values.Where(c => c.Record is not null).Select(c => new VersionedRecord(c.Record!, 0))],
            new AlterUserScramCredentialsResponse
            {
                Results =
                [
                    .. changes.Select(c => new AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult
                    {
                        User = c.Key,
                        ErrorCode = c.Value.Error,
                        ErrorMessage = c.Value.Message,
                    }),
                ],
            });
    }

    /// <summary>The first error of a user stays; a second change takes the first one back.</summary>
    private static void Add(
        Dictionary<string, (ErrorCode Error, string? Message, IRecord? Record)> changes, string user,
        Func<(ErrorCode Error, string? Message, IRecord? Record)> decide)
    {
        if (!changes.TryGetValue(user, out var before))
        {
            changes[user] = decide();
        }
        else if (before.Error == ErrorCode.None)
        {
            changes[user] = (ErrorCode.DuplicateResource, "A user credential cannot be altered twice in the same request", null);
        }
    }

    private (ErrorCode Error, string? Message, IRecord? Record) Decide(AlterUserScramCredentialsRequest.ScramCredentialDeletion deletion) =>
        Problem(deletion.Name, deletion.Mechanism) is { } problem ? (problem.Error, problem.Message, null)
        : image.ScramCredentials.ContainsKey((deletion.Mechanism, deletion.Name))
        ? (ErrorCode.None, null, new RemoveUserScramCredentialRecord { Name = deletion.Name, Mechanism = deletion.Mechanism })
        : (ErrorCode.ResourceNotFound, "Attempt to delete a user credential that does not exist", null);

    private static (ErrorCode Error, string? Message, IRecord? Record) Decide(AlterUserScramCredentialsRequest.ScramCredentialUpsertion upsertion)
    {
        if (Problem(upsertion.Name, upsertion.Mechanism) is { } problem)
        {
            return (problem.Error, problem.Message, null);
        }

        if (upsertion.Iterations is < ScramKeys.MinIterations or > ScramKeys.MaxIterations)
        {
            return (ErrorCode.UnacceptableCredential, upsertion.Iterations < ScramKeys.MinIterations ? "Too few iterations" : "Too many iterations", null);
        }

        if (upsertion.SaltedPassword.Length == 0)
        {
            // Kafka has no words for a key that cannot be one.
            return (ErrorCode.UnknownServerError, null, null);
        }

        return (ErrorCode.None, null, ScramKeys.Of(upsertion.Name, upsertion.Mechanism, upsertion.Iterations, upsertion.Salt, upsertion.SaltedPassword));
    }

    private static (ErrorCode Error, string Message)? Problem(string user, sbyte mechanism) =>
        user.Length == 0 ? (ErrorCode.UnacceptableCredential, "Username must not be empty")
        : mechanism is ScramKeys.Sha256 or ScramKeys.Sha512 ? null
        : (ErrorCode.UnsupportedSaslMechanism, "Unknown SCRAM mechanism");
}
