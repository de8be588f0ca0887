"""Train the head on the public-domain base: train-head FACES TEACHER ARCHIVE [--fold K] [--from HEAD].

Views of the portraits of `train` pass once through the base and, where they are new to it, the
teacher; what they answer is kept on disk (stage one), and the head learns from it (stage two).
Choices are made by folds: with --fold the people of one fold are left out and measured. Without, the
head learns from all of `train` but the people whom `calibrate` needs. With --from, a head's file, nothing is
learnt: another small embedder is put beside it.
"""
import argparse
import copy
import os
import random
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from base import MAPS, Base, Head, aligned_crop, base_crop
from faces import (MARGIN, SIDE, as_text, augment, identification, in_part, load_portraits, misplace,
                   portrait_rows, verification)
from invention import dressed, invented
from restart import head_of
from student import Student
from student import answers as student_answers
from teacher import FaceTeacher
from turn import groups

SCALE, WIDE, BATCH = 1.25, 10, 48


class Views:
    """Views that passed through the base: its maps, by name (channels last, half precision, on
    disk), the answers wanted (unit length), and the portraits that they show (-1: nobody's)."""

    def __init__(self, stem):
        self.maps = {name: np.load(f"{stem}-{name}.npy", mmap_mode="r") for name in MAPS}
        with np.load(f"{stem}-about.npz") as about:
            self.shown, wanted = about["shown"], about["wanted"]
        self.wanted = F.normalize(torch.from_numpy(wanted.astype(np.float32)))

    def __len__(self):
        return len(self.shown)


def keep(stem, count, make, base):
    """Passes `count` views through the base, or opens what was kept. `make(start, end)` gives crops
    for the base, answers and portraits shown."""
    if not os.path.exists(f"{stem}-about.npz"):
        begun, abouts = time.time(), []
        files = {name: np.lib.format.open_memmap(f"{stem}-{name}.npy", "w+", np.float16, (count, h, w, c))
                 for name, (c, h, w) in MAPS.items()}
        for i in range(0, count, BATCH):
            crops, wanted, shown = make(i, min(i + BATCH, count))
            for name, values in base(crops).items():
                files[name][i:i + len(crops)] = values.permute(0, 2, 3, 1).numpy()
            abouts.append((wanted, shown))
        wanted, shown = (np.concatenate(a) for a in zip(*abouts))
        np.savez(f"{stem}-about.npz", wanted=wanted, shown=shown)
        print(f"{stem}: {count} views, {time.time() - begun:.0f} s", flush=True)
    return Views(stem)


class Makers:
    """The kinds of views of some portraits. Wanted is always what the teacher answers to the straight and clear face: the mean of
    its answers to the face and to its mirror image (as in train_student)."""

    def __init__(self, faces, teacher):
        self.faces, self.teacher = faces, teacher

    def spoilt(self, among, nobody, styled):
        """Spoilt views of portraits (`among`: their places) and, with a chance of `nobody`, of people who do not exist, made of
        these, with a chance of `styled` with other hair."""
        def make(start, end):
            chosen = np.random.choice(among, end - start)
            chosen[np.random.random(end - start) < nobody] = -1
            faces = [self.faces[k] if k >= 0 else invented(self.faces, among, styled).astype(np.uint8) for k in chosen]
            return [base_crop(augment(f, WIDE), WIDE, SCALE) for f in faces], self.answers(faces), chosen
        return make

    def portrait(self, k):
        """Portrait k // 2, or for odd k its mirror image."""
        return np.ascontiguousarray(self.faces[k // 2][:, ::-1]) if k % 2 else self.faces[k // 2]

    def plain(self, start, end):
        shown = np.arange(start, end) // 2
        crops = [base_crop(self.portrait(k), MARGIN, SCALE) for k in range(start, end)]
        return crops, self.answers(self.faces[shown[::2]]).repeat(2, 0), shown

    def moved(self, plain):
        """Points a little wrong and mild colours."""
        def make(start, end):
            which = [2 * i + random.randint(0, 1) for i in range(start, end)]
            views = [misplace(self.portrait(k)) for k in which]
            return ([base_crop(v, MARGIN, SCALE) for v in views], plain.wanted[which].numpy(),
                    np.array(which) // 2)
        return make

    def answers(self, faces):
        return self.teacher.answers(np.stack([aligned_crop(f, MARGIN, SCALE) for f in faces])).numpy()


def take(sets, rows):
    """(maps by name, answers wanted) of rows (set, place in it)."""
    maps = {name: np.empty((len(rows), h, w, c), np.float16) for name, (c, h, w) in MAPS.items()}
    wanted = torch.empty(len(rows), 128)
    for k in np.unique(rows[:, 0]):
        at = np.flatnonzero(rows[:, 0] == k)
        for name in MAPS:
            maps[name][at] = sets[k].maps[name][rows[at, 1]]
        wanted[torch.from_numpy(at)] = sets[k].wanted[rows[at, 1]]
    return {name: torch.from_numpy(m).permute(0, 3, 1, 2) for name, m in maps.items()}, wanted


def learn(head, sets, pool, options):
    """Trains; the weights end as a running mean over the last two thirds."""
    optimiser = torch.optim.AdamW(head.parameters(), options.rate, weight_decay=0.05, fused=True)
    mean, told = None, None
    head.train()
    for step in range(options.steps):
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 100) * 0.5 * (
                1 + np.cos(np.pi * step / options.steps))
        maps, y = take(sets, pool[np.random.randint(0, len(pool), options.batch)])
        away, loss = [], 0
        for e in map(F.normalize, head.learn(maps)):
            away.append((1 - (e * y).sum(1)).mean())
            loss = loss + away[-1] + 2 * ((e @ e.T - y @ y.T) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        now = np.array([a.item() for a in away])
        told = now if told is None else told + 0.02 * (now - told)
        if step >= options.steps // 3:
            mean = follow(mean, head)
        if (step + 1) % (options.every or options.steps // 5 or 1) == 0:
            print(f"step {step + 1}: away {told[0]:.4f} {told[1]:.4f}", flush=True)
    head.load_state_dict((mean or head).state_dict())
    head.eval()


@torch.no_grad()
def follow(mean, head, share=0.002):
    """A running mean of the weights; the statistics of the norms are the head's own."""
    if mean is None:
        return copy.deepcopy(head)
    for a, b in zip(mean.parameters(), head.parameters()):
        a.lerp_(b, share)
    for a, b in zip(mean.buffers(), head.buffers()):
        a.copy_(b)
    return mean


@torch.no_grad()
def answers(head, views, rows):
    """Both branches' answers, of any length; after `Head.join`, their sum is the head's."""
    found = []
    for i in range(0, len(rows), 512):
        part = rows[i:i + 512]
        found.append(torch.stack(head.learn(take([views], np.stack([0 * part, part], 1))[0])))
    return torch.cat(found, 1)


def together(head, student, plain, faces, shown):
    """What the joined head answers to portraits, unit vectors: `faces` and `plain` are all of them."""
    with torch.no_grad():
        beside = head.beside(small_answers(student, faces[shown]))
    return both_ways(answers(head, plain, both_rows(shown)).sum(0) + beside)


def small_answers(student, faces):
    """What the small embedder answers to portraits and their mirror images."""
    shrunk = np.stack([cv2.resize(f, (SIDE + 2 * MARGIN,) * 2, interpolation=cv2.INTER_AREA) for f in faces])
    return student_answers(student, shrunk).flatten(0, 1)


def measured_on(portraits, asia, chosen, base, teacher, stem):
    """(faces, their plain views) of the portraits `chosen`, on which answers are measured before they are joined, and which
    of them are East Asian: those come last, and with other hair. Their portraits were cut at the
    forehead, and what these have in common is in part the cut."""
    here, there = chosen[~asia[chosen]][::6], chosen[asia[chosen]][::2]
    faces = np.concatenate([portraits[0][here], dressed(portraits[0][there])])
    views = keep(f"{stem}-measured", 2 * len(faces), Makers(faces, teacher).plain, base)
    return faces, views, torch.arange(len(faces)) >= len(here)


def measure_answers(head, student, faces, views, asia):
    """What the branches and the small embedder answer to what `measured_on` gives, and of which group each is."""
    group = groups(views.wanted[::2], asia).repeat_interleave(2)
    return answers(head, views, np.arange(len(views))), small_answers(student, faces), group


def joined(head, base, student, measured, share):
    """Joins all answers, measured on what `measured_on` gives."""
    rows = np.arange(len(measured[1]))
    last = take([measured[1]], np.stack([0 * rows, rows], 1))[0]["map256x2"]
    branches, small, group = measure_answers(head, student, *measured)
    head.join(base.own, branches, last, small, share, group)


def both_rows(shown):
    """The rows of the plain views of portraits: each as it is, and mirrored."""
    return np.stack([2 * shown, 2 * shown + 1], 1).ravel()


def both_ways(vectors):
    """Unit vectors of portraits, each averaged with its mirror image's, which follows it."""
    return F.normalize(F.normalize(vectors).view(-1, 2, vectors.shape[1]).sum(1)).numpy()


def measure(name, vectors, people, sources):
    known = people != ""
    vectors, people, sources = vectors[known], people[known], sources[known]
    refused = {f"missed, {n} photos": identification(vectors, people, n) for n in (1, 3)}
    print(f"{name}:", as_text(verification(vectors, people, sources) | refused), flush=True)


def measure_fold(options, head, base, teacher, student, portraits, asia, stem):
    """Measures a head on the people left to `calibrate`: by themselves, and beside East Asian strangers, whose portraits it has
    learnt from, but not with this hair, and `measured_on` did not take."""
    faces, *about = load_portraits(options.faces, "fold", SCALE)
    views = keep(f"{stem}-fold", 2 * len(faces), Makers(faces, teacher).plain, base)
    found = together(head, student, views, faces, np.arange(len(faces)))
    measure("calibrate's people", found, *about)
    faces = dressed(portraits[0][asia][1::2], 1)
    views = keep(f"{stem}-strangers", 2 * len(faces), Makers(faces, teacher).plain, base)
    strangers = together(head, student, views, faces, np.arange(len(faces)))
    refused = refused_beside(strangers, views.wanted[::2], found, *about)
    print("refused, beside East Asian strangers of either kind:", as_text(dict(enumerate(refused, 1))), flush=True)


def refused_beside(strangers, wanted, vectors, people, sources, reached=0.02, unlike=0.5):
    """The share of pairs of one person refused at the bound that so many pairs of strangers of one kind reach, for both kinds;
    counted are those pairs whom the teacher's answers, `wanted`, call different people."""
    pairs = [np.triu_indices(np.sum(sources == source), 1) for source in sorted(set(sources))]
    parts = [(vectors[sources == source], people[sources == source]) for source in sorted(set(sources))]
    own = np.concatenate([(v[i] * v[j]).sum(1)[(p[i] == p[j]) & (p[i] != "")] for (v, p), (i, j) in zip(parts, pairs)])
    kind = groups(wanted, torch.ones(len(wanted), dtype=torch.bool)).numpy()
    for k in (1, 2):
        i, j = np.triu_indices(np.sum(kind == k), 1)
        told, seen = wanted.numpy()[kind == k], strangers[kind == k]
        scores = (seen @ seen.T)[i, j][(told @ told.T)[i, j] < unlike]
        yield float(np.mean(own <= np.quantile(scores, 1 - reached)))


def collect(options, portraits, asia, base, teacher, stem):
    """The views to learn from; each part has its own seed, so that one more changes no other."""
    def part(name, number, count, make):
        seed = options.seed + number
        random.seed(seed), np.random.seed(seed)
        return keep(f"{stem}-{name}", count, make, base)

    makers = Makers(portraits[0], teacher)
    count = len(portraits[0])
    plain = part("plain", 1, 2 * count, makers.plain)
    moved = [part(f"moved-{i}", 4 + i, count, makers.moved(plain)) for i in range(options.moved)]
    spoilt = [part(f"spoilt-{i}", 6 + i, options.views, makers.spoilt(np.arange(count), 0.4, 0.2))
              for i in range(options.spoilt)]
    # Few portraits, cut at the forehead: mostly people who do not exist, with hair (views.py).
    more = [part(f"asia-{i}", 100 + i, options.views, makers.spoilt(np.flatnonzero(asia), 0.75, 0.6))
            for i in range(options.asia)]
    return [plain, *moved, *spoilt, *more]


def rows_of(sets, left_out):
    """(set, place) of all views that show nobody who is left out (people who do not exist are nobody)."""
    rows = [np.flatnonzero((views.shown < 0) | ~left_out[views.shown]) for views in sets]
    return np.concatenate([np.stack([np.full(len(r), k), r], 1) for k, r in enumerate(rows)])


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("teacher", help="foam_mobilefacenet.onnx")
    parser.add_argument("archive", help="face_recognition_models-0.3.0.tar.gz")
    parser.add_argument("--small", default="training/checkpoints/face-student.pt.fallen",
                        help="of train-student, after train-quality: the small embedder, whose answer is joined")
    parser.add_argument("--moved", type=int, default=2, help="views of each portrait by misplaced points")
    parser.add_argument("--spoilt", type=int, default=4, help="parts with spoilt views")
    parser.add_argument("--asia", type=int, default=4, help="parts with spoilt views of East Asian faces")
    parser.add_argument("--views", type=int, default=6000, help="views of such a part")
    parser.add_argument("--steps", type=int, default=5700)
    parser.add_argument("--every", type=int, help="steps between two reports; five reports if not given")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--own", type=float, default=0.4, help="share of the base's own answer")
    parser.add_argument("--fold", type=int, help="leave out, and measure, one of four folds of people")
    parser.add_argument("--from", dest="network", help="a head's file (.ghn), to which only another --small is joined")
    parser.add_argument("--begin", help="a checkpoint to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", default="training/checkpoints/face-head.pt")
    return parser.parse_args()


def main():
    options = parse()
    torch.set_num_threads(options.threads), cv2.setNumThreads(options.threads)
    os.makedirs(os.path.dirname(options.output) or ".", exist_ok=True)
    base, student = Base(options.archive), Student.of(torch.load(options.small))
    teacher = FaceTeacher(options.teacher)
    portraits = load_portraits(options.faces, "train", SCALE)
    stem = os.path.splitext(options.output)[0]
    # The teacher knows far more East Asian faces than the base does; there is most to learn.
    asia = np.array([r["note"] == "asian" for r in portrait_rows(options.faces, "train")])
    if options.network:
        head = head_of(options.network)
        measured = measured_on(portraits, asia, np.arange(len(asia)), base, teacher, stem)
        head.join_again(*measure_answers(head, student, *measured))
        measure_fold(options, head, base, teacher, student, portraits, asia, stem)
        torch.save(head.state_dict(), options.output)
        return
    sets = collect(options, portraits, asia, base, teacher, stem)
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    plain, people = sets[0], portraits[1]
    left_out = np.array([options.fold is not None and in_part(name or str(k), options.fold)
                         for k, name in enumerate(people)])
    last = torch.from_numpy(plain.maps["map256x2"][::7].astype(np.float32)).permute(0, 3, 1, 2)
    head = Head(last.flatten(1).mean(0), last.flatten(1).std(0) + 1e-3)
    if options.begin:
        head.load_state_dict(torch.load(options.begin))
    learn(head, sets, rows_of(sets, left_out), options)
    torch.save(head.state_dict(), options.output + ".alone")
    measured = measured_on(portraits, asia, np.flatnonzero(~left_out), base, teacher, stem)
    joined(head, base, student, measured, options.own)
    if options.fold is not None:
        chosen = np.flatnonzero(left_out)
        about = people[chosen], portraits[2][chosen]
        measure("teacher, fold", both_ways(plain.wanted[both_rows(chosen)]), *about)
        measure("fold", together(head, student, plain, portraits[0], chosen), *about)
        return
    measure_fold(options, head, base, teacher, student, portraits, asia, stem)
    torch.save(head.state_dict(), options.output)


if __name__ == "__main__":
    main()
