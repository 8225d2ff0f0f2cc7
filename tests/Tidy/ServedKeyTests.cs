using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>An API key is three files: the spec, the handler, the handler's test.</summary>
public sealed class ServedKeyTests
{
    [Fact]
    public void Every_served_key_has_a_spec() =>
        Findings.None(
            Repository.Served.Where(k =>
            !Repository.Files.Any(f => f.StartsWith("protocol-specs/apis/", StringComparison.Ordinal)
            && f.EndsWith($"-{k.Name}.spec", StringComparison.Ordinal))));

    /// <summary>What stands behind a handler and is on no listener is the key's decider.</summary>
    [Fact]
    public void Every_served_key_has_a_handler_of_its_name() =>
        Findings.None(Repository.Served.Where(k => Path.GetFileName(k.File) != $"{k.Name}{(IsBehindAHandler(k) ? "Decider" : "Handler")}.cs"));

    private static bool IsBehindAHandler(ServedKey key) => key.Listeners == "None" && Repository.Served.Any(k => k.Name == key.Name && k.File != key.File);

    [Fact]
    public void Every_served_key_has_a_test()
    {
        var tests = Repository.CSharp("tests").Where(f => !f.StartsWith("tests/Tidy/", StringComparison.Ordinal)).Select(Repository.Text).ToList();
        Findings.None(
            Repository.Served.Where(k =>
            !tests.Any(t => t.Contains($"{k.Name}Request", StringComparison.Ordinal) || t.Contains($"{k.Name}Handler", StringComparison.Ordinal))));
    }

    [Fact]
    public void No_key_is_served_twice_on_a_listener() => Findings.None(
        from served in Repository.Served
        from listener in served.Listeners.Split(" | ")
        group served by (served.Name, listener) into twins
        where twins.Count() > 1
        select $"{twins.Key.Name} on {twins.Key.listener}");
}
