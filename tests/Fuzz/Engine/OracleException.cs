namespace KafkaCompat.Fuzz.Engine;

/// <summary>A reader broke a promise.</summary>
internal sealed class OracleException(string message) : Exception(message)
{
    /// <summary>Throws unless <paramref name="holds"/>.</summary>
    public static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new OracleException(promise);
        }
    }
}
