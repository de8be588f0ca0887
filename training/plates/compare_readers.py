"""Compare readers on the same pictures of the fold: compare-readers DATA NAME=READER.pt[,READER.pt...] ...

Several checkpoints under one name are read by their mean. For each name: plates read exactly, at one
look and with a second, of scenes (as labelled, and with corners moved as the localiser errs), of small
and larger crops, of worn copies of all, and (one look) of strips worn as in training; then, for each
two names, the copies that only one of them reads.
"""
import argparse
import itertools
import random

import cv2
import numpy as np
import torch

from calibration import second_looks
from plates import degrade, jitter, load_aligned, normalise, rectify, worn
from reader import decode, forward, mean_of, read


def tests(fold):
    """{name: [(image, corners, text)]}, and the worn strips: [(strip, double, text)]."""
    random.seed(11), np.random.seed(11)
    scenes, twice = [p for p in fold if p.scene], [p for p in fold for _ in range(2)]
    small = [p for p in fold if p.file.startswith("ccpd_crops")]
    larger = [p for p in fold if not p.scene and "ccpd" not in p.file]
    found = {"scenes": [(p.image, p.corners, p.text) for p in scenes],
             "moved": [(p.image, jitter(p.corners, True), p.text) for p in scenes for _ in range(4)],
             "small": [(p.image, p.corners, p.text) for p in small],
             "larger": [(p.image, p.corners, p.text) for p in larger],
             "worn": [(*worn(p.image, jitter(p.corners, p.scene)), p.text) for p in twice]}
    return found, [(normalise(degrade(rectify(p.image, jitter(p.corners, p.scene), p.double), 0)),
                    p.double, p.text) for p in twice]


def count(network, pictures, strips):
    """{test: which plates are read exactly}; prints a line."""
    right = {}
    for name, samples in pictures.items():
        cuts = [s[:2] for s in samples]
        first = read(network, cuts)
        for look, readings in (("", first), (", second look", second_looks(network, cuts, first))):
            right[name + look] = np.array([r.text == s[2] for r, s in zip(readings, samples)])
    outs = forward(network, [s for s, _, _ in strips])
    right["strips"] = np.array([decode(o, d).text == t for o, (_, d, t) in zip(outs, strips)])
    return right


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("readers", nargs="+", metavar="NAME=READER.pt,...")
    parse.add_argument("--checkpoints", default="checkpoints", help="for plates.pickle")
    options = parse.parse_args()
    torch.set_num_threads(1), cv2.setNumThreads(1)
    fold = load_aligned(options.data, f"{options.checkpoints}/plates.pickle")["fold"]
    pictures, strips = tests(fold)
    found = {}
    for argument in options.readers:
        name, paths = argument.split("=")
        found[name] = count(mean_of(paths.split(",")), pictures, strips)
        print(name, {test: f"{r.sum()}/{len(r)}" for test, r in found[name].items()}, flush=True)
    for a, b in itertools.combinations(found, 2):
        print({test: f"only {a} {(r & ~found[b][test]).sum()}, only {b} {(found[b][test] & ~r).sum()}"
               for test, r in found[a].items()})


if __name__ == "__main__":
    main()
