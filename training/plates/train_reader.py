"""Train the reader: train-reader DATA [--faces FOLDER] [--steps N] [--seed N] [--teach READER.pt ...].

Strips come from four sources: real plates, real plates with characters exchanged, drawn plates of
every type, and what is no plate. The places of characters are known exactly for the first three
but for real plates that did not fit the drawing of their text: those are segmented by the network
itself, once it can (`refit`).

With `--teach` the network learns from the mean of finished readers, too: on the same strip, however
worn, it is to be as sure of each character as they are.
"""
import argparse
import collections
import math
import os
import pickle
import random
import time

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import drawing
from drawing import TYPES, chance
from plates import INDEX, WIDTH, degrade, jitter, load_aligned, normalise, rectify, resplit
from plates import strip_boxes, worn
from reader import COLUMNS, PLACES, STRIDE, LAYOUTS, Reader, decode, forward, joint_logits
from reader import log_softmax, mean_of, part, segment, PARTS, STARTS, shapes
from refuse import Refused, find_fonts

OTHER = TYPES.index("other")


def plate_sample(image, exact, seen, plate, gray, mild):
    """One strip with its targets: strip, boxes or None, text indices, type."""
    x = normalise(degrade(rectify(image, seen, plate.double), mild), gray)
    boxes = None
    if plate.boxes is not None:
        boxes = strip_boxes(plate.boxes, exact, seen, plate.double)
    text = [INDEX[c] for c in plate.text]
    kind = TYPES.index(plate.type) if plate.type in TYPES else -100
    return x, boxes, text, kind


class Sampler:
    def __init__(self, data, parts, refused, bank, shares=(0.35, 0.25, 0.25), poor=0):
        self.train, self.refused, self.bank = parts["train"], refused, bank
        self.shares, self.mild, self.poor = np.cumsum(shares), 0.3, poor
        seen = collections.Counter((p.text[0], p.type) for p in self.train)
        self.weights = [seen[p.text[0], p.type] ** -0.5
                        * (2 if p.scene else 5 if p.file.startswith("ccpd") else 1)
                        for p in self.train]

    def source(self):
        u = random.random()
        if u < self.shares[0] or u >= self.shares[2] and chance(0.5):
            return random.choices(self.train, self.weights)[0], u
        if u < self.shares[1]:
            return drawing.recombine(self.bank), u
        plate = drawing.draw_plate(self.bank)
        return plate, u

    def one(self):
        plate, u = self.source()
        exact = getattr(plate, "exact", plate.corners)
        if u >= self.shares[2]:
            if not hasattr(plate, "exact"):
                plate.exact = plate.corners
            x = normalise(degrade(self.refused.strip(plate), self.mild), chance(0.1))
            return x, None, None, OTHER
        real = hasattr(plate, "scene")
        start = exact if chance(0.5) else plate.corners
        cut = 0 if real and plate.file.startswith("ccpd_crops") else 0.3
        if plate.double:
            cut = 0.1
        seen = jitter(start, chance(0.4), cut)
        image, mild = plate.image, self.mild
        if chance(self.poor):
            image, both = worn(image, np.vstack([seen, exact]))
            seen, exact, mild = both[:4], both[4:], 1
        return plate_sample(image, exact, seen, plate, chance(0.1), mild)

    def batch(self, n):
        rows = [self.one() for _ in range(n)]
        x = torch.from_numpy(np.stack([r[0] for r in rows]))
        return x.contiguous(memory_format=torch.channels_last), targets(rows)


def targets(rows):
    """The tensors the losses need."""
    n = len(rows)
    middle, counted = np.zeros((n, COLUMNS), np.float32), np.zeros((n, COLUMNS), np.float32)
    shape, near = np.zeros((n, 4, COLUMNS), np.float32), np.zeros((n, COLUMNS), np.float32)
    text, spot = np.zeros((n, PLACES), np.int64), np.full((n, PLACES), -1, np.float32)
    kinds, grid = np.array([r[3] for r in rows]), np.arange(COLUMNS)
    for i, (_, boxes, indices, _) in enumerate(rows):
        if indices is None:
            text[i] = -100
            continue
        text[i, :len(indices)] = indices
        if boxes is None:
            continue
        counted[i] = 1
        x = boxes[:, 0] / STRIDE - 0.5
        away = grid[None] - x[:, None]
        middle[i] = np.exp(-away ** 2 / 0.5).max(0)
        own = np.abs(away).argmin(0)
        near[i] = np.abs(away).min(0) < 1.1
        width = (boxes[:, 2] - boxes[:, 1]) / STRIDE
        shape[i] = np.stack([x[own] - grid, width[own], boxes[own, 3] / 36, boxes[own, 4] / 36])
        inside = (x > -0.4) & (x < COLUMNS - 0.6)
        spot[i, :len(x)] = np.where(inside, x, -1)
    return [torch.from_numpy(a) for a in (middle, counted, shape, near, text, spot, kinds)]


def losses(out, wanted, steady):
    """{name: loss}; `steady`: how much the attention is still led to the characters."""
    middle, counted, shape, near, text, spot, kinds = wanted
    seg = part(out, "segmentation")
    cross = F.binary_cross_entropy_with_logits(seg[:, 0], middle, reduction="none")
    found = {"middle": (cross * counted).sum() / counted.sum().clamp(min=1) * 3}
    distance = F.smooth_l1_loss(seg[:, 1:], shape, reduction="none", beta=0.1)
    distance = distance * torch.tensor([2.0, 1.0, 3.0, 3.0])[None, :, None]
    found["shape"] = (distance * near[:, None]).sum() / near.sum().clamp(min=1)
    row, place = torch.nonzero(spot >= 0, as_tuple=True)
    x = (spot[row, place] + (torch.rand(len(row)) - 0.5) * 0.8).clamp(0, COLUMNS - 1.001)
    low = x.long()
    logits = part(out, "classes")
    there = logits[row, :, low] * (1 - x + low)[:, None] + logits[row, :, low + 1] \
        * (x - low)[:, None]
    found["classes"] = F.cross_entropy(there, text[row, place], label_smoothing=0.03)
    joint = joint_logits(out)
    found["joint"] = F.cross_entropy(joint.flatten(0, 1), text.flatten(), label_smoothing=0.03)
    if steady:
        where = spot[row, place].round().long().clamp(0, COLUMNS - 1)
        found["attention"] = steady * F.cross_entropy(part(out, "attention")[row, place], where)
    found["type"] = 0.4 * F.cross_entropy(part(out, "type").mean(2), kinds, label_smoothing=0.01)
    return found


HEAT = 2


def as_sure(own, other, weights):
    """How far the classes' probabilities (the last axis) are from the teachers', both softened."""
    away = F.kl_div(F.log_softmax(own / HEAT, -1), F.log_softmax(other / HEAT, -1),
                    reduction="none", log_target=True).sum(-1) * HEAT ** 2
    return (away * weights).sum() / weights.sum().clamp(min=1)


def lessons(out, said, wanted):
    """{name: loss}: what differs from what the teachers say of the same strips."""
    own, other = part(out, "segmentation"), part(said, "segmentation")
    middle, has_text = other[:, 0].sigmoid(), (wanted[4][:, :1] >= 0).float()
    distance = F.smooth_l1_loss(own[:, 1:], other[:, 1:], reduction="none", beta=0.1).mean(1)
    columns = (middle + 0.03) * has_text
    return {
        "taught middle": 3 * F.binary_cross_entropy_with_logits(own[:, 0], middle)
        - 3 * F.binary_cross_entropy(middle, middle),
        "taught shape": 4 * (distance * middle).sum() / middle.sum().clamp(min=1),
        "taught classes": as_sure(part(out, "classes").transpose(1, 2),
                                  part(said, "classes").transpose(1, 2), columns),
        "taught joint": as_sure(joint_logits(out), joint_logits(said),
                                has_text.expand(-1, PLACES)),
        "taught type": 0.4 * as_sure(part(out, "type").mean(2), part(said, "type").mean(2),
                                     torch.ones(len(out)))}


def known_middles(out, text, layout):
    """The network's own segmentation of a known text: columns, or None where it is unsure."""
    seg, classes = out[0], out[STARTS["classes"]:STARTS["classes"] + PARTS["classes"]]
    logs = log_softmax(classes, 0)
    best = np.stack([logs[INDEX[c]] for c in text])
    _, path = segment(seg, best, LAYOUTS[layout])
    sure = np.mean([np.exp(best[k, c]) for k, c in enumerate(path)])
    offsets = [c + float(np.clip(out[1, c], -0.7, 0.7)) for c in path]
    return (np.array(offsets), out[2, path], out[3, path], out[4, path]) if sure > 0.55 else None


def refit(network, plates):
    """Give real plates that did not fit a drawing the boxes that the network sees."""
    todo = [p for p in plates if p.base is None and not p.double]
    strips = [normalise(rectify(p.image, p.corners, False)) for p in todo]
    count = 0
    for plate, out in zip(todo, forward(network, strips)):
        found = known_middles(out, plate.text, drawing.form_of(plate.text))
        if found is None:
            continue
        x, w, top, bottom = found
        u = (x + 0.5) * STRIDE / WIDTH * 1.1 - 0.05
        v0, v1 = top * 1.26 - 0.13, bottom * 1.26 - 0.13
        plate.exact = plate.corners
        plate.boxes = np.stack([u, (v0 + v1) / 2, w * STRIDE / WIDTH * 1.1, v1 - v0], 1)
        count += 1
    return f"{count} of {len(todo)} segmented"


def evaluate(network, plates, drawn=(), refused=()):
    """Counts of exact texts by kind of picture: both witnesses, then segmentation alone."""
    def under(*folders):
        return [p for p in plates if p.file.startswith(folders)]
    tests = {"scenes": under("easypr", "pku/", "misc/", "ccpd/"),
             "larger": under("haspl", "pku_crops", "misc_crops"), "small": under("ccpd_crops"),
             "special": [p for p in plates if p.type not in ("blue", "yellow", "unknown")],
             "inexact": [p for p in plates if p.scene for _ in range(2)]}
    state, wild, line = random.getstate(), np.random.get_state(), []
    random.seed(3), np.random.seed(3)
    for name, group in tests.items():
        cuts = [(p.image, jitter(p.corners, True) if name == "inexact" else p.corners)
                for p in group]
        jobs = [(n, d, normalise(rectify(i, c, d))) for n, (i, c) in enumerate(cuts)
                for d in shapes(c)]
        outs, counts = forward(network, [x for _, _, x in jobs]), []
        for weight in (0.5, 0, 1):
            best = {}
            for (n, double, _), out in zip(jobs, outs):
                reading = decode(out, double, weight)
                if n not in best or reading.score > best[n].score:
                    best[n] = reading
            counts.append(sum(best[n].text == p.text for n, p in enumerate(group)))
        line.append(f"{name} {counts[0]} ({counts[1]}, {counts[2]})/{len(group)}")
    if drawn:
        outs = forward(network, [x for x, _, _ in drawn])
        for weight in (0.5, 0):
            right = sum(decode(o, p == "yellow_double", weight).text == t
                        for o, (_, t, p) in zip(outs, drawn))
            line.append(f"drawn {right}/{len(drawn)}")
    if refused:
        outs = forward(network, refused)
        kinds = [o[STARTS["type"]:].mean(1).argmax() == OTHER for o in outs]
        line.append(f"refused {sum(kinds)}/{len(kinds)}")
    random.setstate(state), np.random.set_state(wild)
    return ", ".join(line)


def prepare(options):
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    torch.set_num_threads(1), cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    find_fonts()                                            # before minutes of other work
    parts = load_aligned(options.data, f"{options.out}/plates.pickle")
    if options.fold:
        parts = resplit(parts, options.fold)
    glyphs = drawing.load_glyphs(options.data)
    cells = drawing.load_cells(options.data, glyphs["140"])
    seen = {c: [m for i, m in enumerate(maps) if i % 7] for c, maps in cells.items()}
    bank = drawing.Bank(glyphs, seen, parts["train"])
    unseen = drawing.Bank(glyphs, {c: maps[::7] for c, maps in cells.items()})
    alarms = f"{options.out}/alarms.pickle"
    alarms = pickle.load(open(alarms, "rb")) if os.path.exists(alarms) else []
    refused = Refused(options.data, options.faces, parts["foreign"], alarms, bank)
    drawn, nothing = [], []
    while len(drawn) < 400:
        p = drawing.draw_plate(unseen, 2)
        strip = degrade(rectify(p.image, jitter(p.corners, False), p.double))
        drawn.append((normalise(strip), p.text, p.type))
        p.exact = p.corners
        nothing.append(normalise(degrade(refused.strip(p))))
    return parts, bank, refused, drawn, nothing[:400]


def arguments():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--faces", help="folder with scenes/ and negatives/ without plates")
    parse.add_argument("--steps", type=int, default=16000)
    parse.add_argument("--batch", type=int, default=64)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--rate", type=float, default=3e-3, help="the highest learning rate")
    parse.add_argument("--poor", type=float, default=0, help="share of pictures made poorer")
    parse.add_argument("--from", dest="start", metavar="READER.pt", help="begin with these weights")
    parse.add_argument("--teach", nargs="+", metavar="READER.pt", default=[],
                       help="learn from the mean of these, too")
    parse.add_argument("--fold", help="K/N: hold out the K-th of N folds of train, for choices")
    parse.add_argument("--out", default="checkpoints")
    return parse.parse_args()


def main():
    options = arguments()
    parts, bank, refused, drawn, nothing = prepare(options)
    fitted = sum(p.base is not None for p in parts["train"])
    print({k: len(v) for k, v in parts.items()}, f"{fitted} fitted", flush=True)
    sampler = Sampler(options.data, parts, refused, bank, poor=options.poor)
    network = Reader()
    if options.start:
        network.load_state_dict(torch.load(options.start))
        print("  refit:", refit(network, parts["train"]), flush=True)
    network = network.to(memory_format=torch.channels_last)
    teachers = mean_of(options.teach).to(memory_format=torch.channels_last) \
        if options.teach else None
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=5e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / 300, 0.5 * (1 + math.cos(math.pi * min(
            1, s / options.steps))) + 0.002))
    own = f"{options.out}/{'taught' if teachers else 'reader'}-{options.seed}"
    first, path, begun = 1, f"{own}-state.pt", time.time()
    if os.path.exists(path):
        state = torch.load(path)
        network.load_state_dict(state["network"]), mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"]), schedule.load_state_dict(state["schedule"])
        first = state["step"] + 1
        if first > 3000:
            print("  refit:", refit(mean.module, parts["train"]), flush=True)
    averages = {}
    for step in range(first, options.steps + 1):
        sampler.mild = 0.3 + 0.25 * max(0, step / options.steps - 0.6)
        x, wanted = sampler.batch(options.batch)
        with torch.autocast("cpu", torch.bfloat16):         # with channels_last 2.4 times as fast
            out = network(x)
            said = None
            if teachers:
                with torch.no_grad():
                    said = teachers(x)[:, :, 0].float()
        out = out[:, :, 0].float()
        steady = 0.0 if options.start else max(0.0, 0.2 * (1 - step / 3000))
        parts_of_loss = losses(out, wanted, steady)
        if teachers:
            parts_of_loss |= lessons(out, said, wanted)
        loss = sum(parts_of_loss.values())
        optimiser.zero_grad(), loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 3.0)
        optimiser.step(), schedule.step(), mean.update_parameters(network)
        for name, value in parts_of_loss.items():
            averages[name] = 0.99 * averages.get(name, value.item()) + 0.01 * value.item()
        if step in (50, 200) or step % 500 == 0:
            speed = (step - first + 1) * options.batch / (time.time() - begun)
            print(f"{step}:", {k: round(v, 3) for k, v in averages.items()},
                  f"{speed:.0f} strips/s", flush=True)
        if step % 1500 == 0 or step == options.steps or step == 500:
            subject = mean.module if step > 1000 else network
            print("  fold:", evaluate(subject, parts["fold"], drawn, nothing), flush=True)
            if step in (3000, 4500, 6000):
                print("  refit:", refit(mean.module, parts["train"]), flush=True)
            torch.save({"network": network.state_dict(), "mean": mean.state_dict(), "step": step,
                        "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()},
                       path)
            torch.save(subject.state_dict(), f"{own}.pt")
    print("dev:", evaluate(mean.module, parts["dev"]), flush=True)


if __name__ == "__main__":
    main()
