"""Train the localiser: train-localiser DATA [--faces FOLDER] [--steps N] [--seed N].

Windows of 256 x 256 are cut from the photographs of the split `train`. A part of them has plates
pasted in: drawn ones of every type and real crops, over the plates that stand there and over
plain ground. Choices are made on a fold of `train` (by plate text); `dev` is only measured.
"""
import argparse
import glob
import hashlib
import math
import os
import random
import re
import time

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import drawing
from drawing import chance, uniform
from localiser import CELL, UNIT, Localiser, evaluate
from plates import of_fold, packed

SIDE = 256
MAY_HOLD_PLATES = re.compile("Traffic|Car_|car_|Riot|Raid|Parade|People_March|Patrol|Angler")


def in_fold(text, fold=None):
    """Whether a plate is held out: 12 in a hundred, or those of `fold` ("K/N", one of N)."""
    if fold:
        return of_fold(text, fold)
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % 100 < 12


def pyramid(image):
    levels = [image]
    while max(levels[-1].shape[:2]) > 200:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels


def load(data, fold=None):
    """{part: [(file, image, [(corners, text, type)])]}, at most 1280 pixels long; `fold`: hold out
    that one ("K/N") instead of the usual part of train."""
    pictures, splits = {}, {}
    for row in drawing.manifest(data):
        if row["kind"] in ("scene", "negative") and not row["file"].startswith("patches"):
            plates = pictures.setdefault(row["file"], [])
            splits[row["file"]] = row["split"]
            if row["quad_or_bbox"] and row["kind"] == "scene":
                points = [p.split(",") for p in row["quad_or_bbox"].split(";")]
                corners = np.array([[float(v) for v in p] for p in points], np.float32)
                plates.append((corners, row["text"], row["plate_type"]))
    parts = {"train": [], "fold": [], "dev": []}
    for file, plates in pictures.items():
        image = cv2.imread(f"{data}/{file}")
        scale = min(1, 1280 / max(image.shape[:2]))
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        part = splits[file]
        if part == "train" and any(in_fold(text or file, fold)
                                   for _, text, _ in plates or [(0, file, 0)]):
            part = "fold"
        parts[part].append((file, image, [(c * scale, t, k) for c, t, k in plates]))
    return parts


def load_backgrounds(folder):
    """Photographs without plates: [(file, pyramid, [])]."""
    files = sorted(glob.glob(f"{folder}/scenes/**/*.jpg", recursive=True)
                   + glob.glob(f"{folder}/negatives/*.jpg"))
    found = []
    for file in files:
        if not MAY_HOLD_PLATES.search(os.path.basename(file)):
            image = cv2.imread(file)
            scale = min(1, 900 / max(image.shape[:2]))
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            found.append((file, pyramid(image), []))
    return found


def load_pool(data, fold=None, drawn=2500, crops=1500):
    """Plates to paste: [(image, corners, weight)], drawn ones of every type and real crops."""
    glyphs = drawing.load_glyphs(data)
    bank = drawing.Bank(glyphs, drawing.load_cells(data, glyphs["140"]))
    pool = {"drawn": [(p.image, p.corners) for p in (drawing.draw_plate(bank)
                                                     for _ in range(drawn))], "real": []}
    rows = [r for r in drawing.manifest(data) if r["kind"] == "crop" and r["split"] == "train"
            and r["file"].startswith(("pku_crops", "misc_crops")) and not in_fold(r["text"], fold)]
    for row in random.sample(rows, min(crops, len(rows))):
        image = cv2.imread(f"{data}/{row['file']}")
        pool["real"].append((image, drawing.frame(*image.shape[1::-1], 0)))
    return pool


def paste(x, quad, plate, corners, soft):
    """Sets a plate's picture on a quadrilateral of the window, as bright as what was there."""
    width = max(np.linalg.norm(quad[1] - quad[0]), 8)
    factor = width / np.linalg.norm(corners[1] - corners[0])
    if factor < 1:
        size = max(8, round(plate.shape[1] * factor)), max(4, round(plate.shape[0] * factor))
        corners = corners * (np.array(size) / plate.shape[1::-1]).astype(np.float32)
        plate = cv2.resize(plate, size, interpolation=cv2.INTER_AREA)
    grow = corners.mean(0) + (corners - corners.mean(0)) * 1.03
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), quad.astype(np.float32))
    outer = cv2.perspectiveTransform(grow[None].astype(np.float32), matrix)[0]
    mask = np.zeros(x.shape[:2], np.float32)
    cv2.fillConvexPoly(mask, np.round(outer * 16).astype(np.int32), 1, cv2.LINE_AA, 4)
    mask = cv2.GaussianBlur(mask, (0, 0), soft)[:, :, None]
    seen = cv2.warpPerspective(plate, matrix, x.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    gain, inside = uniform(0.35, 1.15), mask[:, :, 0] > 0.5
    if inside.any() and chance(0.5):
        gain = np.clip((x[inside].mean() + 20) / (seen[inside].mean() + 20), 0.3, 1.4)
    seen = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), uniform(0.3, 1.0)) * gain
    return (x * (1 - mask) + seen * mask).astype(np.float32)


def random_quad(aspect):
    """A plate of some size, tilt and perspective somewhere in the window."""
    width = math.exp(uniform(math.log(15), math.log(150)))
    q = (drawing.frame(1, 1, 0) - 0.5) * [width, width / aspect]
    angle = random.gauss(0, 0.15)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shear = np.array([[1, random.gauss(0, 0.1)], [random.gauss(0, 0.15), uniform(0.8, 1.15)]])
    q = q @ (turn @ shear).T
    q += np.random.randn(4, 2) * [0.012 * width, 0.03 * width / aspect]
    return (q + np.random.uniform(0.1, 0.9, 2) * SIDE).astype(np.float32)


def view(plates, size):
    """A matrix and offset that bring some part of a picture into the window."""
    width, height = size
    if plates and chance(0.8):
        corners = random.choice(plates)[0]
        wanted = math.exp(uniform(math.log(17), math.log(180)))
        scale = wanted / max(np.linalg.norm(corners[1] - corners[0]), 4)
        middle = corners.mean(0)
    else:
        scale = math.exp(uniform(math.log(0.25), math.log(1.3)))
        middle = np.array([uniform(0, width), uniform(0, height)])
    angle, shear, aspect = random.gauss(0, 0.12), random.gauss(0, 0.12), random.gauss(0, 0.08)
    c, s, aspect = math.cos(angle), math.sin(angle), math.exp(aspect)
    matrix = np.array([[c * aspect, -s], [s * aspect, c]]) * scale
    matrix = matrix @ np.array([[1, random.gauss(0, 0.05)], [shear, 1]])
    mirrored = chance(0.4)
    if mirrored:
        matrix = matrix @ np.diag([-1, 1])
    return matrix, np.random.uniform(0.12, 0.88, 2) * SIDE - matrix @ middle, scale, mirrored


def degrade(x):
    if chance(0.2):
        x = cv2.GaussianBlur(x, (0, 0), uniform(0.4, 1.5))
    if chance(0.08):
        k = random.choice([3, 5, 7])
        kernel = np.zeros((k, k), np.float32)
        kernel[k // 2] = 1 / k
        x = cv2.filter2D(x, -1, kernel if chance(0.7) else kernel.T.copy())
    x = x * (uniform(0.15, 0.5) if chance(0.12) else uniform(0.5, 1.4)) + uniform(-30, 30)
    if chance(0.2):
        x = x.mean(2, keepdims=True).repeat(3, 2)           # gray cameras, infrared
    noise = np.random.randn(*x.shape[:2], 1 if chance(0.5) else 3).astype(np.float32)
    tint = 1 + np.random.randn(3).astype(np.float32) * 0.08
    x = np.clip(x * tint + noise * random.choice([0, 0, 4, 10]), 0, 255)
    return packed(x, 25, 75) if chance(0.25) else x.astype(np.float32)


def targets(quads):
    """The maps a window's plates ask for: middle, corners, their weight, where loss counts."""
    cells = SIDE // CELL
    middles, weight = np.zeros((cells, cells), np.float32), np.zeros((cells, cells), np.float32)
    corner_map, ignored = np.zeros((8, cells, cells), np.float32), np.zeros((cells, cells), bool)
    gx, gy = np.meshgrid((np.arange(cells) + 0.5) * CELL, (np.arange(cells) + 0.5) * CELL)
    for q in quads:
        long, short = (q[1] - q[0] + q[2] - q[3]) / 2, (q[3] - q[0] + q[2] - q[1]) / 2
        area = long[0] * short[1] - long[1] * short[0]
        if abs(area) < 1:
            continue
        dx, dy = gx - q.mean(0)[0], gy - q.mean(0)[1]
        u = abs(dx * short[1] - dy * short[0]) / abs(area)
        v = abs(long[0] * dy - long[1] * dx) / abs(area)
        w, h = np.linalg.norm(long), np.linalg.norm(short)
        if w < 14:
            ignored |= (u < 0.5) & (v < 0.6)        # too small to ask for, too like to deny
            continue
        core = (u * w < max(0.18 * w, 6)) & (v * h < max(0.3 * h, 6))
        ignored |= (u * w < 0.5 * w + 6) & (v * h < 0.5 * h + 6)
        middles[core], weight[core] = 1, min(2.5, 64 / w)
        for k in range(4):
            corner_map[2 * k][core] = ((q[k, 0] - gx) / UNIT)[core]
            corner_map[2 * k + 1][core] = ((q[k, 1] - gy) / UNIT)[core]
    return middles, corner_map, weight, 1 - (ignored & (middles == 0)).astype(np.float32)


def surroundings(backgrounds):
    """What lies beyond the picture's edge: a plain colour or a part of another picture."""
    if chance(0.3):
        return np.full((SIDE, SIDE, 3), np.random.randint(0, 255, 3), np.uint8)
    level = random.choice(random.choice(backgrounds)[1][:2])
    h, w = level.shape[:2]
    side = min(h, w, SIDE)
    top, left = random.randint(0, h - side), random.randint(0, w - side)
    return cv2.resize(level[top:top + side, left:left + side], (SIDE, SIDE))


def sample(pictures, backgrounds, pool):
    """One augmented window with its targets."""
    _, levels, plates = random.choice(pictures if chance(0.72) else backgrounds)
    matrix, offset, scale, mirrored = view(plates, levels[0].shape[1::-1])
    quads = [(c @ matrix.T + offset).astype(np.float32) for c, _, _ in plates]
    level = min(len(levels) - 1, max(0, int(-math.log2(scale) + 0.3)))
    size = np.array(levels[0].shape[1::-1]) / levels[level].shape[1::-1]
    x = surroundings(backgrounds)
    cv2.warpAffine(levels[level], np.hstack([matrix * size, offset[:, None]]), (SIDE, SIDE), dst=x,
                   borderMode=cv2.BORDER_TRANSPARENT)
    x = x.astype(np.float32)
    if mirrored:
        quads = [q[[1, 0, 3, 2]] for q in quads]
    def plate():
        return random.choice(pool["drawn" if chance(0.6) else "real"])
    for i, q in enumerate(quads):
        if chance(0.3):
            image, corners = plate()
            (w, h), middle = np.ptp(corners, 0), q.mean(0)
            if w / h < 2.5:                         # two rows: taller than the plate beneath
                q = middle + (q - middle) * 0.85
                q += (q[[3, 2, 2, 3]] - q[[0, 1, 1, 0]]) * np.array([-0.5, -0.5, 0.5, 0.5])[:, None]
            q = q + np.random.randn(4, 2) * 0.01 * np.linalg.norm(q[1] - q[0])
            quads[i] = q.astype(np.float32)
            x = paste(x, quads[i], image, corners, uniform(0.4, 1.2))
    if chance(0.35 if plates else 0.5):
        for _ in range(random.choice([1, 1, 2, 3])):
            image, corners = plate()
            w, h = np.ptp(corners, 0)
            q = random_quad(w / h)
            low, high = q.min(0) - 8, q.max(0) + 8
            if all((o.max(0) < low).any() or (o.min(0) > high).any() for o in quads):
                x = paste(x, q, image, corners, uniform(0.4, 1.2))
                quads.append(q)
    return degrade(x).transpose(2, 0, 1) / 127.5 - 1, *targets(quads)


def loss_of(out, middles, corners, weight, counted):
    p, count = torch.sigmoid(out[:, 0]), middles.sum().clamp(min=1)
    cross = F.binary_cross_entropy_with_logits(out[:, 0], middles, reduction="none")
    focal = cross * torch.where(middles > 0, (1 - p) ** 2, 0.5 * p ** 2) * counted
    distance = F.smooth_l1_loss(out[:, 1:], corners, reduction="none", beta=0.05)
    return focal.sum() / count + 4 * (distance * weight[:, None]).sum() / count / 8


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--faces", help="folder with scenes/ and negatives/ without plates")
    parse.add_argument("--steps", type=int, default=8000)
    parse.add_argument("--batch", type=int, default=16)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--fold", help="K/N: hold out the K-th of N folds of train, for choices")
    parse.add_argument("--out", default="checkpoints")
    options = parse.parse_args()
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    torch.set_num_threads(1), cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    parts = load(options.data, options.fold)
    train = [(f, pyramid(i), p) for f, i, p in parts["train"]]
    backgrounds = load_backgrounds(options.faces) if options.faces else []
    backgrounds += [p for p in train if not p[2]]
    pool = load_pool(options.data, options.fold)
    print({k: len(v) for k, v in parts.items()}, len(backgrounds), "backgrounds", flush=True)
    network = Localiser().to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.997), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, options.steps, pct_start=0.15)
    begun, first, path = time.time(), 1, f"{options.out}/localiser-state.pt"
    if os.path.exists(path):
        state = torch.load(path)
        network.load_state_dict(state["network"]), mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"]), schedule.load_state_dict(state["schedule"])
        first = state["step"] + 1
    average = 0
    for step in range(first, options.steps + 1):
        batch = zip(*(sample(train, backgrounds, pool) for _ in range(options.batch)))
        x, *wanted = (torch.from_numpy(np.stack(v).astype(np.float32)) for v in batch)
        with torch.autocast("cpu", torch.bfloat16):
            out = network(x.contiguous(memory_format=torch.channels_last))
        loss = loss_of(out.float(), *wanted)
        optimiser.zero_grad(), loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step(), schedule.step(), mean.update_parameters(network)
        average = loss.item() if not average else 0.98 * average + 0.02 * loss.item()
        if step % 500 == 0 or step == options.steps or step in (20, 100):
            speed = (step - first + 1) * options.batch / (time.time() - begun)
            print(f"{step}: loss {average:.3f}, {speed:.0f} windows/s", flush=True)
        if step % 500 == 0 or step == options.steps:
            print("  fold", evaluate(mean.module, parts["fold"], 640), flush=True)
            torch.save({"network": network.state_dict(), "mean": mean.state_dict(), "step": step,
                        "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()},
                       path)
            torch.save(mean.module.state_dict(), f"{options.out}/localiser.pt")
    for side in (512, 640, 768):
        print("dev", evaluate(mean.module, parts["dev"], side), flush=True)


if __name__ == "__main__":
    main()
