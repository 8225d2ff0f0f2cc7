using System.Formats.Tar;
using System.IO.Compression;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>Reference directories as folders.</summary>
internal static class ReferenceFolder
{
    /// <summary>Puts an archive's content under a folder and gives its top folder.</summary>
    public static string Extract(string name, string root)
    {
        var target = Path.Combine(root, name);
        if (!Directory.Exists(target))
        {
            using var gzip = new GZipStream(File.OpenRead(KafkaReference.Require("datadirs", name + ".tar.gz")), CompressionMode.Decompress);
            TarFile.ExtractToDirectory(gzip, root, overwriteFiles: true);
        }

        return target;
    }
}
