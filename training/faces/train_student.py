"""Train the small embedder from the teacher's answers: train-student FACES TEACHER [--steps N] [--from NETWORK].

Each step looks at views, as cameras might give them, of portraits of `train`, with --crowd of the faces in the
scenes, and of people who do not exist; wanted is what the teacher answers to the straight and clear face. The maps on
the way are held to the teacher's at first, less and less with time; with --from, which goes on from
an embedder's file and gives it the blocks that it lacks, not at all. A running mean of the weights is
kept beside them. People of a fold of `train` are kept for choosing.
"""
import argparse
import copy
import math
import os
import random
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from faces import as_text, load_portraits, portrait_rows
from orthogonal import Orthogonal
from precision import mixed
from restart import student_of
from student import DEPTH, Student, as_input, evaluate
from teacher import SEAMS, FaceTeacher
from views import BATCH, Views, crowd

WARM, SEAMS_UNTIL = 400, 12000
MEAN_OVER = 500                                            # steps, of the running mean
FITTED = 6016                                              # views to which a file's network is fitted before it goes on


def difference(a, b):
    """Mean squared error in units of the target's variance."""
    return ((a - b) ** 2).mean((0, 2, 3)).sum() / (b.var((0, 2, 3)).sum() + 1e-6)


def rate_at(step, steps, falling):
    """The share of the rate: even, then falling, so that a longer run may go on from where the fall began."""
    fall = min(1, (1 - step / steps) / falling)
    return min(1, step / min(WARM, steps / 20) + 0.02) * (0.5 * (1 - math.cos(math.pi * fall)) + 0.004)


class Training:
    def __init__(self, views, options):
        self.views, self.step_done, self.steps = views, 0, options.steps
        self.rate, self.falling = options.rate, options.falling
        self.seams_until = 0 if options.network else SEAMS_UNTIL
        self.student = Student().to(memory_format=torch.channels_last)
        if options.network and not os.path.exists(options.output):
            pictures, wanted = zip(*(views.batch() for _ in range(FITTED // BATCH)))
            self.student = student_of(options.network, np.concatenate(pictures), torch.cat(wanted)).grown(DEPTH)
        self.mean = copy.deepcopy(self.student)
        self.matched = nn.ModuleList(nn.Conv2d(ours, theirs, 1) for ours, theirs in zip((64, 128, 192), SEAMS.values()))
        self.optimiser = Orthogonal(self.student, self.matched.parameters(), self.rate)

    def step(self):
        self.optimiser.slow_down(rate_at(self.step_done, self.steps, self.falling))
        held = max(0.0, 1 - self.step_done / self.seams_until) if self.seams_until else 0.0
        views, goal = self.views.batch()
        x = as_input(views.astype(np.float32))
        with mixed():
            answer, on_the_way = self.student.seams(x)
            if held > 0:
                ours = [m(s[:BATCH // 2]) for m, s in zip(self.matched, on_the_way)]
        unit = F.normalize(answer.float())
        away = (1 - (unit * goal).sum(1)).mean()
        relations = ((unit @ unit.T - goal @ goal.T) ** 2).mean()
        loss = 2 * away + 4 * relations
        seams = torch.zeros(())
        if held > 0:
            maps = self.views.teacher.maps(views[:BATCH // 2])
            seams = sum(difference(a.float(), b) for a, b in zip(ours, maps))
            loss = loss + 0.5 * held * seams
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimiser.step()
        self.step_done += 1
        with torch.no_grad():
            for a, b in zip(self.mean.parameters(), self.student.parameters()):
                a.lerp_(b, max(1 / MEAN_OVER, 1 / self.step_done))
        return away.item(), seams.item()

    @torch.no_grad()
    def settle(self):
        """Gives the mean's norms the statistics of fresh views."""
        norms = [m for m in self.mean.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None                           # a plain average
        for _ in range(20):
            with mixed():
                self.mean(as_input(self.views.batch()[0].astype(np.float32)))

    def state(self):
        return {"student": self.student.state_dict(), "mean": self.mean.state_dict(),
                "matched": self.matched.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step_done,
                "steps": self.steps, "depth": self.student.depth}

    def resume(self, state):
        self.student.load_state_dict(state["student"])
        self.mean.load_state_dict(state["mean"])
        self.matched.load_state_dict(state["matched"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step_done = state["step"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("teacher", help="foam_mobilefacenet.onnx")
    parser.add_argument("--from", dest="network", help="an embedder's file (.ghn) to go on from")
    parser.add_argument("--crowd", metavar="DETECTOR", help="yunet_n_dynamic.onnx: look at the faces in the scenes, too")
    parser.add_argument("--kept", default="training/checkpoints/face-scenes.npz",
                        help="where the labels of the scenes are kept (train-detector)")
    parser.add_argument("--steps", type=int, default=40000)
    parser.add_argument("--rate", type=float, default=1.8e-3)
    parser.add_argument("--falling", type=float, default=0.2, help="share of the steps over which the rate falls")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=100, help="steps between two reports")
    parser.add_argument("--output", default="training/checkpoints/face-student.pt")
    parser.add_argument("--whole", action="store_true", help="train on the fold's people too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    faces = load_portraits(options.faces, "train")[0]
    alike = np.flatnonzero([row["note"] == "asian" for row in portrait_rows(options.faces, "train")])
    fold = load_portraits(options.faces, "fold")
    if options.whole:
        faces = np.concatenate([faces, fold[0]])
    if options.crowd:
        more = crowd(options.faces, options.crowd, options.kept)
        print(f"{len(faces)} portraits and {len(more)} faces of scenes", flush=True)
        faces = np.concatenate([faces, more])
    training = Training(Views(faces, alike, FaceTeacher(options.teacher)), options)
    if os.path.exists(options.output):
        training.resume(torch.load(options.output))
        print(f"going on from step {training.step_done}", flush=True)
    os.makedirs(os.path.dirname(options.output) or ".", exist_ok=True)
    begun, first, told = time.time(), training.step_done, []
    while training.step_done < options.steps:
        told.append(training.step())
        if training.step_done % options.every == 0 or training.step_done == options.steps:
            away, seams = np.mean(told[-options.every:], axis=0)
            pace = (time.time() - begun) / (training.step_done - first)
            print(f"step {training.step_done}: away {away:.4f}, seams {seams:.3f}, "
                  f"{pace:.2f} s a step", flush=True)
        if training.step_done % 400 == 0 or training.step_done == options.steps:
            falling = training.step_done > (1 - options.falling) * options.steps
            kept = options.output if not falling else options.output + ".fallen"
            training.settle()
            torch.save(training.state(), kept + ".new")
            os.replace(kept + ".new", kept)
            print("fold:", as_text(evaluate(training.student, *fold)), flush=True)
            print("fold, mean:", as_text(evaluate(training.mean, *fold)), flush=True)


if __name__ == "__main__":
    main()
