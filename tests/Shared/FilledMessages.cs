using System.Buffers;
using System.Collections;
using System.Reflection;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>Messages of any kind that hold some of everything, for tests that want one of each API and version.</summary>
internal static class FilledMessages
{
    /// <summary>A request that names two of everything, none of which is there, so that it is decided and changes nothing.</summary>
    public static IRequest Request(ApiKey key, short version)
    {
        var empty = (IRequest)Activator.CreateInstance(typeof(IRequest).Assembly.GetType($"KafkaCompat.Protocol.Messages.{key}Request", throwOnError: true)!)!;
        var reader = new WireReader(Write(empty, version, items: 2));
        var request = ApiCatalog.ReadRequest(key, ref reader, version);
        // All the time that it needs.
        request.GetType().GetProperty("TimeoutMs")?.SetValue(request, 60_000);
        return request;
    }

    /// <summary>A message with so many items in each of its arrays, as bytes of a version.</summary>
    public static byte[] Write(IMessage message, short version, int items)
    {
        Fill(message, items);
        return Fitted(message, version);
    }

    /// <summary>Two of everything, each with a name of its own.</summary>
    private static void Fill(object message, int items)
    {
        foreach (var property in message.GetType().GetProperties()
            .Where(static property => property.CanWrite || typeof(IList).IsAssignableFrom(property.PropertyType)))
        {
            if (property.PropertyType == typeof(string)) property.SetValue(message, "name");
            else if (IsFilled(property)) Fill(message, property, items);
        }
    }

    private static bool IsFilled(PropertyInfo property) =>
        typeof(IList).IsAssignableFrom(property.PropertyType) && property.PropertyType.IsGenericType
            && property.PropertyType.GetGenericArguments()[0] != typeof(UnknownTag);

    private static void Fill(object message, PropertyInfo property, int items)
    {
        var list = (IList)(property.GetValue(message) ?? Activator.CreateInstance(property.PropertyType)!);
        var element = property.PropertyType.GetGenericArguments()[0];
        for (var i = 0; i < items; i++)
        {
            if (element == typeof(string))
            {
                _ = list.Add($"name-{i}");
            }
            else if (element.IsValueType)
            {
                _ = list.Add(Convert.ChangeType(i, element, System.Globalization.CultureInfo.InvariantCulture));
            }
            else
            {
                var item = Activator.CreateInstance(element)!;
                Fill(item, items);
                foreach (var name in element.GetProperties().Where(static p => p.PropertyType == typeof(string))) name.SetValue(item, $"name-{i}");
                _ = list.Add(item);
            }
        }

        if (property.CanWrite) property.SetValue(message, list);
    }

    /// <summary>The message as far as a version has room for it.</summary>
    private static byte[] Fitted(IMessage message, short version)
    {
        while (true)
        {
            try
            {
                var buffer = new ArrayBufferWriter<byte>();
                var writer = new WireWriter(buffer);
                message.Write(ref writer, version);
                writer.Flush();
                return buffer.WrittenSpan.ToArray();
            }
            catch (UnsupportedVersionException lost)
            {
                var owner = lost.MessageName.Split('.')[^1];
                Assert.True(Clear(message, owner, lost.Field), lost.Message);
            }
        }
    }

    private static bool Clear(object message, string owner, string field)
    {
        var cleared = false;
        if (message.GetType().Name == owner)
        {
            var property = message.GetType().GetProperty(char.ToUpperInvariant(field[0]) + field[1..])!;
            property.SetValue(message, property.GetValue(Activator.CreateInstance(message.GetType())!));
            cleared = true;
        }

        foreach (var property in message.GetType().GetProperties())
        {
            if (property.GetValue(message) is not IList list || !property.PropertyType.IsGenericType
                || property.PropertyType.GetGenericArguments()[0].IsValueType)
            {
                continue;
            }

            foreach (var item in list)
            {
                if (item is not string) cleared |= Clear(item!, owner, field);
            }
        }

        return cleared;
    }
}
