"""Collect what the localiser takes for a plate and is none: mine-alarms DATA --faces FOLDER.

Writes `alarms.pickle` beside the checkpoints; the reader's training learns to refuse them.
"""
import argparse
import pickle

import cv2
import numpy as np
import torch

from localiser import Localiser, detect, overlap
from plates import cut_around
from train_localiser import load, load_backgrounds


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--faces")
    parse.add_argument("--checkpoints", default="checkpoints")
    parse.add_argument("--fold", help="K/N: the fold that the localiser never saw")
    parse.add_argument("--threshold", type=float, default=0.1)
    options = parse.parse_args()
    torch.set_num_threads(1), cv2.setNumThreads(1)
    network = Localiser().eval()
    network.load_state_dict(torch.load(f"{options.checkpoints}/localiser.pt"))
    pictures = load(options.data, options.fold)["train"]
    pictures += [(f, levels[0], []) for f, levels, _ in load_backgrounds(options.faces)[::2]]
    found = []
    for n, (_, image, plates) in enumerate(pictures):
        # Scenes may show plates that have no row: only what the localiser doubts counts there.
        limit = 0.4 if plates else 1.0
        for p, q in detect(network, image, 640 if n % 2 else 800, options.threshold, 6):
            if p < limit and all(overlap(q, c) < 0.05 for c, _, _ in plates):
                w, h = np.ptp(q, 0)
                if w > 12 and h > 4 and (q.mean(0) > 0).all() \
                        and (q.mean(0) < image.shape[1::-1]).all():
                    found.append(cut_around(image, q.astype(np.float32)))
    with open(f"{options.checkpoints}/alarms.pickle", "wb") as file:
        pickle.dump(found, file)
    print(len(found), "alarms")


if __name__ == "__main__":
    main()
