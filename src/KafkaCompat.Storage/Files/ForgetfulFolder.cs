namespace KafkaCompat.Storage.Files;

/// <summary>A change of names within one folder; a rename is one change.</summary>
internal readonly record struct NameChange(string? Removed, string? Added, object? Node);

/// <summary>
/// A folder's names as its process sees them, and as the disk surely holds them. The changes between the two survive a
/// crash in their order, up to one that the seed picks: file systems journal them so.
/// </summary>
internal sealed class ForgetfulFolder
{
    private readonly List<NameChange> _unsynced = [];
    private SortedDictionary<string, object> _durable = new(StringComparer.Ordinal);

    public SortedDictionary<string, object> Names { get; private set; } = new(StringComparer.Ordinal);

    public void Change(NameChange change)
    {
        Apply(Names, change);
        _unsynced.Add(change);
    }

    public void Sync()
    {
        foreach (var change in _unsynced)
            Apply(_durable, change);
        _unsynced.Clear();
    }

    public ForgetfulFolder AfterCrash(ForgetfulChance chance)
    {
        var names = new SortedDictionary<string, object>(_durable, StringComparer.Ordinal);
        var survivors = chance.Below(_unsynced.Count + 1);
        for (var i = 0; i < survivors; i++)
            Apply(names, _unsynced[i]);
        var after = new ForgetfulFolder();
        foreach ((var name, var node) in names)
            after.Names.Add(name, node is ForgetfulFolder folder ? folder.AfterCrash(chance) : ((ForgetfulFileNode)node).AfterCrash(chance));
        after._durable = new SortedDictionary<string, object>(after.Names, StringComparer.Ordinal);
        return after;
    }

    private static void Apply(SortedDictionary<string, object> names, NameChange change)
    {
        if (change.Removed is not null)
            _ = names.Remove(change.Removed);
        if (change.Added is not null)
            names[change.Added] = change.Node!;
    }
}
