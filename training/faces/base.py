"""The public-domain base network in PyTorch, and the head of our own on its last map."""
import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import face_base
from faces import POINTS, SIDE, similarity

# Where the five points fall, on average, in the base's own crops of 150 x 150 pixels.
BASE_POINTS = np.float64([[47.24, 45.31], [103.69, 45.53], [74.67, 78.74],
                          [49.73, 103.44], [98.45, 103.72]])
BASE_SIDE = 150


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
    """Pictures of 150 x 150 (BGR, 0 to 255) to the last map, 256 x 2 x 2."""

    def __init__(self, archive, kind=torch.bfloat16):
        maker = TorchMaker(kind)
        self.last, mean = face_base.Steps(face_base.layers(face_base.base_bytes(archive)),
                                          maker).run()
        self.steps, self.kind = maker.steps, kind
        self.mean = torch.tensor(mean).view(1, 3, 1, 1)

    @torch.no_grad()
    def __call__(self, crops):
        x = np.ascontiguousarray(np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2), np.float32)
        x = ((torch.from_numpy(x) - self.mean) / 256).to(self.kind)
        values = [x.to(memory_format=torch.channels_last)]
        for function, sources in self.steps:
            values.append(function(*(values[s] for s in sources)))
        return values[self.last].float()


def base_crop(view, margin, scale):
    """The base's crop of a view that shows an aligned face with a margin, at some scale."""
    matrix = similarity((POINTS + margin) * scale, BASE_POINTS)
    return cv2.warpAffine(view, matrix, (BASE_SIDE, BASE_SIDE), borderMode=cv2.BORDER_REPLICATE)


def aligned_crop(view, margin, scale):
    """The teacher's crop of such a view."""
    inset = round(margin * scale)
    inner = view[inset:len(view) - inset, inset:len(view) - inset]
    return cv2.resize(inner, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


class Head(nn.Module):
    """The last map to 128 numbers: a straight way and one with a bend."""

    def __init__(self, mean, deviation, hidden=1024, channels=256):
        super().__init__()
        inputs = channels * 4
        self.flatten = nn.Flatten()
        self.widen, self.bend = nn.Linear(inputs, hidden), nn.PReLU(hidden)
        self.narrow, self.straight = nn.Linear(hidden, 128), nn.Linear(inputs, 128)
        self.assess = nn.Linear(inputs, 1)
        self.drop, self.drop_more = nn.Dropout(0.1), nn.Dropout(0.3)
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def assessed(self, x):
        """How far the answer to maps as the base gives them is to be trusted, before `fold`."""
        return torch.sigmoid(self.assess((x - self.mean) / self.deviation))

    def learn(self, x):
        """For training: maps that are not yet normalised, flattened."""
        x = (x - self.mean) / self.deviation
        bent = self.narrow(self.drop_more(self.bend(self.widen(self.drop(x)))))
        return bent + self.straight(x)

    def forward(self, x):
        """After `fold`: the maps as the base gives them."""
        x = self.flatten(x)
        return {"output": self.narrow(self.bend(self.widen(x))) + self.straight(x),
                "quality": torch.sigmoid(self.assess(x))}

    def fold(self):
        """Takes the normalisation of the inputs into the weights."""
        with torch.no_grad():
            for layer in (self.widen, self.straight, self.assess):
                layer.weight.div_(self.deviation)
                layer.bias.sub_(layer.weight @ self.mean)
        return self
