"""Train the second look at a face: train-points FACES DETECTOR [--steps N] [--from NETWORK].

The detector's points are near; a crop straightened by them is looked at once more: the points in it
are found to a pixel, and whether it is a face at all is judged anew. The crops of the training are
portraits and faces of photographs straightened by points that are off by as much as the detector's
are, and what the detector finds in the photographs at a low threshold, faces and other things.
"""
import argparse
import math
import os
import random
import time

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from detector import GATE_CANDIDATE, GATE_SIDE, Detector, detect, iou, planes, suppress
from blocks import conv  # found by way of detector
from faces import POINTS, augment_colours, chance, in_fold, manifest, points_of, similarity
from precision import mixed
from restart import restored
from train_detector import load_scenes

SIDE = 80
# The face a little smaller than the embedder wants it, so that what is off stays in view.
TARGETS = (POINTS - 56) * (SIDE / 112 * 0.8) + SIDE / 2
PORTRAITS, LABELLED, FINDS, RATE = 40, 16, 32, 2e-3
FIND_SCALES = (400, GATE_SIDE, 640)      # longer sides at which photographs are searched
LEAST_SCORE, LEAST_SIDE, NEAR, BESIDE = 0.12, 12, 0.35, 0.2


class Points(nn.Module):
    """80 x 80 RGB in [-1, 1] to `points`: five, x and y by turns, in half sides from the middle;
    `box`: its middle likewise, and the logarithms of its sides in sides of the input; and `face`: the
    logit that it is one. About 38 M multiplications."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(3, 24, 3, 2), conv(24, 48, 3, 2), conv(48, 48), conv(48, 48),
                                  conv(48, 96, 3, 2), conv(96, 96), conv(96, 96),
                                  conv(96, 128, 3, 2), nn.Flatten())
        self.narrow = nn.Linear(128 * 25, 192)
        self.out, self.box = nn.Linear(192, 10), nn.Linear(192, 4)
        self.judged, self.face = nn.Linear(128 * 25, 64), nn.Linear(64, 1)

    def forward(self, x):
        wide = self.body(x)
        seen = F.relu(self.narrow(wide))
        return {"points": self.out(seen), "box": self.box(seen),
                "face": self.face(F.relu(self.judged(wide)))}


def load(folder, part):
    """Portraits: (image, five points, box)."""
    found = []
    for row in manifest(folder):
        split = "dev" if row["split"] == "dev" else "fold" if in_fold(row["identity"]) else "train"
        if row["kind"] == "portrait" and row["lx1"] and row["x1"] and split == part:
            box = np.array([float(row[k]) for k in ("x1", "y1", "x2", "y2")])
            found.append((cv2.imread(f"{folder}/{row['file']}"), points_of(row), box))
    return found


def labelled(scenes):
    """The faces of photographs whose points are known, likewise."""
    return [(image, p.reshape(5, 2), box) for _, image, boxes, points, _ in scenes
            for box, p in zip(boxes, points) if not np.isnan(p[0]) and min(box[2:] - box[:2]) >= 14]


def turned(image, points):
    """Mirrored: left is right."""
    shift = np.float64([image.shape[1] - 1, 0])
    return image[:, ::-1], [p[[1, 0, 2, 4, 3]] * [-1, 1] + shift for p in points]


def cut(image, points, matrix, box, true):
    """A crop; true points in it, in pixels; the box's middle and sides there."""
    crop = cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    middle = (box[:2] + box[2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    sides = (box[2:] - box[:2]) * math.hypot(*matrix[:, 0])
    return crop, true @ matrix[:, :2].T + matrix[:, 2], np.concatenate([middle, sides])


def flip_box(image, box):
    return np.array([image.shape[1] - box[2], box[1], image.shape[1] - box[0], box[3]])


def example(image, points, box, spread=1.0):
    """A crop straightened by points that are off, the true ones and the box in it."""
    if chance(0.5):
        box = flip_box(image, box)
        image, (points,) = turned(image, [points])
    eyes = np.hypot(*(points[1] - points[0])) + 1e-3
    angle, zoom = random.gauss(0, 0.09) * spread, math.exp(random.gauss(0, 0.08) * spread)
    c, s = math.cos(angle) * zoom, math.sin(angle) * zoom
    middle = points.mean(0)
    off = (points - middle) @ np.array([[c, s], [-s, c]]) + middle
    off = off + np.random.randn(2) * 0.1 * eyes * spread
    off = off + np.random.randn(5, 2) * 0.07 * eyes * spread
    return cut(image, points, similarity(off, TARGETS), box, points)


class Find:
    """What the detector saw, and the truth about it: a face when its box lies near a labelled one."""

    def __init__(self, name, image, row, side, boxes, points):
        over = iou(row[1:5], boxes) if len(boxes) else np.zeros(1)
        self.name, self.image, self.score, self.side = name, image, row[0], side
        self.points, self.overlap, self.seen = row[5:].reshape(5, 2), over.max(), row[1:5]
        self.face = self.overlap >= NEAR
        self.box = boxes[over.argmax()] if self.face else row[1:5]
        self.true = points[over.argmax()] if self.face else np.full(10, np.nan)
        self.true = self.true.reshape(5, 2)

    def example(self, spread=1.0):
        """A crop straightened as the detector would have it, shaken a little."""
        image, points, true, box = self.image, self.points, self.true, self.box
        if chance(0.5):
            box = flip_box(image, box)
            image, (points, true) = turned(image, [points, true])
        eyes = np.hypot(*(points[1] - points[0])) + 1e-3
        shake = np.random.randn(2) * 0.06 + np.random.randn(5, 2) * 0.04
        return cut(image, points, similarity(points + shake * eyes * spread, TARGETS), box, true)


def find(scenes, network, kept):
    """Finds in photographs at a low threshold, over some scales; the detector's rows are kept on disk."""
    found, rows = [], {}
    if os.path.exists(kept):
        rows = dict(np.load(kept, allow_pickle=True)["rows"].item())
    network.eval()
    for name, image, boxes, points, ignored in scenes:
        for side in FIND_SCALES:
            if (name, side) not in rows:
                rows[name, side] = detect(network, image, LEAST_SCORE, side)
            for row in rows[name, side]:
                beside = iou(row[1:5], ignored).max() if len(ignored) else 0
                seen = Find(name, image, row, side, boxes, points)
                doubtful = beside > 0.2 or BESIDE < seen.overlap < NEAR
                if row[0] > LEAST_SCORE and min(row[3:5] - row[1:3]) > LEAST_SIDE and not doubtful:
                    found.append(seen)
    np.savez(kept, rows=rows)
    return found


def as_input(crops):
    x = np.ascontiguousarray(np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    return (torch.from_numpy(x) / 127.5 - 1).to(memory_format=torch.channels_last)


def evaluate(network, portraits):
    """Mean distance of the points before and after, in shares of the eyes' distance."""
    random.seed(5), np.random.seed(5)
    network.eval()
    before, after = [], []
    for portrait in portraits[:600]:
        crop, true, _ = example(*portrait)
        with torch.no_grad():
            found = network(as_input([crop]))["points"].numpy().reshape(5, 2) * (SIDE / 2) + SIDE / 2
        eyes = np.hypot(*(true[1] - true[0])) + 1e-3
        before.append(np.hypot(*(TARGETS - true).T).mean() / eyes)
        after.append(np.hypot(*(found - true).T).mean() / eyes)
    network.train()
    return f"before {np.mean(before):.4f}, after {np.mean(after):.4f}, worst tenth " \
           f"{np.mean(sorted(after)[-len(after) // 10:]):.4f}"


def look(network, image, points):
    """One look at a face: the logit that it is one, its points and its box, in pixels of the picture."""
    matrix = similarity(points, TARGETS)
    crop = cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    answer = {k: v.numpy()[0] for k, v in network(as_input([crop])).items()}
    back = cv2.invertAffineTransform(matrix)
    seen = (answer["points"].reshape(5, 2) + 1) * (SIDE / 2) @ back[:, :2].T + back[:, 2]
    middle = back[:, :2] @ ((answer["box"][:2] + 1) * SIDE / 2) + back[:, 2]
    half = np.exp(answer["box"][2:].clip(-3, 2)) * SIDE * math.hypot(*back[:, 0]) / 2
    return answer["face"][0], seen, np.concatenate([middle - half, middle + half])


@torch.no_grad()
def judge(network, finds):
    """Mean logits of two looks at finds, the second by the points of the first, and the mean boxes of the detector and
    both looks, whose second counts twice (FacePoints.swift)."""
    network.eval()
    logits, boxes = [], []
    for f in finds:
        first, points, one = look(network, f.image, f.points)
        second, _, two = look(network, f.image, points)
        logits.append((first + second) / 2), boxes.append((f.seen + one + 2 * two) / 4)
    network.train()
    return np.array(logits), np.array(boxes)


def measure(network, finds, pictures, on_nothing=0.1):
    """How well detector and second look tell faces from the rest, as the gate uses them: prints it, and
    returns (weight of the detector's logit, of the second look's, bias): by logistic regression, then
    shifted so that at 0 so many boxes on nothing a picture are left."""
    finds = [f for f in finds if f.side == GATE_SIDE and f.score > GATE_CANDIDATE]
    face = np.array([float(f.face) for f in finds])
    first = np.array([math.log(f.score / (1 - f.score)) for f in finds])
    second, boxes = judge(network, finds)
    x = np.stack([first, second, np.ones(len(finds))], 1)
    w = np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ w))
        bent = (x * (p * (1 - p))[:, None]).T @ x + np.diag([1.0, 1.0, 1e-3])
        w = w + np.linalg.solve(bent, x.T @ (face - p) - np.array([w[0], w[1], 0]))
    seen, others = {}, []
    for name, boxes_there in pictures.items():
        rows = np.array([[s, *b, *np.zeros(10)] for f, s, b in zip(finds, x @ w, boxes)
                         if f.name == name]).reshape(-1, 15)
        seen[name] = suppress(rows)
        others += [r[0] for r in seen[name]
                   if not len(boxes_there) or iou(r[1:5], boxes_there).max() < 0.3]
    others = np.sort(others)[::-1]
    bound = others[min(round(on_nothing * len(pictures)), len(others) - 1)]
    hits = {}
    for name, boxes_there in pictures.items():
        sure = seen[name][seen[name][:, 0] > bound]
        for box in boxes_there:
            side = min(box[2:] - box[:2])
            size = "24 to 48" if 24 <= side < 48 else "48 and more" if side >= 48 else "less"
            found = len(sure) and iou(box, sure[:, 1:5]).max() >= 0.5
            hits.setdefault(size, []).append(bool(found))
    fit = np.array([(f.overlap, iou(f.box, b[None])[0]) for f, b in zip(finds, boxes) if f.face])

    def area(scores):
        order = scores.argsort().argsort()
        return (order[face > 0].mean() - (face.sum() - 1) / 2) / (face == 0).sum()
    print(f"faces {int(face.sum())} of {len(finds)}; area under the curve: detector {area(first):.4f}, second "
          f"look {area(second):.4f}, both {area(x @ w):.4f}; boxes over a half "
          f"{np.mean(fit[:, 0] > 0.5):.3f} before, {np.mean(fit[:, 1] > 0.5):.3f} after; at {on_nothing} "
          "boxes on nothing a picture " + ", ".join(
              f"{k}: {sum(v)} of {len(v)}" for k, v in sorted(hits.items())), flush=True)
    return [float(w[0]), float(w[1]), float(w[2] - bound)]


def detector_of(path, scenes):
    """The detector of a checkpoint or of a network's file."""
    if path.endswith(".ghn"):
        picture = cv2.resize(scenes["train"][0][1], (320, 320))
        return restored(Detector(), path, [planes([picture])])
    detector = Detector().to(memory_format=torch.channels_last)
    detector.load_state_dict(torch.load(path)["network"])
    return detector


def second_look_of(path, batches):
    """The second look of a network's file, ready to go on learning."""
    network, crops = Points(), [batches.next()[0] for _ in range(12)]
    return restored(network, path, crops, {network.narrow: 5, network.judged: 5}).train()


class Batches:
    """Portraits, labelled faces, and finds, more than half of which are no faces."""

    def __init__(self, portraits, faces, finds):
        self.portraits, self.labelled = portraits, faces
        self.faces, self.others = ([f for f in finds if f.face == k] for k in (True, False))

    def next(self):
        rows = [(*example(*random.choice(self.portraits)), 1.0) for _ in range(PORTRAITS)]
        rows += [(*example(*random.choice(self.labelled)), 1.0) for _ in range(LABELLED)]
        for _ in range(FINDS):
            kind = self.faces if chance(0.4) else self.others
            find = random.choice(kind)
            if kind is self.others and chance(0.5):        # the surer ones more often
                find = max(find, random.choice(kind), random.choice(kind), key=lambda f: f.score)
            rows.append((*find.example(), float(find.face)))
        crops = [augment_colours(r[0], SIDE / 112) for r in rows]
        points = torch.from_numpy(np.float32([r[1] for r in rows])).flatten(1) / (SIDE / 2) - 1
        boxes = torch.from_numpy(np.float32([r[2] for r in rows]))
        return as_input(crops), points, boxes, torch.tensor([r[3] for r in rows])


def loss_of(answer, points, boxes, face):
    known = ~torch.isnan(points[:, 0])
    point = F.smooth_l1_loss(answer["points"].float()[known], points[known], beta=0.02)
    told, is_face = answer["box"].float(), face > 0
    place = F.smooth_l1_loss(told[is_face, :2], boxes[is_face, :2] / (SIDE / 2) - 1, beta=0.05)
    size = F.smooth_l1_loss(told[is_face, 2:], torch.log(boxes[is_face, 2:] / SIDE), beta=0.05)
    judged = F.binary_cross_entropy_with_logits(answer["face"].float()[:, 0], face)
    return point, place + size, judged


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("detector", help="its checkpoint, of train-detector, or its file (.ghn)")
    parser.add_argument("--from", dest="network", help="a second look's file (.ghn) to go on from")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--steps", type=int, default=16000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=250)
    parser.add_argument("--kept", default="training/checkpoints/face-scenes.npz",
                        help="where the labels of the photographs are kept (train-detector)")
    parser.add_argument("--output", default="training/checkpoints/face-points.pt")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    train, fold = load(options.faces, "train"), load(options.faces, "fold")
    scenes = load_scenes(options.faces, None, options.kept)
    detector = detector_of(options.detector, scenes)
    stem = os.path.splitext(options.output)[0]
    finds = find(scenes["train"], detector, stem + "-finds.npz")
    kept = find(scenes["fold"], detector, stem + "-finds-fold.npz")
    pictures = {s[0]: s[2] for s in scenes["fold"] if "masked" not in s[0]}
    print(f"{len(train)} portraits; {len(finds)} finds, {sum(f.face for f in finds)} of them faces",
          flush=True)
    batches = Batches(train, labelled(scenes["train"]), finds)
    if options.network:
        network = second_look_of(options.network, batches)
    else:
        network = Points().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=0.01)
    begun, told, first = time.time(), [], 0
    if os.path.exists(options.output):
        state = torch.load(options.output)
        network.load_state_dict(state["network"]), optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    os.makedirs(os.path.dirname(options.output) or ".", exist_ok=True)
    if options.network and not first:
        print("as it was:", evaluate(network, fold), flush=True)
        measure(network, kept, pictures)
    for step in range(first, options.steps):
        done = step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1, done / 0.03 + 0.05) * (0.5 + 0.5 * math.cos(math.pi * done))
        x, *goals = batches.next()
        with mixed():
            answer = network(x)
        points, box, judged = loss_of(answer, *goals)
        loss = points + 0.3 * box + 0.03 * judged
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        told.append((points.item(), box.item(), judged.item()))
        if (step + 1) % options.every == 0 or step + 1 == options.steps:
            torch.save({"network": network.state_dict(), "optimiser": optimiser.state_dict(),
                        "step": step + 1}, options.output)
            print(f"step {step + 1}: points, box, face {np.round(np.mean(told[-options.every:], 0), 5)}, "
                  f"{(time.time() - begun) / (step + 1 - first):.2f} s a step", flush=True)
        if (step + 1) % 2000 == 0:
            print("fold:", evaluate(network, fold))
            measure(network, kept, pictures)
    print("fold:", evaluate(network, fold))
    state = torch.load(options.output)
    state["judgement"] = measure(network, kept, pictures)
    torch.save(state, options.output)


if __name__ == "__main__":
    main()
