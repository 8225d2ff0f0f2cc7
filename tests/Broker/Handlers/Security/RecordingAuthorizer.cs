using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Rules in memory that write down what they are asked. They allow all that <see cref="Denies"/> does not name.</summary>
internal sealed class RecordingAuthorizer : IAuthorizer
{
    private readonly Lock _lock = new();
    private readonly List<AccessQuestion> _asked = [];

    /// <summary>What is denied from now on.</summary>
    public Func<AccessQuestion, bool> Denies { get; set; } = static _ => false;

    /// <summary>Whether what is asked is written down.</summary>
    public bool IsRecording { get; set; } = true;

    /// <summary>What was asked, in order.</summary>
    public IReadOnlyList<AccessQuestion> Asked
    {
        get { lock (_lock) return [.. _asked]; }
    }

    /// <summary>Rules that deny operations on types of resource, whatever the resource.</summary>
    public static RecordingAuthorizer Denying(params (AclOperation Operation, ResourceType Type)[] denied) =>
        new() { Denies = question => denied.Contains((question.Operation, question.ResourceType)) };

    /// <summary>Rules that deny operations on one resource.</summary>
    public static RecordingAuthorizer DenyingOn(string name, params AclOperation[] denied) =>
        new() { Denies = question => question.ResourceName == name && denied.Contains(question.Operation) };

    public bool Allows(in AccessQuestion question)
    {
        lock (_lock)
        {
            if (IsRecording) _asked.Add(question);
        }
        return !Denies(question);
    }
}
