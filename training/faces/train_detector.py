"""Train the face detector: train-detector FACES TEACHER [--steps N] [--seed N].

Windows of the photographs of `train` with boxes drawn by people; the points are the teacher's
where it saw the same face. Portraits with their points are pasted in, some with a mask drawn over
the mouth. Every twelfth photograph (by its name) is kept for choosing; `dev` is only measured.
"""
import argparse
import hashlib
import math
import os
import random
import time

import cv2
import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

from detector import STRIDES, Detector, evaluate, iou, planes, suppress
from faces import chance, in_fold, manifest, points_of
from precision import mixed

SIDE, BATCH, RATE = 320, 12, 2e-3
RANGES = {8: (0, 52), 16: (30, 125), 32: (75, 1e9)}      # of a face's longer side, in pixels


class Teacher:
    """YuNet: finds faces with five points."""

    def __init__(self, file):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(file, options,
                                                    providers=["CPUExecutionProvider"])
        self.names = [o.name for o in self.session.get_outputs()]

    def __call__(self, image, scales=(0.5, 1, 2), threshold=0.3):
        rows = []
        for scale in scales:
            if not 32 <= max(image.shape[:2]) * scale <= 1500:
                continue
            x = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            x = cv2.copyMakeBorder(x, 0, -x.shape[0] % 32, 0, -x.shape[1] % 32,
                                   cv2.BORDER_CONSTANT)
            out = dict(zip(self.names, self.session.run(
                None, {"input": x.transpose(2, 0, 1)[None].astype(np.float32)})))
            for s in STRIDES:
                score = np.sqrt(out[f"cls_{s}"][0, :, 0] * out[f"obj_{s}"][0, :, 0])
                for k in np.flatnonzero(score > threshold):
                    at = np.array([k % (x.shape[1] // s), k // (x.shape[1] // s)])
                    box, points = out[f"bbox_{s}"][0, k], out[f"kps_{s}"][0, k]
                    centre, size = (at + box[:2]) * s, np.exp(box[2:]) * s
                    row = [centre - size / 2, centre + size / 2, (np.tile(at, 5) + points) * s]
                    rows.append(np.concatenate([[score[k]], np.concatenate(row) / scale]))
        return suppress(np.array(rows).reshape(-1, 15))


def true_boxes(row):
    boxes = row["boxes"][5:].split(";") if row["boxes"].startswith("true:") else []
    return np.array([[float(v) for v in b.split(",")] for b in boxes if b]).reshape(-1, 4)


def label(image, row, teacher):
    """(boxes, points or NaN, boxes to leave out of the loss) of a photograph."""
    seen, boxes = teacher(image), true_boxes(row)
    if row["kind"] == "negative":
        return boxes, np.zeros((0, 10)), np.zeros((0, 4))
    if not row["boxes"].startswith("true:"):           # nobody drew boxes: the teacher's word
        sure = seen[:, 0] > 0.75
        return seen[sure, 1:5], seen[sure, 5:], seen[~sure, 1:5]
    points = np.full((len(boxes), 10), np.nan)
    for i, box in enumerate(boxes):
        if len(seen) and iou(box, seen[:, 1:5]).max() > 0.45:
            points[i] = seen[iou(box, seen[:, 1:5]).argmax(), 5:]
    beside = [s[1:5] for s in seen if s[0] > 0.6 and
              (not len(boxes) or iou(s[1:5], boxes).max() < 0.2)]
    return boxes, points, np.array(beside).reshape(-1, 4)


def load_scenes(folder, teacher, kept):
    """{part: [(file, image, boxes, points, ignored)]}; the teacher's answers are kept on disk."""
    parts, labels = {"train": [], "fold": [], "dev": []}, {}
    if os.path.exists(kept):
        labels = dict(np.load(kept, allow_pickle=True)["labels"].item())
    for row in manifest(folder):
        if row["kind"] not in ("scene", "negative"):
            continue
        image = cv2.imread(f"{folder}/{row['file']}")
        if row["file"] not in labels:
            labels[row["file"]] = label(image, row, teacher)
        name = int(hashlib.sha1(row["file"].encode()).hexdigest(), 16)
        part = "dev" if row["split"] == "dev" else "fold" if name % 12 == 0 else "train"
        parts[part].append((row["file"], image, *labels[row["file"]]))
    os.makedirs(os.path.dirname(kept) or ".", exist_ok=True)
    np.savez(kept, labels=labels)
    return parts


def load_portraits(folder, count):
    rows = [r for r in manifest(folder) if r["kind"] == "portrait" and r["split"] == "train"
            and r["lx1"] and r["x1"] and not in_fold(r["identity"])]
    found = []
    for row in random.sample(rows, min(count, len(rows))):
        box = np.array([float(row[k]) for k in ("x1", "y1", "x2", "y2")])
        found.append((cv2.imread(f"{folder}/{row['file']}"), box, points_of(row).ravel()))
    return found


def place(boxes, points, matrix):
    """Boxes (by their corners' turned middle and scale) and points under a similarity."""
    scale = math.hypot(*matrix[:, 0])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * scale
    moved = points.reshape(-1, 5, 2) @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([middles - half, middles + half], 1), moved.reshape(-1, 10)


def mirrored(image, boxes, points, ignored):
    def flip(b):
        return np.stack([width - b[:, 2], b[:, 1], width - b[:, 0], b[:, 3]], 1)
    width = image.shape[1]
    turned = points.reshape(-1, 5, 2)[:, [1, 0, 2, 4, 3]].copy()
    turned[..., 0] = width - turned[..., 0]
    return image[:, ::-1], flip(boxes), turned.reshape(-1, 10), flip(ignored)


def window(scene):
    """A part of a photograph at some scale and turn, 320 x 320."""
    _, image, boxes, points, ignored = scene
    if chance(0.5):
        image, boxes, points, ignored = mirrored(image, boxes, points, ignored)
    height, width = image.shape[:2]
    if len(boxes) and chance(0.65):
        box = boxes[random.randrange(len(boxes))]
        wanted = math.exp(random.uniform(math.log(14), math.log(290)))
        scale = min(wanted / max(box[2:] - box[:2]), 4)
        middle = (box[:2] + box[2:]) / 2
    else:
        scale = math.exp(random.uniform(math.log(0.3), math.log(1.5)))
        middle = np.array([random.uniform(0, width), random.uniform(0, height)])
    angle = math.radians(random.gauss(0, 9))
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    matrix = np.array([[c, -s, 0], [s, c, 0]])
    share = np.random.uniform(0.12, 0.88, 2) if scale * 60 < SIDE else np.random.uniform(0.35, 0.65, 2)
    matrix[:, 2] = share * SIDE - matrix[:, :2] @ middle
    level = image
    if scale < 0.5:
        shrink = scale * 1.4
        level = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        seen = matrix.copy()
        seen[:, :2] /= shrink
    else:
        seen = matrix
    colour = (128,) * 3 if chance(0.5) else tuple(np.random.randint(0, 255, 3).tolist())
    border = cv2.BORDER_CONSTANT if chance(0.75) else cv2.BORDER_REPLICATE
    x = cv2.warpAffine(level, seen, (SIDE, SIDE), borderMode=border, borderValue=colour)
    empty = np.full((len(ignored), 10), np.nan)
    boxes, points = place(boxes, points, matrix)
    return x.astype(np.float32), boxes, points, place(ignored, empty, matrix)[0]


def mask(image, points):
    """A mask drawn over mouth and nose, roughly as they are worn."""
    eyes, nose, mouth = points[:2], points[2], points[3:]
    across, down = eyes[1] - eyes[0], mouth.mean(0) - eyes.mean(0)
    top, chin = nose - 0.15 * down, mouth.mean(0) + 0.75 * down
    outline = [top, eyes[1] + 0.45 * across + 0.45 * down, mouth[1] + 0.4 * across + 0.3 * down,
               chin, mouth[0] - 0.4 * across + 0.3 * down, eyes[0] - 0.45 * across + 0.45 * down]
    colour = random.choice([(235, 235, 235), (200, 170, 120), (40, 40, 40), (190, 190, 230)])
    shade = tuple(float(v + random.gauss(0, 15)) for v in colour)
    image = image.copy()
    cv2.fillPoly(image, [np.round(np.array(outline) * 16).astype(np.int32)], shade, cv2.LINE_AA, 4)
    return image


def paste(x, boxes, points, ignored, portrait):
    """Sets a portrait somewhere in the window where no face is."""
    image, box, own = portrait
    if chance(0.5):
        image, box, own, _ = mirrored(image, box[None], own[None], np.zeros((0, 4)))
        box, own = box[0], own[0]
    if chance(0.08):
        image = mask(image, own.reshape(5, 2))
    scale = math.exp(random.uniform(math.log(13), math.log(210))) / max(box[2:] - box[:2])
    angle = math.radians(random.gauss(0, 9))
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    matrix = np.array([[c, -s, 0], [s, c, 0]])
    matrix[:, 2] = np.random.uniform(0.12, 0.88, 2) * SIDE - matrix[:, :2] @ ((box[:2] + box[2:]) / 2)
    h, w = image.shape[:2]
    inset = random.uniform(0, 0.06)
    soft = np.zeros((h, w), np.float32)
    soft[round(inset * h):h - round(inset * h), round(inset * w):w - round(inset * w)] = 1
    if scale < 0.6:
        small = cv2.resize(image, None, fx=scale * 1.3, fy=scale * 1.3,
                           interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (w, h))
    cover = cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    covered = cover > 0.1
    if not covered.any():
        return boxes, points
    for other in np.concatenate([boxes, ignored]):
        l, t, r, b = np.clip(other, 0, SIDE - 1).astype(int)
        if covered[t:b + 1, l:r + 1].any():
            return boxes, points
    seen = cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    x[:] = x * (1 - cover[:, :, None]) + seen * cover[:, :, None]
    box, own = place(box[None], own[None], matrix)
    return np.concatenate([boxes, box]), np.concatenate([points, own])


def degrade(x):
    if chance(0.2):
        x = cv2.GaussianBlur(x, (0, 0), random.uniform(0.4, 1.6))
    if chance(0.08):
        k = random.choice([3, 5, 7, 9])
        kernel = np.zeros((k, k), np.float32)
        kernel[k // 2] = 1 / k
        x = cv2.filter2D(x, -1, kernel if chance(0.7) else kernel.T.copy())
    gain = random.uniform(0.15, 0.5) if chance(0.12) else random.uniform(0.5, 1.5)
    x = x * gain + random.uniform(-30, 30)
    if chance(0.2):
        x = x.mean(2, keepdims=True).repeat(3, 2)              # grey cameras, infrared
    if chance(0.5):
        x = x * (1 + np.random.randn(3).astype(np.float32) * 0.1)
    if chance(0.3):
        x = x + np.random.randn(SIDE, SIDE, 1).astype(np.float32) * random.choice([3, 6, 12])
    x = np.clip(x, 0, 255)
    if chance(0.3):
        quality = [cv2.IMWRITE_JPEG_QUALITY, random.randint(25, 80)]
        x = cv2.imdecode(cv2.imencode(".jpg", x.astype(np.uint8), quality)[1], 1)
    return x.astype(np.float32)


def targets(boxes, points, ignored):
    """For each stride: logit's target, its weight (0: not asked), the face of each cell."""
    maps = {}
    for s in STRIDES:
        n = SIDE // s
        at = (np.arange(n) + 0.5) * s
        gx, gy = np.meshgrid(at, at)
        wanted, owner = np.zeros((n, n), np.float32), np.full((n, n), -1)
        asked, best = np.ones((n, n), np.float32), np.full((n, n), 1e9)
        for box in ignored:
            asked[(gx > box[0]) & (gx < box[2]) & (gy > box[1]) & (gy < box[3])] = 0
        for i, box in enumerate(boxes):
            w, h = box[2:] - box[:2]
            side, middle = max(w, h), (box[:2] + box[2:]) / 2
            u, v = abs(gx - middle[0]) / w, abs(gy - middle[1]) / h
            asked[(u < 0.45) & (v < 0.45)] = 0
            outside = np.any(middle < 2) or np.any(middle > SIDE - 2)
            if side < 10 or outside or not RANGES[s][0] <= side < RANGES[s][1]:
                continue
            away = np.hypot(gx - middle[0], gy - middle[1])
            core = away <= max(0.2 * min(w, h), 0.75 * s)
            core &= away < best
            wanted[core], owner[core], best[core] = 1, i, away[core]
        asked[wanted > 0] = 1
        maps[s] = wanted, asked, owner
    return maps


def example(scenes, bare, portraits):
    scene = random.choice(bare if chance(0.22) else scenes)
    x, boxes, points, ignored = window(scene)
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        boxes, points = paste(x, boxes, points, ignored, random.choice(portraits))
    return degrade(x), boxes, points, ignored


def box_loss(offset, size, centre, wanted):
    """1 - DIoU (Zheng et al. 2020) of boxes given by centre and size, in cells."""
    low, high = offset - size / 2, offset + size / 2
    want_low, want_high = centre - wanted / 2, centre + wanted / 2
    common = (torch.minimum(high, want_high) - torch.maximum(low, want_low)).clamp(min=0).prod(1)
    union = size.prod(1) + wanted.prod(1) - common
    hull = torch.maximum(high, want_high) - torch.minimum(low, want_low)
    apart = ((offset - centre) ** 2).sum(1) / ((hull ** 2).sum(1) + 1e-6)
    return (1 - common / (union + 1e-6) + apart).mean()


def loss_of(outputs, examples):
    """Focal loss of the logits, DIoU of boxes, absolute error of points by the face's size."""
    score, box, point, positives = 0.0, 0.0, 0.0, 1
    made = [targets(*e[1:]) for e in examples]
    for s in STRIDES:
        out = outputs[f"stride{s}"].float()
        wanted = torch.from_numpy(np.stack([m[s][0] for m in made]))
        asked = torch.from_numpy(np.stack([m[s][1] for m in made]))
        p = torch.sigmoid(out[:, 0])
        ce = F.binary_cross_entropy_with_logits(out[:, 0], wanted, reduction="none")
        miss = torch.where(wanted > 0, 1 - p, p)
        weight = torch.where(wanted > 0, 0.5, 0.5)
        score = score + (ce * weight * miss ** 2 * asked).sum()
        b, r, c = np.where(np.stack([m[s][2] for m in made]) >= 0)
        if not len(b):
            continue
        positives += len(b)
        owner = [made[i][s][2][j, k] for i, j, k in zip(b, r, c)]
        boxes = np.stack([examples[i][1][o] for i, o in zip(b, owner)]) / s
        points = np.stack([examples[i][2][o] for i, o in zip(b, owner)]) / s
        at = np.stack([c, r], 1) + 0.5
        values = out[torch.from_numpy(b), :, torch.from_numpy(r), torch.from_numpy(c)]
        centre = torch.from_numpy((boxes[:, :2] + boxes[:, 2:]) / 2 - at).float()
        size = torch.from_numpy(boxes[:, 2:] - boxes[:, :2]).float()
        ours = values[:, 3:5].clamp(-3, 4).exp()
        box = box + box_loss(values[:, 1:3], ours, centre, size) * len(b)
        known = ~np.isnan(points[:, 0])
        if known.any():
            goal = torch.from_numpy(points[known] - np.tile(at[known], 5)).float()
            error = (values[known][:, 5:] - goal) / size[known].mean(1, keepdim=True)
            point = point + F.smooth_l1_loss(error, torch.zeros_like(error), beta=0.02,
                                             reduction="none").mean(1).sum()
    return score / positives, box / positives, point / positives


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("teacher", help="yunet_n_dynamic.onnx")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=200, help="steps between two reports")
    parser.add_argument("--kept", default="training/checkpoints/face-scenes.npz",
                        help="where the teacher's labels are kept")
    parser.add_argument("--output", default="training/checkpoints/face-detector.pt")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    parts = load_scenes(options.faces, Teacher(options.teacher), options.kept)
    portraits = load_portraits(options.faces, 6000)
    scenes = [s for s in parts["train"] if len(s[2])]
    bare = [s for s in parts["train"] if not len(s[2])]
    print(f"{len(scenes)} photographs with faces, {len(bare)} without, "
          f"{len(portraits)} portraits, {len(parts['fold'])} kept", flush=True)
    network = Detector().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    begun, told, first = time.time(), [], 0
    if os.path.exists(options.output):
        state = torch.load(options.output)
        network.load_state_dict(state["network"]), optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    for step in range(first, options.steps):
        done = step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, done / 0.02 + 0.02) * (0.5 + 0.5 * math.cos(math.pi * done))
        examples = [example(scenes, bare, portraits) for _ in range(BATCH)]
        with mixed():
            outputs = network(planes([e[0] for e in examples]))
        score, box, point = loss_of(outputs, examples)
        loss = score + box + 2 * point
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        told.append([float(v.detach()) if torch.is_tensor(v) else v for v in (score, box, point)])
        if (step + 1) % options.every == 0:
            pace = (time.time() - begun) / (step + 1 - first)
            print(f"step {step + 1}: score, box, points "
                  f"{np.round(np.mean(told[-options.every:], axis=0), 4)}, {pace:.2f} s a step", flush=True)
        if (step + 1) % 1000 == 0 or step + 1 == options.steps:
            torch.save({"network": network.state_dict(), "optimiser": optimiser.state_dict(),
                        "step": step + 1}, options.output)
            kept = [(s[1], s[2]) for s in parts["fold"] if "masked" not in s[0]]
            print("fold:", evaluate(network, kept, 0.5), flush=True)
    dev = [(s[1], s[2]) for s in parts["dev"]]
    for threshold in (0.4, 0.5, 0.6):
        print("dev at", threshold, evaluate(network, dev, threshold))


if __name__ == "__main__":
    main()
