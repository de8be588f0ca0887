"""Shipped networks made trainable again: their files hold batch norms folded, and a turn behind the last layer."""
import os
import sys

import numpy as np
import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from stored_layers import filters, layers  # noqa: E402

from base import Head  # noqa: E402
from student import Student, as_input  # noqa: E402

RIDGE = 1e-3
# Behind a batch norm a filter's length changes no answer, only how far a step turns it: somewhat above a new one's.
LENGTH = 1.5


def tensor(values):
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


def line(weights, shape, rows=0):
    """The weights of a linear layer of this shape. Behind a flattened map of so many rows the file has channels last, here
    they come first."""
    weights = weights[:shape.numel()]
    if rows:
        weights = weights.reshape(shape[0], rows * rows, -1).transpose(0, 2, 1)
    return tensor(weights).reshape(shape)


@torch.no_grad()
def head_of(path):
    """The joined head of a file. What its branches answer cannot be told apart again, only their sum."""
    head, kept = Head(torch.zeros(1024), torch.ones(1024)).eval(), layers(path)
    for convolution, norm in (head.early, head.late):
        weights, bias = next(kept)
        convolution.weight.copy_(tensor(filters(weights, convolution.weight.shape)))
        norm.running_var.fill_(1 - norm.eps), norm.bias.copy_(tensor(bias))
    plain, looking = head.plain, head.looking
    for layer, rows in ((plain.widen, 2), (plain.bend, 0), (plain.narrow, 0), (plain.straight, 2), (looking.widen, 2),
                        (looking.more_bent, 4), (looking.bend, 0), (looking.narrow, 0), (looking.straight, 2),
                        (looking.more_straight, 4), (head.beside, 0)):
        weights, bias = next(kept)
        layer.weight.copy_(line(weights, layer.weight.shape, rows))
        if bias is not None:
            layer.bias.copy_(tensor(bias))
    return head


def depth_of(path):
    """How many blocks of each width the student of a file has: two convolutions each."""
    sizes = [len(weights) for weights, bias in layers(path) if bias is not None]
    alike = [sum(0 <= size - 9 * width**2 < 64 for size in sizes) for width in (64, 128, 192)]
    return tuple(count // 2 for count in alike)


@torch.no_grad()
def restored(network, path, batches, rows=()):
    """A network of convolutions, norms and lines with the weights of its file, ready to learn on. Norms are folded
    there: they get their statistics from `batches` (inputs; the first is looked at for the order of the layers,
    too), and what the network answers to them stays the same. `rows`: (line, rows) of those behind a flattened map."""
    network, order, seen, rows = network.to(memory_format=torch.channels_last).eval(), [], {}, dict(rows)
    parts = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]
    hooks = [m.register_forward_hook(lambda m, i, o: order.append(m)) for m in parts]
    network(batches[0])
    [hook.remove() for hook in hooks]
    kept = layers(path)
    for layer, norm in zip(order, order[1:] + [None]):
        if isinstance(layer, nn.BatchNorm2d):
            continue
        weights, bias = next(kept)
        is_folded = isinstance(norm, nn.BatchNorm2d) and layer.bias is None
        if isinstance(layer, nn.Linear):
            weights = line(weights, layer.weight.shape, rows.get(layer, 0))
        else:
            weights = tensor(filters(weights, layer.weight.shape))
        if is_folded:
            scale = LENGTH / weights.square().sum((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-6)
            weights = weights * scale
            norm.running_mean.zero_(), norm.running_var.fill_(1 - norm.eps)
            norm.weight.copy_(1 / scale.flatten()), norm.bias.copy_(tensor(bias))
            norm.register_forward_pre_hook(lambda m, x: seen.setdefault(m, []).append(
                torch.stack([x[0].mean((0, 2, 3)), x[0].square().mean((0, 2, 3))])))
        else:
            layer.bias.copy_(tensor(bias))
        layer.weight.copy_(weights)
    for batch in batches:
        network(batch)
    for norm, found in seen.items():
        mean, square = torch.stack(found).mean(0)
        norm._forward_pre_hooks.clear()
        norm.running_mean.copy_(mean), norm.running_var.copy_(square - mean**2)
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_((norm.running_var + norm.eps).sqrt())
    return network


@torch.no_grad()
def student_of(path, pictures, wanted):
    """The student of an embedder's file. `pictures` (views, BGR) and the teacher's answers to them: the norms get their
    statistics from them, and the last layer, whose turn cannot be undone, is fitted anew."""
    batches = [as_input(pictures[i:i + 64].astype(np.float32)) for i in range(0, len(pictures), 64)]
    student = restored(Student(depth_of(path)), path, batches)
    x, y = torch.cat([student.features(batch) for batch in batches]), nn.functional.normalize(wanted)
    middle, goal = x.mean(0), y.mean(0)
    square = (x - middle).T @ (x - middle) / len(x)
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
    last = student.gather[3]
    last.weight.copy_(torch.linalg.solve(square, (x - middle).T @ (y - goal) / len(x)).T)
    last.bias.copy_(goal - last.weight @ middle)
    return student.train()
