"""Writes into an embedder's file how often two people reach a similarity: calibrate MODEL MANIFEST READ.

READ is what `gatectl faces read --format tsv --model MODEL` says of portraits of the fold (people of
`train` whom no network was trained on; `--list` names their files). Every pair of different people
counts, over all sources together. The table goes into the metadata `fmr`.
"""
import argparse
import base64
import csv
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from faces import in_fold, manifest  # noqa: E402
from graph_writer import GraphWriter, read  # noqa: E402

RATES = [1e-1, 1e-2, 1e-3, 1e-4, 3e-5, 1e-5]
PAIRS_LEAST = 10


def fold(folder):
    return {row["file"]: row["identity"] for row in manifest(folder)
            if row["kind"] == "portrait" and row["split"] == "train" and in_fold(row["identity"])}


def vectors(path, people):
    """The vectors of pictures of the fold, of the face nearest the middle, with their people."""
    best = {}
    with open(path, encoding="utf8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            name = next((n for n in people if ("/" + row["file"]).endswith("/" + n)), None)
            if name and row["embedding"]:
                x, y, w, h = (float(row[k]) for k in ("x", "y", "width", "height"))
                away = np.hypot(x + w / 2 - 72, y + h / 2 - 72)
                if name not in best or away < best[name][0]:
                    vector = np.frombuffer(base64.b64decode(row["embedding"]), "<f4")
                    best[name] = away, vector
    names = sorted(best)
    return np.stack([best[n][1] for n in names]), np.array([people[n] for n in names])


def table(found, people):
    upper = np.triu_indices(len(people), 1)
    different = (people[:, None] != people[None])[upper]
    scores = np.sort((found @ found.T)[upper][different])[::-1]
    points = []
    for rate in RATES:
        if rate * len(scores) >= PAIRS_LEAST:
            points.append((float(scores[int(rate * len(scores))]), rate))
    return points, len(scores)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("faces", help="the folder with manifest.tsv")
    parser.add_argument("readings", nargs="?")
    parser.add_argument("--list", action="store_true", help="print the fold's files and stop")
    options = parser.parse_args()
    people = fold(options.faces)
    if options.list:
        print("\n".join(f"{options.faces}/{name}" for name in sorted(people)))
        return
    points, pairs = table(*vectors(options.readings, people))
    lines, weights = read(options.model)
    writer = GraphWriter()
    writer.put(weights)
    text = " ".join(f"{s:.4f}:{r:g}" for s, r in points)
    writer.lines = [f"meta fmr {text}"] + [x for x in lines if not x.startswith("meta fmr ")]
    writer.save(options.model)
    print(f"{options.model}: {text} of {pairs} pairs")


if __name__ == "__main__":
    main()
