"""Writes and reads network files (.ghn) with nothing but Python itself; the format: README.md."""
import array
import math
import struct
import sys
import zlib

MAGIC, VERSION = b"GHNETWK\n", 1


def floats(values):
    """Any row of numbers as an array of little-endian float32."""
    if hasattr(values, "detach"):                         # a PyTorch tensor
        values = values.detach().cpu().numpy()
    if hasattr(values, "astype"):                         # a numpy array, of any shape
        flat = array.array("f")
        flat.frombytes(values.astype("<f4").tobytes())
        return flat
    flat = array.array("f", values)
    if sys.byteorder == "big":
        flat.byteswap()
    return flat


class GraphWriter:
    """Collects the graph text and the weights of one network."""

    def __init__(self):
        self.lines, self.blob, self.floats = [], [], 0

    def put(self, values):
        """Stores float32 values; returns their place, in floats."""
        flat = floats(values)
        if not math.isfinite(sum(flat)) and not all(map(math.isfinite, flat)):
            raise ValueError("a weight is infinite or not a number")
        place, padding = self.floats, -len(flat) % 4
        self.blob += [flat, array.array("f", [0] * padding)]
        self.floats += len(flat) + padding
        return place

    def statement(self, *words, **fields):
        words = [str(w) for w in words]
        self.lines.append(" ".join(words + [f"{k}={v}" for k, v in fields.items()
                                            if v is not None]))

    def meta(self, key, value):
        key, value = str(key), str(value)
        if not key or " " in key or "\n" in key + value:
            raise ValueError(f"metadata {key!r}: a key is one word, a value one line")
        self.lines.append(f"meta {key} {value}")

    def save(self, path):
        text = ("\n".join(self.lines) + "\n").encode()
        body = struct.pack("<II", len(text), self.floats) + text
        body += b"\0" * (-(16 + len(body)) % 16)
        body += b"".join(part.tobytes() for part in self.blob)
        with open(path, "wb") as file:
            file.write(MAGIC + struct.pack("<II", VERSION, zlib.crc32(body)) + body)


def read(path):
    """(lines of the graph text, all weights) of a network file; ValueError if it is damaged."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24 or data[:8] != MAGIC:
        raise ValueError(f"{path}: not a network file")
    version, check, text, count = struct.unpack("<IIII", data[8:24])
    start = (24 + text + 15) // 16 * 16
    if version != VERSION or zlib.crc32(data[16:]) != check or len(data) != start + 4 * count:
        raise ValueError(f"{path}: damaged, or of another version; fetch or export it again")
    weights = array.array("f")
    weights.frombytes(data[start:])
    return data[24:24 + text].decode().splitlines(), weights
