namespace KafkaCompat.Tidy.Tests;

/// <summary>
/// What breaks a rule of <see cref="RatchetTests"/> still. The lists only grow shorter: a test fails where an entry is needed no longer, and nothing new is
/// put here. Whoever works on a file that is named here mends it.
/// </summary>
internal static class Exceptions
{
    /// <summary>Files of more than 500 lines: each is several things that have to be taken apart.</summary>
    public static readonly string[] LongFiles = [];

    /// <summary>Constructors with more than six parameters, with how many they have.</summary>
    public static readonly string[] LargeConstructors = [];

    /// <summary>Names that two types have.</summary>
    public static readonly string[] TwinTypes = [];

    /// <summary>Handlers whose tests stand in a file of another name, with those of other handlers.</summary>
    public static readonly string[] HandlersWithoutTests = [];

    /// <summary>
    /// Files that name a setting by a literal and not by its generated constant. These two speak of the keys of meta.properties, two of which have the names of
    /// settings.
    /// </summary>
    public static readonly string[] SettingLiterals =
    [
        "src/KafkaCompat.Server/Decode/TextContent.cs",
        "src/KafkaCompat.Storage/Directories/MetaProperties.cs",
    ];

    /// <summary>Files with lines of more than 160 columns.</summary>
    public static readonly string[] LongLines = [];
}
