"""Measure the reader in Python, fit the calibration: evaluate DATA [--split fold|dev] [--fit OUT].

With `--fit` the confidence is fitted on what localiser and reader make of the fold (never of dev),
on worn copies of it and on what is no plate, and written as JSON for `export`. With `--folds`
(OUT/fold1.. of `cross-validate`) on what those networks make of theirs, too; each fold's readings are then
held against what the constants of the others claim, and `cross-validate` reads with those constants.
"""
import argparse
import glob
import json
import os
import pickle
import random
import sys

import cv2
import numpy as np
import torch

import drawing
from calibration import Evidence, cross_validated, gather, plot, reports, second_looks, temperature
from localiser import Localiser
from plates import degrade, jitter, load_aligned, normalise, rectify
from reader import FORMS, decode, forward, mean_of, read

HERE = os.path.dirname(os.path.abspath(__file__))


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


def report(name, readings, plates):
    right = sum(r.text == p.text for r, p in zip(readings, plates))
    wrong = [(p.file, p.text, r.text) for r, p in zip(readings, plates) if r.text != p.text]
    print(f"{name}: {right} of {len(plates)}", wrong[:12], flush=True)


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--checkpoints", default="checkpoints")
    parse.add_argument("--split", default="fold")
    parse.add_argument("--fit", help="fit the confidence, write the calibration there")
    parse.add_argument("--folds", nargs="+", default=[], metavar="FOLDER",
                       help="with --fit: fold1 fold2.. of cross-validate")
    parse.add_argument("--of", type=int, default=3, help="how many folds there are")
    parse.add_argument("--plot", help="draw what was claimed against what was observed: OUT.svg")
    parse.add_argument("--drawn", action="store_true", help="count drawn plates by type instead")
    options = parse.parse_args()
    random.seed(1), np.random.seed(1)
    if options.drawn:
        return count_drawn(options, readers(options.checkpoints))
    if options.fit:
        return calibrate(options)
    _, reader = networks(options.checkpoints)
    plates = load_aligned(options.data, f"{options.checkpoints}/plates.pickle")[options.split]
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


def evidence(data, folder, fold=None):
    """What the networks of a folder make of plates that they never saw; kept beside them until they, or
    this code, change."""
    path, sources = f"{folder}/evidence.pickle", glob.glob(f"{folder}/*.pt") + glob.glob(f"{HERE}/*.py")
    if os.path.exists(path) and all(os.path.getmtime(path) > os.path.getmtime(p) for p in sources):
        with open(path, "rb") as file:
            return pickle.load(file)
    random.seed(1), np.random.seed(1)
    found = gather(data, folder, *networks(folder), fold)
    print(f"{folder}: {len(found.right)} readings of what its networks never saw", flush=True)
    with open(path, "wb") as file:
        pickle.dump(found, file)
    return found


def write(path, constants, warm, **more):
    with open(path, "w", encoding="utf8") as file:
        json.dump({"constants": constants.as_json() | {"temperature": warm}, **more}, file, indent=1)


def calibrate(options):
    """Fits the confidence on what these networks, and those of the folds, make of what they never saw."""
    own = evidence(options.data, options.checkpoints)
    folds = [evidence(options.data, folder, f"{folder.rstrip('/')[-1]}/{options.of}")
             for folder in options.folds]
    everything = Evidence.of_all([*folds, own])
    warm, constants = temperature(everything.known), everything.constants()
    print("constants:", constants.as_json(), warm)
    found = {"own fold": reports("own fold", constants.confidence(own.features), own)}
    if folds:
        pooled, p, each = cross_validated(folds, own)
        found["cross-validated"] = reports("cross-validated", p, pooled)
        reports("own fold, by the constants of the others",
                pooled.constants().confidence(own.features), own)
        for folder, own_constants in zip(options.folds, each):
            write(f"{folder}/calibration.json", own_constants, warm)
    write(options.fit, constants, warm, reports=found)
    if options.plot:
        shown = found.get("cross-validated", found["own fold"])
        plot({k: v for k, v in shown.items() if k != "found in scenes"}, options.plot)


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


if __name__ == "__main__":
    main()
