"""Writes network files (.ghn) and their stored answers (.golden); the formats stand in README.md."""
import struct
import zlib

import numpy as np

MAGIC, VERSION = b"GHNETWK\n", 1


class GraphWriter:
    """Collects the graph text and the weights of one network."""

    def __init__(self):
        self.lines, self.blob, self.floats = [], [], 0

    def put(self, array):
        """Stores float32 values; returns their place, in floats."""
        flat = np.ascontiguousarray(array, dtype="<f4").ravel()
        if not np.isfinite(flat).all():
            raise ValueError("a weight is infinite or not a number")
        place, padding = self.floats, -len(flat) % 4
        self.blob += [flat, np.zeros(padding, "<f4")]
        self.floats += len(flat) + padding
        return place

    def statement(self, *words, **fields):
        words = [str(w) for w in words]
        self.lines.append(" ".join(words + [f"{k}={v}" for k, v in fields.items() if v is not None]))

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


def noise(shape, seed):
    """Numbers in [-1, 1) from a hash of their index: the Swift test makes the same ones."""
    index = np.arange(int(np.prod(shape)), dtype=np.uint64)
    h = (index * 2654435761 + seed * 40503) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 2246822519) & 0xFFFFFFFF
    h ^= h >> 13
    return ((h >> 8).astype("<f4") / np.float32(1 << 23) - np.float32(1)).reshape(shape)


def write_golden(path, inputs, outputs):
    """`inputs`: name -> (array or integer seed, shape); `outputs`: name -> array; NHWC both."""
    lines, arrays = ["GHGOLD1"], []
    for name, (content, shape) in inputs.items():
        size = "x".join(str(n) for n in shape)
        if isinstance(content, int):
            lines.append(f"input {name} {size} noise {content}")
        else:
            lines.append(f"input {name} {size} data")
            arrays.append(content)
    for name, array in outputs.items():
        lines.append(f"output {name} {'x'.join(str(n) for n in array.shape)} data")
        arrays.append(array)
    with open(path, "wb") as file:
        file.write(("\n".join(lines) + "\nend\n").encode())
        for array in arrays:
            file.write(np.ascontiguousarray(array, dtype="<f4").tobytes())
