using System.Formats.Tar;
using System.IO.Compression;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Server.Decode;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Decode;

/// <summary>kafkacompat decode over frames and files that Kafka wrote.</summary>
public sealed class DecodeCommandTests
{
    [Fact]
    public void A_request_frame_is_named_and_printed()
    {
        // ApiVersions version 0, correlation id 5, client id "abc".
        var (code, text) = Decode("--hex", "0000000d 0012 0000 00000005 0003616263");
        Assert.Equal(0, code);
        Assert.Contains("ApiVersions request version 0", text, StringComparison.Ordinal);
        Assert.Contains("\"correlationId\":5,\"clientId\":\"abc\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_response_needs_its_api_and_version()
    {
        Assert.Throws<ConfigurationException>(() => Decode("--response", "--hex", "00000000"));
        var (code, text) = Decode("--response", "--api", "apiversions", "--version", "0", "--hex", "00000010 00000005 0000 00000001 0000 0000 000d");
        Assert.Equal(0, code);
        Assert.Contains("\"maxVersion\": 13", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("000000")]
    [InlineData("0000ffff 0012")]
    [InlineData("00000004 7fff 0000")]
    [InlineData("00000008 0012 0000 00000005")]
    public void Bytes_that_are_no_frame_are_said_to_be_none(string hex)
    {
        var (code, text) = Decode("--hex", hex);
        Assert.Equal(1, code);
        Assert.NotEmpty(text);
    }

    [Fact]
    public void Every_framed_message_of_Kafka_is_printed()
    {
        var folder = KafkaReference.Require("golden", "clients");
        var printed = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "???-*.tsv"))
        {
            var name = Path.GetFileNameWithoutExtension(file)[4..];
            foreach (var row in KafkaReference.Table("golden", "clients", Path.GetFileName(file)))
            {
                if (row.GetValueOrDefault("framed") is not { Length: > 0 } framed)
                {
                    continue;
                }

                var (code, text) = name.EndsWith("Request", StringComparison.Ordinal)
                    ? Decode("--hex", framed)
                    : Decode("--response", "--api", int.Parse(Path.GetFileName(file)[..3]).ToString(), "--version", row["version"], "--hex", framed);
                Assert.True(code == 0, $"{name} version {row["version"]}: {text}");
                printed++;
            }
        }

        Assert.True(printed > 300);
    }

    [Fact]
    public void Every_file_of_a_data_directory_is_printed()
    {
        var archive = KafkaReference.Require("datadirs", "groups.tar.gz");
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            using (var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
            {
                TarFile.ExtractToDirectory(gzip, folder.FullName, overwriteFiles: true);
            }

            var seen = new HashSet<string>();
            foreach (var file in Directory.EnumerateFiles(folder.FullName, "*", SearchOption.AllDirectories))
            {
                if (!file.Contains("/data/", StringComparison.Ordinal) || Path.GetFileName(file) is ".lock")
                {
                    continue;
                }

                var (code, text) = Decode(file);
                Assert.True(code == 0, $"{file}: {text}");
                Assert.DoesNotContain("unreadable", text, StringComparison.Ordinal);
                Assert.DoesNotContain("unknown type", text, StringComparison.Ordinal);
                foreach (
                    var word in (string[])["PartitionRecord", "LEADER_CHANGE", "SNAPSHOT_FOOTER", "OffsetCommitKey", "ConsumerGroupMetadataKey",
                    "producerEntries"])
                {
                    if (text.Contains(word, StringComparison.Ordinal))
                    {
                        seen.Add(word);
                    }
                }
            }

            Assert.Superset(new HashSet<string> { "PartitionRecord", "LEADER_CHANGE", "SNAPSHOT_FOOTER", "OffsetCommitKey", "ConsumerGroupMetadataKey" }, seen);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A file of Kafka's in a folder and under a name that say nothing is printed as under its own.</summary>
    [Theory]
    [InlineData("basic")]
    [InlineData("compacted")]
    [InlineData("groups")]
    [InlineData("metadata-raised")]
    [InlineData("transactions-crashed")]
    [InlineData("unclean")]
    public void A_file_is_known_by_its_content_alone(string directory)
    {
        var archive = KafkaReference.Require("datadirs", directory + ".tar.gz");
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            using (var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
            {
                TarFile.ExtractToDirectory(gzip, folder.FullName, overwriteFiles: true);
            }

            var copy = Path.Combine(folder.FullName, "x");
            foreach (var file in Directory.EnumerateFiles(folder.FullName, "*", SearchOption.AllDirectories))
            {
                if (!file.Contains("/data/", StringComparison.Ordinal) || Path.GetFileName(file) is ".lock") continue;
                File.Copy(file, copy, overwrite: true);
                var (code, text) = Decode(copy);
                var own = Decode(file);
                if (file.Contains("index", StringComparison.Ordinal) && File.ReadAllBytes(file).All(static one => one == 0))
                {
                    // Of reserved room nobody can say what it was for.
                    Assert.True((code, text) == (0, "empty file\n") || text.Contains("room that was reserved", StringComparison.Ordinal), $"{file}: {text}");
                    continue;
                }

                text = text.Replace("The file's name does not say the base offset of the segment; offsets count from it.\n", "", StringComparison.Ordinal);
                if (file.Contains("index", StringComparison.Ordinal) && !Path.GetFileName(file).StartsWith("00000000000000000000", StringComparison.Ordinal))
                {
                    Assert.Equal((own.Code, own.Text.Count(static one => one == '\n')), (code, text.Count(static one => one == '\n')));
                    continue;
                }

                Assert.True(own == (code, text), $"{file}:\n{own.Text}\n{text}");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("offset 5 at 0\noffset 9 at 256\n", "00000005 00000000 00000009 00000100")]
    [InlineData("offset 85 at 4200\noffset 170 at 8400\noffset 255 at 12600\n", "00000055 00001068 000000aa 000020d0 000000ff 00003138")]
    [InlineData("offset 85 at 4200\n16 bytes of reserved room\n", "00000055 00001068 00000000 00000000 00000000 00000000")]
    [InlineData("timestamp 1700000000000 offset 3\ntimestamp 1700000000001 offset 30\n", "0000018bcfe56800 00000003 0000018bcfe56801 0000001e")]
    [InlineData("timestamp 1000 offset 3\ntimestamp 1001 offset 30\n12 bytes of reserved room\n",
        "00000000000003e8 00000003 00000000000003e9 0000001e 0000000000000000 00000000")]
    [InlineData("@0 24 bytes that are not a batch, all zero: room that was reserved\n", "0000000000000000 0000000000000000 0000000000000000")]
    [InlineData("{\"producerId\":4711,\"firstOffset\":7,\"lastOffset\":9,\"lastStableOffset\":7}\n",
        "0000 0000000000001267 0000000000000007 0000000000000009 0000000000000007")]
    [InlineData("ApiVersions request version 0", "0000000d 0012 0000 00000005 0003616263")]
    [InlineData("producerEntries", "0001 2ba3bb8e 00000000")]
    [InlineData("empty file\n", "")]
    public void Small_files_are_known_by_their_content(string expected, string hex)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
            var (code, text) = Decode(path);
            Assert.Equal(0, code);
            Assert.Contains(expected, text, StringComparison.Ordinal);
            Assert.Equal(expected.StartsWith("offset", StringComparison.Ordinal)
                || expected.StartsWith("timestamp", StringComparison.Ordinal), text.Contains("does not say the base offset", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void What_looks_like_nothing_is_told_with_what_reads_it_all_the_same()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [0xff, 0xfe, 0, 1, 2]);
            Assert.Contains("--batches reads it as record batches", Assert.Throws<ConfigurationException>(() => Decode(path)).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Files of others, whose first bytes an index could have: two numbers and then zeros, most of all.</summary>
    [Theory]
    [InlineData("7f454c46 02010100 00000000 00000000 0003003e 00000001")]
    [InlineData("00000055 00001068 00000000 00000000 00000000 00000001")]
    [InlineData("00000055 00001068 00000000 00002068")]
    [InlineData("00000055 00001068 00000054 00002068")]
    [InlineData("00000055 00001068 000000aa 00001068")]
    [InlineData("00000000000003e8 00000003 0000000000000000 00000000 0000000000000000 00000001")]
    public void What_is_no_index_is_not_taken_for_one(string hex)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
            Assert.Contains("looks like no file of a data directory", Assert.Throws<ConfigurationException>(() => Decode(path)).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A program of this machine is larger than what is looked at of a file.</summary>
    [Fact]
    public void A_program_is_nothing_of_ours()
    {
        foreach (var path in (string[])["/bin/true", "/bin/sh", "/bin/ls", Environment.ProcessPath!, typeof(DecodeCommandTests).Assembly.Location])
        {
            if (File.Exists(path))
            {
                Assert.Contains("looks like no file of a data directory", Assert.Throws<ConfigurationException>(() => Decode(path)).Message,
                    StringComparison.Ordinal);
            }
        }
    }

    /// <summary>What an index by its name cannot hold is told where it stands.</summary>
    [Theory]
    [InlineData(".index", "offset 12 at 0\noffset 16 at 256\noffset 15 at 512, which is not behind the entry before\n",
        "00000005 00000000 00000009 00000100 00000008 00000200")]
    [InlineData(".index", "offset 12 at 512\noffset 16 at 256, which is not behind the entry before\n", "00000005 00000200 00000009 00000100")]
    [InlineData(".index", "offset 12 at 0\noffset -9 at 256, which is not behind the entry before\n", "00000005 00000000 fffffff0 00000100")]
    [InlineData(".timeindex", "timestamp 1001 offset 10\ntimestamp 1000 offset 37, which is not behind the entry before\n",
        "00000000000003e9 00000003 00000000000003e8 0000001e")]
    [InlineData(".timeindex", "timestamp 1000 offset 37\ntimestamp 1001 offset 10, which is not behind the entry before\n",
        "00000000000003e8 0000001e 00000000000003e9 00000003")]
    public void An_entry_that_an_index_cannot_have_is_told(string extension, string expected, string hex)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            var path = Path.Combine(folder.FullName, $"00000000000000000007{extension}");
            File.WriteAllBytes(path, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
            Assert.Equal((1, expected), Decode(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The first entry has none before it.</summary>
    [Theory]
    [InlineData(".index", 0, "offset 7 at 256\noffset 16 at 512\n", "00000000 00000100 00000009 00000200")]
    [InlineData(".index", 1, "offset 3 at 256, which an index cannot begin with\n", "fffffffc 00000100")]
    [InlineData(".index", 1, "offset 8 at -1, which an index cannot begin with\n", "00000001 ffffffff")]
    [InlineData(".timeindex", 1, "timestamp -1 offset 10, which an index cannot begin with\n", "ffffffffffffffff 00000003")]
    public void The_first_entry_of_an_index_is_behind_no_other(string extension, int code, string expected, string hex)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            var path = Path.Combine(folder.FullName, $"00000000000000000007{extension}");
            File.WriteAllBytes(path, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
            Assert.Equal((code, expected), Decode(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Under its own name and under one that says nothing.</summary>
    [Theory]
    [InlineData("0\n2\nt 0 7\n", "Entries by the second line: 2. Entries that there are: 1.\n")]
    [InlineData("0\n1\n", "Entries by the second line: 1. Entries that there are: 0.\n")]
    [InlineData("0\n0\nt 0 7\n", "Entries by the second line: 0. Entries that there are: 1.\n")]
    [InlineData("0\n1\nt 0 7\n", "")]
    [InlineData("0\n0\n", "")]
    public void A_checkpoint_that_does_not_hold_what_it_says_is_told(string content, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            foreach (var name in (string[])["recovery-point-offset-checkpoint", "x"])
            {
                var path = Path.Combine(folder.FullName, name);
                File.WriteAllText(path, content);
                Assert.Equal((expected.Length == 0 ? 0 : 1, content + expected), Decode(path));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(false, "notes.txt", "hello world\nthis is mine\n")]
    [InlineData(false, "log4j.properties", "log4j.rootLogger=INFO, stdout\n")]
    [InlineData(false, "package.json", "{\"name\":\"x\",\"version\":\"1\"}\n")]
    [InlineData(false, "numbers", "1.5\n2.5\n")]
    [InlineData(true, "x", "#\n#Thu Jan 01\nnode.id=1\nversion=1\n")]
    [InlineData(true, "server.properties", "# mine\nlog.dirs=/data\n")]
    [InlineData(true, "x", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAw\n")]
    [InlineData(true, "x", "{\"version\":0,\"brokerEpoch\":12}\n")]
    [InlineData(true, "x", "{\"leaderId\":1,\"leaderEpoch\":3,\"data_version\":1}\n")]
    [InlineData(true, "meta.properties", "damaged\n")]
    public void A_text_that_is_none_of_Kafkas_is_said_to_be_none(bool isKafkas, string name, string content)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            var path = Path.Combine(folder.FullName, name);
            File.WriteAllText(path, content);
            if (isKafkas)
            {
                Assert.Equal((0, content), Decode(path));
            }
            else
            {
                Assert.StartsWith($"{path} is text and no file of a data directory: ", Assert.Throws<ConfigurationException>(() => Decode(path)).Message,
                    StringComparison.Ordinal);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("--api is of --response alone", "--api", "Fetch", "file")]
    [InlineData("--version is of --response alone", "--request", "--version", "3", "file")]
    public void Options_of_a_response_stand_with_it(string expected, params string[] arguments) =>
        Assert.StartsWith(expected, Assert.Throws<ConfigurationException>(() => DecodeOptions.Parse(arguments)).Message, StringComparison.Ordinal);

    /// <summary>An index of which nothing was written yet has no entry, under its own name too.</summary>
    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    public void Reserved_room_is_no_entry(string extension)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            var path = Path.Combine(folder.FullName, $"00000000000000000007{extension}");
            File.WriteAllBytes(path, new byte[48]);
            Assert.Equal((0, "48 bytes of reserved room\n"), Decode(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_batch_that_is_not_what_its_checksum_says_is_printed_and_told_by_the_exit_code()
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(1_700_000_000_000, default, "value"u8);
        var batch = builder.ToArray();
        var folder = Directory.CreateTempSubdirectory("kafkacompat-decode-");
        try
        {
            var path = Path.Combine(folder.FullName, "00000000000000000000.log");
            File.WriteAllBytes(path, batch);
            Assert.Equal(0, Decode(path).Code);
            batch[^2] ^= 1;
            File.WriteAllBytes(path, batch);
            var (code, text) = Decode(path);
            Assert.Equal(1, code);
            Assert.Contains("but is", text, StringComparison.Ordinal);

            var refused = Assert.Throws<ConfigurationException>(() => Decode(folder.FullName));
            Assert.Contains("is a folder. decode takes files", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (int Code, string Text) Decode(params string[] arguments)
    {
        using var output = new StringWriter();
        var code = DecodeCommand.Run(arguments, output);
        return (code, output.ToString());
    }
}
