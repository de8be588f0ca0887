#!/usr/bin/env python3
"""Writes a PyTorch module as a network file (.ghn), and optionally its stored answer (.golden).

    export.py MODULE:FUNCTION SHAPE OUT.ghn [--weights CHECKPOINT] [--meta KEY=VALUE]...
              [--golden OUT.golden] [--seed N]

FUNCTION takes nothing and returns the module; SHAPE is NCHW, as in 1x1x48x168.
From Python: export(net, shape, path, meta={...}) and golden(net, shape, path).
Batch norms are folded, ReLUs fused, tensors stored channels last. What the format does not know
is refused with the name of the layer.
"""
import argparse
import copy
import importlib
import operator
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from graph_file import GraphWriter, noise, write_golden  # noqa: E402

BATCH_NORMS = (nn.BatchNorm2d, nn.BatchNorm1d)
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def by(value):
    return "x".join(str(int(v)) for v in pair(value))


def channels_last(shape):
    shape = tuple(shape)
    return (shape[0], shape[2], shape[3], shape[1]) if len(shape) == 4 else shape


def nhwc(tensor):
    tensor = tensor.detach().cpu()
    return (tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor).contiguous().numpy()


def named_outputs(result, names=None):
    """The outputs of a module by name: its own keys, or `names`, or output, or output0, output1."""
    if isinstance(result, dict):
        return dict(result)
    many = isinstance(result, (tuple, list))
    values = list(result) if many else [result]
    if names is None:
        names = [f"output{i}" for i in range(len(values))] if many else ["output"]
    if len(names) != len(values):
        raise ValueError(f"{len(values)} outputs, {len(names)} names")
    return dict(zip(names, values))


class Exporter:
    def __init__(self, net, shapes, output_names):
        net = copy.deepcopy(net).cpu().float().eval()
        self.traced = fx.symbolic_trace(net)
        with torch.no_grad():
            ShapeProp(self.traced).propagate(*(torch.zeros(shape) for shape in shapes))
        self.modules = dict(self.traced.named_modules())
        self.writer = GraphWriter()
        self.names = {}  # node -> name of its value
        self.parts = {}  # concatenation -> its operands
        self.planes = {}  # flattened picture -> its C, H, W
        self.flattened = {}  # the same, once a layer follows it
        self.skip = set()
        result = next(n for n in self.traced.graph.nodes if n.op == "output").args[0]
        self.results = named_outputs(result, output_names)
        self.result_names = {node: name for name, node in self.results.items()}
        self.taken = set(self.results)  # names of values
        if len(self.result_names) != len(self.results):
            raise ValueError("one value under two output names")

    # What a node is, whether written as a module, a function or a method.
    def kind(self, node):
        module = self.modules.get(node.target) if node.op == "call_module" else None
        if module is not None:
            return type(module), module
        return (node.target if node.op in ("call_function", "call_method") else node.op), None

    def shape(self, node):
        return tuple(node.meta["tensor_meta"].shape)

    def refuse(self, node, why="the format has no such operation"):
        kind, module = self.kind(node)
        raise NotImplementedError(f"{node.name} ({module or kind}): {why}")

    def name(self, node):
        """Names the value that `node` defines."""
        name = self.result_names.get(node)
        if name is None:  # A layer may bear the name of an output, a part that of a layer.
            name = node.name
            while name in self.taken:
                name += "."
        self.taken.add(name)
        self.names[node] = name
        return name

    def source(self, node, place=0):
        argument = node.args[place]
        if argument in self.parts or argument in self.planes:
            self.refuse(node, "cannot follow this concatenation or flattening")
        return self.names[argument]

    def activation(self, node):
        kind, module = self.kind(node)
        if kind in (nn.ReLU, F.relu, torch.relu, "relu", "relu_"):
            return "relu"
        if kind in (nn.ReLU6, F.relu6):
            return "relu6"
        if kind is nn.Hardtanh and (module.min_val, module.max_val) == (0, 6):
            return "relu6"
        return None

    def follow(self, node, foldable=None):
        """Takes in the batch norm and ReLU that follow `node` alone: the last node, the activation."""
        last, act = node, None
        while last not in self.result_names and len(last.users) == 1:
            user = next(iter(last.users))
            kind, module = self.kind(user)
            if foldable is not None and kind in BATCH_NORMS and act is None:
                fold(foldable, module)
            elif kind in (nn.Identity, nn.Dropout, nn.Dropout2d):
                pass
            elif act is None and self.activation(user):
                act = self.activation(user)
            else:
                break
            self.skip.add(user)
            last = user
        return last, act

    def run(self):
        for node in self.traced.graph.nodes:
            if node in self.skip:
                continue
            if node.op == "placeholder":
                size = "x".join(str(n) for n in channels_last(self.shape(node)))
                self.writer.statement("input", self.name(node), size)
            elif node.op == "output":
                for name, value in self.results.items():
                    if value not in self.names:
                        raise ValueError(f"output {name} is not a value the format can give")
                    self.writer.statement("output", name)
            elif "tensor_meta" in node.meta and isinstance(
                    node.meta["tensor_meta"], fx.passes.shape_prop.TensorMetadata):
                self.node(node)
        return self.writer

    def node(self, node):
        kind, module = self.kind(node)
        act = self.activation(node)
        if isinstance(module, CONVOLUTIONS):
            self.convolution(node, module)
        elif isinstance(module, nn.Linear):
            self.linear(node, module)
        elif kind in BATCH_NORMS:
            self.batch_norm(node, module)
        elif act:
            self.plain(node, "clamp", act=act)
        elif kind is nn.PReLU:
            channels = self.shape(node)[1]
            slopes = module.weight.expand(channels)
            self.plain(node, "prelu", channels=channels, slopes=self.writer.put(slopes.detach()))
        elif kind in (nn.LeakyReLU, F.leaky_relu):
            slope = module.negative_slope if module else self.argument(node, 1, "negative_slope", 0.01)
            self.plain(node, "leakyrelu", slope=slope)
        elif kind in (nn.Hardswish, F.hardswish):
            self.plain(node, "hardswish")
        elif kind in (nn.Sigmoid, torch.sigmoid, F.sigmoid, "sigmoid"):
            self.plain(node, "sigmoid")
        elif kind in (nn.Softmax, torch.softmax, F.softmax, "softmax"):
            self.softmax(node, module)
        elif kind in (operator.add, operator.iadd, torch.add, "add", "add_"):
            self.binary(node, "add")
        elif kind in (operator.mul, operator.imul, torch.mul, "mul"):
            self.binary(node, "multiply")
        elif kind is torch.cat:
            self.concatenation(node)
        elif kind in (nn.Identity, nn.Dropout, nn.Dropout2d, F.dropout, "contiguous"):
            self.alias(node)
        else:
            self.spatial(node, kind, module)

    def spatial(self, node, kind, module):
        """Pooling, resizing, reshaping."""
        if kind in (nn.MaxPool2d, F.max_pool2d, torch.max_pool2d):
            self.pool(node, module, "maxpool")
        elif kind in (nn.AvgPool2d, F.avg_pool2d):
            self.pool(node, module, "avgpool")
        elif kind in (nn.AdaptiveAvgPool2d, F.adaptive_avg_pool2d):
            size = module.output_size if module else self.argument(node, 1, "output_size", None)
            if pair(size) != (1, 1):
                self.refuse(node, "only 1x1 is known")
            self.plain(node, "gap")
        elif kind in (torch.mean, "mean"):
            self.mean(node)
        elif kind in (nn.Flatten, torch.flatten, "flatten"):
            self.flatten(node, module)
        elif kind in (nn.Upsample, nn.UpsamplingBilinear2d, F.interpolate):
            self.resize(node, module)
        else:
            self.refuse(node)

    # One operation each.

    def plain(self, node, operation, **fields):
        source = self.source(node)
        self.writer.statement(operation, source, self.name(node), **fields)

    def argument(self, node, place, key, default):
        if key in node.kwargs:
            return node.kwargs[key]
        return node.args[place] if len(node.args) > place else default

    def alias(self, node):
        if node in self.result_names:
            self.refuse(node, "an output must come from an operation")
        for table in (self.names, self.parts, self.planes, self.flattened):
            if node.args[0] in table:
                table[node] = table[node.args[0]]

    def convolution(self, node, module):
        padding = module.padding
        if padding == "valid":
            padding = 0
        elif padding == "same":
            if any(k % 2 == 0 for k in module.kernel_size) or pair(module.stride) != (1, 1):
                self.refuse(node, "padding 'same' needs odd kernels and stride 1")
            padding = [d * (k - 1) // 2 for k, d in zip(module.kernel_size, pair(module.dilation))]
        if module.padding_mode != "zeros":
            self.refuse(node, "padding with other than zeros")
        last, act = self.follow(node, module)
        window = dict(kernel=by(module.kernel_size), stride=by(module.stride), pad=by(padding),
                      dilation=by(module.dilation))
        if isinstance(module, nn.ConvTranspose2d):
            if module.groups != 1:
                self.refuse(node, "a grouped transposed convolution")
            window["adjust"] = by(module.output_padding)
            self.layer("deconv", node, last, module, module.weight.permute(1, 2, 3, 0), act, window)
        elif 1 < module.groups == module.in_channels == module.out_channels:
            self.layer("dwconv", node, last, module, module.weight.permute(1, 2, 3, 0), act, window)
        elif node.args[0] in self.parts:
            self.convolution_of_parts(node, last, module, act, window)
        else:
            if module.groups > 1:
                window["groups"] = module.groups
            self.layer("conv", node, last, module, module.weight.permute(0, 2, 3, 1), act, window)

    def layer(self, operation, node, last, module, weights, act, window):
        source = self.source(node)
        inputs, outputs = ((module.in_features, module.out_features)
                           if isinstance(module, nn.Linear)
                           else (module.in_channels, module.out_channels))
        bias = module.bias if module.bias is not None else torch.zeros(outputs)
        self.writer.statement(
            operation, source, self.name(last), **window, channels=f"{inputs}x{outputs}",
            weights=self.writer.put(weights.detach()), bias=self.writer.put(bias.detach()), act=act)

    def convolution_of_parts(self, node, last, module, act, window):
        """A convolution of a concatenation is the sum of convolutions of its parts."""
        if module.groups != 1:
            self.refuse(node, "a grouped convolution of a concatenation")
        bias = module.bias if module.bias is not None else torch.zeros(module.out_channels)
        start, total = 0, None
        operands = self.parts[node.args[0]]
        for i, operand in enumerate(operands):
            channels = self.shape(operand)[1]
            weights = module.weight[:, start:start + channels].permute(0, 2, 3, 1)
            start += channels
            part = f"{node.name}.part{i}"
            self.writer.statement(
                "conv", self.names[operand], part, **window,
                channels=f"{channels}x{module.out_channels}",
                weights=self.writer.put(weights.detach()),
                bias=self.writer.put((bias if i == 0 else torch.zeros_like(bias)).detach()))
            if total is None:
                total = part
                continue
            final = i == len(operands) - 1
            name = self.name(last) if final else f"{node.name}.sum{i}"
            self.writer.statement("add", total, part, name, act=act if final else None)
            total = name

    def concatenation(self, node):
        operands = node.args[0]
        if self.argument(node, 1, "dim", 0) not in (1, -3) or len(self.shape(node)) != 4:
            self.refuse(node, "only channels of pictures are concatenated")
        if len(operands) < 2 or any(type(self.kind(u)[1]) is not nn.Conv2d for u in node.users):
            self.refuse(node, "a concatenation must be followed by convolutions only")
        if any(o not in self.names for o in operands):
            self.refuse(node, "a concatenation of concatenations")
        self.parts[node] = operands

    def linear(self, node, module):
        last, act = self.follow(node)
        weights = module.weight
        if node.args[0] in self.planes:
            name, self.flattened[node.args[0]] = self.planes.pop(node.args[0])
            self.names[node.args[0]] = name
        if node.args[0] in self.flattened:        # several layers may follow one flattening
            c, h, w = self.flattened[node.args[0]]
            weights = weights.view(-1, c, h, w).permute(0, 2, 3, 1).reshape(weights.shape)
        elif len(self.shape(node.args[0])) == 4:
            self.refuse(node, "a linear layer over the last axis of a picture")
        self.layer("fc", node, last, module, weights, act, {})

    def batch_norm(self, node, module):
        """One that follows no convolution becomes a depthwise 1x1 convolution."""
        if len(self.shape(node)) != 4:
            self.refuse(node, "a batch norm of vectors that follows no convolution")
        scale, shift = norm_factors(module)
        last, act = self.follow(node)
        source = self.source(node)
        channels = len(scale)
        self.writer.statement(
            "dwconv", source, self.name(last), kernel="1x1", channels=f"{channels}x{channels}",
            weights=self.writer.put(scale.detach()), bias=self.writer.put(shift.detach()), act=act)

    def binary(self, node, operation):
        if any(a not in self.names for a in node.args[:2]):
            self.refuse(node, "both operands must be tensors of the graph")
        a, b = self.names[node.args[0]], self.names[node.args[1]]
        last, act = self.follow(node)
        self.writer.statement(operation, a, b, self.name(last), act=act)

    def softmax(self, node, module):
        dim = module.dim if module else self.argument(node, 1, "dim", None)
        rank = len(self.shape(node))
        if dim is None or dim % rank != (1 if rank == 4 else rank - 1):
            self.refuse(node, "softmax runs over channels only")
        self.plain(node, "softmax")

    def pool(self, node, module, operation):
        if module is not None:
            kernel, stride = module.kernel_size, module.stride
            pad, ceil = module.padding, module.ceil_mode
            dilation = getattr(module, "dilation", 1)
        else:
            kernel = self.argument(node, 1, "kernel_size", None)
            stride = self.argument(node, 2, "stride", None)
            pad, ceil = self.argument(node, 3, "padding", 0), node.kwargs.get("ceil_mode", False)
            dilation = node.kwargs.get("dilation", 1)
        if ceil or pair(dilation) != (1, 1) or (operation == "avgpool" and pair(pad) != (0, 0)):
            self.refuse(node, "pooling with ceil_mode, dilation, or an average with padding")
        self.plain(node, operation, kernel=by(kernel), stride=by(stride or kernel), pad=by(pad))

    def mean(self, node):
        dims = self.argument(node, 1, "dim", None)
        rank = len(self.shape(node.args[0]))
        if rank != 4 or sorted(d % 4 for d in (dims if isinstance(dims, (tuple, list)) else [])) != [2, 3]:
            self.refuse(node, "a mean over other than height and width")
        if self.argument(node, 2, "keepdim", False):
            return self.plain(node, "gap")
        source = self.source(node)
        self.writer.statement("gap", source, f"{node.name}.gap")
        self.writer.statement("reshape", f"{node.name}.gap", self.name(node), dims="0x-1")

    def flatten(self, node, module):
        start = module.start_dim if module else self.argument(node, 1, "start_dim", 0)
        shape = self.shape(node.args[0])
        if start != 1 or len(self.shape(node)) != 2:
            self.refuse(node, "flattening must keep the batch alone")
        self.plain(node, "reshape", dims="0x-1")
        if len(shape) == 4 and shape[2:] != (1, 1):
            self.planes[node] = (self.names.pop(node), shape[1:])

    def resize(self, node, module):
        get = (lambda k, d: getattr(module, k, d)) if module else (
            lambda k, d: self.argument(node, {"size": 1, "scale_factor": 2, "mode": 3}.get(k, 9), k, d))
        mode = "bilinear" if isinstance(module, nn.UpsamplingBilinear2d) else get("mode", "nearest")
        if mode != "bilinear":
            self.refuse(node, "resizing is bilinear only")
        align = 1 if get("align_corners", None) else None
        before, after = self.shape(node.args[0])[2:], self.shape(node)[2:]
        size = get("size", None)
        fixed = size is not None and all(isinstance(s, int) for s in pair(size))
        if fixed:
            self.plain(node, "resizeto", size=by(after), align=align)
        elif any(a % b for a, b in zip(after, before)):
            self.refuse(node, "a factor that is not a whole number")
        else:
            self.plain(node, "resize", factor=by([a // b for a, b in zip(after, before)]), align=align)


def norm_factors(norm):
    scale = 1 / torch.sqrt(norm.running_var + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight
    shift = -norm.running_mean * scale
    return scale, shift if norm.bias is None else shift + norm.bias


def fold(convolution, norm):
    scale, shift = norm_factors(norm)
    view = (1, -1, 1, 1) if isinstance(convolution, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    bias = convolution.bias if convolution.bias is not None else torch.zeros_like(shift)
    with torch.no_grad():
        convolution.weight = nn.Parameter(convolution.weight * scale.reshape(view))
        convolution.bias = nn.Parameter(bias * scale + shift)


def each_shape(shape):
    """Shapes of all inputs, in the order of `forward`: given as one shape, or as a list of them."""
    return [tuple(s) for s in (shape if isinstance(shape[0], (tuple, list)) else [shape])]


def export(net, shape, path, meta=None, output_names=None):
    """Writes `net` for inputs of `shape` (NCHW; a list: of several inputs) to `path`; `meta` is text
    the program reads back."""
    with torch.no_grad():
        exporter = Exporter(net, each_shape(shape), output_names)
        for key, value in (meta or {}).items():
            exporter.writer.meta(key, value)
        exporter.run().save(path)


def golden(net, shape, path, seed=1, data=None, output_names=None):
    """Stores an input (noise of `seed`, or the tensor `data`, NCHW) and what PyTorch answers; of
    several shapes, each gets its own noise."""
    net = copy.deepcopy(net).cpu().float().eval()
    names = [n.name for n in fx.symbolic_trace(net).graph.nodes if n.op == "placeholder"]
    sizes = [channels_last(s) for s in each_shape(shape if data is None else data.shape)]
    contents = [seed + i for i in range(len(sizes))] if data is None else [nhwc(data)]
    arrays = [noise(s, c) if isinstance(c, int) else c for s, c in zip(sizes, contents)]
    tensors = [torch.from_numpy(np.ascontiguousarray(a)) for a in arrays]
    tensors = [t.permute(0, 3, 1, 2).contiguous() if t.dim() == 4 else t for t in tensors]
    with torch.no_grad():
        outputs = named_outputs(net(*tensors), output_names)
    write_golden(path, dict(zip(names, zip(contents, sizes))),
                 {k: nhwc(v) for k, v in outputs.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", help="MODULE:FUNCTION that returns the torch module")
    parser.add_argument("shape", help="input shape, NCHW, as in 1x1x48x168")
    parser.add_argument("out")
    parser.add_argument("--weights", help="state dictionary to load first")
    parser.add_argument("--meta", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--golden", help="also store an input and its answer here")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.path.insert(0, os.getcwd())
    module, function = options.network.split(":")
    net = getattr(importlib.import_module(module), function)()
    if options.weights:
        net.load_state_dict(torch.load(options.weights, map_location="cpu", weights_only=True))
    shape = tuple(int(n) for n in options.shape.split("x"))
    export(net, shape, options.out, dict(m.split("=", 1) for m in options.meta))
    if options.golden:
        golden(net, shape, options.golden, options.seed)


if __name__ == "__main__":
    main()
