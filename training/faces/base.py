"""The public-domain base network in PyTorch, and the head of our own on three of its maps."""
import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import face_base
from faces import POINTS, SIDE, similarity
from precision import fast, mixed
from turn import with_doubt, without_common

# Where the five points fall, on average, in the base's own crops of 150 x 150 pixels.
BASE_POINTS = np.float64([[47.24, 45.31], [103.69, 45.53], [74.67, 78.74],
                          [49.73, 103.44], [98.45, 103.72]])
BASE_SIDE = 150
# What the two branches of the head weigh, by folds.
WEIGHTS = 1, 2
# The share of the small embedder's answer, which saw other cuts of other views and errs elsewhere.
SMALL = 0.4
# How much is taken from each answer of what East Asian faces have in common, by folds as well.
COMMON = 1.0
# The even number, against the mean length of a group's answers, by folds too (turn.py).
DOUBT = 0.6
# The maps that the head sees: channels, rows, columns.
MAPS = {"map128x8": (128, 8, 8), "map256x4": (256, 4, 4), "map256x2": (256, 2, 2)}


class TorchMaker:
    """Collects the base's operations as functions over a table of values."""

    def __init__(self, kind):
        self.kind, self.steps = kind, []

    def add(self, function, *sources):
        self.steps.append((function, sources))
        return len(self.steps)

    def input(self, rows):
        return 0

    def tensor(self, values, shape):
        tensor = torch.tensor(values, dtype=torch.float32).view(shape).to(self.kind)
        return tensor.to(memory_format=torch.channels_last) if len(shape) == 4 else tensor

    def convolution(self, x, shape, weights, bias, stride, pad, relu):
        w, b = self.tensor(weights, shape), self.tensor(bias, [len(bias)])

        def run(v):
            y = F.conv2d(v, w, b, stride, pad)
            return F.relu(y) if relu else y
        return self.add(run, x)

    def grow(self, x, channels):
        return self.add(lambda v: F.pad(v, (0, 1, 0, 1)), x)

    def max_pool(self, x, kernel, stride):
        return self.add(lambda v: F.max_pool2d(v, kernel, stride), x)

    def add_relu(self, a, b):
        return self.add(lambda v, w: F.relu(v + w), a, b)


class Base:
    """Pictures of 150 x 150 (BGR, 0 to 255) to three of the maps on the way: {name: map}."""

    def __init__(self, archive, kind=None):
        kind = kind or fast()
        maker = TorchMaker(kind)
        found = face_base.layers(face_base.base_bytes(archive))
        maps, mean = face_base.Steps(found, maker).run()
        self.maps = {name: maps[name] for name in MAPS}
        self.steps, self.kind = maker.steps, kind
        self.mean = torch.tensor(mean).view(1, 3, 1, 1)
        # What the base itself makes of the mean of its last map's places: 256 numbers to 128.
        self.own = torch.tensor(found[-1][1]).view(256, 128).T

    @torch.no_grad()
    def __call__(self, crops):
        x = np.ascontiguousarray(np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2), np.float32)
        x = ((torch.from_numpy(x) - self.mean) / 256).to(self.kind)
        values = [x.to(memory_format=torch.channels_last)]
        for function, sources in self.steps:
            values.append(function(*(values[s] for s in sources)))
        return {name: values[place].float() for name, place in self.maps.items()}


def base_crop(view, margin, scale):
    """The base's crop of a view that shows an aligned face with a margin, at some scale."""
    matrix = similarity((POINTS + margin) * scale, BASE_POINTS)
    return cv2.warpAffine(view, matrix, (BASE_SIDE, BASE_SIDE), borderMode=cv2.BORDER_REPLICATE)


def aligned_crop(view, margin, scale):
    """The teacher's crop of such a view."""
    inset = round(margin * scale)
    inner = view[inset:len(view) - inset, inset:len(view) - inset]
    return cv2.resize(inner, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def together(parts, shares, group):
    """(matrices, shift) that make one answer of several, which are about their means: `shares` of the squared
    length, and what turn.py tells of the `group` of each."""
    ways = [share**0.5 / x.norm(dim=1).mean() * without_common(x, group, COMMON) for x, share in zip(parts, shares)]
    answers = torch.cat([x @ way.T for x, way in zip(parts, ways)], 1)
    kept, row, shift = with_doubt(answers, torch.cat(parts, 1), group > 0, DOUBT)
    matrices = [kept[:, 128 * i:128 * i + 128] @ way for i, way in enumerate(ways)]
    for matrix, own in zip(matrices, row.split(128)):
        matrix[-1] = own
    return matrices, shift


class Branch(nn.Module):
    """A flattened map, and what else was seen (`more` numbers), to 128 numbers: a straight way and one
    with a bend."""

    def __init__(self, hidden, more=0):
        super().__init__()
        self.widen, self.bend = nn.Linear(1024, hidden), nn.PReLU(hidden)
        self.narrow, self.straight = nn.Linear(hidden, 128), nn.Linear(1024, 128)
        self.more_bent = nn.Linear(more, hidden) if more else None
        self.more_straight = nn.Linear(more, 128) if more else None
        self.drop, self.drop_bent = nn.Dropout(0.1), nn.Dropout(0.3)

    def forward(self, x, z=None):
        bent = self.widen(self.drop(x))
        if self.more_bent is not None:
            bent = bent + self.more_bent(z)
        y = self.narrow(self.drop_bent(self.bend(bent))) + self.straight(x)
        return y if self.more_straight is None else y + self.more_straight(z)

    def turn(self, matrix):
        """Puts a matrix behind the 128 numbers."""
        for layer in (self.narrow, self.straight, self.more_straight):
            if layer is not None:
                layer.weight.copy_(matrix @ layer.weight)
                layer.bias.copy_(matrix @ layer.bias)


class Head(nn.Module):
    """Three maps of the base, and the small embedder's answer, to 128 numbers. Two branches learn side by
    side, each by itself: one sees the last map only, the other also takes a look of its own at the two maps
    before it, where more of the picture is left. What they answer together errs less than each. The small
    embedder's answer comes beside them when they have learnt (`join`)."""

    def __init__(self, mean, deviation, hidden=1024, hidden_look=768, width=192):
        super().__init__()
        self.flatten = nn.Flatten()
        self.early = nn.Sequential(nn.Conv2d(128, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width))
        self.late = nn.Sequential(nn.Conv2d(256, width, 1, bias=False), nn.BatchNorm2d(width))
        self.plain, self.looking = Branch(hidden), Branch(hidden_look, 16 * width)
        self.beside = nn.Linear(128, 128)
        self.drop = nn.Dropout(0.2)
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    @classmethod
    def of(cls, state):
        """The head of a checkpoint."""
        head = cls(state["mean"], state["deviation"], len(state["plain.widen.bias"]),
                   len(state["looking.widen.bias"]), len(state["early.0.weight"]))
        head.load_state_dict(state)
        return head

    def normal(self, last):
        """The last map, flattened and normalised: what branches see before `fold`."""
        return (last.float().flatten(1) - self.mean) / self.deviation

    def learn(self, maps):
        """Both answers, in half precision where that is faster, to maps by name, as the base gives them."""
        x = self.normal(maps["map256x2"])
        with mixed():
            z = F.relu(self.early(maps["map128x8"].to(fast())) + self.late(maps["map256x4"].to(fast())))
            return self.plain(x).float(), self.looking(x, self.drop(z.flatten(1))).float()

    def forward(self, map128x8, map256x4, map256x2, small):
        """After `fold`: the maps as the base gives them, and the small embedder's answer."""
        x = self.flatten(map256x2)
        z = self.flatten(F.relu(self.early(map128x8) + self.late(map256x4)))
        answer = self.plain(x) + self.looking(x, z) + self.beside(small)
        return {"output": answer}

    @torch.no_grad()
    def join(self, own, answers, last, small, share, group):
        """Makes one sum of the branches' answers, of the base's own (`own` of the mean of the last map's places),
        with `share` of the squared length of both, and of the small embedder's; then what turn.py tells. All
        of it is linear and vanishes in the weights. `answers` (of both branches), the maps `last` and the
        answers `small` to the same views are what it is measured on; `group`: of whom they are
        (turn.py): the base makes much of what East Asian faces share."""
        theirs = last.float().mean((2, 3)) @ own.T
        middle, beside = theirs.mean(0), small.mean(0)
        scales = [weight / answer.norm(dim=1).mean() for weight, answer in zip(WEIGHTS, answers)]
        parts = sum(scale * answer for scale, answer in zip(scales, answers)), theirs - middle, small - beside
        shares = (1 - SMALL) * (1 - share), (1 - SMALL) * share, SMALL
        (ours, base, other), shift = together(parts, shares, group)
        for branch, scale in zip((self.plain, self.looking), scales):
            branch.turn(scale * ours)
        # `own` of the mean of four places: of the flattened map, then of the normalised one.
        flat = (base @ own / 4).repeat_interleave(4, 1)
        self.plain.straight.weight.add_(flat * self.deviation)
        self.plain.straight.bias.add_(flat @ self.mean - base @ middle)
        self.beside.weight.copy_(other)
        self.beside.bias.copy_(shift - other @ beside)

    @torch.no_grad()
    def join_again(self, answers, small, group):
        """Puts another small embedder beside what was joined: its answers `small`, and those of both branches, to
        the same views."""
        beside = small.mean(0)
        (ours, other), shift = together((answers.sum(0), small - beside), (1 - SMALL, SMALL), group)
        for branch in (self.plain, self.looking):
            branch.turn(ours)
        self.beside.weight.copy_(other)
        self.beside.bias.copy_(shift - other @ beside)

    def fold(self):
        """Takes the normalisation of the last map into the weights."""
        with torch.no_grad():
            for layer in (way for branch in (self.plain, self.looking) for way in (branch.widen, branch.straight)):
                layer.weight.div_(self.deviation)
                layer.bias.sub_(layer.weight @ self.mean)
        return self
