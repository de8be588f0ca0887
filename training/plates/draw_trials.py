"""Draw pictures to try policy and fusion on, and count what the gate would do about them.

    draw-trials draw DATA OUT [--pictures N] [--approaches N]
    gatectl plates decide --crop --config OUT/site --lane lane1 OUT/pictures > OUT/pictures.tsv
    gatectl plates decide --crop --sequences --config OUT/site --lane lane1 OUT/approaches \\
        > OUT/approaches.tsv
    draw-trials count OUT

Pictures: half of listed vehicles, half of strangers whose plates begin with the same city letters; in
every tenth a character is all but hidden. Approaches: six frames of one plate, from far and blurred
to near, some dazzled. Characters come from cells that training never sees.
"""
import argparse
import csv
import os
import random
import shutil

import cv2
import numpy as np

import drawing
from drawing import DIGITS, LETTERS, chance, uniform
from plates import HEIGHT, WIDTH, degrade, jitter, rectify, strip_boxes

CITIES = ["皖A", "皖B", "苏A", "苏E", "鲁F", "豫H"]
HERE = os.path.dirname(os.path.abspath(__file__))


def random_plate():
    """A serial has at most two letters (GA 36)."""
    tail = [random.choice(DIGITS) for _ in range(5)]
    for place in random.sample(range(5), random.choice([0, 1, 1, 2, 2])):
        tail[place] = random.choice(LETTERS)
    return random.choice(CITIES) + "".join(tail)


def crop(strip):
    """The plate itself without the strip's margins."""
    height, width = strip.shape[:2]
    x, y = round(width * 0.05 / 1.1), round(height * 0.13 / 1.26)
    return np.clip(strip[y:height - y, x:width - x], 0, 255).astype(np.uint8)


def hide_one(strip, plate, corners):
    """A character under mud: what is left of it shows faintly."""
    boxes = strip_boxes(plate.boxes, plate.corners, corners, False)
    _, left, right, top, bottom = random.choice(boxes)
    left, right = int(max(left, 0)), int(min(right + 1, WIDTH))
    top, bottom = int(max(top - 1, 0)), int(min(bottom + 1, HEIGHT))
    part = strip[top:bottom, left:right]
    mud = np.array([uniform(60, 110), uniform(70, 120), uniform(80, 130)])
    part[:] = part * (share := uniform(0.05, 0.35)) + mud * (1 - share)
    return strip


def picture(bank, text, doubtful):
    plate = drawing.draw_plate(bank, kind=random.choice(["blue", "blue", "yellow"]), text=text)
    corners = jitter(plate.corners, chance(0.3))
    strip = rectify(plate.image, corners, False).astype(np.float32)
    if doubtful:
        strip = hide_one(strip, plate, corners)
    return crop(degrade(np.clip(strip, 0, 255).astype(np.uint8), 0.5))


def approach(bank, text, frames=6):
    """Frames of one plate that comes nearer: fewer pixels and more blur first, glare by chance."""
    plate = drawing.draw_plate(bank, kind=random.choice(["blue", "blue", "yellow"]), text=text)
    tone, shift = uniform(0.5, 1.2), uniform(-30, 30)
    for n in range(frames):
        near = (n + 1) / frames
        strip = rectify(plate.image, jitter(plate.corners, chance(0.3)), False).astype(np.float32)
        if chance(0.25):                                     # headlamps in the lens
            x, y = uniform(0, WIDTH), uniform(0, HEIGHT)
            away = (np.arange(WIDTH)[None] - x) ** 2 + (np.arange(HEIGHT)[:, None] - y) ** 2
            strip += uniform(80, 220) * np.exp(-away / uniform(15, 50) ** 2)[:, :, None]
        strip = cv2.GaussianBlur(strip, (0, 0), 0.4 + 1.6 * (1 - near) + uniform(0, 0.6))
        width = int(WIDTH * (0.25 + 0.65 * near))
        strip = cv2.resize(strip, (width, width // 4), interpolation=cv2.INTER_AREA)
        strip = strip * tone + shift + np.random.randn(*strip.shape[:2], 1) * uniform(1, 9)
        yield crop(strip)


def write_site(folder, roster):
    """A site with one list: the lanes of a gate for vehicles, everybody listed may pass."""
    os.makedirs(f"{folder}/roster", exist_ok=True)
    shutil.copy(f"{HERE}/../../config/reference-vehicle-gate/gatehouse.yaml", folder)
    with open(f"{folder}/policy.yaml", "w", encoding="utf8") as file:
        file.write("groups: [listed]\nrules:\n  - { allow: listed }\n")
    with open(f"{folder}/roster/vehicles.csv", "w", encoding="utf8") as file:
        file.write("plate,group\n" + "".join(f"{p},listed\n" for p in sorted(roster)))


def draw(options):
    random.seed(options.seed), np.random.seed(options.seed), cv2.setNumThreads(1)
    glyphs = drawing.load_glyphs(options.data)
    cells = drawing.load_cells(options.data, glyphs["140"])
    bank = drawing.Bank(glyphs, {c: maps[::7] for c, maps in cells.items()})
    listed = set()
    while len(listed) < 450:
        listed.add(random_plate())
    listed = sorted(listed)
    write_site(f"{options.out}/site", listed)
    os.makedirs(f"{options.out}/pictures", exist_ok=True)
    with open(f"{options.out}/truth.tsv", "w", encoding="utf8") as truth:
        truth.write("vehicle\ttext\tlisted\tdoubtful\n")
        for n in range(options.pictures):
            known, doubtful = n % 2 == 0, n % 10 >= 9 or n % 20 == 4
            text = random.choice(listed) if known else random_plate()
            name = f"{options.out}/pictures/{n:05d}.jpg"
            cv2.imwrite(name, picture(bank, text, doubtful), [cv2.IMWRITE_JPEG_QUALITY, 92])
            truth.write(f"{name}\t{text}\t{int(text in listed)}\t{int(doubtful)}\n")
        for n in range(options.approaches):
            folder, text = f"{options.out}/approaches/{n:04d}", random.choice(listed)
            os.makedirs(folder, exist_ok=True)
            for k, frame in enumerate(approach(bank, text)):
                cv2.imwrite(f"{folder}/{k}.jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])
            truth.write(f"{folder}\t{text}\t1\t0\n")


def rows(path):
    with open(path, encoding="utf8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def vehicle(row):
    """The vehicle of a row, whatever folder the trials were read from."""
    return "/".join(row["vehicle"].split("/")[-2:])


def count(options):
    truth = {vehicle(r): r for r in rows(f"{options.out}/truth.tsv")}
    if os.path.exists(f"{options.out}/pictures.tsv"):
        listed = {r["text"] for r in truth.values() if r["listed"] == "1"}
        for name, wanted in (("all", "01"), ("a doubtful character", "1"), ("plain", "0")):
            told = [(truth[vehicle(r)], r) for r in rows(f"{options.out}/pictures.tsv")
                    if truth[vehicle(r)]["doubtful"] in wanted]
            known = [(t, r) for t, r in told if t["listed"] == "1"]
            strange = [(t, r) for t, r in told if t["listed"] == "0"]
            opened = sum(r["outcome"] == "admitted" and r["plate"] == t["text"] for t, r in known)
            taken = sum(r["outcome"] == "admitted" and r["plate"] != t["text"] for t, r in known)
            by_text = sum(r["surest"] == t["text"] for t, r in known)
            strangers = sum(r["outcome"] == "admitted" for _, r in strange)
            by_text_strange = sum(r["surest"] in listed for _, r in strange)
            print(f"{name}: listed {opened} of {len(known)} let in as themselves "
                  f"({100 * opened / len(known):.2f} %; by exact text {100 * by_text / len(known):.2f} %), "
                  f"{taken} as another; strangers {strangers} of {len(strange)} let in "
                  f"({100 * strangers / len(strange):.3f} %; by exact text {by_text_strange})")
    if os.path.exists(f"{options.out}/approaches.tsv"):
        told = [(truth[vehicle(r)], r) for r in rows(f"{options.out}/approaches.tsv")]
        fused = sum(r["text"] == t["text"] for t, r in told)
        best = sum(r["surest"] == t["text"] for t, r in told)
        opened = sum(r["outcome"] == "admitted" and r["plate"] == t["text"] for t, r in told)
        wrong = sum(r["outcome"] == "admitted" and r["plate"] != t["text"] for t, r in told)
        print(f"approaches: {len(told)}; fused reading exact {fused}, surest single frame exact {best}; "
              f"let in as themselves {opened}, as another {wrong}")


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    todo = parse.add_subparsers(dest="todo", required=True)
    drawn = todo.add_parser("draw")
    drawn.add_argument("data")
    drawn.add_argument("out")
    drawn.add_argument("--pictures", type=int, default=20000)
    drawn.add_argument("--approaches", type=int, default=500)
    drawn.add_argument("--seed", type=int, default=7)
    counted = todo.add_parser("count")
    counted.add_argument("out")
    options = parse.parse_args()
    draw(options) if options.todo == "draw" else count(options)


if __name__ == "__main__":
    main()
