"""Number plates by the geometry of GA 36: texts chosen by a rule of hashes, drawings from glyph templates."""
import glob
import hashlib
import os

import cv2
import numpy as np

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS, DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789"
GROUNDS = {"blue": (150, 62, 18), "yellow": (22, 165, 232), "yellow_double": (22, 165, 232),
           "green": (118, 186, 88), "yellow_green": (112, 184, 84), "white": (226, 226, 226),
           "black": (34, 32, 32)}
SCALE = 2.0  # pixels a millimetre


def is_of_demo(text):
    """The rule: one text in 32 is the demo's. Training may leave all of them out by it."""
    return hashlib.sha256(("gatehouse demo " + text).encode()).digest()[0] < 8


def draw_text(rng, kind, province=None, special=""):
    """A random text of one type that obeys the grammar and the rule."""
    def pick(characters):
        return characters[int(rng.integers(len(characters)))]

    def either(digits=0.72):
        return pick(DIGITS) if rng.random() < digits else pick(LETTERS)

    while True:
        start = (province or pick(PROVINCES)) + pick("ABCDEFGHJK")
        if kind == "green":
            text = start + pick("DDDF") + "".join([either(0.9)] + [pick(DIGITS) for _ in range(4)])
        elif kind == "yellow_green":
            text = start + "".join(pick(DIGITS) for _ in range(5)) + pick("DF")
        elif special in ("港", "澳"):
            text = "粤Z" + "".join(either() for _ in range(4)) + special
        else:
            text = start + "".join(either() for _ in range(5 - len(special))) + special
        if is_of_demo(text):
            return text


def load_glyphs(folder):
    """{group: {character: ink 0...1}}; groups 140, green, 220, 220up, 220down."""
    glyphs = {}
    for file in sorted(glob.glob(os.path.join(folder, "pengfei_[12g]*.png"))):
        group, *row, name = os.path.basename(file)[8:-4].split("_")
        character = chr(int(name[1:], 16)) if name.startswith("u") else name
        image = cv2.imread(file, cv2.IMREAD_GRAYSCALE)
        glyphs.setdefault(group + "".join(row), {})[character] = 1 - image.astype(np.float32) / 255
    return glyphs


def layout(kind, text):
    """Millimetres: width, height, [(middle x, middle y from the top, width, height)], dot."""
    if kind == "yellow_double":
        places = [(150, 45, 80, 60), (290, 45, 80, 60)]
        return 440, 220, places + [(60 + 80 * i, 145, 65, 110) for i in range(5)], (220, 45)
    if len(text) == 8:
        return 480, 140, [(38, 70, 45, 90), (91, 70, 43, 90)] + [
            (183 + 52 * i, 70, 43, 90) for i in range(6)], (137, 70)
    gap = 1 if text[-1] == "警" else 2
    return 440, 140, [(38 + 57 * i + (22 if i >= gap else 0), 70, 45, 90)
                      for i in range(7)], (15.5 + 57 * gap + 5, 70)


def _ground(kind, size):
    image = np.empty((*size, 3), np.float32)
    image[:] = GROUNDS[kind]
    if kind == "green":
        ramp = np.clip(np.linspace(-0.15, 1.1, size[0]), 0, 1)[:, None, None]
        image[:] = np.array((224, 240, 222)) + (np.array(GROUNDS[kind]) - np.array((224, 240, 222))) * ramp
    elif kind == "yellow_green":
        image[:, :round(size[1] * 0.245)] = GROUNDS["yellow"]
    return image


def draw_plate(rng, glyphs, kind, text, wear=0.25):
    """BGRA 0...255 (alpha 0...1) of one clean or worn plate, relief and rim included."""
    width, height, places, dot = layout(kind, text)
    size = (round(height * SCALE), round(width * SCALE))
    image, ink = _ground(kind, size), np.zeros(size, np.float32)
    red = np.zeros(size, np.float32)
    for i, (character, (x, y, w, h)) in enumerate(zip(text, places)):
        groups = [glyphs["220up" if i < 2 else "220down"], glyphs["220"]] if kind == "yellow_double" \
            else [glyphs["green"]] if len(text) == 8 else []
        shape = next((g[character] for g in groups + [glyphs["140"]] if character in g))
        shape = cv2.resize(shape, (round(w * SCALE), round(h * SCALE)), interpolation=cv2.INTER_AREA)
        top, left = round((y - h / 2) * SCALE), round((x - w / 2) * SCALE)
        target = red if character in "警" else ink
        target[top:top + shape.shape[0], left:left + shape.shape[1]] = shape
    stroke = (236, 236, 236) if kind in ("blue", "black") else (30, 28, 28)
    if kind not in ("green", "yellow_green"):
        rim = np.zeros(size, np.uint8)
        inset = round(4 * SCALE)
        cv2.rectangle(rim, (inset, inset), (size[1] - inset, size[0] - inset), 255, round(2 * SCALE), cv2.LINE_AA)
        ink = np.maximum(ink, rim.astype(np.float32) / 255)
        cv2.circle(ink, (round(dot[0] * SCALE), round(dot[1] * SCALE)), round(5 * SCALE), 1.0, -1, cv2.LINE_AA)
    relief = cv2.GaussianBlur(np.maximum(ink, red), (0, 0), 1.6)
    worn = cv2.resize(rng.random((14, 44)).astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    ink *= 1 - wear * np.clip(worn - 0.72, 0, 1) * 2.2
    image += (np.array(stroke) - image) * ink[:, :, None]
    image += (np.array((36, 30, 190)) - image) * red[:, :, None]
    image *= 1 + 0.35 * (np.roll(relief, 2, 0) - np.roll(relief, -2, 0))[:, :, None]
    for x in (0.235, 0.765):
        for y in ((0.085, 0.915) if kind != "yellow_double" else (0.06, 0.94)):
            centre = (round(x * size[1]), round(y * size[0]))
            cv2.circle(image, centre, round(5 * SCALE), (92, 96, 98), -1, cv2.LINE_AA)
            cv2.circle(image, (centre[0] - 2, centre[1] - 2), round(2 * SCALE), (190, 190, 190), -1, cv2.LINE_AA)
    alpha = np.zeros(size, np.uint8)
    radius = round(8 * SCALE)
    cv2.rectangle(alpha, (radius, 0), (size[1] - 1 - radius, size[0] - 1), 255, -1)
    cv2.rectangle(alpha, (0, radius), (size[1] - 1, size[0] - 1 - radius), 255, -1)
    for x in (radius, size[1] - 1 - radius):
        for y in (radius, size[0] - 1 - radius):
            cv2.circle(alpha, (x, y), radius, 255, -1, cv2.LINE_AA)
    return np.dstack([np.clip(image, 0, 255), alpha.astype(np.float32) / 255]).astype(np.float32)


def dirty(rng, plate, amount):
    """Mud and dust on a plate; at 1 nobody reads it."""
    if amount <= 0:
        return plate
    h, w = plate.shape[:2]
    veil = sum(cv2.resize(rng.random((n, 3 * n)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC) * s
               for n, s in ((4, 0.55), (10, 0.3), (28, 0.15)))
    veil += np.linspace(-0.12, 0.16, h, dtype=np.float32)[:, None]
    cover = np.clip((veil - (0.78 - 0.55 * amount)) * 3.0, 0, 0.55 + 0.45 * amount)
    mud = np.array((74, 96, 112), np.float32) * (0.8 + 0.3 * veil[:, :, None])
    out = plate.copy()
    out[:, :, :3] += (mud - out[:, :, :3]) * cover[:, :, None]
    return out
