namespace KafkaCompat.Tidy.Tests;

/// <summary>An API key that a handler serves: its name, its versions, the kinds of listener as "Broker | Controller", and the handler's file.</summary>
internal sealed record ServedKey(string Name, string Min, string Max, string Listeners, string File)
{
    /// <summary>Whether a client can ask it.</summary>
    public bool IsServed => Listeners != "None";
}
