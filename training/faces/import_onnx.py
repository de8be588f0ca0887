"""Turns an ONNX face embedder into a network file: import-onnx MODEL.onnx OUT.ghn [--mean ...].

MobileFaceNet and ResNet families: convolutions, batch norms, PReLU and its like, additions, pools,
one flattening, linear layers. A normalisation of the input or of the output that stands in the
model is taken in or left away (vectors are normalised by the program). The result's answers to ten
pictures are stored beside it (OUT.golden, by onnxruntime) for `gatectl network verify`.
"""
import argparse
import glob
import os
import sys

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from faces import POINTS

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from graph_file import write_golden  # noqa: E402
from graph_writer import GraphWriter  # noqa: E402

PASSED = {"Identity", "Dropout", "Cast", "Squeeze", "Unsqueeze", "LpNormalization"}


def by(pair):
    return "x".join(str(int(v)) for v in pair)


class Importer:
    """Walks the nodes in their order; each value is known by what the graph file calls it."""

    def __init__(self, model):
        self.graph, self.writer = model.graph, GraphWriter()
        self.constants = {t.name: numpy_helper.to_array(t) for t in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        self.inputs = [i for i in self.graph.input if i.name not in self.constants]
        self.users = {}
        for node in self.graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)
        self.done, self.known, self.flat = set(), {}, {}
        self.output = self.graph.output[0].name
        self.shapes = {}
        for info in list(onnx.shape_inference.infer_shapes(model).graph.value_info) + [
                *self.graph.input]:
            self.shapes[info.name] = [d.dim_value for d in info.type.tensor_type.shape.dim]

    def refuse(self, node, why):
        sys.exit(f"import-onnx: {node.op_type} '{node.name or node.output[0]}': {why}")

    def options(self, node):
        return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    def constant(self, node, place, default=None):
        if len(node.input) <= place or not node.input[place]:
            return default
        if node.input[place] not in self.constants:
            self.refuse(node, f"input {place} must be a constant")
        return self.constants[node.input[place]].astype(np.float32)

    def only_user(self, name, kind):
        users = self.users.get(name, [])
        return users[0] if len(users) == 1 and users[0].op_type == kind else None

    def norm(self, node):
        scale, shift, mean, variance = (self.constant(node, i) for i in range(1, 5))
        gain = scale / np.sqrt(variance + self.options(node).get("epsilon", 1e-5))
        return gain, shift - mean * gain

    def finish(self, node, weights, bias):
        """Folds a batch norm that follows alone, fuses ReLU: (last value, weights, bias, act)."""
        last, act = node.output[0], None
        follower = self.only_user(last, "BatchNormalization")
        if follower is not None and last != self.output:
            gain, shift = self.norm(follower)
            weights = weights * gain.reshape([-1] + [1] * (weights.ndim - 1))
            bias, last = bias * gain + shift, follower.output[0]
            self.done.add(id(follower))
        for kind in ("Relu", "Clip"):
            follower = self.only_user(last, kind)
            if follower is not None and last != self.output and self.clip(follower):
                act, last = self.clip(follower), follower.output[0]
                self.done.add(id(follower))
        return last, weights, bias, act

    def clip(self, node):
        if node.op_type == "Relu":
            return "relu"
        options = self.options(node)
        low = self.constant(node, 1, np.float32(options.get("min", -np.inf)))
        high = self.constant(node, 2, np.float32(options.get("max", np.inf)))
        return {(0, 6): "relu6", (0, np.inf): "relu"}.get((float(low), float(high)))

    def name(self, value):
        self.known[value] = "output" if value == self.output else f"v{len(self.known)}"
        return self.known[value]

    def source(self, node, place=0):
        if node.input[place] not in self.known:
            self.refuse(node, "follows something that is not known here")
        return self.known[node.input[place]]

    def run(self):
        if len(self.inputs) != 1:
            sys.exit("import-onnx: the model must have one input")
        shape = self.shapes[self.inputs[0].name]
        if len(shape) != 4 or shape[1] != 3 or min(shape[2:]) < 16:
            sys.exit(f"import-onnx: the input is {shape}; N x 3 x height x width is expected")
        self.known[self.inputs[0].name] = "x"
        self.writer.statement("input", "x", f"1x{shape[2]}x{shape[3]}x3")
        for node in self.graph.node:
            if node.op_type != "Constant" and id(node) not in self.done:
                self.node(node)
        if self.output not in self.known:
            sys.exit("import-onnx: the output was not reached")
        if self.known[self.output] != "output":
            self.rename(self.known[self.output])
        self.writer.statement("output", "output")
        return shape[2:]

    def rename(self, old):
        """The last operations were left away: what stands before them is the output."""
        for i, line in enumerate(self.writer.lines):
            words = line.split(" ")
            self.writer.lines[i] = " ".join("output" if w == old else w for w in words)

    def node(self, node):
        kind = node.op_type
        if kind == "Conv":
            self.convolution(node)
        elif kind in ("Gemm", "MatMul"):
            self.linear(node)
        elif kind == "BatchNormalization":
            self.scale(node, *self.norm(node))
        elif kind == "PRelu":
            slopes = self.constant(node, 1).reshape(-1)
            count = self.shapes[node.input[0]][1]
            slopes = np.broadcast_to(slopes, count)
            self.plain(node, "prelu", channels=count, slopes=self.writer.put(slopes.copy()))
        elif kind == "LeakyRelu":
            self.plain(node, "leakyrelu", slope=self.options(node).get("alpha", 0.01))
        elif kind in ("Relu", "Clip"):
            if not self.clip(node):
                self.refuse(node, "only 0 to 6 and 0 upwards are known")
            self.plain(node, "clamp", act=self.clip(node))
        elif kind in ("Sigmoid", "HardSwish"):
            self.plain(node, kind.lower())
        elif kind in ("Add", "Sub", "Mul", "Div"):
            self.arithmetic(node)
        elif kind in ("MaxPool", "AveragePool"):
            self.pool(node)
        elif kind == "GlobalAveragePool":
            self.plain(node, "gap")
        elif kind in ("Flatten", "Reshape"):
            self.flatten(node)
        elif kind in PASSED:
            self.pass_on(node)
        elif kind in ("ReduceL2", "Sqrt", "ReduceSum", "Pow", "Expand", "Shape", "Max"):
            pass                                   # parts of a normalisation of the output
        else:
            self.refuse(node, "the format has no such operation")

    def pass_on(self, node):
        self.known[node.output[0]] = self.source(node)
        for table in (self.flat, self.shapes):
            if node.input[0] in table:
                table.setdefault(node.output[0], table[node.input[0]])

    def plain(self, node, operation, **fields):
        source = self.source(node)
        self.writer.statement(operation, source, self.name(node.output[0]), **fields)

    def convolution(self, node):
        options, weights = self.options(node), self.constant(node, 1)
        bias = self.constant(node, 2, np.zeros(len(weights), np.float32))
        pads, group = options.get("pads", [0] * 4), options.get("group", 1)
        if list(pads[:2]) != list(pads[2:]):
            self.refuse(node, "its padding differs between the sides")
        last, weights, bias, act = self.finish(node, weights, bias)
        ins, outs = weights.shape[1] * group, len(weights)
        window = dict(kernel=by(weights.shape[2:]), stride=by(options.get("strides", (1, 1))),
                      pad=by(pads[:2]), dilation=by(options.get("dilations", (1, 1))))
        deep = 1 < group == ins == outs
        if not deep and group > 1:
            window["groups"] = group
        ordered = weights.transpose((1, 2, 3, 0) if deep else (0, 2, 3, 1))
        source = self.source(node)
        self.writer.statement(
            "dwconv" if deep else "conv", source, self.name(last), **window,
            channels=f"{ins}x{outs}", weights=self.writer.put(np.ascontiguousarray(ordered)),
            bias=self.writer.put(bias), act=act)

    def linear(self, node):
        options, weights = self.options(node), self.constant(node, 1)
        if node.op_type == "MatMul" or not options.get("transB", 0):
            weights = weights.T
        weights = weights * options.get("alpha", 1.0)
        bias = self.constant(node, 2, np.zeros(len(weights), np.float32)) * options.get("beta", 1.0)
        last, weights, bias, act = self.finish(node, weights, bias)
        source = self.source(node)
        if node.input[0] in self.flat:
            c, h, w = self.flat[node.input[0]]
            weights = weights.reshape(-1, c, h, w).transpose(0, 2, 3, 1).reshape(len(weights), -1)
        self.writer.statement(
            "fc", source, self.name(last), channels=f"{weights.shape[1]}x{weights.shape[0]}",
            weights=self.writer.put(np.ascontiguousarray(weights)), bias=self.writer.put(bias),
            act=act)

    def scale(self, node, gain, shift):
        """One factor and summand a channel."""
        if len(self.shapes.get(node.input[0], [])) != 4:
            self.refuse(node, "a batch norm of vectors that follows no linear layer")
        count = self.shapes[node.input[0]][1]
        gain, shift = (np.broadcast_to(v, count).astype(np.float32) for v in (gain, shift))
        self.plain(node, "dwconv", kernel="1x1", channels=f"{count}x{count}",
                   weights=self.writer.put(gain.copy()), bias=self.writer.put(shift.copy()))

    def arithmetic(self, node):
        fixed = [i for i, name in enumerate(node.input) if name in self.constants]
        if not fixed:
            if node.op_type == "Div" and node.input[1] not in self.known:
                self.pass_on(node)                 # divided by its own length
            elif node.op_type in ("Add", "Mul"):
                a, b = self.source(node), self.source(node, 1)
                follower = self.only_user(node.output[0], "Relu")
                last = node.output[0]
                if follower is not None and last != self.output:
                    last = follower.output[0]
                    self.done.add(id(follower))
                self.writer.statement("add" if node.op_type == "Add" else "multiply", a, b,
                                      self.name(last), act="relu" if follower is not None else None)
            else:
                self.refuse(node, "of two values that are not constant")
            return
        value = self.constants[node.input[fixed[0]]].astype(np.float32).reshape(-1)
        if fixed[0] == 0 and node.op_type in ("Sub", "Div"):
            self.refuse(node, "a constant minus or over a value")
        one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
        gain, shift = {"Add": (one, value), "Sub": (one, -value), "Mul": (value, zero),
                       "Div": (1 / value, zero)}[node.op_type]
        if fixed[0] == 0:
            node.input[0], node.input[1] = node.input[1], node.input[0]
        self.scale(node, gain, shift)

    def pool(self, node):
        options = self.options(node)
        pads = options.get("pads", [0] * 4)
        if list(pads[:2]) != list(pads[2:]) or options.get("ceil_mode", 0):
            self.refuse(node, "its padding differs between the sides")
        if node.op_type == "AveragePool" and any(pads):
            self.refuse(node, "an average over a border")
        self.plain(node, "maxpool" if node.op_type == "MaxPool" else "avgpool",
                   kernel=by(options["kernel_shape"]), stride=by(options.get("strides", (1, 1))),
                   pad=by(pads[:2]))

    def flatten(self, node):
        shape = self.shapes.get(node.input[0], [])
        if len(shape) == 2:
            return self.pass_on(node)
        if len(shape) != 4:
            self.refuse(node, "what it flattens has no known size")
        count = int(np.prod(shape[1:]))
        source = self.source(node)
        self.writer.statement("reshape", source, self.name(node.output[0]), dims=f"0x{count}")
        self.flat[node.output[0]] = shape[1:]
        self.shapes[node.output[0]] = [shape[0], count]


def pictures(folder, size):
    """Ten pictures of the input's size: a folder's, or patterns if none is given."""
    files = sorted(glob.glob(f"{folder}/**/*.jpg", recursive=True))[::7][:10] if folder else []
    if files:
        return [cv2.resize(cv2.imread(f), tuple(size[::-1]))[..., ::-1] for f in files]
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (10, 9, 9, 3), np.uint8)
    return [cv2.resize(c, tuple(size[::-1]), interpolation=cv2.INTER_CUBIC) for c in coarse]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("--name", help="what the program shall call it")
    parser.add_argument("--mean", default="127.5,127.5,127.5", help="of red, green, blue, 0 to 255")
    parser.add_argument("--deviation", default="127.5,127.5,127.5")
    parser.add_argument("--points", help="x,y of eye, eye, nose, mouth, mouth in the input's pixels")
    parser.add_argument("--mirror", action="store_true", help="average with the mirror image's")
    parser.add_argument("--pictures", help="a folder of pictures for the comparison")
    options = parser.parse_args()
    importer = Importer(onnx.load(options.model))
    size = importer.run()
    mean, deviation = ([float(v) for v in text.split(",")]
                       for text in (options.mean, options.deviation))
    points = options.points or " ".join(
        f"{x * size[1] / 112:.4f},{y * size[0] / 112:.4f}" for x, y in POINTS)
    about = {"name": options.name or os.path.splitext(os.path.basename(options.model))[0],
             "mean": " ".join(f"{v:g}" for v in mean),
             "scale": " ".join(f"{1 / v:.8g}" for v in deviation), "points": points,
             "mirror": "yes" if options.mirror else "no"}
    for key, value in about.items():
        importer.writer.meta(key, value)
    importer.writer.lines.sort(key=lambda line: not line.startswith("meta"))
    importer.writer.save(options.output)
    given = np.stack(pictures(options.pictures, size)).astype(np.float32)
    given = ((given - np.float32(mean)) / np.float32(deviation)).astype(np.float32)
    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
    planes = given.transpose(0, 3, 1, 2).copy()
    key = session.get_inputs()[0].name
    answers = np.concatenate([session.run(None, {key: p[None]})[0] for p in planes])
    golden = os.path.splitext(options.output)[0] + ".golden"
    write_golden(golden, {"x": (given, given.shape)}, {"output": answers})
    print(f"{options.output} and {golden}; now: gatectl network verify {options.output}")


if __name__ == "__main__":
    main()
