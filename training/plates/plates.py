"""Labelled plates: loading, fitting to the drawing of their text, strips, errors and wear.

A strip is what the reader sees: `HEIGHT` x `WIDTH` pixels, the plate with a margin, or the two rows
of a double plate side by side.
"""
import contextlib
import hashlib
import math
import os
import pickle
import random
import types

import cv2
import numpy as np

import drawing
from drawing import MARGIN, PROVINCES, LETTERS, DIGITS, SPECIAL, SCALE
from drawing import chance, flatten, frame, shade, slot, uniform

CLASSES = "-" + PROVINCES + LETTERS + DIGITS + SPECIAL      # "-": the eighth place of seven
INDEX = {c: i for i, c in enumerate(CLASSES)} | {"O": CLASSES.index("0")}
WIDTH, HEIGHT = 144, 36
SINGLE = [(-0.05, -0.13, 1.05, 1.13, 0, WIDTH)]             # x0 y0 x1 y1 first column, columns
DOUBLE = [(0.19, -0.03, 0.81, 0.39, 0, 46), (-0.03, 0.36, 1.03, 1.0, 46, 98)]
FOLD_SHARE = {"yellow_double": 100, "green": 50, "black": 50, "white": 40}


def rectify(image, corners, double):
    """The strip: HEIGHT x WIDTH x 3, uint8."""
    plate = cv2.getPerspectiveTransform(frame(1, 1, 0), corners.astype(np.float32))
    out = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    for x0, y0, x1, y1, first, columns in DOUBLE if double else SINGLE:
        part = np.array([[(x1 - x0) / columns, 0, x0], [0, (y1 - y0) / HEIGHT, y0], [0, 0, 1]])
        out[:, first:first + columns] = flatten(image, plate @ part, (columns, HEIGHT))
    return out


def strip_boxes(boxes, exact, seen, double):
    """Character boxes of a plate at `exact`, in the strip cut at `seen`: (x, left, right, top,
    bottom) in pixels of the strip."""
    x, y, w, h = np.asarray(boxes, np.float32).T
    points = np.stack([x, y, x - w / 2, y, x + w / 2, y, x, y - h / 2, x, y + h / 2], 1)
    points = points.reshape(1, -1, 2)
    to_image = cv2.getPerspectiveTransform(frame(1, 1, 0), exact.astype(np.float32))
    to_seen = cv2.getPerspectiveTransform(seen.astype(np.float32), frame(1, 1, 0))
    uv = cv2.perspectiveTransform(points, to_seen @ to_image)[0].reshape(-1, 5, 2)
    found = []
    for i, p in enumerate(uv):
        x0, y0, x1, y1, first, columns = DOUBLE[int(i >= 2)] if double else SINGLE[0]
        px = first + (p[:, 0] - x0) / (x1 - x0) * columns
        py = (p[:, 1] - y0) / (y1 - y0) * HEIGHT
        found.append((px[0], px[1], px[2], py[3], py[4]))
    return np.array(found, np.float32)


def held_out(text, kind, file):
    share = FOLD_SHARE.get(kind, 30 if file.startswith("ccpd_crops") else 15)
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % 100 < share


def cut_around(image, corners):
    """A part of the picture around the plate, with the plate about 180 pixels wide at most."""
    spread = np.ptp(corners, 0) * 0.6
    low = np.maximum(corners.min(0) - spread, 0).astype(int)
    high = (corners.max(0) + spread).astype(int)
    image, corners = image[low[1]:high[1], low[0]:high[0]].copy(), corners - low
    return shrink(image, corners)


def shrink(image, corners):
    scale = 180 / max(np.linalg.norm(corners[1] - corners[0]), 1)
    if scale < 0.75:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        corners = corners * scale
    return image, corners.astype(np.float32)


def quad_of(row):
    points = [p.split(",") for p in row["quad_or_bbox"].split(";")]
    return np.array([[float(v) for v in p] for p in points], np.float32)


def readable(text):
    return 7 <= len(text) <= 8 and all(c in INDEX and c != "-" for c in text)


def load(data):
    """Plates of the parts train, fold (a fixed part of train, for choices), dev (only measured);
    `foreign`: plates of other countries in train, `foreign_dev`: in dev."""
    parts = {"train": [], "fold": [], "dev": [], "foreign": [], "foreign_dev": []}
    for row in drawing.manifest(data):
        text, kind = row["text"], row["plate_type"]
        if row["kind"] not in ("crop", "scene") or not row["quad_or_bbox"] and \
                row["kind"] == "scene":
            continue
        if kind != "other" and not readable(text):
            continue
        image = cv2.imread(f"{data}/{row['file']}")
        if row["kind"] == "scene":
            image, corners = cut_around(image, quad_of(row))
        else:
            image, corners = shrink(image, frame(*image.shape[1::-1], 0))
        part = "dev" if row["split"] == "dev" else \
            "fold" if held_out(text, kind, row["file"]) else "train"
        if kind == "other":
            part = "foreign_dev" if row["split"] == "dev" else "foreign"
        parts[part].append(types.SimpleNamespace(
            image=image, corners=corners, exact=corners, text=text, type=kind, boxes=None,
            double=kind == "yellow_double", file=row["file"], scene=row["kind"] == "scene",
            base=None, maps=[]))
    return parts


def ink_of(text, glyphs):
    """The drawing of a single-row plate's text as ink."""
    w, h, slots, _ = drawing.layout("blue", text)
    size = int(w * SCALE) + 2 * MARGIN, int(h * SCALE) + 2 * MARGIN
    ink, group = np.zeros(size[::-1], np.float32), glyphs["green" if len(text) == 8 else "140"]
    for c, (x, y, cw, ch) in zip(text, slots):
        shape = cv2.resize(group.get(c, glyphs["140"][c]), (round(cw * SCALE), round(ch * SCALE)),
                           interpolation=cv2.INTER_AREA)
        top, left = round((y - ch / 2) * SCALE) + MARGIN, round((x - cw / 2) * SCALE) + MARGIN
        ink[top:, left:][:shape.shape[0], :shape.shape[1]] = shape
    return ink, size, slots


def starts(size):
    """First guesses of the fit: tight cuts, cuts with a margin, tilted plates in upright boxes."""
    for zoom, tilt in ((1.0, 0), (0.88, 0), (0.9, 0.12), (0.9, -0.12), (0.8, 0.2), (0.8, -0.2)):
        yield np.array([[zoom, 0, (1 - zoom) * size[0] / 2],
                        [tilt, zoom, (1 - zoom) * size[1] / 2 - tilt * size[0] / 2]], np.float32)


def align(plate, glyphs):
    """Fit the picture to the drawing of its text; keep the straightened picture (`base`), each
    character's ink map, the exact corners and the character boxes."""
    if plate.double:
        plate.boxes = drawing.fractions("yellow_double", plate.text)
        return
    ink, size, slots = ink_of(plate.text, glyphs)
    to_picture = cv2.getPerspectiveTransform(frame(*size), plate.corners)
    gray = cv2.cvtColor(flatten(plate.image, to_picture, size), cv2.COLOR_BGR2GRAY)
    gray, best, soft = gray.astype(np.float32), (0, None), cv2.GaussianBlur(ink, (0, 0), 1.5)
    darks = {"blue": [0], "black": [0], "unknown": [0, 1]}.get(plate.type, [1])
    for n, warp in enumerate(starts(size)):
        if n >= 2 and best[0] >= 0.5:
            break
        for dark in darks:
            with contextlib.suppress(cv2.error):            # it may not converge
                fit = cv2.findTransformECC(soft, 255 - gray if dark else gray, warp.copy(),
                                           cv2.MOTION_AFFINE, (3, 40, 1e-3), None, 5)
                best = max(best, fit, key=lambda b: b[0])
    if best[0] < 0.5:
        return
    total = to_picture @ np.vstack([best[1], [0, 0, 1]])
    plate.base, plate.levels = flatten(plate.image, total, size), []
    plate.exact = cv2.perspectiveTransform(frame(*size)[None], total)[0]
    plate.boxes = drawing.fractions("blue", plate.text)
    for x, y, _, _ in slots:
        cut, mask = plate.base[slot(x, y)].astype(np.float32), ink[slot(x, y)]
        ground, stroke = cut[mask < 0.1].mean(0), cut[mask > 0.7].mean(0)
        plate.levels.append((ground, stroke))
        span = stroke - ground
        alpha = ((cut - ground) @ span) / (span @ span + 1)
        good = span @ span > 900 and np.corrcoef(alpha.ravel(), mask.ravel())[0, 1] > 0.55
        plate.maps.append(np.clip(alpha, -0.3, 1.3).astype(np.float16) if good else None)


def load_aligned(data, cache=None):
    """`load`, with the plates of train and fold fitted; kept in the file `cache`."""
    if cache and os.path.exists(cache):
        with open(cache, "rb") as file:
            return pickle.load(file)
    glyphs, parts = drawing.load_glyphs(data), load(data)
    for plate in parts["train"] + parts["fold"]:
        align(plate, glyphs)
    if cache:
        with open(cache, "wb") as file:
            pickle.dump(parts, file)
    return parts


def of_fold(text, fold):
    """Whether a plate belongs to the K-th of N folds of train; `fold`: "K/N"."""
    k, n = map(int, fold.split("/"))
    return int(hashlib.sha1(("fold " + text).encode()).hexdigest(), 16) % n == k - 1


def resplit(parts, fold):
    """Another division of the plates of train: holds out `fold` ("K/N")."""
    plates = parts["train"] + parts["fold"]
    return parts | {"train": [p for p in plates if not of_fold(p.text, fold)],
                    "fold": [p for p in plates if of_fold(p.text, fold)]}


def jitter(corners, inexact, cut=0.0):
    """Corner errors; inexact: as a localiser makes them, up to about 6 % of the width."""
    w, h = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    own, common, zoom = [0.008 * w, 0.03 * h], [0.01 * w, 0.03 * h], 0.015
    if inexact:
        own, common, zoom = [0.018 * w, 0.07 * h], [0.018 * w, 0.06 * h], 0.03
    moved = corners + np.random.randn(4, 2).clip(-2, 2) * own
    moved = moved + np.random.randn(2).clip(-2, 2) * common
    moved = moved.mean(0) + (moved - moved.mean(0)) * (1 + random.gauss(0, zoom))
    if not chance(cut):
        return moved.astype(np.float32)
    tilt, lean = np.clip(random.gauss(0, 0.45), -1.2, 1.2), random.gauss(0, 0.05)
    box = frame(1, 1, 0) * [1 + abs(lean), 1 + abs(tilt)]   # upright, around a tilted plate
    box = (box + [min(lean, 0), min(tilt, 0)]) @ np.linalg.inv(np.array([[1, lean], [tilt, 1]])).T
    return (moved[0] + box[:, :1] * (moved[1] - moved[0])
            + box[:, 1:] * (moved[3] - moved[0])).astype(np.float32)


def weather(x):
    """Uneven light, shadow, glare, mud on a strip."""
    columns, rows = np.arange(WIDTH)[None], np.arange(HEIGHT)[:, None]
    if chance(0.4):
        x *= np.linspace(uniform(0.4, 1.2), uniform(0.4, 1.2), WIDTH,
                         dtype=np.float32)[None, :, None]
    if chance(0.12):
        x[columns + uniform(-2, 2) * rows < uniform(-20, WIDTH + 20)] *= uniform(0.3, 0.7)
    if chance(0.08):
        distance = (columns - uniform(0, WIDTH)) ** 2 + (rows - uniform(0, HEIGHT)) ** 2
        spot = uniform(60, 200) * np.exp(-distance / uniform(8, 40) ** 2)
        x += spot[:, :, None].astype(np.float32)
    for _ in range(random.randint(1, 4) if chance(0.12) else 0):
        middle = random.randint(0, WIDTH), random.randint(0, HEIGHT)
        cv2.circle(x, middle, random.randint(1, 4), shade((80, 100, 110), 40).tolist(), -1)
    if chance(0.1):                                         # paint is gone, the ground shows
        mask = np.zeros((HEIGHT, WIDTH), np.float32)
        for _ in range(random.randint(1, 3)):
            middle = random.randint(8, WIDTH - 8), random.randint(4, HEIGHT - 4)
            cv2.ellipse(mask, middle, (random.randint(1, 3), random.randint(1, 6)),
                        uniform(0, 180), 0, 360, uniform(0.5, 1), -1)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.7)[:, :, None]
        x = x * (1 - mask) + np.median(x[8:-8, 12:-12], (0, 1)).astype(np.float32) * mask
    return x


def motion_kernel():
    k, angle = random.choice([3, 5, 7, 9]), random.choice([0, 0, uniform(0, math.pi)])
    m, dx, dy = k // 2, k // 2 * math.cos(angle), k // 2 * math.sin(angle)
    kernel = cv2.line(np.zeros((k, k), np.float32), (round(m - dx), round(m - dy)),
                      (round(m + dx), round(m + dy)), 1)
    return kernel / kernel.sum()


def packed(x, low, high):
    """JPEG's traces."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, random.randint(low, high)]
    return cv2.imdecode(cv2.imencode(".jpg", np.clip(x, 0, 255).astype(np.uint8), quality)[1],
                        1).astype(np.float32)


def fewer_pixels(x):
    """Taken small and enlarged; the compression saw the small picture, its blocks grow, too."""
    f = uniform(0.33, 0.9)
    x = cv2.resize(x, (int(WIDTH * f), int(HEIGHT * f)),
                   interpolation=random.choice([cv2.INTER_AREA, cv2.INTER_LINEAR]))
    if chance(0.1):                                         # a camera that sharpens too much
        x = np.clip(x + uniform(0.5, 2) * (x - cv2.GaussianBlur(x, (0, 0), 1)), 0, 255)
    if chance(0.35):
        x = packed(x, 20, 85)
    return cv2.resize(x, (WIDTH, HEIGHT),
                      interpolation=random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))


def degrade(x, mild=0.3):
    """What cameras, weather and compression do: HEIGHT x WIDTH x 3, uint8 -> float32."""
    x = x.astype(np.float32)
    if chance(mild):
        x = x * uniform(0.7, 1.3) + uniform(-20, 20)
        noise = np.random.randn(HEIGHT, WIDTH, 1).astype(np.float32)
        return np.clip(x + noise * random.choice([0, 2, 5]), 0, 255)
    x = weather(x)
    if chance(0.3):
        x = cv2.GaussianBlur(x, (0, 0), uniform(0.4, 1.7))
    if chance(0.22):
        x = cv2.filter2D(x, -1, motion_kernel())
    if chance(0.5):
        x = fewer_pixels(x)
    x *= uniform(0.2, 0.5) if chance(0.12) else 1           # night
    mean = x.mean()
    spread = uniform(1.3, 2.5) if chance(0.06) else uniform(0.4, 1.3)   # blown out, or not
    x = (x - mean) * spread + min(max(mean + uniform(-45, 45), 25), 225)
    x = x * (1 + np.random.randn(3) * 0.07).astype(np.float32)
    noise = np.random.randn(HEIGHT, WIDTH, 1).astype(np.float32)
    x = np.clip(x + noise * random.choice([0, 0, 2, 5, 10]), 0, 255)
    return packed(x, 15, 70) if chance(0.3) else x


def worn(image, corners):
    """The picture as a poorer camera would have taken it: fewer pixels, blur, dark, noise, JPEG."""
    width = np.linalg.norm(corners[1] - corners[0])
    factor = min(1, random.uniform(38, 110) / max(width, 1))
    image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.3, 1.3)).astype(np.float32)
    image = (image - image.mean()) * random.uniform(0.25, 1) + random.uniform(40, 190)
    image += np.random.randn(*image.shape[:2], 1) * random.choice([0, 3, 8])
    return packed(image, 20, 80).astype(np.uint8), (corners * factor).astype(np.float32)


RAMP = np.tile(np.linspace(-1, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))


def normalise(x, gray=False):
    """Four planes: light with mean 0 and deviation 1, two of colour, and the place along x."""
    b, g, r = x.astype(np.float32).transpose(2, 0, 1)
    light = 0.299 * r + 0.587 * g + 0.114 * b
    tone = np.float32(0 if gray else 0.02)
    return np.stack([(light - light.mean()) / (light.std() + 6), (b - light) * tone,
                     (r - light) * tone, RAMP])
