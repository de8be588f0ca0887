"""The reader: segments the characters of a strip, classifies each, and names the plate's type.

One fully convolutional network gives a row of `COLUMNS` columns (4 pixels each), `CHANNELS` values a
column. `segmentation`: logit of a character's middle in this column, its offset from the column's
middle and its width (columns), its top and bottom (parts of the strip's height). `classes`: logits
of the character there. `attention`, `joint`: a second witness: eight places, each a softmax over
the columns that weighs the columns' joint logits. `type`: logits, averaged over the columns.
"""
import math

import cv2
import numpy as np
import torch
import torch.nn as nn

import drawing
from drawing import BOTH, DIGITS, LETTERS, NEW_ENERGY, PROVINCES, TYPES
from plates import CLASSES, DOUBLE, HEIGHT, INDEX, SINGLE, WIDTH, normalise, rectify

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


class Readers(nn.Module):
    """The mean of readers that differ in the seed of their training: what one of them mistakes, the
    others often do not, and where they disagree none is sure."""

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x):
        return sum(member(x) for member in self.members) / len(self.members)


def mean_of(paths):
    """The mean of the readers in these checkpoints."""
    members = [Reader() for _ in paths]
    for member, path in zip(members, paths):
        member.load_state_dict(torch.load(path))
    return Readers(members).eval()


def part(out, name):
    """The named channels of N x CHANNELS x COLUMNS."""
    return out[:, STARTS[name]:STARTS[name] + PARTS[name]]


def joint_logits(out):
    """N x PLACES x classes: the second witness."""
    weights = part(out, "attention").softmax(2)
    return torch.einsum("bkn,bcn->bkc", weights, part(out, "joint"))


# The pitches between the characters' middles, in columns.
PITCH = 57 / 440 / 1.1 * COLUMNS
GAP = (57 + 22) / 440 / 1.1 * COLUMNS
LAYOUTS = {"ordinary": [PITCH, GAP] + [PITCH] * 4, "police": [GAP] + [PITCH] * 5,
           "embassy": [PITCH] * 3 + [GAP] + [PITCH] * 2,
           "embassy_new": [PITCH] * 2 + [GAP] + [PITCH] * 3,
           "eight": [53 / 480 / 1.1 * COLUMNS, 92 / 480 / 1.1 * COLUMNS]
           + [52 / 480 / 1.1 * COLUMNS] * 5,
           "double": [140 / 440 / 0.62 * 11.5,
                      11.5 + (60 / 440 + 0.03) / 1.06 * 24.5 - (290 / 440 - 0.19) / 0.62 * 11.5]
           + [80 / 440 / 1.06 * 24.5] * 4}
OFFICE = LETTERS + "O"
ORDINARY, TAIL = [PROVINCES, OFFICE] + [BOTH] * 5, [PROVINCES, LETTERS] + [BOTH] * 4
# Type, form, layout, what each place may hold: as the program's own grammar has it, but for
# emergency plates, whose characters are not drawn here.
FORMS = [
    ("blue", "ordinary", "ordinary", ORDINARY),
    ("yellow", "ordinary", "ordinary", ORDINARY),
    ("yellow", "coach", "ordinary", TAIL + ["学"]),
    ("yellow", "trailer", "ordinary", TAIL + ["挂"]),
    ("yellow_double", "ordinary", "double", ORDINARY),
    ("yellow_double", "trailer", "double", TAIL + ["挂"]),
    ("green", "new energy, small", "eight",
     [PROVINCES, LETTERS, NEW_ENERGY, BOTH] + [DIGITS] * 4),
    ("yellow_green", "new energy, large", "eight",
     [PROVINCES, LETTERS] + [DIGITS] * 5 + [NEW_ENERGY]),
    ("white", "police", "police", [PROVINCES, OFFICE] + [BOTH] * 4 + ["警"]),
    ("white", "military", "ordinary", [LETTERS, LETTERS] + [DIGITS] * 5),
    ("white", "ordinary", "ordinary", ORDINARY),
    ("black", "border crossing", "ordinary", ["粤", "Z"] + [BOTH] * 4 + ["港澳"]),
    ("black", "consulate", "ordinary", TAIL + ["领"]),
    ("black", "embassy", "embassy_new", [DIGITS] * 6 + ["使"]),
    ("black", "embassy before 2018", "embassy", ["使"] + [DIGITS] * 6),
    ("black", "ordinary", "ordinary", ORDINARY),
]
# Log priors of forms that resemble a commoner one, and of the old letter that looks like a zero.
PRIORS = {("white", "military"): -4.0, ("white", "ordinary"): -3.0}
PRIOR_O = -2.5


def mask_of(places):
    """Log priors of the classes at each place."""
    mask = np.full((len(places), len(CLASSES)), -1e9, np.float32)
    for k, allowed in enumerate(places):
        for c in allowed:
            mask[k, INDEX[c]] = max(mask[k, INDEX[c]], PRIOR_O if c == "O" else 0)
    return mask


MASKS = [mask_of(form[3]) for form in FORMS]
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
    """The best reading of one plate under the grammar."""

    def __init__(self, text, type_, score, places, columns, boxes, features):
        self.text, self.type, self.score = text, type_, score
        self.places, self.columns, self.boxes, self.features = places, columns, boxes, features


def split(out):
    """What one strip's output (CHANNELS x COLUMNS) says: columns by part, and derived logs."""
    found = {name: out[STARTS[name]:STARTS[name] + PARTS[name]].T for name in PARTS}
    classes = found["classes"].copy()
    classes[:, 0] = -1e9                                # the blank is the second witness's
    found["log_classes"] = log_softmax(classes, 1)
    attention = np.exp(log_softmax(found["attention"], 0))
    found["joint_places"] = log_softmax(attention.T @ found["joint"], 1)
    found["log_types"] = log_softmax(found["type"].mean(0), 0)
    return found


def witness(strip, form, mask, weight):
    """What one strip says under one form: log probabilities of the classes at each place, the
    path through the columns, and log odds for the number of characters."""
    n, seg = len(mask), strip["segmentation"]
    per_place = (strip["log_classes"][None] + mask[:, None]).max(2)         # places x columns
    _, path = segment(seg[:, 0], per_place, LAYOUTS[form[2]])
    exact = [c + float(np.clip(seg[c, 1], -0.7, 0.7)) for c in path]
    own = np.stack([log_softmax(at(strip["classes"], x)[1:], 0) for x in exact])
    own = np.concatenate([np.full((n, 1), -1e9, np.float32), own], 1)
    joint = strip["joint_places"]
    mixed = own if weight == 0 else joint[:n] if weight == 1 \
        else log_softmax((1 - weight) * own + weight * joint[:n], 1)
    blank = weight * (joint[7, 0] if n == 7 else np.log1p(-min(np.exp(joint[7, 0]), 0.999999)))
    support = 0.1 * SEGMENT_WEIGHT * seg[path, 0].sum()
    same = (own + mask).argmax(1).tolist() == (joint[:n] + mask).argmax(1).tolist()
    return mixed, path, exact, blank + support, same


def decode(outs, double, weight=0.5):
    """The best reading of strips that are cuts of one plate (each CHANNELS x COLUMNS). `weight`:
    the second witness's share, 0 reads by segmentation and classifier alone."""
    strips = [split(out) for out in (outs if isinstance(outs, list) else [outs])]
    log_types = np.mean([s["log_types"] for s in strips], 0)
    best = None
    for form, mask in zip(FORMS, MASKS):
        kind, name, _, allowed = form
        if (kind == "yellow_double") != double:
            continue
        said = [witness(s, form, mask, weight) for s in strips]
        mixed = np.mean([w[0] for w in said], 0)
        logs, own_type = mixed + mask, log_types[TYPES.index(kind)]
        chosen, top = logs.argmax(1), logs.max(1)
        total = top.sum() + own_type + PRIORS.get((kind, name), 0) + np.mean([w[3] for w in said])
        if best is not None and total <= best.score:
            continue
        text = "".join("O" if c == INDEX["0"] and "0" not in allowed[k] else CLASSES[c]
                       for k, c in enumerate(chosen))
        _, path, exact, _, same = said[0]
        seg = strips[0]["segmentation"]
        middles = np.mean(1 / (1 + np.exp(-seg[path, 0])))
        features = [top.sum(), top.min(), own_type, math.log1p(-min(math.exp(log_types[-1]),
                                                                    0.999999)),
                    float(same), float(middles)]
        boxes = np.stack([np.array(exact), seg[path, 2], seg[path, 3], seg[path, 4]], 1)
        best = Reading(text, kind, float(total), logs, exact, boxes, features)
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


def cuts(corners, count):
    """The corners as given, then a little wider and a little smaller."""
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    found = [corners]
    for wide, high in ((0.03, 0.075), (-0.02, -0.05))[:count - 1]:
        sides = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        found.append((corners + sides[:, :1] * along * wide + sides[:, 1:] * down * high)
                     .astype(np.float32))
    return found


def refine(corners, reading):
    """Corners by where the characters were found: the layout's places are fitted to theirs."""
    kind = "yellow_double" if reading.type == "yellow_double" else "single"
    places = drawing.fractions(kind, reading.text)
    x, _, top, bottom = reading.boxes.T
    x = (x + 0.5) * STRIDE
    if kind == "yellow_double":
        lower = slice(2, 7)
        x0, y0, x1, y1, first, columns = DOUBLE[1]
        places, x, top, bottom = places[lower], x[lower], top[lower], bottom[lower]
    else:
        x0, y0, x1, y1, first, columns = SINGLE[0]
    u = x0 + (x - first) / columns * (x1 - x0)
    v0, v1 = y0 + top * (y1 - y0), y0 + bottom * (y1 - y0)
    slope, start = np.polyfit(places[:, 0], u, 1)
    ups, downs = np.polyfit(places[:, 0], v0, 1), np.polyfit(places[:, 0], v1, 1)
    high, low = (places[0, 1] - places[0, 3] / 2, places[0, 1] + places[0, 3] / 2)
    slope = float(np.clip(slope, 0.7, 1.25))
    found = []
    for along, down in ((0, 0), (1, 0), (1, 1), (0, 1)):
        a, b = np.polyval(ups, along), np.polyval(downs, along)
        found.append((start + slope * along, a + (down - high) / (low - high) * (b - a)))
    to_image = cv2.getPerspectiveTransform(drawing.frame(1, 1, 0), corners.astype(np.float32))
    return cv2.perspectiveTransform(np.array([found], np.float32), to_image)[0]


def sized(reading, corners):
    """The reading with a feature for few pixels: 0 from a width of 110 on."""
    width = np.linalg.norm(corners[1] - corners[0])
    reading.features = [*reading.features[:6], min(0.0, math.log(max(width, 1) / 110))]
    return reading


def read(network, plates, weight=0.5, count=1):
    """Readings of [(image, corners)]; a plate of middling shape is tried both ways."""
    jobs = [(n, double, c) for n, (_, corners) in enumerate(plates)
            for double in shapes(corners) for c in cuts(corners, count)]
    strips = [normalise(rectify(plates[n][0], c, double)) for n, double, c in jobs]
    groups, best = {}, {}
    for (n, double, _), out in zip(jobs, forward(network, strips)):
        groups.setdefault((n, double), []).append(out)
    for (n, double), outs in groups.items():
        reading = decode(outs, double, weight)
        if n not in best or reading.score > best[n].score:
            best[n] = reading
    return [sized(best[n], plates[n][1]) for n in range(len(plates))]
