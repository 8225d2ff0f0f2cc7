using System.Buffers;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Server.Decode;

/// <summary>Frames as they stand on the wire: length, header, body.</summary>
internal sealed class FramePrinter(TextWriter output, bool full)
{
    /// <summary>The API that a person names by its key, <c>Fetch</c> or <c>FETCH</c>.</summary>
    public static ApiKey KeyOf(string text)
    {
        if (short.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && ApiCatalog.Find(number) is { } byNumber)
        {
            return byNumber.Key;
        }

        foreach (var api in ApiCatalog.All)
        {
            if (api.Name.Equals(text.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase))
            {
                return api.Key;
            }
        }

        throw new ConfigurationException($"No API is called {text}.");
    }

    /// <summary>Prints the requests in <paramref name="bytes"/>; false when one of them cannot be read.</summary>
    public bool Requests(ReadOnlySequence<byte> bytes) => Frames(bytes, frame =>
    {
        var reader = new WireReader(frame);
        var (number, version) = (reader.ReadInt16(), reader.ReadInt16());
        if (ApiCatalog.Find(number) is not { } api || !api.Versions.Contains(version))
        {
            output.WriteLine($"a request of API {number} version {version}, which is not known");
            return false;
        }

        reader = new WireReader(frame, keepUnknownTags: true);
        var headerVersion = api.RequestHeaderVersion(version);
        var header = RequestHeader.Read(ref reader, headerVersion);
        output.WriteLine($"{api.Name} request version {version}, {frame.Length} bytes");
        output.WriteLine("header " + MessageText.Of(header, headerVersion, indented: false));
        var body = ApiCatalog.ReadRequest(api.Key, ref reader, version);
        Body(body, version, reader.Remaining);
        if (body is ProduceRequest produce)
        {
            Batches(produce.TopicData.SelectMany(static topic =>
                topic.PartitionData.Select(partition => (Name(topic.Name, topic.TopicId), partition.Index, partition.Records))));
        }

        return true;
    });

    /// <summary>Prints the responses of one API and version in <paramref name="bytes"/>.</summary>
    public bool Responses(ReadOnlySequence<byte> bytes, ApiKey key, short version) => Frames(bytes, frame =>
    {
        var api = ApiCatalog.Get(key);
        var reader = new WireReader(frame, keepUnknownTags: true);
        var headerVersion = api.ResponseHeaderVersion(version);
        var header = ResponseHeader.Read(ref reader, headerVersion);
        output.WriteLine($"{api.Name} response version {version}, {frame.Length} bytes");
        output.WriteLine("header " + MessageText.Of(header, headerVersion, indented: false));
        var body = ApiCatalog.ReadResponse(key, ref reader, version);
        Body(body, version, reader.Remaining);
        if (body is FetchResponse fetch)
        {
            Batches(fetch.Responses.SelectMany(static topic =>
                topic.Partitions.Select(partition => (Name(topic.Topic, topic.TopicId), partition.PartitionIndex, partition.Records))));
        }

        return true;
    });

    private bool Frames(ReadOnlySequence<byte> bytes, Func<ReadOnlySequence<byte>, bool> print)
    {
        var whole = true;
        while (bytes.Length > 0)
        {
            var length = bytes.Length < 4 ? -1 : new WireReader(bytes).ReadInt32();
            if (length < 0 || length > bytes.Length - 4)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"no frame: {bytes.Length} bytes that say their length is {length}"));
                return false;
            }

            try
            {
                whole &= print(bytes.Slice(4, length));
            }
            catch (WireFormatException e)
            {
                output.WriteLine($"unreadable: {e.Message}");
                whole = false;
            }

            bytes = bytes.Slice(4 + length);
        }

        return whole;
    }

    private void Body(IMessage body, short version, long left)
    {
        output.WriteLine(MessageText.Of(body, version, indented: true));
        if (left > 0)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{left} bytes follow the body"));
        }
    }

    /// <summary>Record batches stand in the JSON as base64; here they stand as records.</summary>
    private void Batches(IEnumerable<(string Topic, int Partition, RecordBytes? Records)> partitions)
    {
        foreach (var (topic, partition, records) in partitions)
        {
            if (records is { Length: > 0 })
            {
                output.WriteLine($"{topic}-{partition}:");
                new BatchPrinter(output, RecordContent.Plain, full).PrintBatches(records.ToArray(), 0);
            }
        }
    }

    private static string Name(string name, Uuid id) => name.Length > 0 ? name : id.ToString();
}
