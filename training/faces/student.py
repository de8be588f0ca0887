"""The small embedder. Only operations that the weight exporter knows; batch norm folds away."""
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from faces import MARGIN, verification
from turn import SIZE

DEPTH = 1, 3, 3

def conv(i, o, kernel=3, stride=1, active=True):
    layers = [nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, *([nn.ReLU()] if active else []))


class Block(nn.Module):
    """Two convolutions and a way past them (He et al. 2016)."""

    def __init__(self, channels):
        super().__init__()
        self.path = nn.Sequential(conv(channels, channels), conv(channels, channels, active=False))

    def forward(self, x):
        return F.relu(x + self.path(x))


def blocks(channels, count):
    return [Block(channels) for _ in range(count)]


class Everywhere(nn.Module):
    """One weight a channel and place (a 7 x 7 depthwise convolution without a border)."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 7, groups=channels, bias=False)

    def forward(self, x):
        if not self.training:
            return self.conv(x)
        weight = self.conv.weight.view(1, -1, 49)
        return (x.flatten(2) * weight).sum(2)[:, :, None, None]


class Student(nn.Module):
    """112 x 112 RGB in [-1, 1] to 128 numbers; about 390 M multiplications.

    Plain convolutions and few, narrow maps: what passes through memory is what training costs.
    `depth`: the blocks at 28, 14 and 7 pixels.
    """

    def __init__(self, depth=DEPTH):
        super().__init__()
        self.depth = tuple(depth)
        self.first = nn.Sequential(conv(3, 32, 3, 2), conv(32, 64, 3, 2), *blocks(64, depth[0]))
        self.second = nn.Sequential(conv(64, 128, 3, 2), *blocks(128, depth[1]))
        self.third = nn.Sequential(conv(128, 192, 3, 2), *blocks(192, depth[2]))
        self.widen = conv(192, 512, 1)
        self.gather = nn.Sequential(Everywhere(512), nn.BatchNorm2d(512), nn.Flatten(),
                                    nn.Linear(512, SIZE))

    def forward(self, x):
        return self.gather(self.widen(self.third(self.second(self.first(x)))))

    def features(self, x):
        """The 512 numbers that the last layer sees."""
        return self.gather[:3](self.widen(self.third(self.second(self.first(x)))))

    @torch.no_grad()
    def grown(self, depth):
        """The same with more blocks. A new one passes on what it is given until it has learnt something
        (its last norm's weights are zero: Goyal et al. 2017), so the answer stays the same."""
        larger = Student(depth)
        for old, new in ((self.first, larger.first), (self.second, larger.second), (self.third, larger.third)):
            for k, part in enumerate(new):
                if k < len(old):
                    part.load_state_dict(old[k].state_dict())
                else:
                    part.path[1][1].weight.zero_()
        larger.widen, larger.gather = self.widen, self.gather
        return larger.to(memory_format=torch.channels_last).train(self.training)

    @classmethod
    def of(cls, state):
        """The finished embedder of a checkpoint that train-quality has seen."""
        if "turn" not in state:
            sys.exit("this checkpoint has no even number yet: run train-quality on it")
        student = cls(state["depth"])
        student.load_state_dict(state["mean"])
        student.turn(**state["turn"])
        return student.eval()

    @torch.no_grad()
    def turn(self, matrix, shift):
        """Puts a matrix and a shift behind the answer."""
        last = self.gather[3]
        last.weight.copy_(matrix @ last.weight)
        last.bias.copy_(matrix @ last.bias + shift)

    def seams(self, x):
        """The embedding and the maps on the way, to be held against the teacher's."""
        first = self.first(x)
        second = self.second(first)
        third = self.third(second)
        return self.gather(self.widen(third)), (first, second, third)


class Assessed(nn.Module):
    """The embedder and how far its answer is to be trusted: a second output, 0 to 1."""

    def __init__(self, student):
        super().__init__()
        self.student, self.assess = student, nn.Linear(512, 1)

    def forward(self, x):
        s = self.student
        wide = s.widen(s.third(s.second(s.first(x))))
        return {"output": s.gather(wide),
                "quality": torch.sigmoid(self.assess(wide.mean((2, 3))))}


def as_input(views):
    """Views (BGR, 0 to 255) to the network's input."""
    planes = np.ascontiguousarray(views[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    return (torch.from_numpy(planes) / 127.5 - 1).to(memory_format=torch.channels_last)


@torch.no_grad()
def answers(network, faces):
    """What a network answers to aligned faces with a margin, and to their mirror images: n x 2 x 128."""
    parts, training = [], network.training
    network.eval()
    for i in range(0, len(faces), 64):
        x = as_input(faces[i:i + 64, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float32))
        parts.append(torch.stack([network(x).float(), network(x.flip(3)).float()], 1))
    network.train(training)
    return torch.cat(parts)


def embed(network, faces):
    """Unit vectors of aligned faces with a margin, each averaged with its mirror image's."""
    return F.normalize(F.normalize(answers(network, faces), dim=2).sum(1)).numpy()


def evaluate(network, faces, people, sources):
    return verification(embed(network, faces), people, sources)
