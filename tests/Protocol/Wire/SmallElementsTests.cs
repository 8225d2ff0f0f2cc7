using System.Buffers;
using System.Collections;
using System.Reflection;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Tests.Golden;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Wire;

/// <summary>Requests of many small elements are decoded: ten thousand in each array of each request at each version, as small as they can be.</summary>
public sealed class SmallElementsTests
{
    private const int Elements = 10_000;

    public static TheoryData<string> Requests => [.. typeof(RequestHeader).Assembly.GetTypes()
        .Where(static type => typeof(IRequest).IsAssignableFrom(type) && type is { IsAbstract: false, IsInterface: false }).Select(static type => type.Name)
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Requests))]
    public void Ten_thousand_small_elements_are_decoded(string request)
    {
        var type = MessageTypes.Find("clients", request)!;
        var read = MessageTypes.Reader(type);
        foreach (var version in Versions(type))
        {
            foreach (var path in ArrayPaths(type))
            {
                // The elements are as small as can be, or have one small element in each of their own arrays.
                foreach (var isFilled in new[] { false, true })
                {
                    var message = (IMessage)Activator.CreateInstance(type)!;
                    Fill(message, path, isFilled);
                    var what = $"{request} version {version}, {string.Join('.', path.Select(static p => p.Name))}{(isFilled ? ", with elements" : "")}";
                    if (TryWrite(message, version) is not { } bytes) continue;
                    var before = GC.GetAllocatedBytesForCurrentThread();
                    var reader = new WireReader(new ReadOnlySequence<byte>(bytes));
                    try
                    {
                        _ = read(ref reader, version);
                    }
                    catch (WireFormatException e)
                    {
                        Assert.Fail($"{what}: {bytes.Length} bytes: {e.Message}");
                    }
                    var cost = GC.GetAllocatedBytesForCurrentThread() - before;
                    Assert.True(reader.Remaining == 0, $"{what}: {reader.Remaining} bytes are left");
                    Assert.True(cost <= reader.Cost + WireLimits.UncountedAllowance,
                        $"{what}: {bytes.Length} bytes cost {cost}, and {reader.Cost} by estimate");
                    Assert.True(reader.Cost <= WireLimits.MostCost(bytes.Length), what);
                }
            }
        }
    }

    [Fact]
    public void A_message_for_which_too_little_is_set_aside_is_read_with_more()
    {
        var request =
            new MetadataRequest { Topics = [.. Enumerable.Range(0, Elements).Select(static _ => new MetadataRequest.MetadataRequestTopic { Name = "" })] };
        var bytes = TryWrite(request, 9)!;
        var refusal = Assert.Throws<WireFormatException>(() =>
        {
            var reader = new WireReader(new ReadOnlySequence<byte>(bytes), maxCost: 100_000);
            _ = MetadataRequest.Read(ref reader, 9);
        });
        Assert.Equal(WireFormatReason.TooCostlyNow, refusal.Reason);
        var again = new WireReader(new ReadOnlySequence<byte>(bytes), maxCost: WireLimits.MostCost(bytes.Length));
        Assert.Equal(Elements, MetadataRequest.Read(ref again, 9).Topics!.Count);
    }

    private static IEnumerable<short> Versions(Type type)
    {
        short from = (short)type.GetField("MinVersion")!.GetValue(null)!, to = (short)type.GetField("MaxVersion")!.GetValue(null)!;
        for (var version = from; version <= to; version++) yield return version;
    }

    private static IEnumerable<PropertyInfo> Arrays(Type type) =>
        type.GetProperties()
            .Where(static p => p.Name != "UnknownTags" && p.PropertyType.IsGenericType && p.PropertyType.GetGenericTypeDefinition() == typeof(List<>));

    private static Type ElementOf(PropertyInfo array) => array.PropertyType.GetGenericArguments()[0];

    private static IEnumerable<PropertyInfo[]> ArrayPaths(Type type)
    {
        foreach (var array in Arrays(type))
        {
            yield return [array];
            foreach (var inner in ArrayPaths(ElementOf(array))) yield return [array, .. inner];
        }
    }

    /// <summary>One element in each array of the path, and very many in the last.</summary>
    private static void Fill(object target, PropertyInfo[] path, bool isFilled)
    {
        var list = (IList)Activator.CreateInstance(path[0].PropertyType)!;
        path[0].SetValue(target, list);
        for (var i = 0; i < (path.Length == 1 ? Elements : 1); i++)
        {
            var element = Element(ElementOf(path[0]), isFilled && path.Length == 1);
            if (path.Length > 1) Fill(element, path[1..], isFilled);
            list.Add(element);
        }
    }

    private static object Element(Type type, bool isFilled)
    {
        if (type == typeof(string)) return isFilled ? "x" : "";
        if (type == typeof(byte[])) return Array.Empty<byte>();
        var element = Activator.CreateInstance(type)!;
        if (type.Assembly != typeof(RequestHeader).Assembly || !type.IsClass) return element;
        foreach (var text in type.GetProperties().Where(static p => p.PropertyType == typeof(string) && p.CanWrite))
        {
            if (isFilled || text.GetValue(element) is not null) text.SetValue(element, isFilled ? "x" : "");
        }
        if (!isFilled) return element;
        foreach (var array in Arrays(type))
        {
            var list = (IList)Activator.CreateInstance(array.PropertyType)!;
            list.Add(Element(ElementOf(array), isFilled: true));
            array.SetValue(element, list);
        }
        return element;
    }

    /// <summary>Null where the version has no such field.</summary>
    private static byte[]? TryWrite(IMessage message, short version)
    {
        try
        {
            return GoldenRow.Write(message, version);
        }
        catch (UnsupportedVersionException)
        {
            return null;
        }
    }
}
