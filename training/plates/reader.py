"""The reader: segments the characters of a strip, classifies each, and names the plate's type.

One fully convolutional network gives a row of `COLUMNS` columns (4 pixels each), `CHANNELS` values a
column. `segmentation`: logit of a character's middle in this column, its offset from the column's
middle and its width (columns), its top and bottom (parts of the strip's height). `classes`: logits
of the character there. `attention`, `joint`: a second witness: eight places, each a softmax over
the columns that weighs the columns' joint logits. `type`: logits, averaged over the columns.
"""
import math

import numpy as np
import torch
import torch.nn as nn

from drawing import BOTH, DIGITS, LETTERS, NEW_ENERGY, PROVINCES, TYPES
from plates import CLASSES, HEIGHT, INDEX, WIDTH, normalise, rectify

PLACES, COLUMNS, STRIDE = 8, WIDTH // 4, 4
PARTS = {"segmentation": 5, "classes": len(CLASSES), "attention": PLACES, "joint": len(CLASSES),
         "type": len(TYPES)}
CHANNELS = sum(PARTS.values())
STARTS = dict(zip(PARTS, np.cumsum([0, *PARTS.values()])))


def conv(i, o, *last):
    return nn.Sequential(nn.Conv2d(i, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), *last)


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.inner, self.last = nn.Sequential(conv(c, c, nn.ReLU()), conv(c, c)), nn.ReLU()

    def forward(self, x):
        return self.last(x + self.inner(x))


class Reader(nn.Module):
    """Strip N x 4 x 36 x 144 to N x CHANNELS x 1 x 36."""

    def __init__(self, wide=160):
        super().__init__()
        def block(i, o):
            return [conv(i, o, nn.ReLU()), Residual(o)]
        self.features = nn.Sequential(
            conv(4, 16, nn.ReLU()), nn.MaxPool2d(2), *block(16, 32), nn.MaxPool2d(2),
            *block(32, 64), nn.MaxPool2d((2, 1)), *block(64, 96))
        self.columns = nn.Sequential(nn.Conv2d(96, wide, (HEIGHT // 8, 1), bias=False),
                                     nn.BatchNorm2d(wide), nn.ReLU())
        self.drop, self.out = nn.Dropout2d(0.05), nn.Conv2d(wide, CHANNELS, 1)
        nn.init.constant_(self.out.bias[:1], -1.5)

    def forward(self, x):
        return self.out(self.drop(self.columns(self.features(x))))


def part(out, name):
    """The named channels of N x CHANNELS x COLUMNS."""
    return out[:, STARTS[name]:STARTS[name] + PARTS[name]]


def joint_logits(out):
    """N x PLACES x classes: the second witness."""
    weights = part(out, "attention").softmax(2)
    return torch.einsum("bkn,bcn->bkc", weights, part(out, "joint"))


# What each type allows at each place. A type may have several forms; the spacing of a form is that of
# its layout: pitches between the characters' middles in columns.
PITCH = 57 / 440 / 1.1 * COLUMNS
GAP = (57 + 22) / 440 / 1.1 * COLUMNS
LAYOUTS = {"ordinary": [PITCH, GAP] + [PITCH] * 4, "police": [GAP] + [PITCH] * 5,
           "embassy": [PITCH] * 3 + [GAP] + [PITCH] * 2,
           "eight": [53 / 480 / 1.1 * COLUMNS, 92 / 480 / 1.1 * COLUMNS]
           + [52 / 480 / 1.1 * COLUMNS] * 5,
           "double": [140 / 440 / 0.62 * 11.5,
                      11.5 + (60 / 440 + 0.03) / 1.06 * 24.5 - (290 / 440 - 0.19) / 0.62 * 11.5]
           + [80 / 440 / 1.06 * 24.5] * 4}
FORMS = [                                       # type, layout, allowed at each place, log prior
    ("blue", "ordinary", [PROVINCES, LETTERS] + [BOTH] * 5, 0.0),
    ("blue", "ordinary", [PROVINCES, "O"] + [BOTH] * 5, -2.5),
    ("yellow", "ordinary", [PROVINCES, LETTERS] + [BOTH] * 4 + [BOTH + "学挂"], 0.0),
    ("yellow", "ordinary", [PROVINCES, "O"] + [BOTH] * 5, -2.5),
    ("yellow_double", "double", [PROVINCES, LETTERS] + [BOTH] * 4 + [BOTH + "挂"], 0.0),
    ("green", "eight", [PROVINCES, LETTERS, NEW_ENERGY, BOTH] + [DIGITS] * 4, 0.0),
    ("green", "eight", [PROVINCES, LETTERS, NEW_ENERGY, BOTH] + [BOTH] * 4, -1.0),
    ("yellow_green", "eight", [PROVINCES, LETTERS] + [DIGITS] * 5 + [NEW_ENERGY], 0.0),
    ("yellow_green", "eight", [PROVINCES, LETTERS] + [BOTH] * 5 + [NEW_ENERGY], -1.0),
    ("white", "police", [PROVINCES, LETTERS + "O"] + [BOTH] * 4 + ["警"], 0.0),
    ("white", "police", [PROVINCES] + [DIGITS] + [BOTH] * 4 + ["警"], -1.0),
    ("white", "ordinary", [LETTERS, LETTERS] + [DIGITS] * 5, -2.0),
    ("black", "ordinary", [PROVINCES, LETTERS] + [BOTH] * 4 + [BOTH + "港澳领"], 0.0),
    ("black", "embassy", ["使"] + [DIGITS] * 6, 0.0),
]
MASKS = [np.array([[0 if any(INDEX[c] == i for c in allowed) else -1e9
                    for i in range(len(CLASSES))] for allowed in form[2]], np.float32)
         for form in FORMS]
SPREAD, SEGMENT_WEIGHT = 0.16, 0.25


def segment(middle, best, pitches):
    """Dynamic programme over columns: (score, columns of the characters).

    `middle` is the log odds of a character's middle in each column, `best[k]` the log probability
    of the best allowed character of place k there; the pitches may each err by `SPREAD`.
    """
    n, (places, columns) = middle, best.shape
    gaps = np.arange(columns)[None] - np.arange(columns)[:, None]       # [from, to]
    total, back = SEGMENT_WEIGHT * n + best[0], []
    for k in range(1, places):
        want = pitches[k - 1]
        cost = ((gaps - want) / (SPREAD * want + 0.35)) ** 2 / 2
        step = np.where(gaps > 0.45 * want, total[:, None] - cost, -1e9)
        back.append(step.argmax(0))
        total = step.max(0) + SEGMENT_WEIGHT * n + best[k]
    path = [int(total.argmax())]
    for previous in reversed(back):
        path.append(int(previous[path[-1]]))
    return float(total.max()), path[::-1]


def log_softmax(x, axis):
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def at(values, x):
    """Columns x C values between columns, at the fractional column x."""
    x = min(max(x, 0), len(values) - 1)
    low = min(int(x), len(values) - 2)
    return values[low] * (1 - x + low) + values[low + 1] * (x - low)


class Reading:
    """The best reading of one strip under the grammar, by one or both witnesses."""

    def __init__(self, text, type_, score, places, columns, features):
        self.text, self.type, self.score = text, type_, score
        self.places, self.columns, self.features = places, columns, features


def decode(out, double, weight=0.5):
    """The best reading of one strip (CHANNELS x COLUMNS). `weight`: the second witness's share, 0
    reads by segmentation and classifier alone, 1 lets it name every character."""
    columns = {name: out[STARTS[name]:STARTS[name] + PARTS[name]].T for name in PARTS}
    seg, classes = columns["segmentation"], columns["classes"].copy()
    classes[:, 0] = -1e9                                    # the blank is the second witness's
    log_classes = log_softmax(classes, 1)
    types = log_softmax(columns["type"].mean(0), 0)
    attention = np.exp(log_softmax(columns["attention"], 0))
    joint = log_softmax(attention.T @ columns["joint"], 1)
    best = None
    for (kind, layout, allowed, prior), mask in zip(FORMS, MASKS):
        if (kind == "yellow_double") != double:
            continue
        n = len(allowed)
        per_place = (log_classes[None] + mask[:, None]).max(2)          # places x columns
        score, path = segment(seg[:, 0], per_place, LAYOUTS[layout])
        exact = [c + float(np.clip(seg[c, 1], -0.7, 0.7)) for c in path]
        own = np.stack([log_softmax(at(columns["classes"], x)[1:], 0) for x in exact])
        own = np.concatenate([np.full((n, 1), -1e9), own], 1)
        if weight < 1:
            mixed = (1 - weight) * own + weight * joint[:n] if weight else own
        else:
            mixed = joint[:n].copy()
        mixed = log_softmax(mixed, 1)
        allowed_log = mixed + mask
        chosen = allowed_log.argmax(1)
        logs = allowed_log.max(1)
        blank = joint[7, 0] if n == 7 else 0.0
        total = logs.sum() + types[TYPES.index(kind)] + prior \
            + 0.1 * SEGMENT_WEIGHT * seg[path, 0].sum() + weight * blank
        if best is None or total > best.score:
            text = "".join("O" if allowed[k] == "O" or c == INDEX["0"] and "0" not in allowed[k]
                           else CLASSES[c] for k, c in enumerate(chosen))
            same = float((own + mask).argmax(1).tolist() == (joint[:n] + mask).argmax(1).tolist())
            features = [logs.sum(), logs.min(), types[TYPES.index(kind)], types[-1], same,
                        float(np.mean(1 / (1 + np.exp(-seg[path, 0])))), float(blank)]
            best = Reading(text, kind, total, np.exp(allowed_log), exact, features)
    return best


def forward(network, strips, batch=128):
    """CHANNELS x COLUMNS outputs of normalised strips."""
    network.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(strips), batch):
            x = torch.from_numpy(np.stack(strips[i:i + batch]))
            found += list(network(x.contiguous(memory_format=torch.channels_last))[:, :, 0].numpy())
    network.train()
    return found


def shapes(corners):
    """Which numbers of rows to try, by the plate's shape: [double]."""
    left, top, right, bottom = (np.linalg.norm(corners[k] - corners[k - 1]) for k in range(4))
    ratio = (top + bottom) / max(left + right, 1e-6)
    return [False] if ratio > 2.6 else [True] if ratio < 1.2 else [False, True]


def read(network, plates, weight=0.5):
    """Readings of [(image, corners)]; a plate of middling shape is tried both ways."""
    jobs = [(n, double, normalise(rectify(image, corners, double)))
            for n, (image, corners) in enumerate(plates) for double in shapes(corners)]
    outs, best = forward(network, [x for _, _, x in jobs]), {}
    for (n, double, _), out in zip(jobs, outs):
        reading = decode(out, double, weight)
        if n not in best or reading.score > best[n].score:
            best[n] = reading
    return [best[n] for n in range(len(plates))]


def confidence(features, constants):
    z = constants["bias"] + sum(a * b for a, b in zip(constants["weights"], features))
    return 1 / (1 + math.exp(-max(-60, min(60, z))))
