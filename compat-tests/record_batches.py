"""Record batches of magic 2, built and read from bytes, with every codec: what a client library would refuse to send can be sent, and of a fetched batch
everything can be seen but how its codec packed it. Debian's python3-lz4, python3-snappy and python3-zstandard do the work of the codecs."""

import functools
import gzip
import hashlib
import struct
import zlib

import lz4.frame
import snappy
import zstandard

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CODECS = {"none": NONE, "gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}
LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 0x08, 0x10, 0x20
HEADER = struct.Struct(">qiibIhiqqqhii")
# Where the checksummed part begins.
ATTRIBUTES_AT = 21
XERIAL = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
XERIAL_BLOCK = 32 * 1024
SHOWN_BYTES = 48  # longer keys and values are shown by their digest
REMEMBERED = 4096  # the same batches are fetched again and again, from both brokers


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = crc_table()


@functools.lru_cache(maxsize=REMEMBERED)
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def zigzag(value):
    value = (value << 1 ^ value >> 63) & 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def blob(value):
    return zigzag(-1) if value is None else zigzag(len(value)) + value


def record(index, key=None, value=None, timestamp=0, headers=()):
    body = b"\0" + zigzag(timestamp) + zigzag(index) + blob(key) + blob(value) + zigzag(len(headers)) + b"".join(blob(name) + blob(content) for name, content in headers)
    return zigzag(len(body)) + body


def compress(codec, data):
    if codec == GZIP:
        return gzip.compress(data, mtime=0)
    if codec == SNAPPY:
        blocks = [snappy.compress(data[at:at + XERIAL_BLOCK]) for at in range(0, len(data), XERIAL_BLOCK)]
        return XERIAL + b"".join(struct.pack(">i", len(block)) + block for block in blocks)
    if codec == LZ4:
        return lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX64KB, block_linked=False, store_size=False)
    return zstandard.ZstdCompressor().compress(data) if codec == ZSTD else data


def decompress(codec, data):
    if codec == GZIP:
        return gzip.decompress(data)
    if codec == SNAPPY:
        if not data.startswith(XERIAL[:8]):
            raise ValueError("snappy without xerial's frame")
        at, out = len(XERIAL), b""
        while at < len(data):
            length = struct.unpack_from(">i", data, at)[0]
            out += snappy.decompress(data[at + 4:at + 4 + length])
            at += 4 + length
        return out
    if codec == LZ4:
        return lz4.frame.decompress(data)
    return zstandard.ZstdDecompressor().decompressobj().decompress(data) if codec == ZSTD else data


def batch(records, codec=NONE, *, base=0, attributes=0, base_timestamp=0, max_timestamp=None, producer=(-1, -1, -1), count=None, last_delta=None, crc=None,
          leader_epoch=-1, payload=None):
    """A batch whose records are (key, value, timestamp, headers), timestamps absolute, trailing ones left out. What a batch says of itself can be told wrong."""
    defaults = (None, None, base_timestamp, ())
    rows = [tuple(row) + defaults[len(row):] for row in records]
    if payload is None:
        payload = compress(codec, b"".join(record(i, key, value, time - base_timestamp, headers) for i, (key, value, time, headers) in enumerate(rows)))
    largest = max_timestamp if max_timestamp is not None else max((row[2] for row in rows), default=base_timestamp)
    count = len(rows) if count is None else count
    last_delta = len(rows) - 1 if last_delta is None else last_delta
    checked = struct.pack(">hiqqqhii", attributes | codec, last_delta, base_timestamp, largest, *producer, count) + payload
    return struct.pack(">qiibI", base, 9 + len(checked), leader_epoch, 2, crc32c(checked) if crc is None else crc) + checked


class Records:
    """The records of a batch, read from its decompressed bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def zigzag(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        return value >> 1 ^ -(value & 1)

    def blob(self):
        length = self.zigzag()
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length:self.at]

    def next(self):
        """Length, attributes, timestamp delta, offset delta, key, value, headers."""
        length, start = self.zigzag(), self.at
        self.at += 1
        found = self.data[start], self.zigzag(), self.zigzag(), shown(self.blob()), shown(self.blob()), [(shown(self.blob()), shown(self.blob())) for _ in range(self.zigzag())]
        if self.at != start + length:
            raise ValueError(f"a record of {self.at - start} bytes says {length}")
        return found


def shown(value):
    return value if value is None or len(value) <= SHOWN_BYTES else f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:12]}"


@functools.lru_cache(maxsize=REMEMBERED)
def content(codec, payload, count):
    """So many records of a payload, or why there are none, and the number of bytes behind them."""
    try:
        data = decompress(codec, payload)
        reader = Records(data)
        return [reader.next() for _ in range(count)], len(data) - reader.at
    except (ValueError, IndexError, RuntimeError, OSError, struct.error, zlib.error, zstandard.ZstdError, snappy.UncompressError) as error:
        return f"unreadable: {type(error).__name__}", 0


def read(data, sent=()):
    """What fetched bytes hold: a dictionary for each whole batch and, where the last one is cut, how much of it is there. `packed` tells whether the records
    are the very bytes of one of the batches `sent`."""
    found, at = [], 0
    payloads = {one[HEADER.size:] for one in sent}
    while len(data) - at >= 12:
        size = 12 + struct.unpack_from(">i", data, at + 8)[0]
        if at + size > len(data):
            break
        base, _, epoch, magic, crc, attributes, last, first_time, largest, producer, producer_epoch, sequence, count = HEADER.unpack_from(data, at)
        payload = data[at + HEADER.size:at + size]
        records, left = content(attributes & 7, payload, count)
        found.append({
            "base": base, "epoch": epoch, "magic": magic, "crc": crc32c(data[at + ATTRIBUTES_AT:at + size]) == crc, "attributes": attributes, "last": last, "baseTime": first_time,
            "maxTime": largest, "producer": (producer, producer_epoch, sequence), "records": records, "packed": "as sent" if payload in payloads else "anew",
            **({"left": left} if left else {}), **({"size": size} if attributes & 7 == NONE else {}),
        })
        at += size
    return found + ([f"{len(data) - at} bytes of another"] if at < len(data) else [])
