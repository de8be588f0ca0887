"""Train the second look at a face's five points: train-points FACES [--steps N].

The detector's points are near; a crop straightened by them is looked at once more, and the points in
it are found to a pixel. The crops of the training are straightened by points that are off by as
much as the detector's are.
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

from faces import POINTS, augment_colours, chance, in_fold, manifest, points_of, similarity

SIDE = 80
# The face a little smaller than the embedder wants it, so that what is off stays in view.
TARGETS = (POINTS - 56) * (SIDE / 112 * 0.8) + SIDE / 2
BATCH, RATE = 64, 2e-3


def conv(i, o, kernel=3, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(o), nn.ReLU())


class Points(nn.Module):
    """80 x 80 RGB in [-1, 1] to five points, x and y by turns, in half sides from the middle."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(3, 16, 3, 2), conv(16, 32, 3, 2), conv(32, 32),
                                  conv(32, 64, 3, 2), conv(64, 64), conv(64, 96, 3, 2),
                                  nn.Flatten())
        self.narrow, self.out = nn.Linear(96 * 25, 128), nn.Linear(128, 10)

    def forward(self, x):
        return self.out(F.relu(self.narrow(self.body(x))))


def load(folder, part):
    found = []
    for row in manifest(folder):
        split = "dev" if row["split"] == "dev" else "fold" if in_fold(row["identity"]) else "train"
        if row["kind"] == "portrait" and row["lx1"] and split == part:
            found.append((cv2.imread(f"{folder}/{row['file']}"), points_of(row)))
    return found


def example(image, points, spread=1.0):
    """A crop straightened by points that are off, and the true ones in it."""
    if chance(0.5):
        image = image[:, ::-1]
        points = points[[1, 0, 2, 4, 3]] * [-1, 1] + [image.shape[1] - 1, 0]
    eyes = np.hypot(*(points[1] - points[0])) + 1e-3
    angle, zoom = random.gauss(0, 0.09) * spread, math.exp(random.gauss(0, 0.08) * spread)
    c, s = math.cos(angle) * zoom, math.sin(angle) * zoom
    middle = points.mean(0)
    off = (points - middle) @ np.array([[c, s], [-s, c]]) + middle
    off = off + np.random.randn(2) * 0.1 * eyes * spread
    off = off + np.random.randn(5, 2) * 0.07 * eyes * spread
    matrix = similarity(off, TARGETS)
    crop = cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return crop, points @ matrix[:, :2].T + matrix[:, 2]


def as_input(crops):
    x = np.ascontiguousarray(np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    return (torch.from_numpy(x) / 127.5 - 1).to(memory_format=torch.channels_last)


def evaluate(network, portraits):
    """Mean distance of the points before and after, in shares of the eyes' distance."""
    random.seed(5), np.random.seed(5)
    network.eval()
    before, after = [], []
    for image, points in portraits[:600]:
        crop, true = example(image, points)
        with torch.no_grad():
            found = network(as_input([crop])).numpy().reshape(5, 2) * (SIDE / 2) + SIDE / 2
        eyes = np.hypot(*(true[1] - true[0])) + 1e-3
        before.append(np.hypot(*(TARGETS - true).T).mean() / eyes)
        after.append(np.hypot(*(found - true).T).mean() / eyes)
    network.train()
    return f"before {np.mean(before):.4f}, after {np.mean(after):.4f}, worst tenth " \
           f"{np.mean(sorted(after)[-len(after) // 10:]):.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=250)
    parser.add_argument("--output", default="training/checkpoints/face-points.pt")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    train, fold = load(options.faces, "train"), load(options.faces, "fold")
    network = Points().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    begun, told = time.time(), []
    os.makedirs(os.path.dirname(options.output) or ".", exist_ok=True)
    for step in range(options.steps):
        done = step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, done / 0.03 + 0.05) * (0.5 + 0.5 * math.cos(math.pi * done))
        pairs = [example(*random.choice(train)) for _ in range(BATCH)]
        crops = [augment_colours(c, SIDE / 112) for c, _ in pairs]
        goal = torch.from_numpy(np.float32([p for _, p in pairs])).flatten(1) / (SIDE / 2) - 1
        with torch.autocast("cpu", torch.bfloat16):
            answer = network(as_input(crops))
        loss = F.smooth_l1_loss(answer.float(), goal, beta=0.02)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        told.append(loss.item())
        if (step + 1) % options.every == 0 or step + 1 == options.steps:
            torch.save({"network": network.state_dict()}, options.output)
            print(f"step {step + 1}: loss {np.mean(told[-options.every:]):.5f}, "
                  f"{(time.time() - begun) / (step + 1):.2f} s a step", flush=True)
    print("fold:", evaluate(network, fold))


if __name__ == "__main__":
    main()
