"""A network of the ResNet family, made up here, must answer in the program as in onnxruntime.

Needs a built gatectl (swift build -c release); skipped without.  python3 -m pytest test_import.py
"""
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
GATECTL = os.path.join(HERE, "../../.build/release/gatectl")


class Maker:
    def __init__(self):
        self.nodes, self.constants, self.random = [], [], np.random.default_rng(3)

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.float32(values), name))
        return name

    def add(self, kind, *inputs, **options):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name

    def conv(self, x, i, o, kernel=3, stride=1):
        weights = self.random.standard_normal((o, i, kernel, kernel)) / np.sqrt(i * kernel**2)
        return self.add("Conv", x, self.constant(weights), strides=[stride] * 2,
                        pads=[kernel // 2] * 4)

    def norm(self, x, c):
        values = [self.random.uniform(0.5, 1.5, c), self.random.standard_normal(c) * 0.2,
                  self.random.standard_normal(c) * 0.2, self.random.uniform(0.5, 1.5, c)]
        return self.add("BatchNormalization", x, *[self.constant(v) for v in values])

    def prelu(self, x, c):
        return self.add("PRelu", x, self.constant(self.random.uniform(0, 0.4, (c, 1, 1))))

    def block(self, x, i, o, stride):
        y = self.conv(self.norm(x, i), i, o)
        y = self.norm(self.conv(self.prelu(self.norm(y, o), o), o, o, 3, stride), o)
        return self.add("Add", y, self.norm(self.conv(x, i, o, 1, stride), o))


def residual_network(path):
    make = Maker()
    x = make.add("Sub", "data", make.constant(127.5))
    x = make.add("Mul", x, make.constant(1 / 128))
    x = make.prelu(make.norm(make.conv(x, 3, 8), 8), 8)
    x = make.block(make.block(x, 8, 12, 2), 12, 16, 2)
    x = make.add("Flatten", make.add("Dropout", make.norm(x, 16)))
    weights = make.random.standard_normal((32, 16 * 8 * 8)) / 32
    x = make.add("Gemm", x, make.constant(weights), make.constant(np.zeros(32)), transB=1)
    make.norm(x, 32)
    make.nodes[-1].output[0] = "fc1"
    graph = helper.make_graph(
        make.nodes, "r", [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, 32])], make.constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
              path)


@pytest.mark.skipif(not os.path.exists(GATECTL), reason="gatectl is not built")
def test_a_residual_network_answers_as_in_onnxruntime(tmp_path):
    model, network = str(tmp_path / "r.onnx"), str(tmp_path / "r.ghn")
    residual_network(model)
    subprocess.run([sys.executable, f"{HERE}/import_onnx.py", model, network, "--mean", "0,0,0",
                    "--deviation", "1,1,1"], check=True)
    told = subprocess.run([GATECTL, "network", "verify", network], stdout=subprocess.PIPE, text=True)
    assert told.returncode == 0 and "as stored" in told.stdout
    golden = str(tmp_path / "r.golden")
    damaged = bytearray(open(golden, "rb").read())
    damaged[-1] ^= 0x40
    open(golden, "wb").write(damaged)
    told = subprocess.run([GATECTL, "network", "verify", network], stdout=subprocess.PIPE, text=True)
    assert told.returncode == 1


def test_what_the_format_does_not_know_is_refused_by_name(tmp_path):
    model = str(tmp_path / "u.onnx")
    node = helper.make_node("Einsum", ["data"], ["out"], name="strange", equation="nchw->nchw")
    graph = helper.make_graph(
        [node], "u", [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3, 32, 32])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
              model)
    told = subprocess.run([sys.executable, f"{HERE}/import_onnx.py", model, str(tmp_path / "u.ghn")],
                          stderr=subprocess.PIPE, text=True)
    assert told.returncode != 0 and "Einsum 'strange'" in told.stderr
