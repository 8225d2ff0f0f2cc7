namespace KafkaCompat.Protocol;

/// <summary>Every API of the protocol; the table is generated from protocol-specs/apis.</summary>
public static partial class ApiCatalog
{
    /// <summary>Every API, lowest key first.</summary>
    public static ReadOnlySpan<ApiInfo> All => Apis;

    /// <summary>The facts of an API.</summary>
    public static ApiInfo Get(ApiKey key) => Find((short)key) ?? throw new ArgumentOutOfRangeException(nameof(key), key, "no API has this key");

    /// <summary>The facts of an API, null where there is none.</summary>
    public static ApiInfo? Find(short key) => key >= 0 && key < Apis.Length ? Apis[key] : null;
}
