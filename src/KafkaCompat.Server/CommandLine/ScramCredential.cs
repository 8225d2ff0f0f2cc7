using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Server.CommandLine;

/// <summary>
/// The text of <c>--add-scram</c>: a mechanism and, in brackets, name, password or saltedpassword, and where they are chosen iterations and salt. The password
/// itself is not kept.
/// </summary>
internal static class ScramCredential
{
    private const int SaltBytes = 20;
    private const string Form =
        "SCRAM-SHA-256=[name=alice,password=secret] or SCRAM-SHA-512=[name=alice,iterations=8192,salt=\"BASE64\",saltedpassword=\"BASE64\"]";

    /// <exception cref="ConfigurationException">The text is none. The message does not repeat it: it holds a password.</exception>
    public static UserScramCredentialRecord Parse(string text, Random random)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var mechanism = equals < 0 ? "" : text[..equals];
        if (mechanism is not ("SCRAM-SHA-256" or "SCRAM-SHA-512") || text.Length < equals + 3 || text[equals + 1] != '[' || text[^1] != ']')
        {
            throw Wrong("it begins with neither SCRAM-SHA-256=[ nor SCRAM-SHA-512=[, or ] is missing");
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text[(equals + 2)..^1].Split(','))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            var key = at < 0 ? "" : pair[..at].Trim();
            if (key is not ("name" or "password" or "saltedpassword" or "salt" or "iterations") || !values.TryAdd(key, pair[(at + 1)..].Trim().Trim('"')))
            {
                throw Wrong("it takes name, password, saltedpassword, salt and iterations, each once");
            }
        }

        if (!values.TryGetValue("name", out var name) || name.Length == 0)
        {
            throw Wrong("name is missing");
        }

        if (values.ContainsKey("password") == values.ContainsKey("saltedpassword"))
        {
            throw Wrong("it takes one of password and saltedpassword");
        }

        var kind = mechanism == "SCRAM-SHA-256" ? ScramKeys.Sha256 : ScramKeys.Sha512;
        var iterations = ScramKeys.MinIterations;
        if (values.TryGetValue("iterations", out var number)
            && (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out iterations)
            || iterations is < ScramKeys.MinIterations or > ScramKeys.MaxIterations))
        {
            throw Wrong($"iterations is a number from {ScramKeys.MinIterations} to {ScramKeys.MaxIterations}");
        }

        byte[] salt;
        if (values.TryGetValue("salt", out var given))
        {
            salt = Base64(given, "salt");
        }
        else if (values.ContainsKey("saltedpassword"))
        {
            throw Wrong("saltedpassword needs salt");
        }
        else
        {
            random.NextBytes(salt = new byte[SaltBytes]);
        }

        var salted = values.TryGetValue("password", out var password)
            ? ScramKeys.Salted(password, kind, iterations, salt)
            : Base64(values["saltedpassword"], "saltedpassword");
        return ScramKeys.Of(name, kind, iterations, salt, salted);
    }

    private static byte[] Base64(string text, string what)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw Wrong($"{what} is not base64");
        }
    }

    private static ConfigurationException Wrong(string reason) => new($"--add-scram: {reason}. Write {Form}.");
}
