"""Teach an embedder how far its answers are to be trusted: train-quality FACES TEACHER CHECKPOINT [--from NETWORK].

A view's worth is how near its vector comes to the mean of the same person's other portraits; a line
over the features that the embedder has anyway is fitted to it, on degraded views of `train`. Adds
`assess` to a checkpoint of train-student, and `turn`, which is to stand behind its last layer. With --from, an
embedder's file, the checkpoint is written: what that one trusts stays, only its turn is made anew.
"""
import argparse
import random

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from faces import MARGIN, augment, chance, load_portraits, portrait_rows
from invention import dressed
from restart import depth_of, restored
from student import Assessed, Student, answers, as_input
from teacher import FaceTeacher
from turn import groups, with_doubt, without_common

WORST, BEST = 0.1, 0.8                                     # cosines that count as 0 and 1
COMMON, DOUBT = 1.0, 0.4                                   # of the small embedder, by the fold (turn.py)


def spoil(face, margin=0):
    """A view worse than those of the training: small, blurred, dark, half hidden, badly placed."""
    x = augment(face, margin)
    side = len(x)
    if chance(0.25):
        small = random.choice([14, 18, 24, 30])
        x = cv2.resize(cv2.resize(x, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    if chance(0.2):
        x = cv2.GaussianBlur(x, (0, 0), random.uniform(1.5, 4))
    if chance(0.2):
        x = np.clip(x * random.uniform(0.08, 0.4) + np.random.randn(*x.shape) * 6, 0, 255)
    if chance(0.15):
        x = np.clip(x * random.uniform(1.6, 3), 0, 255)
    if chance(0.15):
        x[random.randint(side // 2, side * 2 // 3):] = np.random.randint(0, 255, 3)
    if chance(0.15):
        matrix = np.float32([[1, 0, random.gauss(0, 9)], [0, 1, random.gauss(0, 9)]])
        x = cv2.warpAffine(np.float32(x), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.float32(x)


def worth(vectors, plain, people, shown=None):
    """How near each vector comes to the mean of its person's other plain ones; NaN: no other.
    `shown`: the portrait that each vector's view shows, where they are not all, in order."""
    sums, counts = {}, {}
    for vector, person in zip(plain, people):
        sums[person] = sums.get(person, 0) + vector
        counts[person] = counts.get(person, 0) + 1
    found = np.full(len(vectors), np.nan)
    for i, k in enumerate(range(len(people)) if shown is None else shown):
        person = people[k]
        if person and counts[person] > 1:
            rest = sums[person] - plain[k]
            found[i] = vectors[i] @ (rest / np.linalg.norm(rest))
    return ((found - WORST) / (BEST - WORST)).clip(0.02, 0.98)


def fit(features, goal, inputs, steps=1500):
    """A line over standardised features, fitted by cross entropy: (weights, bias) of raw ones."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    x = torch.from_numpy((features - mean) / deviation).float()
    y = torch.from_numpy(goal).float()
    line = torch.nn.Linear(inputs, 1)
    torch.nn.init.zeros_(line.weight)
    optimiser = torch.optim.AdamW(line.parameters(), 3e-3, weight_decay=0.3)
    for step in range(steps):
        chosen = torch.randint(0, len(x), (2048,))
        loss = F.binary_cross_entropy_with_logits(line(x[chosen])[:, 0], y[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    weight = line.weight.detach() / torch.from_numpy(deviation).float()
    return weight, line.bias.detach() - weight @ torch.from_numpy(mean).float()


def turned(told, group):
    """The matrix and shift that are to stand behind answers; `told`: some, of people of groups."""
    middle = told.mean(0)
    common = without_common(told, group, COMMON)
    matrix, row, shift = with_doubt((told - middle) @ common.T, told - middle, group > 0, DOUBT)
    matrix = matrix @ common
    matrix[-1] = row
    return {"matrix": matrix, "shift": shift - matrix @ middle}


def turn_of(student, faces, asia, told, teacher):
    """The turn for a student that has `told` its answers to portraits of `train`. East Asian ones were cut at the forehead: what
    they have in common is in part the cut, so other hair is drawn on them."""
    there = dressed(faces[asia.numpy()])
    shown = torch.cat([told[~asia], answers(student, there)])
    group = torch.zeros(len(shown), dtype=torch.long)
    group[-len(there):] = groups(teacher.answers(there[:, MARGIN:-MARGIN, MARGIN:-MARGIN]), asia[asia])
    return turned(shown.flatten(0, 1), group.repeat_interleave(2))


@torch.no_grad()
def again(network, faces):
    """The checkpoint of an embedder's file; the even number that it ends with falls away."""
    batches = [as_input(faces[i:i + 64, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float32)) for i in (0, 64)]
    assessed = restored(Assessed(Student(depth_of(network))), network, batches)
    student = assessed.student.eval()
    student.gather[3].weight[-1] = student.gather[3].bias[-1] = 0
    return {"depth": student.depth, "mean": student.state_dict(), "assess": assessed.assess.state_dict()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("teacher", help="foam_mobilefacenet.onnx")
    parser.add_argument("checkpoint")
    parser.add_argument("--views", type=int, default=1, help="spoilt views of each portrait")
    parser.add_argument("--from", dest="network", help="an embedder's file (.ghn) that is to be turned anew")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    faces, people, _ = load_portraits(options.faces, "train")
    state = again(options.network, faces) if options.network else torch.load(options.checkpoint)
    network = Assessed(Student(state["depth"]))
    network.student.load_state_dict(state["mean"])
    network.eval()
    told = answers(network.student, faces)
    asia = torch.tensor([row["note"] == "asian" for row in portrait_rows(options.faces, "train")])
    state["turn"] = turn_of(network.student, faces, asia, told, FaceTeacher(options.teacher))
    if options.network:
        torch.save(state, options.checkpoint)
        return
    plain = F.normalize(F.normalize(told, dim=2).sum(1)).numpy()
    kept = []
    network.student.widen.register_forward_hook(lambda m, i, o: kept.append(o.mean((2, 3))))
    features, goal = [], []
    for _ in range(options.views):
        vectors, kept[:] = [], []
        for i in range(0, len(faces), 64):
            views = np.stack([spoil(f) for f in faces[i:i + 64]])
            with torch.no_grad():
                vectors.append(F.normalize(network.student(as_input(views))).numpy())
        features.append(torch.cat(kept).numpy())
        goal.append(worth(np.concatenate(vectors), plain, people))
    features, goal = np.concatenate(features), np.concatenate(goal)
    known = ~np.isnan(goal)
    weight, bias = fit(features[known], goal[known], 512)
    told = torch.sigmoid(torch.from_numpy(features[known]) @ weight.T + bias)[:, 0].numpy()
    print(f"{known.sum()} views, correlation {np.corrcoef(told, goal[known])[0, 1]:.3f}")
    state["assess"] = {"weight": weight, "bias": bias}
    torch.save(state, options.checkpoint)


if __name__ == "__main__":
    main()
