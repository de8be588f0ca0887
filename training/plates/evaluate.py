"""Measure the whole way in Python, fit the calibration: evaluate DATA [--split fold|dev] [--fit OUT].

Plates are found by the localiser and read by the reader as the program does. With `--fit` the
confidence is fitted on the fold (never on dev) and on what is no plate, and written as JSON for
`export`.
"""
import argparse
import json
import math
import pickle
import random

import cv2
import numpy as np
import torch

from localiser import Localiser, detect, overlap
from plates import INDEX, jitter, load_aligned
from reader import Reader, read
from train_localiser import load


def networks(folder):
    torch.set_num_threads(1), cv2.setNumThreads(1)
    localiser, reader = Localiser(), Reader()
    localiser.load_state_dict(torch.load(f"{folder}/localiser.pt"))
    reader.load_state_dict(torch.load(f"{folder}/reader.pt"))
    return localiser.eval(), reader.eval()


def fit(features, right, ridge=1e-2, rounds=200):
    """Logistic regression with weights that may not be negative: more evidence, more confidence."""
    x, y = np.array(features, np.float64), np.array(right, np.float64)
    scale = x.std(0) + 1e-6
    weights, bias = np.full(x.shape[1], 0.2), 2.0
    moment = np.zeros(x.shape[1] + 1)
    for step in range(rounds * 20):
        p = 1 / (1 + np.exp(-(x / scale @ weights + bias)))
        slope = np.append((x / scale).T @ (p - y) / len(y) + ridge * weights / len(y) * 10,
                          (p - y).mean())
        moment = 0.9 * moment + slope
        weights, bias = np.maximum(weights - 0.1 * moment[:-1], 0), bias - 0.1 * moment[-1]
    return weights / scale, bias


def temperature(readings, texts):
    """Divides the log posteriors so that each place's true character is as likely as it claims."""
    best = (1e9, 1.0)
    for t in np.geomspace(0.25, 3, 26):
        loss = count = 0
        for r, text in zip(readings, texts):
            if len(text) != len(r.places):
                continue
            for row, c in zip(r.places, text):
                logs = row / t
                logs = logs - np.logaddexp.reduce(logs)
                loss -= max(logs[INDEX[c]], -12)
                count += 1
        best = min(best, (loss / max(count, 1), float(t)))
    return best[1]


def report(name, readings, plates):
    right = sum(r.text == p.text for r, p in zip(readings, plates))
    wrong = [(p.file, p.text, r.text) for r, p in zip(readings, plates) if r.text != p.text]
    print(f"{name}: {right} of {len(plates)}", wrong[:12], flush=True)


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--checkpoints", default="checkpoints")
    parse.add_argument("--split", default="fold")
    parse.add_argument("--fit")
    options = parse.parse_args()
    random.seed(1), np.random.seed(1)
    localiser, reader = networks(options.checkpoints)
    parts = load_aligned(options.data, f"{options.checkpoints}/plates.pickle")
    plates = parts[options.split]
    groups = {"scenes": [p for p in plates if p.scene],
              "small crops": [p for p in plates if p.file.startswith("ccpd_crops")],
              "larger crops": [p for p in plates if not p.scene and "ccpd" not in p.file]}
    for name, group in groups.items():
        cutouts = [(p.image, p.corners) for p in group]
        for weight, count in ((0.5, 1), (0, 1), (1, 1), (0.5, 3)):
            readings = read(reader, cutouts, weight, count)
            report(f"{name}, second witness {weight}, {count} cuts", readings, group)
    if options.fit:
        calibrate(options, localiser, reader, parts)


def found_plates(localiser, pictures):
    """What the localiser finds in pictures: (image, corners, the text there or None, sure)."""
    for _, image, labelled in pictures:
        for p, q in detect(localiser, image, 640, 0.2, 12):
            near = [t for c, t, k in labelled if overlap(q, c) > 0.3]
            if not near:
                yield image, q.astype(np.float32), None
            elif near[0]:
                yield image, q.astype(np.float32), near[0]


def calibrate(options, localiser, reader, parts):
    samples, texts = [], []
    for p in parts["fold"]:
        for _ in range(3 if p.scene else 1):
            samples.append((p.image, jitter(p.corners, True) if p.scene else p.corners))
            texts.append(p.text)
    for image, corners, text in found_plates(localiser, load(options.data)["fold"]):
        samples.append((image, corners))
        texts.append(text or "")
    for p in parts["foreign"][::3]:
        samples.append((p.image, p.corners))
        texts.append("")
    readings = read(reader, samples)
    doubtful = [i for i, r in enumerate(readings) if r.features[0] < -0.3]
    for i, r in zip(doubtful, read(reader, [samples[i] for i in doubtful], 0.5, 3)):
        readings[i] = r
    right = [r.text == t for r, t in zip(readings, texts)]
    weights, bias = fit([r.features for r in readings], right)
    plates = [(r, t) for r, t in zip(readings, texts) if t]
    warm = temperature(*zip(*plates))
    constants = {"bias": float(bias), "weights": [float(w) for w in weights],
                 "temperature": warm}
    p = [1 / (1 + math.exp(-(bias + float(np.dot(weights, r.features))))) for r in readings]
    brier = float(np.mean([(a - b) ** 2 for a, b in zip(p, right)]))
    with open(options.fit, "w", encoding="utf8") as file:
        json.dump({"constants": constants, "samples": len(right), "right": sum(right),
                   "brier": brier}, file, indent=1)
    print(constants, f"{sum(right)} of {len(right)} right, Brier score {brier:.4f}")
    with open(f"{options.checkpoints}/calibration-samples.pickle", "wb") as file:
        pickle.dump([(list(map(float, r.features)), r.text, t) for r, t in zip(readings, texts)],
                    file)


if __name__ == "__main__":
    main()
