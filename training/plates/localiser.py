"""The localiser: finds plates of any size in a picture and the four corners of each.

For each 8 x 8 cell the network gives the logit that a plate's middle lies there and the four
corners relative to the cell's middle, in units of `UNIT` pixels. Only operations that the weight
exporter knows are used, and batch norm folds into the convolutions.
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

CELL, UNIT = 8, 32
# From near every plate is looked at this wide, in a window of this size.
NEAR, NEAR_WINDOW = 128, (224, 128)


class Localiser(nn.Module):
    """Strides 4 to 32, merged at 8; output 1 + 8 channels."""

    def __init__(self, c=32):
        super().__init__()
        self.quarter = nn.Sequential(conv(3, 16, 3, 2), separable(16, c, 2), Residual(c))
        self.eighth = nn.Sequential(separable(c, 2 * c, 2), Residual(2 * c), Residual(2 * c))
        self.sixteenth = nn.Sequential(separable(2 * c, 4 * c, 2), Residual(4 * c),
                                       Residual(4 * c))
        self.thirtysecond = nn.Sequential(separable(4 * c, 4 * c, 2), Residual(4 * c),
                                          Residual(4 * c))
        self.from_thirtysecond = conv(4 * c, 2 * c, 1)
        self.from_sixteenth = conv(4 * c, 2 * c, 1)
        self.head = nn.Sequential(Residual(2 * c), Residual(2 * c))
        self.out = nn.Conv2d(2 * c, 9, 1)
        nn.init.constant_(self.out.bias[:1], -4)

    def forward(self, x):
        def twice(y):
            return F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        eighth = self.eighth(self.quarter(x))
        sixteenth = self.sixteenth(eighth)
        coarse = self.from_thirtysecond(self.thirtysecond(sixteenth))
        merged = self.from_sixteenth(sixteenth) + twice(coarse)
        return self.out(self.head(eighth + twice(merged)))


def detect(network, image, long_side, threshold=0.3, limit=12):
    """[(probability, 4 x 2 corners in pixels of the image)], best first."""
    height, width = image.shape[:2]
    scale = min(long_side / max(height, width), 1.5)
    size = [max(32, round(v * scale / 32) * 32) for v in (width, height)]
    x = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    with torch.no_grad():
        planes = x.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        out = network(torch.from_numpy(planes))[0]
    probability, corner_map, found = torch.sigmoid(out[0]).numpy(), out[1:].numpy(), []
    rows, columns = np.where(probability > threshold)
    for i in np.argsort(-probability[rows, columns])[:200]:
        r, c = rows[i], columns[i]
        corners = corner_map[:, r, c].reshape(4, 2) * UNIT + [(c + 0.5) * CELL, (r + 0.5) * CELL]
        if all(np.hypot(*(corners.mean(0) - q.mean(0))) > 0.6 * np.linalg.norm(q[1] - q[0])
               for _, q in found):
            found.append((probability[r, c], corners))
    return [(p, q * [width / x.shape[1], height / x.shape[0]]) for p, q in found[:limit]]


def examine(network, image, corners):
    """(probability, corners) of a place seen from near, enlarged or reduced to one size for all."""
    width = (np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
    scale, level, reduced = NEAR / max(width, 1), image, 1.0
    while scale / reduced < 0.5 and min(level.shape[:2]) > 2:
        level, reduced = cv2.pyrDown(level), reduced / 2
    middle = np.array(NEAR_WINDOW) / 2
    offset = middle - corners.mean(0) * scale
    matrix = np.array([[scale / reduced, 0, offset[0]], [0, scale / reduced, offset[1]]])
    x = cv2.warpAffine(level, matrix, NEAR_WINDOW, borderMode=cv2.BORDER_REPLICATE)
    with torch.no_grad():
        planes = x.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        out = network(torch.from_numpy(planes))[0]
    probability, corner_map = torch.sigmoid(out[0]).numpy(), out[1:].numpy()
    rows, columns = np.indices(probability.shape)
    away = np.hypot(columns + 0.5 - middle[0] / CELL, rows + 0.5 - middle[1] / CELL)
    near = np.where(away < 0.6 * NEAR / CELL, probability, -1)
    r, c = np.unravel_index(near.argmax(), near.shape)
    heard = np.hypot(rows - r, columns - c) <= 1.6
    heard &= probability > 0.6 * probability[r, c]
    places = [corner_map[:, y, x].reshape(4, 2) * UNIT + [(x + 0.5) * CELL, (y + 0.5) * CELL]
              for y, x in zip(rows[heard], columns[heard])]
    found = np.average(places, axis=0, weights=probability[heard])
    return probability[r, c], ((found - offset) / scale).astype(np.float32)


def locate(network, image, threshold=0.3, side=640, least=0.2, limit=10):
    """[(probability, corners)] as the program finds them: `detect`, then each from near."""
    seen = [examine(network, image, q) for _, q in detect(network, image, side, threshold, limit)]
    found = []
    for p, q in sorted(seen, key=lambda s: -s[0]):
        if p >= least and all(overlap(q, other) <= 0.3 for _, other in found):
            found.append((p, q))
    return found


def overlap(a, b):
    """Intersection over union of the upright boxes around two quadrilaterals."""
    (al, at), (ar, ab), (bl, bt), (br, bb) = a.min(0), a.max(0), b.min(0), b.max(0)
    common = max(0, min(ar, br) - max(al, bl)) * max(0, min(ab, bb) - max(at, bt))
    return common / ((ar - al) * (ab - at) + (br - bl) * (bb - bt) - common + 1e-9)


def evaluate(network, pictures, long_side, threshold=0.3):
    network.eval()
    plates = found = extra = 0
    errors, missed = [], []
    for file, image, labelled in pictures:
        results = detect(network, image, long_side, threshold)
        extra += sum(all(overlap(q, corners) < 0.1 for corners, _, _ in labelled)
                     for _, q in results)
        for corners, text, kind in labelled:
            if not text or kind == "other":
                continue
            plates += 1
            best = max(results, key=lambda result: overlap(result[1], corners), default=None)
            if best and overlap(best[1], corners) >= 0.3:
                found += 1
                width = np.linalg.norm(corners[1] - corners[0])
                errors.append(np.abs(best[1] - corners).mean() / width)
            else:
                missed.append(file)
    network.train()
    return (f"side {long_side}: found {found} of {plates}, on nothing {extra}, corner error "
            f"{np.mean(errors or [1]):.4f} of the width, missed {missed[:8]}")
