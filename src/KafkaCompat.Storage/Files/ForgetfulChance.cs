namespace KafkaCompat.Storage.Files;

/// <summary>What becomes of one unsynced change in a power cut.</summary>
internal enum ForgetfulFate
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

    public ForgetfulFate Next() => _temper switch
    {
        0 => ForgetfulFate.StopHere,
        1 => ForgetfulFate.Kept,
        2 => _random.Next(4) switch { 0 => ForgetfulFate.StopHere, 1 => ForgetfulFate.Torn, _ => ForgetfulFate.Kept },
        _ => (ForgetfulFate)_random.Next(4),
    };

    public bool Coin() => _random.Next(2) == 0;

    public int Below(int bound) => _random.Next(bound);
}
