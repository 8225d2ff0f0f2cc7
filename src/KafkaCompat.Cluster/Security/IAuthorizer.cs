namespace KafkaCompat.Cluster.Security;

/// <summary>The rules that say who may do what. It answers at once, from what it holds: it waits for nobody, and any thread may ask.</summary>
public interface IAuthorizer
{
    /// <summary>Whether the rules allow what is asked about.</summary>
    bool Allows(in AccessQuestion question);
}
