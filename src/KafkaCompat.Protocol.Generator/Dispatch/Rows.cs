using System.Collections;

namespace KafkaCompat.Protocol.Generator.Dispatch;

/// <summary>A list that is equal to another with the same rows.</summary>
internal sealed class Rows<T>(IEnumerable<T> rows) : IEquatable<Rows<T>>, IEnumerable<T>
{
    private readonly List<T> _rows = [.. rows];

    public bool Equals(Rows<T>? other) => other is not null && _rows.SequenceEqual(other._rows);

    public override bool Equals(object? obj) => Equals(obj as Rows<T>);

    public override int GetHashCode() => _rows.Count;

    public IEnumerator<T> GetEnumerator() => _rows.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
