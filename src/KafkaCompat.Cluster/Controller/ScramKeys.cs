using System.Security.Cryptography;
using System.Text;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>The two keys of RFC 5802 that the metadata keeps of a password.</summary>
public static class ScramKeys
{
    public const sbyte Sha256 = 1;
    public const sbyte Sha512 = 2;

    /// <summary>What Kafka asks of a credential.</summary>
    public const int MinIterations = 4_096;

    /// <summary>The same; more would make each log-in slow.</summary>
    public const int MaxIterations = 16_384;

    /// <summary>The record of a credential whose salted password is known.</summary>
    public static UserScramCredentialRecord Of(string user, sbyte mechanism, int iterations, byte[] salt, byte[] saltedPassword)
    {
        var clientKey = Hmac(mechanism, saltedPassword, "Client Key");
        return new UserScramCredentialRecord
        {
            Name = user,
            Mechanism = mechanism,
            Salt = salt,
            StoredKey = mechanism == Sha256 ? SHA256.HashData(clientKey) : SHA512.HashData(clientKey),
            ServerKey = Hmac(mechanism, saltedPassword, "Server Key"),
            Iterations = iterations,
        };
    }

    /// <summary>The salted password of RFC 5802.</summary>
    public static byte[] Salted(string password, sbyte mechanism, int iterations, byte[] salt) => mechanism == Sha256
        ? Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes)
        : Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, SHA512.HashSizeInBytes);

    private static byte[] Hmac(sbyte mechanism, byte[] key, string text) =>
        mechanism == Sha256 ? HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)) : HMACSHA512.HashData(key, Encoding.ASCII.GetBytes(text));
}
