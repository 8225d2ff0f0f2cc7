namespace KafkaCompat.Storage.Files;

/// <summary>What becomes of one unsynced change in a power cut.</summary>
internal enum ForgetfulOutcome
{
    Kept,
    Lost,
    Torn,
    LengthAlone,
    StopHere,
}

/// <summary>The dice of a crash. One roll picks a temper for the whole disk, so that orderly and wild crashes both come up.</summary>
internal sealed class ForgetfulChance
{
    private readonly Random _random;
    private readonly int _temper;

    public ForgetfulChance(int seed)
    {
        _random = new Random(seed);
        _temper = _random.Next(4);
    }

    public ForgetfulOutcome Next() => _temper switch
    {
        0 => ForgetfulOutcome.StopHere,
        1 => ForgetfulOutcome.Kept,
        2 => _random.Next(4) switch { 0 => ForgetfulOutcome.StopHere, 1 => ForgetfulOutcome.Torn, _ => ForgetfulOutcome.Kept },
        _ => (ForgetfulOutcome)_random.Next(4),
    };

    public bool Coin() => _random.Next(2) == 0;

    public int Below(int bound) => _random.Next(bound);
}
