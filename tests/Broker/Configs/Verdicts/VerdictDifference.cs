using System.Text.RegularExpressions;

namespace KafkaCompat.Broker.Tests.Configs.Verdicts;

/// <summary>Values with which our verdict is not Kafka's, by patterns for the setting's name and the escaped value.</summary>
/// <param name="Name">A regular expression for the whole name.</param>
/// <param name="Value">A regular expression for the whole value.</param>
/// <param name="IsTaken">Whether we take it.</param>
/// <param name="Reason">Who is better off with it.</param>
internal sealed record VerdictDifference(string Name, string Value, bool IsTaken, string Reason)
{
    public bool Matches(string name, string value, bool kafkaTakesIt) =>
        IsTaken != kafkaTakesIt && Regex.IsMatch(name, $"^(?:{Name})$") && Regex.IsMatch(KafkaVerdicts.Escape(value), $"^(?:{Value})$");
}
