"""The cases of Fetch that produce_wire.py sends to both brokers, each version of it over the same batches."""

from produce_cases import LARGE, SMALL, T, Case, fetch, produce, settings
from record_batches import GZIP, LZ4, NONE, ZSTD, batch

VERSIONS = range(4, 19)
FIRST_WITH_SESSIONS = 7
BATCHES = [batch(SMALL, base_timestamp=T), batch(LARGE, GZIP, base_timestamp=T), batch(LARGE[:20], base_timestamp=T), batch(SMALL, LZ4, base_timestamp=T)]
END = 3 + 60 + 20 + 3
# A topic of its own: the partitions lie side by side.
CONFIGS = settings(retention_bytes=1 << 40)


def places(version):
    """Offsets, limits and epochs."""
    for offset in (0, 1, 2, 3, 40, 62, 63, 64, 82, 83, END - 1, END, END + 1, -1, -2, 1 << 62):
        yield fetch(offset, version)
    for most in (0, 1, 60, len(BATCHES[0]), len(BATCHES[0]) + 1, len(BATCHES[0]) + 100, -1, -1 << 31):
        yield fetch(0, version, told={"most": most})
        yield fetch(0, version, most=most)
        yield fetch(63, version, told={"most": most}, most=200)
    for epoch in (-1, 0, 1, -2, 1 << 30):
        yield fetch(0, version, told={"epoch": epoch})
    for last, offset in ((-1, 0), (0, 0), (0, END), (0, END + 5), (1, 0), (1 << 30, END), (-2, 3)):
        yield fetch(offset, version, told={"last": last})
    for start in (-1, 0, 5, END + 1):
        yield fetch(0, version, told={"start": start})
    for isolation in (1, 2, -1):
        yield fetch(0, version, isolation=isolation)
        yield fetch(END, version, isolation=isolation)
    for least, wait in ((0, 50), (1, 50), (1 << 20, 50), (1, -1), (-1, 50), (1, 0)):
        yield fetch(END, version, least=least, wait=wait)
    yield fetch(0, version, rack="r")
    yield fetch(0, version, cluster="nobody's")


def several(version):
    """More partitions than one, in their order and within their limits."""
    def asked(*rows, **options):
        return lambda node: node.fetch(version, [(topic or node.topic, node.first + index if index < 9 else index, offset, told) for topic, index, offset, told in rows], **options)

    yield asked((None, 0, 0, {}), (None, 1, 0, {}), (None, 2, 0, {}))
    yield asked((None, 2, 0, {}), (None, 0, 3, {}), (None, 1, 0, {}))
    yield asked((None, 0, 0, {"most": 1}), (None, 1, 0, {"most": 1}), (None, 2, 0, {}))
    yield asked((None, 0, 0, {}), (None, 1, 0, {}), most=300)
    yield asked((None, 2, 0, {}), (None, 1, 0, {"most": 10}), (None, 0, 0, {}), most=10)
    yield asked((None, 0, 0, {}), (None, 0, 3, {}))
    yield asked((None, 0, 0, {}), ("nobody", 0, 0, {}), (None, 1, 0, {}))
    yield asked((None, 9_999, 0, {}), (None, 1, 0, {}))
    yield asked((None, -100_000, 0, {}))
    yield asked((None, 0, END + 9, {}), (None, 1, 0, {}), wait=50, least=1 << 20)
    yield asked((b"\0" * 16 if version >= 13 else "", 0, 0, {}))
    yield asked(("__consumer_offsets", 0, 0, {}))
    yield asked()
    yield asked(wait=20)


def sessions(version):
    """A session from its start to its end, and sessions that there are not."""
    def asked(epoch, *rows, session=None, **options):
        def step(node):
            at = (node.session if session is None else session, epoch)
            return node.fetch(version, [(topic or node.topic, node.first + index, offset, told) for topic, index, offset, told in rows], session=at,
                              **{**options, "forgotten": [(name or node.topic, [node.first + one for one in indexes]) for name, indexes in options.get("forgotten", ())]})
        return step

    def remembered(step, first):
        """Steps that open no session leave the case's own where it was."""
        def run(node):
            if first:
                node.own = 0
            node.session = node.own
            answer = step(node)
            node.own = node.session or node.own
            return answer
        return run

    steps = [
        asked(0, (None, 0, 0, {}), (None, 1, 0, {})), asked(1), asked(2, (None, 0, 3, {})), asked(3), asked(4, (None, 0, END, {}), (None, 1, END, {})), asked(5),
        produce(BATCHES[0], partition=1), asked(6), asked(6), asked(8), asked(7, forgotten=[(None, [1])]), asked(8), asked(9, (None, 2, 0, {})), asked(10, forgotten=[(None, [0, 2])]), asked(11),
        asked(12, ("nobody", 0, 0, {})), asked(13), asked(14, forgotten=[("nobody", [0])]), asked(1, session=12345), asked(0, (None, 0, END, {}), session=12345), asked(-1, (None, 0, END, {}), session=12345),
        asked(-1, (None, 0, END, {})), asked(15), asked(0, session=0), asked(1, session=0), asked(-1, session=0), asked(-2, session=0), asked(0, (None, 0, END, {}), session=0), asked(-1), asked(1),
    ]
    return [remembered(step, number == 0) for number, step in enumerate(steps)]


def cases():
    fill = [produce(one, acks=1) for one in BATCHES]
    for version in VERSIONS:
        yield Case(f"fetch: places in version {version}", (), fill + list(places(version)))
        yield Case(f"fetch: several in version {version}", CONFIGS, [produce(one, partition=index) for index in (0, 1, 2) for one in BATCHES[index:]] + list(several(version)), 3)
        if version >= FIRST_WITH_SESSIONS:
            yield Case(f"fetch: sessions in version {version}", CONFIGS, [produce(one, partition=index) for index in (0, 1, 2) for one in BATCHES] + sessions(version), 3)
        yield Case(f"fetch: replicas in version {version}", (), fill + [fetch(0, version, replica=replica) for replica in (1, 2, -2, -3)])
        for codec in (NONE, GZIP, ZSTD):
            for configs in ((), settings(compression_type="zstd"), settings(compression_type="gzip")):
                yield Case(f"fetch: codec {codec} at {configs} in version {version}", configs, [produce(batch(SMALL, codec, base_timestamp=T)), fetch(0, version)])
        yield Case(f"fetch: behind the log's start in version {version}", (), fill + [lambda node: node.delete_records(node.first, 3), *(fetch(offset, version) for offset in (0, 2, 3))])
