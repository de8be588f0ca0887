"""Writes a trained network as a network file with its stored answer: export WHAT CHECKPOINT MODELS.

WHAT is `detector`, `points`, `embedder` or `head`. MODELS is the folder for NAME.ghn and golden/NAME.golden.
"""
import argparse
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from export import export, golden  # noqa: E402

from face_base import mark  # noqa: E402
from graph_writer import read  # noqa: E402

from base import BASE_POINTS, MAPS, Head  # noqa: E402
from detector import (GATE_CANDIDATE, GATE_SIDE, INSIDE, LEAST_SHORT,  # noqa: E402
                      MOST_ENLARGED, Detector)
from faces import POINTS  # noqa: E402
from student import Assessed, Student  # noqa: E402
from train_points import TARGETS, Points  # noqa: E402


def points(values):
    return " ".join(f"{x:.4f},{y:.4f}" for x, y in values)


def detector(state, options):
    network = Detector()
    network.load_state_dict(state["network"])
    return "face-detector", network, (1, 3, 480, 640), (1, 3, 160, 160), {
        "threshold": options.threshold, "candidate": GATE_CANDIDATE, "suppress": 0.4,
        "inside": INSIDE, "side": GATE_SIDE, "border": 0, "least": LEAST_SHORT,
        "enlarge": MOST_ENLARGED}


def second_look(state, options):
    network = Points()
    network.load_state_dict(state["network"])
    first, second, bias = state["judgement"]
    return "face-points", network, (1, 3, 80, 80), (1, 3, 80, 80), {
        "points": points(TARGETS), "detector": first, "second": second, "bias": bias}


def embedder(state, options):
    network = Assessed(Student.of(state))
    network.assess.load_state_dict(state["assess"])
    return "face-embedder", network, (1, 3, 112, 112), (1, 3, 112, 112), {
        "name": "gatehouse-small", "mean": "127.5 127.5 127.5",
        "scale": " ".join([f"{1 / 127.5:.9g}"] * 3), "points": points(POINTS), "mirror": "yes"}


def head(state, options):
    shapes = [(1, *shape) for shape in MAPS.values()] + [(1, 128)]
    # The base takes (value - mean) / 256; these means stand in its own file.
    return "face-head", Head.of(state).eval().fold(), shapes, shapes, {
        "name": "gatehouse-large", "mean": "122.782 117.001 104.298",
        "scale": " ".join([f"{1 / 256:.9g}"] * 3), "points": points(BASE_POINTS), "mirror": "yes",
        "small": mark(read(f"{options.models}/face-embedder.ghn")[1])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["detector", "points", "embedder", "head"])
    parser.add_argument("checkpoint")
    parser.add_argument("models")
    parser.add_argument("--threshold", type=float, default=0.5, help="of the detector's score")
    options = parser.parse_args()
    make = {"detector": detector, "points": second_look, "embedder": embedder, "head": head}[options.what]
    name, network, shape, small, meta = make(torch.load(options.checkpoint, map_location="cpu"),
                                             options)
    network.eval()
    export(network, shape, f"{options.models}/{name}.ghn", meta=meta)
    golden(network, small, f"{options.models}/golden/{name}.golden", seed=1)
    print(f"{options.models}/{name}.ghn")


if __name__ == "__main__":
    main()
