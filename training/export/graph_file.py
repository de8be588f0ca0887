"""Writes network files (.ghn) and their stored answers (.golden); the formats stand in README.md."""
import numpy as np

from graph_writer import GraphWriter  # noqa: F401

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
