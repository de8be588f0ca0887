"""Train the small embedder from the teacher's answers: train-student FACES TEACHER [--steps N] [--from NETWORK].

Each step looks at fresh views of the portraits of `train`, with --crowd of the faces in the scenes, of
people who do not exist (blends, changed shapes), and again at views of a while ago, whose answers are
kept: the teacher's work is the half of it. The maps on the way are held to the teacher's at first, less
and less with time; with --from, which goes on from an embedder's file and gives it the blocks that it
lacks, not at all. A running mean of the weights is kept beside them. People
of a fold of `train` are kept for choosing.
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

from faces import as_text, augment, blend, chance, cut_out, load_portraits, portrait_rows, reshape
from onnx_torch import OnnxNetwork
from restart import student_of
from student import DEPTH, Student, as_input, evaluate
from train_detector import Teacher, load_scenes

SEAMS = ["/features/features.4/Add_output_0", "/features/features.11/Add_output_0",
         "/features/features.14/Add_output_0"]
MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
FRESH, REPLAYED, KEPT = 32, 32, 6000
WARM, SEAMS_UNTIL = 400, 12000
# The share of steps whose fresh views are all of East Asian faces, which the student tells apart worst.
ALIKE = 0.2
# The share of views of portraits whose shape is changed.
RESHAPED = 0.3
# Between the eyes of a face of a scene, in pixels: smaller ones are not looked at.
LEAST_BETWEEN = 14
MEAN_OVER = 500                                            # steps, of the running mean


class Views:
    """Fresh views with the teacher's answers, and the latest of the past."""

    def __init__(self, faces, alike, teacher):
        self.faces, self.alike, self.teacher, self.order = faces, alike, teacher, []
        self.pictures = np.zeros((KEPT, 112, 112, 3), np.uint8)
        self.answers = np.zeros((KEPT, 128), np.float32)
        self.filled = self.next = 0

    def fresh(self, with_seams):
        if len(self.order) < FRESH:
            self.order = list(np.random.permutation(len(self.faces)))
        chosen = [self.order.pop() for _ in range(FRESH)]
        if len(self.alike) and chance(ALIKE):
            chosen = np.random.choice(self.alike, FRESH)
        views = np.stack([augment(reshape(self.faces[k]) if chance(RESHAPED) else self.faces[k]) for k in chosen])
        if chance(0.45):
            views = blend(views)
        views = views.astype(np.uint8)
        planes = as_input(views.astype(np.float32)) * 127.5 + 127.5
        self.teacher.wanted = ["embedding"] + (SEAMS if with_seams else [])
        answer, *maps = self.teacher((planes - MEAN) / DEVIATION)
        places = (self.next + np.arange(FRESH)) % KEPT
        self.pictures[places], self.answers[places] = views, answer.numpy()
        self.next = (self.next + FRESH) % KEPT
        self.filled = min(KEPT, self.filled + FRESH)
        return views, answer, maps

    def past(self):
        places = np.random.randint(0, self.filled, REPLAYED)
        views = self.pictures[places]
        if chance(0.5):
            views = np.clip(views.astype(np.float32) * random.uniform(0.95, 1.05), 0, 255)
        return views, torch.from_numpy(self.answers[places])


def crowd(folder, detector, kept):
    """Aligned faces with a margin of the people in the photographs of scenes of `train`, whom nobody named, where
    the teacher detector saw five points on a face that somebody had drawn a box round (or was sure by itself)."""
    found = []
    for _, image, _, points, _ in load_scenes(folder, Teacher(detector), kept)["train"]:
        for five in points[~np.isnan(points[:, 0])].reshape(-1, 5, 2):
            if np.hypot(*(five[1] - five[0])) >= LEAST_BETWEEN:
                found.append(cut_out(image, five))
    return np.stack(found)


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
            while views.filled < KEPT:
                views.fresh(False)
            self.student = student_of(options.network, views.pictures, torch.from_numpy(views.answers)).grown(DEPTH)
        self.mean = copy.deepcopy(self.student)
        self.matched = nn.ModuleList([nn.Conv2d(64, 64, 1), nn.Conv2d(128, 128, 1),
                                      nn.Conv2d(192, 128, 1)])
        parameters = list(self.student.parameters()) + list(self.matched.parameters())
        self.optimiser = torch.optim.AdamW(parameters, self.rate, weight_decay=0.01)

    def step(self):
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * rate_at(self.step_done, self.steps, self.falling)
        held = max(0.0, 1 - self.step_done / self.seams_until) if self.seams_until else 0.0
        views, wanted, maps = self.views.fresh(held > 0)
        again, known = self.views.past()
        x = as_input(np.concatenate([views, again]).astype(np.float32))
        wanted = torch.cat([wanted, known])
        with torch.autocast("cpu", torch.bfloat16):
            answer, on_the_way = self.student.seams(x)
            if held > 0:
                ours = [m(s[:FRESH]) for m, s in zip(self.matched, on_the_way)]
        answer, goal = answer.float(), F.normalize(wanted)
        unit = F.normalize(answer)
        away = (1 - (unit * goal).sum(1)).mean()
        relations = ((unit @ unit.T - goal @ goal.T) ** 2).mean()
        loss = 2 * away + 4 * relations
        seams = torch.zeros(())
        if held > 0:
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
        """Gives the mean's norms the statistics of the views kept."""
        norms = [m for m in self.mean.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None                           # a plain average
        for i in range(0, min(self.views.filled, 1280), 64):
            with torch.autocast("cpu", torch.bfloat16):
                self.mean(as_input(self.views.pictures[i:i + 64].astype(np.float32)))

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
    teacher = OnnxNetwork(options.teacher, kind=torch.bfloat16)
    training = Training(Views(faces, alike, teacher), options)
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
