#!/usr/bin/env python3
"""Renders the demonstration's pictures.  render.py GLYPHS OUT [--only V01,V02] [--sheet FILE]

GLYPHS: the folder of glyph templates (pengfei_*.png). OUT receives the JPEGs, scenes.tsv and texts.txt (kept beside this script).
Everything follows from SEED: the same glyphs give the same pictures.
"""
import argparse
import os
import zlib

import cv2
import numpy as np

import gate
import plates
from canvas import Camera, Layer
from vehicles import Vehicle

SEED = 20261124
QUALITY = {"standing": 66}  # of JPEG; what nobody can read anyway gets 54
SIZE = gate.SIZE
# lane: condition, camera (x, y, pitch, yaw, focal, roll), wet
LANES = {
    1: ("day", (1.25, 1.85, 0.175, -0.185, 2350, 0.00), False),
    2: ("rain", (-1.45, 2.05, 0.195, 0.215, 2300, 0.012), True),
    3: ("night", (1.0, 1.75, 0.165, -0.150, 2400, -0.008), False),
    4: ("infrared", (-1.15, 2.3, 0.225, 0.170, 2350, 0.0), False),
    5: ("dusk", (1.5, 2.1, 0.165, -0.205, 2300, 0.006), False),
}
# id, lane, body, colour, plate type, province, last character, dirt 0...1, trick
CAST = [
    ("V01", 1, "lorry", "white", "yellow", "苏", "", 0.0, ""),
    ("V02", 1, "lorry", "blue", "yellow", "皖", "", 0.25, ""),
    ("V03", 1, "car", "silver", "blue", "沪", "", 0.0, ""),
    ("V04", 1, "car", "white", "green", "浙", "", 0.0, ""),
    ("V05", 1, "car", "red", "yellow", "苏", "学", 0.0, ""),
    ("V06", 1, "van", "white", "blue", "苏", "", 0.15, "sun"),
    ("V07", 2, "lorry", "red", "yellow", "鲁", "", 0.42, ""),
    ("V08", 2, "lorry", "gray", "yellow", "豫", "", 0.38, ""),
    ("V09", 2, "car", "black", "black", "粤", "港", 0.0, ""),
    ("V10", 2, "suv", "brown", "blue", "闽", "", 0.1, ""),
    ("V11", 2, "lorry", "white", "yellow_green", "苏", "", 0.0, ""),
    ("V12", 2, "van", "silver", "blue", "赣", "", 0.2, ""),
    ("V13", 3, "lorry", "orange", "yellow", "冀", "", 0.15, ""),
    ("V14", 3, "car", "gray", "blue", "京", "", 0.0, "dazzle"),
    ("V15", 3, "car", "white", "white", "苏", "警", 0.0, ""),
    ("V16", 3, "car", "teal", "green", "粤", "", 0.0, ""),
    ("V17", 3, "coach", "white", "yellow", "苏", "", 0.0, ""),
    ("V18", 3, "van", "yellow", "blue", "鄂", "", 0.3, ""),
    ("V19", 4, "lorry", "white", "yellow", "川", "", 0.35, ""),
    ("V20", 4, "lorry", "green", "yellow", "湘", "", 0.1, ""),
    ("V21", 4, "car", "blue", "blue", "津", "", 0.0, ""),
    ("V22", 4, "van", "white", "blue", "苏", "", 0.0, ""),
    ("V23", 4, "suv", "black", "black", "粤", "澳", 0.0, ""),
    ("V24", 4, "car", "silver", "green", "渝", "", 0.0, ""),
    ("V25", 5, "lorry", "orange", "yellow_double", "苏", "", 0.15, ""),
    ("V26", 5, "lorry", "silver", "yellow_double", "皖", "", 0.45, ""),
    ("V27", 5, "lorry", "green", "yellow_double", "浙", "挂", 0.2, ""),
    ("V28", 5, "lorry", "white", "yellow_double", "辽", "", 1.0, "unreadable"),
    ("V29", 5, "lorry", "blue", "yellow_double", "陕", "", 0.0, ""),
    ("V30", 5, "car", "gray", "blue", "晋", "", 0.1, ""),
]
# stage: distance of nose or tail, motion blur in pixels at 1 m a metre, softness
FRONT = [("far", 25.0), ("near", 9.6), ("standing", 5.35), ("standing", 5.3)]
REAR = [("close", 2.9), ("near", 4.6), ("standing", 6.0), ("standing", 6.05)]


class Lane:
    """The empty place of one lane, and how light falls in it."""

    def __init__(self, number):
        self.condition, (x, y, pitch, yaw, focal, roll), self.wet = LANES[number]
        self.camera = Camera(x, y, pitch, yaw, focal, SIZE, roll)
        self.background = gate.background(self.camera, SEED + number, self.wet)
        self.boom = gate.boom(self.camera, height=0.55 if y < 2 else 0.7)
        spot = self.camera.project([(0, 0.7, 6.0)])[0]
        rows, columns = np.mgrid[0:SIZE[1], 0:SIZE[0]].astype(np.float32)
        d2 = ((columns - spot[0]) / 900) ** 2 + ((rows - spot[1]) / 560) ** 2
        self.pool = np.exp(-d2)[:, :, None]

    def lit(self, picture, is_vehicle=False):
        """Light of the lane's condition on a daylight picture."""
        if self.condition == "night":
            tone = np.array((0.74, 0.9, 1.0), np.float32)
            return picture * (0.07 + (0.5 if is_vehicle else 0.36) * self.pool) * tone
        if self.condition == "infrared":
            return picture * (0.06 + (0.62 if is_vehicle else 0.34) * self.pool)
        if self.condition == "rain":
            return picture * np.array((0.88, 0.84, 0.8), np.float32)
        if self.condition == "dusk":
            return picture * np.array((0.76, 0.86, 0.97), np.float32)
        return picture * np.array((1.0, 1.04, 1.08), np.float32)

    def plate_light(self):
        return {"night": 1.05, "infrared": 1.25, "rain": 0.86, "dusk": 0.9}.get(self.condition, 1.04)


def seeded(*parts):
    return np.random.default_rng(zlib.crc32(repr((SEED,) + parts).encode()))


def finish(lane, picture, rng, blur=(0, 0)):
    """Boom, weather and camera over a lit scene."""
    foreground = lane.boom.pixels.copy()
    foreground[:, :, :3] = lane.lit(foreground[:, :, :3], True)
    picture = picture * (1 - foreground[:, :, 3:]) + foreground[:, :, :3]
    settings = {
        "day": dict(contrast=1.06, warmth=0.01, noise=1.1), "rain": dict(gain=1.02, contrast=0.9, soft=0.9, noise=1.3),
        "night": dict(gain=1.25, noise=2.4, soft=0.9, warmth=0.05),
        "infrared": dict(gray=True, gain=1.2, noise=2.2, soft=0.8),
        "dusk": dict(gain=0.98, noise=1.2, warmth=0.03),
    }[lane.condition]
    if lane.condition == "rain":
        picture = gate.rain(picture, rng, 1.0)
    settings["gain"] = settings.get("gain", 1.0) * rng.uniform(0.95, 1.05)
    return gate.develop(picture, rng, **settings)


def scene(lane, vehicle, plate, millimetres, stage, number, x, trick, rng, rear):
    """One frame and the plate's corners in it."""
    name, distance = stage
    layer = Layer(lane.camera)
    vehicle.draw(layer, x, distance)
    layer.pixels[:, :, :3] = lane.lit(layer.pixels[:, :, :3], True)
    world = vehicle.plate_corners(x, distance, millimetres)
    corners = layer.quad(plate, world, lane.plate_light())
    if name != "standing":
        along = lane.camera.project([(x, 0.6, distance)])[0] - lane.camera.project([(x, 0.6, distance + 0.5)])[0]
        reach = min(18.0, np.linalg.norm(along) * (0.8 if name == "far" else 0.28))
        dx, dy = along / (np.linalg.norm(along) + 1e-6) * reach
        layer.pixels = gate.motion_blur(layer.pixels, dx, dy)
        layer.pixels = cv2.GaussianBlur(layer.pixels, (0, 0), 1.7 if name == "far" else 1.2)
    picture = layer.over(lane.lit(lane.background))
    lamps = lane.camera.project(vehicle.lamp_points(x, distance))
    dark = lane.condition in ("night", "infrared")
    near = np.clip(6.0 / distance, 0.2, 1.1)
    for lamp in lamps:
        if rear:
            gate.glow(picture, lamp, 46 * near, 70, (40, 40, 200))
        elif dark or lane.condition == "rain":
            blinding = trick == "dazzle" and number < 3
            gate.glow(picture, lamp, (250 if blinding else 75) * near + 12, 330 if blinding else (150 if dark else 90))
    if trick == "dazzle" and number == 2:
        gate.glow(picture, corners.mean(0), 230, 300)
    if trick == "sun":
        gate.glow(picture, corners[1] + (70, -30), 120 if number == 2 else 60, 150 if number == 2 else 70)
    return finish(lane, picture, rng), corners


def render(member, lanes, glyphs):
    """All frames of one approach: [(image, manifest row)]."""
    ident, number, body, colour, kind, province, last, dirt, trick = member
    lane, rear, rng = lanes[number], number == 5, seeded(ident)
    text = plates.draw_text(rng, kind, province, last)
    vehicle = Vehicle(body, colour, rng, rear, float(rng.uniform(-0.07, 0.07)))
    plate = plates.dirty(rng, plates.draw_plate(rng, glyphs, kind, text), dirt)
    size, x = plates.layout(kind, text)[:2], float(rng.uniform(-0.18, 0.18))
    frames = []
    for k, stage in enumerate(REAR if rear else FRONT):
        image, corners = scene(lane, vehicle, plate, size, stage, k, x, trick, seeded(ident, k), rear)
        # What is shown on purpose: the reader is judged by it, never taught by it.
        readable = stage[0] == "standing" and trick != "unreadable" and not (trick == "dazzle" and k < 3)
        inside = (corners > 2).all() and (corners < np.array(SIZE) - 2).all()
        cells = ";".join(f"{a:.1f},{b:.1f}" for a, b in corners) if inside else ""
        frames.append((image, [f"{ident}-{k}.jpg", ident, str(k), stage[0], text, kind, cells,
                               f"lane{number}", lane.condition, body, "yes" if readable else "no"]))
    return frames


HEADER = ["file", "vehicle", "frame", "stage", "text", "plate_type", "corners", "lane", "condition", "body", "readable"]


def sheet(frames, file, columns=4, width=640):
    """A contact sheet with the plate's corners drawn in."""
    tiles = []
    for image, row in frames:
        tile = image.copy()
        if row[6]:
            points = np.array([[float(v) for v in p.split(",")] for p in row[6].split(";")])
            cv2.polylines(tile, [np.round(points).astype(np.int32)], True, (0, 0, 255), 1)
        tiles.append(cv2.resize(tile, (width, width * 9 // 16), interpolation=cv2.INTER_AREA))
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    cv2.imwrite(file, np.vstack([np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glyphs")
    parser.add_argument("out")
    parser.add_argument("--only", default="")
    parser.add_argument("--sheet")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    wanted = [m for m in CAST if not options.only or m[0] in options.only.split(",")]
    lanes = {n: Lane(n) for n in sorted({m[1] for m in wanted})}
    glyphs, frames = plates.load_glyphs(options.glyphs), []
    for number, lane in lanes.items():
        image = finish(lane, lane.lit(lane.background), seeded("empty", number))
        frames.append((image, [f"lane{number}.jpg", "", "0", "empty", "", "", "", f"lane{number}", lane.condition, "", "no"]))
    for member in wanted:
        frames += render(member, lanes, glyphs)
    for image, row in frames:
        cv2.imwrite(os.path.join(options.out, row[0]), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY.get(row[3], 54), cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    if options.sheet:
        sheet(frames, options.sheet)
    if not options.only:
        with open(os.path.join(options.out, "scenes.tsv"), "w", encoding="utf8") as file:
            file.writelines("\t".join(row) + "\n" for row in [HEADER] + [row for _, row in frames])
        with open(os.path.join(options.out, "texts.txt"), "w", encoding="utf8") as file:
            file.writelines(sorted({row[4] + "\n" for _, row in frames if row[4]}))


if __name__ == "__main__":
    main()
