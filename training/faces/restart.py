"""A shipped embedder made trainable again: its file holds batch norms folded, and a turn behind the last layer."""
import os
import re
import sys

import numpy as np
import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from graph_writer import read  # noqa: E402

from student import Student, as_input  # noqa: E402

RIDGE = 1e-3
# Behind a batch norm a filter's length changes no answer, only how far a step turns it: somewhat above a new one's.
LENGTH = 1.5


def layers(path):
    """(weights, bias) of each layer of a network file, in order, as arrays of one dimension."""
    lines, values = read(path)
    values = np.array(values)
    for line in lines:
        about = dict(re.findall(r"(\w+)=(\S+)", line))
        if "weights" in about:
            outputs, place = int(about["channels"].split("x")[1]), int(about["bias"])
            yield values[int(about["weights"]):place], values[place:place + outputs]


def student_of(path, pictures, wanted):
    """The student of an embedder's file. `pictures` (views, BGR) and the teacher's answers to them: the norms get their
    statistics from them, and the last layer, whose turn cannot be undone, is fitted anew."""
    student, kept = Student().to(memory_format=torch.channels_last).eval(), layers(path)
    convolutions = [m for m in student.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in student.modules() if isinstance(m, nn.BatchNorm2d)]
    seen = [[] for _ in norms]
    with torch.no_grad():
        for found, convolution, norm in zip(seen, convolutions, norms):
            weights, bias = next(kept)
            o, i, h, w = convolution.weight.shape
            # Depthwise ones lie as height, width, channels; others as out, height, width, in.
            weights = (weights[:o * h * w].reshape(h, w, o, 1).transpose(2, 3, 0, 1) if convolution.groups > 1
                       else weights[:o * h * w * i].reshape(o, h, w, i).transpose(0, 3, 1, 2))
            weights = torch.from_numpy(np.ascontiguousarray(weights, np.float32))
            scale = LENGTH / weights.square().sum((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-6)
            convolution.weight.copy_(weights * scale)
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.copy_(1 / scale.flatten()), norm.bias.copy_(torch.from_numpy(bias))
            norm.register_forward_pre_hook(lambda m, x, found=found: found.append(
                torch.stack([x[0].mean((0, 2, 3)), x[0].square().mean((0, 2, 3))])))
        features = []
        student.gather[2].register_forward_hook(lambda m, x, y: features.append(y))
        for i in range(0, len(pictures), 64):
            student(as_input(pictures[i:i + 64].astype(np.float32)))
        for found, norm in zip(seen, norms):
            mean, square = torch.stack(found).mean(0)
            norm.running_mean.copy_(mean), norm.running_var.copy_(square - mean**2)
            norm.bias.add_(norm.weight * mean)
            norm.weight.mul_((norm.running_var + norm.eps).sqrt())
            norm._forward_pre_hooks.clear()
        student.gather[2]._forward_hooks.clear()
        x, y = torch.cat(features), nn.functional.normalize(wanted)
        middle, goal = x.mean(0), y.mean(0)
        square = (x - middle).T @ (x - middle) / len(x)
        square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
        last = student.gather[3]
        last.weight.copy_(torch.linalg.solve(square, (x - middle).T @ (y - goal) / len(x)).T)
        last.bias.copy_(goal - last.weight @ middle)
    return student.train()
