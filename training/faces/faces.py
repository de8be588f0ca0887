"""The photographs of faces: their manifest, alignment, degradation, and how well vectors verify."""
import csv
import hashlib
import math
import random

import cv2
import numpy as np

# Where the five points of an aligned face lie in 112 x 112 pixels: both eyes, nose, both mouth
# corners. The teacher's places, so that its answers and the student's speak of the same crop.
POINTS = np.float64([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366],
                     [41.5493, 92.3655], [70.7299, 92.2041]])
SIDE, MARGIN = 112, 12


def manifest(folder):
    with open(f"{folder}/manifest.tsv", encoding="utf8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def in_fold(identity, share=6):
    """Whether a person of `train` is kept for choosing; never trained on."""
    return bool(identity) and int(hashlib.sha1(identity.encode()).hexdigest(), 16) % 100 < share


def in_part(identity, part, of=4):
    """Whether a person falls into one of so many equal parts: folds for choosing."""
    return int(hashlib.sha1(b"f" + identity.encode()).hexdigest(), 16) % of == part


def similarity(source, target):
    """2 x 3 matrix of the turn, scale and shift that brings `source` nearest to `target`
    (least squares, no reflection: Umeyama 1991)."""
    ms, mt = source.mean(0), target.mean(0)
    a, b = source - ms, target - mt
    square = (a**2).sum()
    p = (a * b).sum() / square
    q = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / square
    matrix = np.array([[p, -q, 0.0], [q, p, 0.0]])
    matrix[:, 2] = mt - matrix[:, :2] @ ms
    return matrix


def points_of(row):
    return np.array([[float(row[f"lx{i}"]), float(row[f"ly{i}"])] for i in range(1, 6)])


def portrait_rows(folder, part):
    """The manifest's rows of the portraits of `train`, `fold` or `dev` whose points are known."""
    for row in manifest(folder):
        split = "dev" if row["split"] == "dev" else "fold" if in_fold(row["identity"]) else "train"
        if row["kind"] == "portrait" and split == part and row["lx1"]:
            yield row


def load_portraits(folder, part, scale=1.0):
    """(aligned faces with a margin, BGR; people; sources) of `train`, `fold` or `dev`."""
    faces, people, sources = [], [], []
    side = round((SIDE + 2 * MARGIN) * scale)
    for row in portrait_rows(folder, part):
        matrix = similarity(points_of(row), (POINTS + MARGIN) * scale)
        image = cv2.imread(f"{folder}/{row['file']}")
        faces.append(cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE))
        people.append(row["identity"])
        sources.append(row["file"].split("/")[0])
    return np.stack(faces), np.array(people), np.array(sources)


def chance(share):
    return random.random() < share


def augment(face, margin=0):
    """One view of an aligned face with a margin, as some camera might give it: BGR, 0 to 255.
    It is 112 + 2 margin pixels of the aligned face wide, in the face's own resolution."""
    scale = face.shape[0] / (SIDE + 2 * MARGIN)
    side, centre = round((SIDE + 2 * margin) * scale), (face.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), random.gauss(0, 3.4),
                                     math.exp(random.gauss(0, 0.05)))
    if chance(0.3):
        matrix[:, :2] = matrix[:, :2] @ [[1, random.gauss(0, 0.05)],
                                         [random.gauss(0, 0.03), math.exp(random.gauss(0, 0.05))]]
        matrix[:, 2] += centre - matrix @ [centre, centre, 1]
    matrix[:, 2] += (np.random.randn(2) * 2 + margin - MARGIN) * scale
    x = cv2.warpAffine(face, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    if chance(0.5):
        x = x[:, ::-1]
    return augment_colours(x, scale)


def cut_out(image, points, side=SIDE + 2 * MARGIN):
    """The aligned face with a margin of a picture with these five points: BGR."""
    matrix = similarity(points, (POINTS + MARGIN) * side / (SIDE + 2 * MARGIN))
    shrink = math.hypot(*matrix[:, 0])
    if shrink < 0.7:                                       # or every second pixel would not be looked at
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= shrink
    return cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)


def misplace(face):
    """An aligned face with a margin as a detector's points might place it, in mild light: BGR, 0 to 255."""
    side, scale = len(face), len(face) / (SIDE + 2 * MARGIN)
    centre = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), random.gauss(0, 2.5), math.exp(random.gauss(0, 0.04)))
    matrix[:, 2] += np.random.randn(2) * 1.3 * scale
    x = cv2.warpAffine(face, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    if chance(0.2):
        small = round(random.choice([48, 60, 72, 84]) * side / SIDE / scale)
        x = cv2.resize(cv2.resize(x, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    x = (x.astype(np.float32) - 127) * random.uniform(0.75, 1.25) + 127 + random.uniform(-25, 25)
    if chance(0.3):
        x = x * (1 + np.random.randn(3).astype(np.float32) * 0.06)
    if chance(0.1):
        x = x.mean(2, keepdims=True).repeat(3, 2)
    return np.clip(x, 0, 255)


def augment_colours(x, scale=1.0):
    """What a camera does to a picture without moving it; `scale`: pixels a pixel of 112 x 112."""
    side = len(x)
    if chance(0.3):
        small = round(random.choice([36, 48, 60, 72, 84]) * side / SIDE / scale)
        x = cv2.resize(x, (small, small), interpolation=cv2.INTER_AREA)
        x = cv2.resize(x, (side, side))
    if chance(0.15):
        x = cv2.GaussianBlur(x, (0, 0), random.uniform(0.5, 1.8) * scale)
    x = (x.astype(np.float32) - 127) * random.uniform(0.6, 1.35) + 127 + random.uniform(-40, 40)
    if chance(0.4):
        x = x * (1 + np.random.randn(3).astype(np.float32) * 0.08)
    if chance(0.12):
        x = x.mean(2, keepdims=True).repeat(3, 2)
    if chance(0.2):
        slope = np.linspace(random.uniform(0.5, 1.3), random.uniform(0.5, 1.3), side)
        x = x * slope.astype(np.float32)[None, :, None]
    if chance(0.2):
        noise = np.random.randn(side, side, 3).astype(np.float32)
        x = x + noise * random.uniform(2, 10)
    if chance(0.15):
        h, w = (round(random.randint(15, most) * scale) for most in (45, 60))
        top, left = random.randint(0, side - h), random.randint(0, side - w)
        x[top:top + h, left:left + w] = random.uniform(0, 255)
    return np.clip(x, 0, 255)


def verification(vectors, people, sources, rate=0.001):
    """{source: share of pairs of one person above the score that `rate` of the others reach}."""
    shown = {}
    for source in sorted(set(sources)) + ["pooled"]:
        chosen = np.flatnonzero((people != "") & ((sources == source) | (source == "pooled")))
        upper = np.triu_indices(len(chosen), 1)
        scores = (vectors[chosen] @ vectors[chosen].T)[upper]
        same = (people[chosen][:, None] == people[chosen][None])[upper]
        if same.any() and (~same).sum() * rate >= 1:
            bound = np.sort(scores[~same])[::-1][int(rate * (~same).sum())]
            shown[source] = float(np.mean(scores[same] > bound))
    return shown


def identification(vectors, people, photos, rate=0.01, drawings=15, most=200):
    """Share of probes of enrolled people not identified as themselves at the score that `rate` of the
    strangers' probes reach; `photos`: averaged for each enrolled one. Mean of several drawings; NaN
    where there are too few people."""
    own = {name: vectors[people == name] for name in sorted(set(people))}
    able = [name for name in own if len(own[name]) > photos]
    missed = []
    if len(able) < 20:
        return math.nan
    for drawing in range(drawings):
        order = np.random.default_rng(drawing)
        enrolled = [able[i] for i in order.permutation(len(able))[:min(most, len(able) * 2 // 3)]]
        mixed = [own[name][order.permutation(len(own[name]))] for name in enrolled]
        gallery = np.stack([m[:photos].mean(0) / np.linalg.norm(m[:photos].mean(0)) for m in mixed])
        owners = np.repeat(np.arange(len(mixed)), [len(m) - photos for m in mixed])
        scores = np.concatenate([m[photos:] for m in mixed]) @ gallery.T
        strangers = np.concatenate([v[:5] for name, v in own.items() if name not in set(enrolled)])
        false = np.sort((strangers @ gallery.T).max(1))[::-1]
        right = (scores.argmax(1) == owners) & (scores.max(1) > false[int(rate * len(false))])
        missed.append(1 - right.mean())
    return float(np.mean(missed))


def as_text(shown):
    return ", ".join(f"{k} {100 * v:.1f}" for k, v in shown.items())
