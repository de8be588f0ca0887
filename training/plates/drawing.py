"""Draws Chinese number plates of every type, in the geometry of GA 36, with the box of each character.

Lengths are millimetres on the plate until a plate is drawn; a drawn plate has `SCALE` pixels a
millimetre and a margin of `MARGIN` pixels, so that what surrounds a plate is in the picture too.
Characters come from three sources: templates, cells cut out of photographs, and characters cut
from real plates whose text is known (`Bank`).
"""
import collections
import csv
import dataclasses
import glob
import os
import random

import cv2
import numpy as np

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS, DIGITS, SPECIAL = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789", "警学挂港澳使领"
BOTH = LETTERS + DIGITS
TYPES = ["blue", "yellow", "yellow_double", "green", "yellow_green", "white", "black", "other"]
NEW_ENERGY = "DFABCEGHJK"
SCALE, MARGIN = 0.5, 12
SLOT_W, SLOT_H = 28, 53         # an ink map: 56 x 106 mm around a character of 45 x 90
GROUNDS = {"blue": (170, 75, 25), "yellow": (30, 170, 225), "yellow_double": (30, 170, 225),
           "green": (125, 190, 90), "yellow_green": (125, 190, 90), "white": (215, 215, 215),
           "black": (35, 35, 35)}       # blue, green, red
DRAWN_SHARE = {"blue": 0.25, "yellow": 0.12, "yellow_double": 0.2, "green": 0.17,
               "yellow_green": 0.09, "white": 0.09, "black": 0.08}

uniform = random.uniform


def chance(p):
    return random.random() < p


def some(characters, n=1):
    return "".join(random.choice(characters) for _ in range(n))


def either(n, digits=0.6):
    return "".join(some(DIGITS if chance(digits) else LETTERS) for _ in range(n))


def flatten(image, matrix, size):
    """The picture seen through a matrix that maps the result's pixels to the picture's."""
    return cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE,
                               flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def frame(w, h, m=MARGIN):
    """The four corners of a plate inside its picture of w x h, clockwise from the top left."""
    return np.array([[m, m], [w - m, m], [w - m, h - m], [m, h - m]], np.float32)


def shade(colour, spread):
    return np.clip(np.array(colour) * uniform(0.75, 1.15) + np.random.randn(3) * spread, 0, 255)


def template(glyph):
    small = cv2.resize(glyph, (22, 45), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, 4, 4, 3, 3, cv2.BORDER_CONSTANT, value=0)


@dataclasses.dataclass
class Drawn:
    """A picture of a plate: `boxes` are (middle x, middle y, width, height) of each character as
    fractions of the plate; None where they are not known."""
    image: np.ndarray
    corners: np.ndarray
    text: str
    type: str
    boxes: np.ndarray | None

    @property
    def double(self):
        return self.type == "yellow_double"


def form_of(text):
    """How a plate's characters are spaced: the name of its layout, for plates of one row."""
    if len(text) == 8:
        return "eight"
    return "embassy" if text[0] == "使" else "embassy_new" if text[-1] == "使" else \
        "police" if text[-1] == "警" else "ordinary"


def layout(kind, text):
    """(plate width, height, [(middle x, middle y, width, height)], dot), in millimetres."""
    if kind == "yellow_double":
        lower = [(60 + 80 * i, 145, 65, 110) for i in range(5)]
        return 440, 220, [(150, 45, 80, 60), (290, 45, 80, 60)] + lower, (220, 45)
    if len(text) == 8:
        slots = [(38, 70, 45, 90), (91, 70, 43, 90)]
        return 480, 140, slots + [(183 + 52 * i, 70, 43, 90) for i in range(6)], (137, 70)
    gap = {"embassy": 4, "embassy_new": 3, "police": 1}.get(form_of(text), 2)
    slots = [(38 + 57 * i + (22 if i >= gap else 0), 70, 45, 90) for i in range(7)]
    return 440, 140, slots, (15.5 + 57 * gap + 5, 70)


def fractions(kind, text):
    w, h, slots, _ = layout(kind, text)
    return np.array(slots, np.float32) / [w, h, w, h]


def slot(x, y):
    left = round(x * SCALE) + MARGIN - SLOT_W // 2
    top = round(y * SCALE) + MARGIN - SLOT_H // 2
    return slice(top, top + SLOT_H), slice(left, left + SLOT_W)


def manifest(data):
    with open(f"{data}/manifest.tsv", encoding="utf8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def load_glyphs(data):
    """{group: {character: ink 0..1}}; groups 140, green, 220 (both rows), 220up, 220down."""
    glyphs = collections.defaultdict(dict)
    for file in sorted(glob.glob(f"{data}/glyphs/pengfei_[12g]*.png")):
        group, *row, name = os.path.basename(file)[8:-4].split("_")
        character = chr(int(name[1:], 16)) if name.startswith("u") else name
        glyphs[group + "".join(row)][character] = (cv2.imread(file, 0) < 128).astype(np.float32)
    for group in list(glyphs):
        if "0" in glyphs[group]:            # the old police letter has the shape of the digit
            glyphs[group]["O"] = glyphs[group]["0"]
    glyphs["220up"]["O"] = glyphs["220"]["0"]
    return glyphs


def load_cells(data, glyphs):
    """{character: [ink maps]} of the train sheets.

    The sheets mix light on dark with dark on light and hold some wrong cells: polarity and worth
    of a cell are decided by its likeness to the template.
    """
    cells = collections.defaultdict(list)
    for row in manifest(data):
        if row["kind"] != "char" or row["split"] != "train" or row["text"] not in glyphs \
                or not row["file"].startswith("chars_"):
            continue
        info = dict(part.split("=") for part in row["quad_or_bbox"].split(";"))
        (w, h), columns = map(int, info["cell"].split("x")), int(info["cols"])
        sheet = cv2.imread(f"{data}/{row['file']}", 0)
        ideal = cv2.GaussianBlur(template(glyphs[row["text"]]), (0, 0), 1.2).ravel()
        for i in range(int(info["n"])):
            cell = sheet[i // columns * h:, i % columns * w:][:h, :w].astype(np.float32)
            if w == h:                      # 20 x 20, black and white, as high as the character
                cell = cv2.GaussianBlur(cv2.resize(cell, (45, 45)), (0, 0), uniform(0.8, 2))
                cell = cv2.copyMakeBorder(cell[:, 8:36], 4, 4, 0, 0, cv2.BORDER_CONSTANT, value=0)
            cell = cv2.resize(cell, (SLOT_W, SLOT_H), interpolation=cv2.INTER_CUBIC)
            likeness = np.corrcoef(cell.ravel(), ideal)[0, 1]
            if cell.std() >= 8 and abs(likeness) >= 0.4:
                cell = cell if likeness > 0 else 255 - cell
                dark, light = np.percentile(cell, (20, 96))
                ink = np.clip((cell - dark) / (light - dark + 1), -0.3, 1.3)
                cells[row["text"]].append(ink.astype(np.float16))
    return cells


class Bank:
    """Ink maps of characters by source, and the real plates that recombination may alter."""

    def __init__(self, glyphs, cells, plates=()):
        self.glyphs, self.cells = glyphs, cells
        self.real = collections.defaultdict(list)
        for plate in plates:
            for c, ink in zip(plate.text, plate.maps):
                self.real[c] += [ink] if ink is not None else []
        self.bases = [p for p in plates if p.base is not None and len(p.text) == 7
                      and p.text[-1] not in SPECIAL and p.text[0] in PROVINCES]

    def pick(self, c, style):
        """One ink map; style: 0 template, 1 real, 2 cell, 3 any."""
        style = random.choice([0, 1, 1, 2, 2]) if style == 3 else style
        c = "0" if c == "O" else c
        kinds = (self.real, self.cells) if style == 1 else (self.cells, self.real)
        source = style and (kinds[0].get(c) or kinds[1].get(c))
        if source and (len(source) >= 8 or chance(0.6)):
            return random.choice(source).astype(np.float32)
        ink = template(self.glyphs["140"][c])
        worn = random.choice([cv2.dilate, cv2.erode])
        return worn(ink, np.ones((2, 2))) if chance(0.3) else ink


def random_text(kind):
    start = some(PROVINCES) + (some("O") if chance(0.02) else some(LETTERS))
    if kind == "green":
        return start[0] + some(LETTERS) + some("DF" * 4 + NEW_ENERGY) + either(1, 0.7) \
            + either(4, 0.93)
    if kind == "yellow_green":
        return start[0] + some(LETTERS) + either(5, 0.95) + some("DF" * 4 + NEW_ENERGY)
    if kind == "white":
        if chance(0.2):                     # armed forces: two letters and five digits
            return some(LETTERS, 2) + some(DIGITS, 5)
        return start[0] + (start[1] if chance(0.7) else either(1)) + either(4, 0.85) + "警"
    if kind == "black":
        if chance(0.3):
            return "使" + some(DIGITS, 6) if chance(0.6) else some(DIGITS, 6) + "使"
        return start + either(4, 0.8) + (some("港澳领") if chance(0.75) else either(1))
    if kind == "yellow_double" and chance(0.3):
        return start + either(4, 0.85) + "挂"
    if kind == "yellow" and chance(0.2):
        return start + either(4, 0.85) + ("学" if chance(0.8) else "挂")
    return start + either(5)


def paint_ground(image, kind, stroke, ground, dot):
    """The plate's body without its characters."""
    body = image[MARGIN:-MARGIN, MARGIN:-MARGIN]
    body[:] = ground
    if kind == "green" and chance(0.9) or kind == "yellow_green" and chance(0.3):
        top = shade((225, 240, 220), 8)     # cars: from nearly white to green
        slope = np.linspace(uniform(-0.2, 0.3), uniform(0.8, 1.2), len(body))[:, None, None]
        body[:] = top + (ground - top) * slope.clip(0, 1)
    if kind == "yellow_green":              # lorries: the left part is yellow
        body[:, :round(uniform(58, 64))] = shade(GROUNDS["yellow"], 12)
    elif kind != "green" and chance(0.6):
        corner = image.shape[1] - MARGIN - 3, image.shape[0] - MARGIN - 3
        cv2.rectangle(image, (MARGIN + 2, MARGIN + 2), corner, stroke.tolist(), 1)
    if "green" in kind and chance(0.95):
        colour, radius = shade((120, 120, 120), 40), 6
    else:
        colour, radius = stroke, 3
    if "green" in kind or chance(0.9):
        middle = int(dot[0] * SCALE), int(dot[1] * SCALE)
        cv2.circle(body, middle, radius, colour.tolist(), -1)
    return body


def glyph_for(bank, kind, i, c, cw, ch, style):
    """The ink of one character at its size; templates of its own where the type has such."""
    if kind in ("yellow_double", "green", "yellow_green") \
            and (style == 0 or chance(0.6) or c not in bank.cells):
        glyphs = bank.glyphs
        rows = {**glyphs["220"], **glyphs["220up" if i < 2 else "220down"]}
        group = rows if kind == "yellow_double" else glyphs["green"]
        size = round(cw * SCALE), round(ch * SCALE)
        return cv2.resize(group.get(c, glyphs["140"][c]), size, interpolation=cv2.INTER_AREA)
    size = round(SLOT_W * cw / 45), round(SLOT_H * ch / 90)
    return cv2.resize(bank.pick(c, style), size)


def draw_plate(bank, style=None, kind=None, text=None):
    """A plate drawn in colours and wear by chance."""
    kind = kind or random.choices(list(DRAWN_SHARE), list(DRAWN_SHARE.values()))[0]
    text = text or random_text(kind)
    if style is None:
        style = random.choices([0, 1, 2, 3], [0.35, 0.2, 0.3, 0.15])[0]
    w, h, slots, dot = layout(kind, text)
    ground, stroke = shade(GROUNDS[kind], 14), shade((35, 35, 35), 14)
    if kind in ("blue", "black"):
        stroke = shade((235, 235, 235), 8)
    size = int(h * SCALE) + 2 * MARGIN, int(w * SCALE) + 2 * MARGIN
    image = np.tile(shade((uniform(0, 230),) * 3, 12).astype(np.float32), (*size, 1))
    body = paint_ground(image, kind, stroke, ground, dot)
    spacing, dy = random.gauss(0, 0.4), random.gauss(0, 0.7)
    boxes = np.array(slots, np.float64)
    for i, (c, (x, y, cw, ch)) in enumerate(zip(text, slots)):
        boxes[i, 0] += (i - 3) * spacing / SCALE
        boxes[i, 1] += dy / SCALE
        x, y = x * SCALE + MARGIN + (i - 3) * spacing, y * SCALE + MARGIN + dy
        ink = glyph_for(bank, kind, i, c, cw, ch, style)
        top, left = max(0, round(y - ink.shape[0] / 2)), max(0, round(x - ink.shape[1] / 2))
        part = image[top:, left:][:ink.shape[0], :ink.shape[1]]
        red = c in "警使领" and chance(0.5) or kind == "white" and i < 2 and text[-1] in DIGITS
        colour = shade((40, 40, 180), 15) if red else stroke
        part += (colour - part) * ink[:part.shape[0], :part.shape[1], None]
    for _ in range(random.choice([0, 0, 2, 4])):            # screws
        middle = int(random.choice([0.23, 0.77]) * w * SCALE), \
            int(random.choice([0.08, 0.92]) * h * SCALE)
        cv2.circle(body, middle, random.randint(2, 4), shade((160, 160, 160), 40).tolist(), -1)
    return Drawn(np.clip(image, 0, 255).astype(np.uint8), frame(*image.shape[1::-1]), text, kind,
                 (boxes / [w, h, w, h]).astype(np.float32))


def recombine(bank):
    """A real plate with some characters replaced by others, in its own two colours."""
    plate, style = random.choice(bank.bases), random.choice([1, 1, 2, 3])
    image, text = plate.base.astype(np.float32), list(plate.text)
    window = np.pad(np.ones((SLOT_H - 2, SLOT_W - 2), np.float32), 1)
    window = cv2.blur(window, (3, 3), borderType=cv2.BORDER_CONSTANT)[:, :, None]
    for i, (x, y, _, _) in enumerate(layout("blue", plate.text)[2]):
        if chance(0.75 if i == 0 else 0.35):
            text[i] = random.choice(PROVINCES if i == 0 else LETTERS if i == 1 else BOTH)
            (ground, stroke), part = plate.levels[i], image[slot(x, y)]
            ink = bank.pick(text[i], style)[:, :, None]
            part += (ground + (stroke - ground) * ink - part) * window
    return Drawn(np.clip(image, 0, 255).astype(np.uint8), frame(*image.shape[1::-1]),
                 "".join(text), plate.type, fractions("blue", plate.text))


