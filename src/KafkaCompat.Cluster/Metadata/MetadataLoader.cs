using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>A delta that is complete, and the image it leads to.</summary>
public sealed record MetadataStep(MetadataDelta Delta, MetadataImage Image);

/// <summary>
/// Turns committed records into images. What stands between BeginTransactionRecord and EndTransactionRecord becomes visible at once, and not at all when
/// AbortTransactionRecord ends it; a new leader that finds a transaction open aborts it.
/// </summary>
public sealed class MetadataLoader
{
    private MetadataDelta _delta = new(MetadataImage.Empty);
    private List<IRecord>? _transaction;
    private bool _isChanged;

    /// <summary>The newest complete image.</summary>
    public MetadataImage Image { get; private set; } = MetadataImage.Empty;

    /// <summary>Whether a transaction is open at the end of what was applied.</summary>
    public bool IsInTransaction => _transaction is not null;

    /// <summary>
    /// Another loader that stands where this one does and goes on by itself. To be called where a batch ends and was published.
    /// </summary>
    public MetadataLoader Fork() => new() { Image = Image, _delta = new MetadataDelta(Image), _transaction = _transaction is null ? null : [.. _transaction] };

    /// <summary>
    /// Goes on with a snapshot's image. The step is the difference from the present one, so that who listens hears of what the snapshot has no more.
    /// </summary>
    public MetadataStep Load(IEnumerable<IRecord> snapshot, MetadataProvenance provenance)
    {
        var delta = MetadataDelta.Of(MetadataImage.Empty, snapshot);
        if (!ReferenceEquals(Image, MetadataImage.Empty))
        {
            delta = MetadataDelta.Of(Image, MetadataDifference.Records(Image, delta.ToImage(provenance)));
        }

        Image = delta.ToImage(provenance);
        _delta = new MetadataDelta(Image);
        _transaction = null;
        _isChanged = false;
        return new MetadataStep(delta, Image);
    }

    /// <summary>Applies one record.</summary>
    public void Apply(IRecord record)
    {
        switch (record)
        {
            case BeginTransactionRecord when _transaction is null: _transaction = []; break;
            case EndTransactionRecord when _transaction is not null: EndTransaction(); break;
            case AbortTransactionRecord when _transaction is not null: _transaction = null; break;
            case BeginTransactionRecord or EndTransactionRecord or AbortTransactionRecord:
                throw new MetadataCorruptException($"a {record.GetType().Name} that does not fit");
            default:
                if (_transaction is not null)
                {
                    _transaction.Add(record);
                    break;
                }

                _delta.Apply(record);
                _isChanged = true;
                break;
        }
    }

    /// <summary>The step up to here; null while a transaction is open and nothing before it is new. To be called where a batch ends.</summary>
    public MetadataStep? Publish(MetadataProvenance provenance)
    {
        if (_transaction is not null && !_isChanged)
        {
            return null;
        }

        var delta = _delta;
        Image = delta.ToImage(provenance);
        _delta = new MetadataDelta(Image);
        _isChanged = false;
        return new MetadataStep(delta, Image);
    }

    private void EndTransaction()
    {
        foreach (var held in _transaction!)
        {
            _delta.Apply(held);
        }

        _transaction = null;
        _isChanged = true;
    }
}
