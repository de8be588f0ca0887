"""Measure the reader in Python, fit the calibration: evaluate DATA [--split fold|dev] [--fit OUT].

With `--fit` the confidence is fitted on what localiser and reader make of the fold (never of dev),
on worn copies of it and on what is no plate, and written as JSON for `export`.
"""
import argparse
import glob
import json
import math
import random
import sys

import cv2
import numpy as np
import torch

import drawing
from localiser import Localiser, locate, overlap
from plates import INDEX, degrade, jitter, load_aligned, normalise, rectify, worn
from reader import FORMS, decode, forward, mean_of, read, refine, sized
from train_localiser import load


def networks(folder):
    """The localiser of a folder of checkpoints, and the mean of its readers."""
    torch.set_num_threads(1), cv2.setNumThreads(1)
    localiser = Localiser()
    localiser.load_state_dict(torch.load(f"{folder}/localiser.pt"))
    return localiser.eval(), readers(folder)


def readers(folder):
    """The taught reader of a folder of checkpoints, or else the mean of all its readers."""
    paths = glob.glob(f"{folder}/taught-?.pt") or glob.glob(f"{folder}/reader-?.pt")
    if not paths:
        sys.exit(f"{folder} holds no reader-0.pt: run train-reader with --out {folder}")
    return mean_of(sorted(paths))


SECOND_LOOK = 0.985


def second_looks(reader, samples, first):
    """Readings of a first cut and one by the corners that its characters give, together."""
    double = [r.type == "yellow_double" for r in first]
    cuts = [[corners, refine(corners, r)] for (_, corners), r in zip(samples, first)]
    outs = forward(reader, [normalise(rectify(image, c, d)) for (image, _), pair, d
                            in zip(samples, cuts, double) for c in pair])
    return [sized(decode(list(outs[2 * i:2 * i + 2]), d), samples[i][1])
            for i, d in enumerate(double)]


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
    parse.add_argument("--fit", help="write the calibration there")
    parse.add_argument("--plot", help="draw what was claimed against what was observed: OUT.svg")
    parse.add_argument("--drawn", action="store_true", help="count drawn plates by type instead")
    options = parse.parse_args()
    random.seed(1), np.random.seed(1)
    if options.drawn:
        return count_drawn(options, readers(options.checkpoints))
    localiser, reader = networks(options.checkpoints)
    parts = load_aligned(options.data, f"{options.checkpoints}/plates.pickle")
    plates = parts[options.split]
    groups = {"scenes": [p for p in plates if p.scene],
              "small crops": [p for p in plates if p.file.startswith("ccpd_crops")],
              "larger crops": [p for p in plates if not p.scene and "ccpd" not in p.file]}
    for name, group in groups.items():
        cutouts = [(p.image, p.corners) for p in group]
        for weight in (0.5, 0, 1):
            readings = read(reader, cutouts, weight)
            report(f"{name}, second witness's share {weight}", readings, group)
        readings = second_looks(reader, cutouts, read(reader, cutouts))
        report(f"{name}, after a second look", readings, group)
    if options.fit:
        calibrate(options, localiser, reader, parts)


def found_plates(localiser, pictures):
    """What the localiser finds in pictures: (image, corners, the text there or None, sure)."""
    for _, image, labelled in pictures:
        for p, q in locate(localiser, image):
            near = [t if k != "other" else None for c, t, k in labelled
                    if overlap(q, c) > 0.3]
            # A sure find without a row may be a plate that nobody labelled.
            if not near and p < 0.5:
                yield image, q.astype(np.float32), None
            elif near and near[0] != "":
                yield image, q.astype(np.float32), near[0]


def twice(reader, samples, constants):
    """Readings as the program reports them: doubtful ones after a second look."""
    readings = read(reader, samples)
    sure = [confidence(r.features, *constants) for r in readings]
    again = [i for i, p in enumerate(sure) if p < SECOND_LOOK and readings[i].features[3] > -3]
    for i, both in zip(again, second_looks(reader, [samples[i] for i in again],
                                           [readings[i] for i in again])):
        readings[i] = both
    return readings


def calibrate(options, localiser, reader, parts):
    """Fits the confidence on what the program reports.

    Errors are rare among the fold's plates: which evidence counts how much is learnt from worn
    pictures of them too, how sure to be in all from the plates as they are and a quarter of the worn.
    """
    plain = []
    for p in parts["fold"]:
        plain += [(p.image, jitter(p.corners, bool(n) or p.scene), p.text)
                  for n in range(3 if p.scene else 2)]
    for image, corners, text in found_plates(localiser, load(options.data)["fold"]):
        plain += [(image, corners, text or "")] * 3
    for p in parts["foreign"]:                          # seen in training, but for the corners
        plain.append((p.image, jitter(p.corners, True), ""))
    poor = [(*worn(image, corners), text) for image, corners, text in plain]
    samples, texts = [s[:2] for s in plain + poor], [s[2] for s in plain + poor]
    first = read(reader, samples)
    constants = fit([r.features for r in first], [r.text == t for r, t in zip(first, texts)])
    readings = twice(reader, samples, constants)
    right = [r.text == t for r, t in zip(readings, texts)]
    weights, bias = fit([r.features for r in readings], right)
    chosen = [*range(len(plain)), *range(len(plain) + 3, len(readings), 4)]   # every fourth
    score = [[float(np.dot(weights, readings[i].features) + bias)] for i in chosen]
    (scale,), shift = fit(score, [right[i] for i in chosen])
    weights, bias = scale * weights, scale * bias + shift
    warm = temperature(*zip(*[(r, t) for r, t in zip(readings, texts) if t]))
    constants = {"bias": float(bias), "weights": [float(w) for w in weights],
                 "temperature": warm}
    print(constants)
    p = np.array([confidence(r.features, weights, bias) for r in readings])
    reports = {name: reliability(name, p[part], np.array(right)[part]) for name, part in
               (("as they are", slice(0, len(plain))), ("worn", slice(len(plain), None)))}
    with open(options.fit, "w", encoding="utf8") as file:
        json.dump({"constants": constants, "reports": reports}, file, indent=1)
    if options.plot:
        plot(reports, options.plot)


def plate_of_grammar(bank, kind):
    """A drawn plate whose text its type may bear: training draws others, too."""
    forms = [allowed for k, _, _, allowed in FORMS if k == kind]
    while True:
        plate = drawing.draw_plate(bank, kind=kind)
        text = plate.text
        if any(len(text) == len(places) and all(c in place for c, place in zip(text, places))
               for places in forms):
            return plate


def count_drawn(options, reader, each=200):
    """Drawn plates by type, of character cells that training never saw, corners moved."""
    glyphs = drawing.load_glyphs(options.data)
    cells = drawing.load_cells(options.data, glyphs["140"])
    bank = drawing.Bank(glyphs, {c: maps[::7] for c, maps in cells.items()})
    for kind in drawing.DRAWN_SHARE:
        counts = []
        for mild in (1, 0):
            plates = [plate_of_grammar(bank, kind) for _ in range(each)]
            strips = [normalise(degrade(rectify(p.image, jitter(p.corners, False), p.double), mild))
                      for p in plates]
            counts.append(sum(decode(out, p.double).text == p.text
                              for out, p in zip(forward(reader, strips), plates)))
        print(f"{kind}: {counts[0]} and {counts[1]} of {each} drawn, mild and heavy wear")


def plot(reports, path):
    """An SVG of claimed against observed correctness with 95 % intervals (Wilson)."""
    def x(p):
        return 60 + 400 * min(-math.log10(max(1 - p, 1e-3)) / 3, 1)
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 500" '
             'font-family="sans-serif" font-size="12">', '<rect width="500" height="500" fill="white"/>',
             f'<path d="M60 440L{x(0.999)} {500 - x(0.999)}" stroke="#999" fill="none"/>',
             '<text x="180" y="490">claimed (scale: 1 - p, logarithmic)</text>',
             '<text x="6" y="24">observed, 95 % interval</text>']
    for p in (0, 0.5, 0.9, 0.99, 0.999):
        lines.append(f'<text x="{x(p) - 10}" y="462">{p}</text>'
                     f'<text x="14" y="{504 - x(p)}">{p}</text>')
    for (name, report), colour in zip(reports.items(), ("#06c", "#c60")):
        lines.append(f'<text x="330" y="{380 + 20 * (colour == "#c60")}" fill="{colour}">{name}</text>')
        for claimed, observed, n in report["table"]:
            middle = (observed + 1.92 / n) / (1 + 3.84 / n)
            reach = 1.96 / (1 + 3.84 / n) * math.sqrt(observed * (1 - observed) / n + 0.96 / n ** 2)
            low, high = 500 - x(middle - reach), 500 - x(middle + reach)
            lines.append(f'<path d="M{x(claimed):.1f} {low:.1f}V{high:.1f}" stroke="{colour}"/>'
                         f'<circle cx="{x(claimed):.1f}" cy="{500 - x(observed):.1f}" r="4" '
                         f'fill="{colour}"/>')
    with open(path, "w", encoding="utf8") as file:
        file.write("\n".join(lines + ["</svg>"]) + "\n")


def reliability(name, p, right):
    """Prints and returns claims against what was observed."""
    brier, constant = float(np.mean((p - right) ** 2)), float(np.var(right))
    print(f"{name}: {right.sum()} of {len(right)} right, Brier score {brier:.4f} "
          f"(a constant: {constant:.4f})")
    table = []
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.98),
                      (0.98, 0.99), (0.99, 0.995), (0.995, 1.01)):
        inside = (p >= low) & (p < high)
        if inside.any():
            row = float(p[inside].mean()), float(right[inside].mean()), int(inside.sum())
            table.append(row)
            print(f"  claimed {row[0]:.3f}, observed {row[1]:.3f} of {row[2]}")
    return {"count": len(right), "right": int(right.sum()), "brier": brier, "constant": constant,
            "table": table}


def confidence(features, weights, bias):
    return 1 / (1 + math.exp(-float(np.clip(bias + np.dot(weights, features), -40, 40))))


if __name__ == "__main__":
    main()
