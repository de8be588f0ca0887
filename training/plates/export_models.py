"""Write the networks as the program reads them: export OUT [--checkpoints FOLDER].

Makes plate-localiser.ghn and plate-reader.ghn with their stored answers. What the program must know
of a network (geometry, classes, thresholds, calibration) travels in the file's metadata.
"""
import argparse
import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "export"))
from export import export, golden  # noqa: E402

import drawing
import reader as reading
from drawing import TYPES
from calibration import SECOND_LOOK
from evaluate import readers
from localiser import CELL, NEAR, NEAR_WINDOW, UNIT, Localiser
from plates import CLASSES, DOUBLE, HEIGHT, SINGLE, WIDTH
from reader import FORMS, LAYOUTS, PARTS, PRIOR_O, PRIORS, STARTS


def red_first(network, first):
    """Training sees blue, green, red; the program gives red, green, blue."""
    with torch.no_grad():
        first.weight.copy_(first.weight[:, [2, 1, 0]].clone())
    return network.eval()


def numbers(values):
    return " ".join(f"{v:.6g}" for v in np.ravel(values))


def reader_metadata(calibration):
    meta = {"version": 1, "strip": f"{WIDTH} {HEIGHT}", "single": numbers(SINGLE),
            "double": numbers(DOUBLE), "classes": CLASSES, "types": " ".join(TYPES),
            "tone": 0.02, "light_floor": 6, "stride": reading.STRIDE,
            "spread": reading.SPREAD, "segment_weight": reading.SEGMENT_WEIGHT,
            "prior.O": PRIOR_O, "second_look": SECOND_LOOK,
            "least": 0.3}
    meta |= {f"part.{name}": int(STARTS[name]) for name in PARTS}
    meta |= {f"layout.{name.replace('_', '-')}": numbers(v) for name, v in LAYOUTS.items()}
    meta |= {f"prior.{kind}.{form}": v for (kind, form), v in PRIORS.items()}
    for kind, form, layout, allowed in FORMS:
        row = "yellow_double" if layout == "double" else "single"
        boxes = drawing.fractions(row, "".join(a[0] for a in allowed))[2 if row != "single" else 0:]
        name = layout.replace("_", "-")
        meta[f"middles.{name}"] = numbers(boxes[:, 0])
        meta[f"extent.{name}"] = numbers([boxes[0, 1] - boxes[0, 3] / 2,
                                          boxes[0, 1] + boxes[0, 3] / 2])
        key = f"form.{kind}.{form}".replace(" ", "-").replace(",", "")
        meta[key] = layout.replace("_", "-")
    meta = {k.replace(" ", "-"): v for k, v in meta.items()}
    return meta | {f"calibration.{k}": numbers(v) for k, v in calibration.items()}


class Bare(nn.Module):
    """The mean of the readers, without what only training needs."""

    def __init__(self, whole):
        super().__init__()
        self.members = nn.ModuleList(nn.Sequential(m.features, m.columns, m.out)
                                     for m in whole.members)
        with torch.no_grad():
            for member in self.members:
                member[-1].weight /= len(self.members)
                member[-1].bias /= len(self.members)

    def forward(self, strip):
        first, *others = self.members
        total = first(strip)
        for other in others:
            total = total + other(strip)
        return total


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("out")
    parse.add_argument("--checkpoints", default="checkpoints")
    parse.add_argument("--threshold", type=float, default=0.3, help="of the localiser")
    parse.add_argument("--calibration", help="JSON written by evaluate")
    options = parse.parse_args()
    os.makedirs(f"{options.out}/golden", exist_ok=True)
    network = Localiser()
    network.load_state_dict(torch.load(f"{options.checkpoints}/localiser.pt"))
    red_first(network, network.quarter[0][0])
    meta = {"version": 1, "cell": CELL, "unit": UNIT, "stride": 32, "long_side": 640,
            "threshold": options.threshold, "most": 10, "near_width": NEAR,
            "near_window_width": NEAR_WINDOW[0], "near_window_height": NEAR_WINDOW[1],
            "near_least": 0.2, "likely": 0.4, "near_likely": 0.75, "sure": 0.5}
    shape, path = (1, 3, 384, 640), f"{options.out}/plate-localiser.ghn"
    export(network, shape, path, meta=meta, output_names=["cells"])
    golden(network, (1, 3, 96, 160), f"{options.out}/golden/plate-localiser@small.golden", seed=1,
           output_names=["cells"])
    golden(network, shape, f"{options.out}/golden/plate-localiser.golden", seed=2,
           output_names=["cells"])
    calibration = {"bias": 6, "weights": [0.6, 1, 0.5, 1.5, 0.5, 1, 1], "temperature": 1,
                   "knots": [-1, 1], "values": [-1, 1]}
    if options.calibration:
        with open(options.calibration, encoding="utf8") as file:
            calibration = json.load(file)["constants"]
    network, shape = Bare(readers(options.checkpoints)).eval(), (1, 4, HEIGHT, WIDTH)
    path = f"{options.out}/plate-reader.ghn"
    export(network, shape, path, meta=reader_metadata(calibration), output_names=["columns"])
    golden(network, shape, f"{options.out}/golden/plate-reader.golden", seed=3,
           output_names=["columns"])
    print("written to", options.out, "for", len(drawing.TYPES), "types")


if __name__ == "__main__":
    main()
