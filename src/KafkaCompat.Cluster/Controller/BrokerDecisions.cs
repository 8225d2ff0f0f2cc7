using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>The life of a broker: registered and fenced, unfenced once it has caught up, in controlled shutdown, fenced again.</summary>
internal sealed class BrokerDecisions(ControllerSettings settings, MetadataImage image, BrokerSessions sessions)
{
    private readonly LeaderElections _elections = new(settings, image);

    /// <summary>Registers an incarnation of a broker, which begins fenced. Its epoch is the offset at which the records will stand.</summary>
    public Decision<BrokerRegistrationResponse> Register(BrokerRegistrationRequest request, long nextOffset, Now now)
    {
        if (request.ClusterId != settings.ClusterId)
        {
            return Refused(ErrorCode.InconsistentClusterId);
        }

        var existing = image.Brokers.GetValueOrDefault(request.BrokerId);
        if (existing is not null && existing.IncarnationId != request.IncarnationId && !existing.IsFenced && sessions.IsAlive(request.BrokerId, now.TickMs))
        {
            return Refused(ErrorCode.DuplicateBrokerRegistration);
        }

        if (!SupportsFinalizedFeatures(request))
        {
            return Refused(ErrorCode.UnsupportedVersion);
        }

        if (image.MetadataVersion.IsDirectoryAssignmentSupported && request.LogDirs.Count == 0)
        {
            return Refused(ErrorCode.InvalidRegistration);
        }

        var records = new List<VersionedRecord>();
        var isSameIncarnation = existing?.IncarnationId == request.IncarnationId;
        if (existing is not null && !isSameIncarnation && image.IsElrEnabled && request.PreviousBrokerEpoch != existing.Epoch)
        {
            records.AddRange(_elections.BrokerGone(request.BrokerId, isUnclean: true));
        }

        var version = image.MetadataVersion.RegisterBrokerRecordVersion;
        var registration = new BrokerRegistration
        {
            Id = request.BrokerId,
            Epoch = isSameIncarnation ? existing!.Epoch : nextOffset,
            IncarnationId = request.IncarnationId,
            Endpoints = [.. request.Listeners.Select(l => new Endpoint(l.Name, l.Host, l.Port, l.SecurityProtocol))],
            Features = [.. request.Features.Select(f => new FeatureRange(f.Name, f.MinSupportedVersion, f.MaxSupportedVersion))],
            Rack = request.Rack,
            IsFenced = !isSameIncarnation || existing!.IsFenced,
            LogDirs = [.. request.LogDirs],
            CordonedLogDirs = isSameIncarnation ? existing!.CordonedLogDirs : null,
        };
        records.Add(new(registration.ToRecord(version), version));
        return new(records, new BrokerRegistrationResponse { BrokerEpoch = registration.Epoch })
        {
            IsAtomic = false,
            Drafts = [new ContactDraft(request.BrokerId)]
        };
    }

    /// <summary>Forgets a broker: it leaves every ISR and is no member of the cluster until it registers again.</summary>
    public Decision<UnregisterBrokerResponse> Unregister(UnregisterBrokerRequest request)
    {
        if (!image.Brokers.TryGetValue(request.BrokerId, out var broker))
        {
            return Decision.Of(new UnregisterBrokerResponse
            {
                ErrorCode = ErrorCode.BrokerIdNotRegistered,
                ErrorMessage = $"Broker ID {request.BrokerId} is not currently registered",
            });
        }

        var unregistered = new VersionedRecord(new UnregisterBrokerRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch }, 0);
        return new([.. _elections.BrokerGone(broker.Id), unregistered], new UnregisterBrokerResponse { ErrorMessage = "" })
        {
            IsAtomic = false,
            Drafts = [new ContactDraft(broker.Id, isMember: false)],
        };
    }

    /// <summary>Fences the brokers that have not been heard of for a session's time.</summary>
    public IReadOnlyList<VersionedRecord> FenceExpired(Now now)
    {
        // One at a time: each decision rests on the image, which holds the one before it only when that has been applied.
        var expired = image.Brokers.Values.FirstOrDefault(b => !b.IsFenced && !sessions.IsAlive(b.Id, now.TickMs));
        return expired is null ? [] : [.. Fence(expired)];
    }

    public Decision<BrokerHeartbeatResponse> Heartbeat(BrokerHeartbeatRequest request)
    {
        if (!image.Brokers.TryGetValue(request.BrokerId, out var broker))
        {
            return Decision.Of(new BrokerHeartbeatResponse { ErrorCode = ErrorCode.BrokerIdNotRegistered });
        }

        if (broker.Epoch != request.BrokerEpoch)
        {
            return Decision.Of(new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        var isCaughtUp = request.CurrentMetadataOffset >= broker.Epoch;
        var records = new List<VersionedRecord>();
        bool isFenced = broker.IsFenced, shouldShutDown = false, leaves = false;
        var offline = image.MetadataVersion.IsDirectoryAssignmentSupported ? request.OfflineLogDirs.Where(d => broker.LogDirs.Contains(d)).ToHashSet() : [];
        if (request.WantShutDown)
        {
            shouldShutDown = broker.IsFenced || (broker.IsInControlledShutdown && !LeadsAny(broker.Id));
            if (shouldShutDown)
            {
                isFenced = true;
                leaves = !broker.IsFenced;
                records.AddRange(broker.IsFenced ? [] : Fence(broker));
            }
            else if (!broker.IsInControlledShutdown)
            {
                leaves = true;
                records.Add(new(new BrokerRegistrationChangeRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch, InControlledShutdown = 1 }, 1));
                records.AddRange(_elections.BrokerGone(broker.Id));
            }
        }
        else if (request.WantFence && !broker.IsFenced)
        {
            isFenced = leaves = true;
            records.AddRange(Fence(broker));
        }
        else if (!request.WantFence && broker.IsFenced && isCaughtUp)
        {
            isFenced = false;
            records.Add(new(new BrokerRegistrationChangeRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch, Fenced = -1 }, 0));
            records.AddRange(_elections.BrokerBack(broker.Id, offline));
        }

        if (offline.Count > 0)
        {
            // A broker that leaves every ISR leaves those of its lost directories with them: each decision rests on the same image.
            records.AddRange(leaves ? [] : _elections.DirectoriesGone(broker.Id, offline));
            records.Add(new(
                new BrokerRegistrationChangeRecord
                {
                    BrokerId = broker.Id,
                    BrokerEpoch = broker.Epoch,
                    LogDirs = [.. broker.LogDirs.Where(d => !offline.Contains(d))],
                }, 2));
        }

        if (image.MetadataVersion.IsCordonedLogDirsSupported && request.CordonedLogDirs is { } cordoned
            && (broker.CordonedLogDirs is not { } before || !cordoned.ToHashSet().SetEquals(before)))
        {
            records.Add(new(new BrokerRegistrationChangeRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch, CordonedLogDirs = [.. cordoned] }, 3));
        }

        return new(records, new BrokerHeartbeatResponse { IsCaughtUp = isCaughtUp, IsFenced = isFenced, ShouldShutDown = shouldShutDown })
        {
            IsAtomic = false,
            Drafts = [new ContactDraft(broker.Id)],
        };
    }

    /// <summary>The next block of producer ids.</summary>
    public Decision<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request)
    {
        const int BlockSize = 1000;
        var error = !image.Brokers.TryGetValue(request.BrokerId, out var broker) ? ErrorCode.BrokerIdNotRegistered
            : broker.Epoch != request.BrokerEpoch ? ErrorCode.StaleBrokerEpoch
            : image.NextProducerId > long.MaxValue - BlockSize ? ErrorCode.UnknownServerError
            : ErrorCode.None;
        if (error != ErrorCode.None)
        {
            return Decision.Of(new AllocateProducerIdsResponse { ErrorCode = error });
        }

        var first = Math.Max(0, image.NextProducerId);
        var record = new ProducerIdsRecord { BrokerId = request.BrokerId, BrokerEpoch = request.BrokerEpoch, NextProducerId = first + BlockSize };
        return new([new(record, 0)], new AllocateProducerIdsResponse { ProducerIdStart = first, ProducerIdLen = BlockSize });
    }

    private IEnumerable<VersionedRecord> Fence(BrokerRegistration broker) =>
        _elections.BrokerGone(broker.Id).Append(new(new BrokerRegistrationChangeRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch, Fenced = 1 }, 0));

    private bool LeadsAny(int broker) => image.Topics.Values.Any(t => t.Partitions.Values.Any(p => p.Leader == broker));

    private bool SupportsFinalizedFeatures(BrokerRegistrationRequest request)
    {
        foreach (var (name, level) in image.Features)
        {
            var range = request.Features.Find(f => f.Name == name);
            if (range is null ? level > 0 : level < range.MinSupportedVersion || level > range.MaxSupportedVersion)
            {
                return false;
            }
        }

        return true;
    }

    private static Decision<BrokerRegistrationResponse> Refused(ErrorCode error) =>
        Decision.Of(new BrokerRegistrationResponse { ErrorCode = error });
}
