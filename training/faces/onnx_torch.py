"""Runs an ONNX network of plain layers in PyTorch: a teacher, at the speed of the training."""
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


class OnnxNetwork:
    """Conv, Relu, Clip, PRelu, Add, pools, Flatten, Gemm; `wanted`: names of tensors to return."""

    def __init__(self, file, wanted=None, kind=torch.float32):
        graph = onnx.load(file).graph
        self.kind = kind
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy())
                          for t in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant":
                value = numpy_helper.to_array(node.attribute[0].t)
                self.constants[node.output[0]] = torch.from_numpy(np.array(value))
        self.nodes = [n for n in graph.node if n.op_type != "Constant"]
        self.input = next(i.name for i in graph.input if i.name not in self.constants)
        self.wanted = wanted or [graph.output[0].name]
        for node in self.nodes:
            if node.op_type == "Conv":
                for name in node.input[1:]:
                    weight = self.constants[name].to(kind)
                    if weight.dim() == 4:
                        weight = weight.to(memory_format=torch.channels_last)
                    self.constants[name] = weight

    @torch.no_grad()
    def __call__(self, x):
        values = {self.input: x.to(self.kind).to(memory_format=torch.channels_last)}
        for node in self.nodes:
            given = [values[n] if n in values else self.constants.get(n) for n in node.input]
            options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = self.run(node.op_type, given, options)
        return [values[name].float() for name in self.wanted]

    @staticmethod
    def run(kind, given, options):
        x = given[0]
        if kind == "Conv":
            pads = options.get("pads", [0, 0, 0, 0])
            bias = given[2] if len(given) > 2 else None
            return F.conv2d(x, given[1], bias, options.get("strides", 1), tuple(pads[:2]),
                            options.get("dilations", 1), options.get("group", 1))
        if kind == "Relu":
            return F.relu(x)
        if kind == "Clip":
            return x.clamp(float(given[1]), float(given[2]))
        if kind == "Add":
            return x + given[1]
        if kind == "Flatten":
            return x.flatten(1)
        raise ValueError(f"{kind}: not known here")
