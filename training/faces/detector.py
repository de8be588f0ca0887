"""The face detector: boxes and five points at strides 8, 16 and 32, without anchors.

Only operations that the weight exporter knows; batch norm folds into the convolutions. For the
cell (column, row) of stride s the 15 channels are: logit; box centre (column + 0.5 + c1) s,
(row + 0.5 + c2) s; box size exp(c3) s, exp(c4) s; five points (column + 0.5 + c) s.
"""
import os
import sys

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "export"))
from blocks import Residual, conv, separable  # noqa: E402

STRIDES = 8, 16, 32
LONG_SIDE, LEAST_SHORT, MOST_ENLARGED, GREY = 640, 160, 2.0, 128
# At the gate: with the second look, and asked from a lower score on, a picture of 512 pixels gives what one
# of 640 gives (fold: 60 instead of 61 of 72 faces of 48 px) for two thirds of the time.
GATE_SIDE, GATE_CANDIDATE = 512, 0.2
INSIDE = 0.7


class Detector(nn.Module):
    """About 190 M multiplications at 640 x 480."""

    def __init__(self):
        super().__init__()
        self.quarter = nn.Sequential(conv(3, 16, 3, 2), separable(16, 32, 2), Residual(32))
        self.eighth = nn.Sequential(separable(32, 64, 2), Residual(64), Residual(64))
        self.sixteenth = nn.Sequential(separable(64, 96, 2), *[Residual(96) for _ in range(3)])
        self.thirtysecond = nn.Sequential(separable(96, 128, 2),
                                          *[Residual(128) for _ in range(3)])
        self.from_thirtysecond = conv(128, 64, 1)
        self.from_sixteenth = conv(96, 64, 1)
        self.head8 = Residual(64)
        self.head16 = Residual(64)
        self.head32 = nn.Sequential(Residual(64), Residual(64))
        self.out8, self.out16, self.out32 = (nn.Conv2d(64, 15, 1) for _ in STRIDES)
        for out in (self.out8, self.out16, self.out32):
            nn.init.normal_(out.weight, std=0.01)
            nn.init.zeros_(out.bias)
            nn.init.constant_(out.bias[:1], -4.5)
            nn.init.constant_(out.bias[3:5], 1.0)

    def forward(self, x):
        def twice(y):
            return F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        eighth = self.eighth(self.quarter(x))
        sixteenth = self.sixteenth(eighth)
        coarse = self.from_thirtysecond(self.thirtysecond(sixteenth))
        middle = self.from_sixteenth(sixteenth) + twice(coarse)
        fine = eighth + twice(middle)
        return {"stride8": self.out8(self.head8(fine)), "stride16": self.out16(self.head16(middle)),
                "stride32": self.out32(self.head32(coarse))}


def fit(image, long_side=LONG_SIDE, border=0.0):
    """The network's input of a picture, grey beyond it; and the scale and shift that made it."""
    height, width = image.shape[:2]
    pad = round(border * max(height, width))
    height, width = height + 2 * pad, width + 2 * pad
    scale = min(long_side / max(height, width), MOST_ENLARGED,
                max(1.0, LEAST_SHORT / min(height, width)))
    if pad:
        image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT,
                                   value=(GREY,) * 3)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    x = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    right, below = -size[0] % 32, -size[1] % 32
    x = cv2.copyMakeBorder(x, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(GREY,) * 3)
    return x, np.float32([size[0] / width, size[1] / height]), pad


def planes(images):
    x = np.stack(images)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    return torch.from_numpy(x).to(memory_format=torch.channels_last)


def decode(outputs, threshold):
    """Rows of score, box (x1 y1 x2 y2) and five points, in pixels of the input, of one picture."""
    rows = []
    for stride in STRIDES:
        out = outputs[f"stride{stride}"]
        score = 1 / (1 + np.exp(-out[0]))
        r, c = np.where(score > threshold)
        values, at = out[:, r, c], np.stack([c, r]) + 0.5
        centre = (at + values[1:3]) * stride
        size = np.exp(np.clip(values[3:5], -4, 5)) * stride
        points = (np.tile(at, (5, 1)) + values[5:]) * stride
        rows.append(np.concatenate([score[r, c][None], centre - size / 2, centre + size / 2,
                                    points]).T)
    return np.concatenate(rows)


def shares(box, others):
    """Of a box with each other one: intersection over union, and over the smaller of the two."""
    common = (np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])).clip(0)
    common = common[:, 0] * common[:, 1]
    area = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    own = (box[2] - box[0]) * (box[3] - box[1])
    return common / (own + area - common + 1e-9), common / (np.minimum(own, area) + 1e-9)


def iou(box, others):
    return shares(box, others)[0]


def suppress(rows, limit=0.4, inside=INSIDE):
    """The best of what overlaps; also one that lies within another: a part of the same face."""
    rows, kept = rows[np.argsort(-rows[:, 0])], []
    while len(rows):
        kept.append(rows[0])
        over, within = shares(rows[0, 1:5], rows[:, 1:5])
        rows = rows[(over <= limit) & (within <= inside)]
    return np.array(kept).reshape(-1, 15)


@torch.no_grad()
def detect(network, image, threshold=0.5, long_side=LONG_SIDE, border=0.0):
    """Faces of a BGR picture, best first: score, box, points in its pixels."""
    x, scale, pad = fit(image, long_side, border)
    outputs = {k: v[0].float().numpy() for k, v in network(planes([x])).items()}
    found = suppress(decode(outputs, threshold))
    found[:, 1:] = found[:, 1:] / np.tile(scale, 7) - pad
    return found


def evaluate(network, pictures, threshold, border=0.0):
    """Recall by the shorter side and false finds, as the project's score counts them."""
    network.eval()
    hits, totals, extra = {}, {}, 0
    for image, boxes in pictures:
        found = detect(network, image, threshold, border=border)
        for box in boxes:
            side = min(box[2:] - box[:2])
            size = "16..24" if side < 24 else "24..48" if side < 48 else ">=48"
            if side >= 16:
                totals[size] = totals.get(size, 0) + 1
                hit = len(found) and iou(box, found[:, 1:5]).max() >= 0.5
                hits[size] = hits.get(size, 0) + bool(hit)
        extra += sum(not len(boxes) or iou(row[1:5], boxes).max() < 0.3 for row in found)
    network.train()
    shown = ", ".join(f"{k} {hits.get(k, 0)}/{totals[k]}" for k in sorted(totals))
    return f"{shown}; on nothing {extra / max(len(pictures), 1):.2f} a picture"
