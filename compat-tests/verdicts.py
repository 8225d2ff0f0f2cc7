#!/usr/bin/python3
"""Compares verdicts over compressed payloads, sound ones and mutated ones: what Apache Kafka's own classes (kafka-storage's validator as the broker calls it, and the reader of
its consumers) and ours make of the same batch. What is acknowledged here can be read by Kafka's consumers, and what Kafka takes and can read back is taken here.
usage: verdicts.py [--payloads N] [--seed S] [--codec NAME] [--keep FOLDER] [--sample FILE]    N payloads a codec (default 20000)

verdicts/CodecVerdicts.java is Kafka's side, `tests/Fuzz -- verdicts` ours; Debian's packages of the codecs make the payloads (record_batches.py)."""

import argparse
import collections
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import zlib

import lz4.block
import lz4.frame
import snappy
import zstandard

import brokers
from record_batches import GZIP, LZ4, SNAPPY, XERIAL, ZSTD, CODECS, record

DEFAULT_PAYLOADS, DEFAULT_SEED = 20_000, 20261129
SHOWN = 12  # differences of a kind that are printed
HEAD_BYTES, TAIL_BYTES = 24, 16  # headers and trailers stand there: every value of each of these bytes is tried
SAMPLE_ROWS, SAMPLE_BYTES = 150, 120  # payloads of a codec and a verdict that are written down for tests/Protocol, and how long they may be
SECONDS = 1800  # for one side's answers to all payloads of a codec

# Both refuse, with another code each. README's table of differences says why.
OTHER_REFUSALS = {(87, -1), (-1, 87), (10, -1), (10, 87)}


def words(rng, size):
    text = b"some words that come again and others that do not ".split()
    out = bytearray()
    while len(out) < size:
        out += rng.choice(text) + b" "
    return bytes(out[:size])


def contents(rng):
    """Kinds of records: number and bytes."""
    noise = rng.randbytes
    kinds = [
        [(b"k", b"v")], [(b"k%d" % i, b"value-%d" % i) for i in range(3)], [(None, None)], [(b"", b"")], [(b"key", words(rng, 300), [(b"h", b"x"), (b"n", None)])] * 3,
        [(None, b"\0" * 2000)], [(b"n", noise(500))] * 2, [(b"%d" % i, b"") for i in range(200)], [(None, words(rng, 2000)), (b"z", noise(1000))],
    ]
    large = [
        [(None, words(rng, 1000)) for _ in range(150)], [(None, noise(9000)) for _ in range(12)], [(b"%d" % i, words(rng, 30)) for i in range(4000)], [(None, b"\0" * 400_000)],
        [(None, noise(70_000)), (None, words(rng, 70_000))],
    ]
    as_bytes = lambda rows: (len(rows), b"".join(record(i, *row[:2], 0, *row[2:]) for i, row in enumerate(rows)))
    return [as_bytes(rows) for rows in kinds], [as_bytes(rows) for rows in large]


def gzip_member(rng, data):
    flags = rng.choice([0, 0, 0, 0, 1, 2, 4, 8, 16, 31, rng.randrange(256)])
    head = b"\x1f\x8b\x08" + bytes([flags]) + rng.choice([b"\0" * 4, rng.randbytes(4)]) + bytes([rng.choice([0, 2, 4]), rng.choice([0, 3, 255])])
    if flags & 4:
        extra = rng.randbytes(rng.choice([0, 1, 30, 300]))
        head += struct.pack("<H", len(extra)) + extra
    if flags & 8:
        head += b"a name\0"
    if flags & 16:
        head += b"\0"
    if flags & 2:
        head += struct.pack("<H", (zlib.crc32(head) & 0xFFFF) ^ rng.choice([0, 0, 0, 1]))
    level, strategy = rng.choice([0, 1, 6, 9]), rng.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE])
    deflater = zlib.compressobj(level, zlib.DEFLATED, -rng.choice([9, 15, 15]), 8, strategy)
    body = b""
    if rng.random() < 0.2:
        half = rng.randrange(len(data) + 1)
        body, data, whole = deflater.compress(data[:half]) + deflater.flush(rng.choice([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH])), data[half:], data
    else:
        whole = data
    body += deflater.compress(data) + deflater.flush()
    return head + body + struct.pack("<II", zlib.crc32(whole), len(whole) & 0xFFFFFFFF)


def lz4_frame(rng, data):
    if rng.random() < 0.2:  # a frame put together by hand: stored blocks, and what its header says
        flags = 0x60 | rng.choice([0, 4, 8, 16, 0x1C, rng.randrange(64)])
        sizes = rng.choice([0x40, 0x50, 0x60, 0x70, rng.randrange(256)])
        head = bytes([flags, sizes]) + (struct.pack("<Q", rng.choice([len(data), 0, 1 << 40])) if flags & 8 else b"") + (struct.pack("<I", 7) if flags & 1 else b"")
        body = b""
        for at in range(0, len(data), 65536):
            block = data[at:at + 65536]
            packed = lz4.block.compress(block, store_size=False)
            body += struct.pack("<I", len(block) | 1 << 31) + block if rng.random() < 0.5 else struct.pack("<I", len(packed)) + (block := packed)
            if flags & 16:
                body += struct.pack("<I", xxh32(block))
        tail = struct.pack("<I", rng.choice([0, 0, 0, 1 << 31])) + (rng.choice([struct.pack("<I", xxh32(data)), b"\0" * 4, b"\0", b""]) if flags & 4 else b"")
        return struct.pack("<I", 0x184D2204) + head + bytes([xxh32(head) >> 8 & 0xFF]) + body + tail
    return lz4.frame.compress(data, compression_level=rng.choice([0, 3, 9, 12, -5]), block_size=rng.choice([4, 5, 6, 7]), block_linked=rng.random() < 0.1,
                              content_checksum=rng.random() < 0.3, block_checksum=rng.random() < 0.3, store_size=rng.random() < 0.3)


def xxh32(data, seed=0):
    """xxHash32, as LZ4's frames have it."""
    p1, p2, p3, p4, p5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
    mask = 0xFFFFFFFF
    rol = lambda x, r: (x << r | x >> (32 - r)) & mask
    at = 0
    if len(data) >= 16:
        lanes = [(seed + p1 + p2) & mask, (seed + p2) & mask, seed, (seed - p1) & mask]
        for a, b, c, d in struct.iter_unpack("<4I", data[:len(data) // 16 * 16]):
            lanes = [rol((lane + word * p2) & mask, 13) * p1 & mask for lane, word in zip(lanes, (a, b, c, d))]
        at = len(data) // 16 * 16
        h = sum(rol(lane, r) for lane, r in zip(lanes, (1, 7, 12, 18))) & mask
    else:
        h = (seed + p5) & mask
    h = (h + len(data)) & mask
    while at + 4 <= len(data):
        h = rol((h + struct.unpack_from("<I", data, at)[0] * p3) & mask, 17) * p4 & mask
        at += 4
    for byte in data[at:]:
        h = rol((h + byte * p5) & mask, 11) * p1 & mask
    h = (h ^ h >> 15) * p2 & mask
    h = (h ^ h >> 13) * p3 & mask
    return h ^ h >> 16


def lz4_edges(data):
    """Frames put together by hand round the end mark, the promised sums and sizes, and what stands before and behind a frame."""
    def frame(flags=0x60, sizes=0x40, size=b"", blocks=None, end=b"\0\0\0\0", header=None):
        head = bytes([flags, sizes]) + size
        body = b"".join(struct.pack("<I", len(block) | 1 << 31) + block for block in ([data] if blocks is None else blocks))
        return struct.pack("<I", 0x184D2204) + head + bytes([xxh32(head) >> 8 & 0xFF if header is None else header]) + body + end
    end, half, skippable = b"\0" * 4, len(data) // 2, b"\x50\x2a\x4d\x18" + struct.pack("<I", 5) + b"12345"
    packed = lz4.block.compress(data, store_size=False)
    packed = struct.pack("<I", len(packed)) + packed
    first, second, empty = frame(blocks=[data[:half]]), frame(blocks=[data[half:]]), frame(blocks=[])
    made = [frame(end=end[:count]) for count in range(5)] + [frame(end=b"\0\0\0\x80"), frame(end=b"abcd"), frame(end=b"abcdefghi")]
    made += [frame(blocks=[], end=packed + end[:count]) for count in range(5)] + [frame(blocks=[], end=packed[:-1])]
    made += [frame(flags=0x64, end=end + sum) for sum in (struct.pack("<I", xxh32(data)), b"\1\2\3\4", b"\1\2\3", b"")] + [frame(flags=0x64, end=b"")]
    made += [frame(flags=0x68, size=struct.pack("<Q", size)) for size in (len(data), len(data) - 1, len(data) + 1, 0, 2 ** 64 - 1)] + [frame(flags=0x68)]
    made += [frame(flags=0x70, blocks=[data], end=sum + tail) for sum in (struct.pack("<I", xxh32(data)), b"\1\2\3\4", b"") for tail in (end, b"")]
    made += [frame(blocks=blocks, end=tail) for blocks in ([data[:half], data[half:]], [data, b"x"], [data + b"x"], [], [data, b""]) for tail in (end, b"")]
    made += [frame() + behind for behind in (empty, frame(), skippable, b"x", b"garbage")] + [before + frame() for before in (empty, skippable)]
    made += [first + second, first[:-4] + second, first + skippable + second, frame(header=0), frame(flags=0x40), frame(flags=0xA0)]
    made += [frame(sizes=sizes) for sizes in (0, 0x30, 0x41, 0x70)] + [b"\x02\x21\x4c\x18" + frame()[4:]]
    return made


def snappy_stream(rng, data):
    if rng.random() < 0.15:
        return snappy.compress(data)  # one raw block, as some clients send it
    size = rng.choice([32768, 32768, 1024, 65536, 100])
    head = XERIAL if rng.random() < 0.8 else XERIAL[:8] + struct.pack(">ii", rng.choice([1, 0, -1, 2, 1 << 24]), rng.choice([1, 0, -1, 2]))
    out = bytearray(head)
    for at in range(0, len(data), size):
        block = snappy.compress(data[at:at + size])
        out += struct.pack(">i", len(block)) + block
        if rng.random() < 0.05:
            out += rng.choice([head, b"\0\0\0\0", struct.pack(">i", 1) + b"\0", XERIAL[:8] + struct.pack(">ii", rng.choice([0, 1, -1, 3]), rng.choice([0, 1]))])
    return bytes(out)


def zstd_frame(rng, data):
    kind = rng.random()
    if kind < 0.1:  # put together by hand: raw blocks, run-length blocks and what the header says
        single = rng.random() < 0.5
        descriptor = (0x20 if single else 0) | rng.choice([0, 0, 0, 4, 8, 16]) | rng.choice([0, 0x40, 0x80, 0xC0]) | rng.choice([0, 0, 0, 1, 2, 3])
        head = bytes([descriptor]) + (b"" if single else bytes([rng.choice([0, 0x38, 0x58, rng.randrange(256)])])) + b"\0" * (0, 1, 2, 4)[descriptor & 3]
        size = len(data) + rng.choice([0, 0, 0, 1, -1])
        width = {0: 1 if single else 0, 1: 2, 2: 4, 3: 8}[descriptor >> 6]
        head += (max(0, size - (256 if width == 2 else 0)) & (1 << 8 * width) - 1).to_bytes(width, "little") if width else b""
        body = b"".join((len(data[at:at + 4096]) << 3 | (at + 4096 >= len(data))).to_bytes(3, "little") + data[at:at + 4096] for at in range(0, max(1, len(data)), 4096))
        return b"\x28\xb5\x2f\xfd" + head + body
    options = zstandard.ZstdCompressionParameters.from_level(rng.choice([-5, 1, 3, 9, 19]), write_checksum=rng.random() < 0.3, write_content_size=rng.random() < 0.6,
                                                             **({"window_log": rng.choice([10, 17, 20, 23, 27])} if rng.random() < 0.3 else {}))
    if kind < 0.4:  # streamed, as Java's producer does
        one = zstandard.ZstdCompressor(compression_params=options).compressobj()
        half = rng.randrange(len(data) + 1)
        return one.compress(data[:half]) + (one.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) if rng.random() < 0.5 else b"") + one.compress(data[half:]) + one.flush()
    return zstandard.ZstdCompressor(compression_params=options).compress(data)


MAKERS = {GZIP: gzip_member, SNAPPY: snappy_stream, LZ4: lz4_frame, ZSTD: zstd_frame}


def joined(rng, make, data):
    """The records over several frames, some of them empty, with something between or behind."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice([1, 1, 2, 4])))
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]
    if rng.random() < 0.4:
        parts.insert(rng.randrange(len(parts) + 1), b"")
    frames = [make(rng, part) for part in parts]
    if rng.random() < 0.3:
        frames.insert(rng.randrange(len(frames) + 1), rng.choice([b"\0", b"\0" * 8, rng.randbytes(rng.randrange(1, 40)), b"\x50\x2a\x4d\x18" + struct.pack("<I", 5) + b"12345", b"\x1f\x8b\x08" + b"\0" * rng.randrange(20)]))
    return b"".join(frames)


def mutate(rng, payload):
    data = bytearray(payload)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if not data:
            data = bytearray(b"\0")
        ends = list(range(min(HEAD_BYTES, len(data)))) + list(range(max(0, len(data) - TAIL_BYTES), len(data)))
        at = rng.choice(ends) if rng.random() < 0.6 else rng.randrange(len(data))
        kind = rng.randrange(9)
        if kind <= 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            data[at] = rng.randrange(256)
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            data[at:at] = rng.choice([b"\0", b"\xff", rng.randbytes(rng.randrange(1, 9))])
        elif kind == 5:
            del data[at:at + rng.randrange(1, 9)]
        elif kind == 6:
            end = at + rng.randrange(1, 64)
            data[at:at] = data[at:end]
        elif kind == 7:
            data += rng.choice([b"\0", rng.randbytes(rng.randrange(1, 40)), bytes(data), bytes(data[:rng.randrange(len(data) + 1)])])
        else:
            data[at:at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x80"])
    return bytes(data)


def payloads(codec, count, seed):
    """Codec, number of records and bytes, and what was done to them."""
    rng = random.Random(f"{seed} {codec}")
    make = MAKERS[codec]
    small, large = contents(rng)
    made = []
    # Every value of each byte of header and trailer of a small and sound one.
    for records, data in small[:2]:
        for sound in ([make(random.Random(seed + i), data) for i in range(2)]):
            for at in [*range(min(HEAD_BYTES, len(sound))), *range(max(HEAD_BYTES, len(sound) - TAIL_BYTES), len(sound))]:
                for value in range(256):
                    if len(made) < count // 2:
                        made.append((records, sound[:at] + bytes([value]) + sound[at + 1:], f"byte {at} is {value}"))
    rng.shuffle(made)
    made = made[:count // 4]
    while len(made) < count:
        records, data = rng.choice(large if rng.random() < 0.02 else small)
        kind = rng.random()
        payload = joined(rng, make, data) if kind < 0.25 else make(rng, data + (rng.randbytes(3) if kind > 0.98 else b""))
        what = "joined" if kind < 0.25 else "one"
        if kind > 0.1 and rng.random() < 0.85:
            payload, what = mutate(rng, payload), what + ", mutated"
        made.append((records + (rng.choice([-1, 1]) if rng.random() < 0.02 and records > 1 else 0), payload, what))
    # Behind the others, so that those stay what a seed makes of them.
    if codec == LZ4:
        made += [(records, payload, "by hand") for records, data in small[:4] for payload in lz4_edges(data)]
    return made


def java_command(folder):
    jars = ":".join(map(str, sorted(next(path for path in (brokers.KAFKA_HOME / "broker", brokers.KAFKA_HOME / "libs") if path.is_dir()).glob("*.jar"))))
    java, classes = os.environ.get("JAVA", "java"), folder / "classes"
    source = brokers.ROOT / "compat-tests" / "verdicts" / "CodecVerdicts.java"
    subprocess.run([java, "-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-d", str(classes), "-cp", jars, str(source)], check=True)
    return [java, "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{jars}", "CodecVerdicts"]


def our_command():
    program = brokers.ROOT / "tests" / "Fuzz" / "bin" / "Release" / "net10.0" / "KafkaCompat.Fuzz.dll"
    if not program.exists():
        raise RuntimeError("tests/Fuzz is not built: dotnet build -c Release tests/Fuzz")
    return ["dotnet", str(program), "verdicts"]


def ends_with_a_begun_member(payload):
    """Whether a gzip member begins in the last 18 bytes, too few for a whole one. Java's reader ignored those before it was mended in updates of 17 and later; others never did."""
    return any(payload[-size:].startswith(b"\x1f\x8b\x08") for size in range(10, 19))


def difference(kafka, ours):
    """None where the verdicts agree; else what kind of a difference it is."""
    code, rebuilt, readable = kafka
    own, own_rebuilt = ours
    if own == 0 and readable == "unreadable":
        return "acknowledged here, and Kafka's consumer cannot read it"
    if own == 0 and code != 0:
        return f"acknowledged here, refused by Kafka with {code}"
    if own != 0 and code == 0 and readable == "readable":
        return f"refused here with {own}, taken by Kafka and readable"
    if own != code and code != 0 and (own, code) not in OTHER_REFUSALS:
        return f"refused with {own} here, with {code} by Kafka"
    if (own_rebuilt == 0) != (rebuilt == 0):
        return f"as a batch that is rebuilt: {own_rebuilt} here, {rebuilt} from Kafka"
    return None


def compare(codec, count, seed, folder, kafka, ours):
    """Number of differences; they are printed by their kinds."""
    made = payloads(codec, count, seed)
    file = folder / f"payloads-{codec}"
    with file.open("wb") as out:
        for records, payload, _ in made:
            out.write(struct.pack(">Bii", codec, records, len(payload)) + payload)
    answers = []
    for name, command in (("kafka", kafka), ("ours", ours)):
        to = folder / f"{name}-{codec}"
        subprocess.run([*command, str(file), str(to)], check=True, timeout=SECONDS)
        answers.append([tuple(int(word) if word.lstrip("-").isdigit() else word for word in line.split()) for line in to.read_text().splitlines()])
    kinds, others = collections.defaultdict(list), collections.Counter()
    taken = refused = unreadable = 0
    for one, theirs, own in zip(made, *answers, strict=True):
        taken += theirs[0] == 0
        unreadable += theirs[0] == 0 and theirs[2] == "unreadable"
        if theirs[0] != own[0] and theirs[0] != 0 and own[0] != 0:
            others[(own[0], theirs[0])] += 1
        if codec == GZIP and own[0] != 0 and theirs[0] == 0 and ends_with_a_begun_member(one[1]):
            continue
        if kind := difference(theirs, own):
            kinds[kind].append(one)
    name = next(name for name, number in CODECS.items() if number == codec)
    print(f"{name:7} {len(made)} payloads of seed {seed}: Kafka takes {taken}, of which its consumer cannot read {unreadable}; "
          f"other refusals (ours, Kafka's): {dict(others)}; {sum(map(len, kinds.values()))} differ", flush=True)
    for kind, cases in kinds.items():
        print(f"  {len(cases)} times {kind}:")
        for records, payload, what in sorted(cases, key=lambda case: len(case[1]))[:SHOWN]:
            print(f"    {what}; {records} records; {len(payload)} bytes {payload[:200].hex()}{'…' if len(payload) > 200 else ''}")
    return sum(map(len, kinds.values()))


def write_sample(file, folder, count, seed):
    """Kafka's verdicts over some short payloads of what was compared last, half of them taken: tests/Protocol holds our validator to them without a JVM."""
    rng = random.Random(seed)
    lines = ["codec\trecords\tpayload\terror\trebuilt\tconsumer"]
    for codec in MAKERS:
        rows = [(one, answer.split()) for one, answer in zip(payloads(codec, count, seed), (folder / f"kafka-{codec}").read_text().splitlines()) if len(one[1]) <= SAMPLE_BYTES]
        rng.shuffle(rows)
        for wanted in (True, False):
            chosen = [row for row in rows if (row[1][0] == "0") == wanted][:SAMPLE_ROWS]
            lines += ["\t".join([str(codec), str(records), payload.hex(), *answer]) for (records, payload, _), answer in chosen]
    file.write_text("\n".join(lines) + "\n")


def run(folder, names, options):
    """The part of run.py: fewer payloads. Needs no brokers."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(names) < 2:
        return 0, 0
    passed = failed = 0
    kafka, ours = java_command(folder), our_command()
    for codec in MAKERS:
        bad = compare(codec, 2_000, DEFAULT_SEED, folder, kafka, ours)
        passed, failed = (passed + 1, failed) if bad == 0 else (passed, failed + 1)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=DEFAULT_PAYLOADS)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--codec", choices=[name for name in CODECS if name != "none"], action="append")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--sample", type=pathlib.Path, help="write Kafka's verdicts over some payloads here (tests/Protocol/Records/Samples/codec-verdicts.tsv)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="verdicts-") as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        kafka, ours = java_command(folder), our_command()
        differ = sum(compare(codec, options.payloads, options.seed, folder, kafka, ours) for codec in MAKERS if not options.codec or codec in [CODECS[name] for name in options.codec])
        if options.sample:
            write_sample(options.sample, folder, options.payloads, options.seed)
    print(f"{differ} verdicts differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
