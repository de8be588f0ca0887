"""Train the head on the public-domain base: train-head FACES TEACHER ARCHIVE [--views N].

Views of the portraits of `train` pass once through the base and the teacher; what they answer is
kept on disk (stage one, the long one, goes on where it stopped), and the head learns from it in
minutes (stage two). People of a fold of `train` are kept for choosing; `dev` is only measured.
"""
import argparse
import os
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import quality
from base import Base, Head, aligned_crop, base_crop
from faces import MARGIN, as_text, augment, blend, chance, load_portraits, verification
from onnx_torch import OnnxNetwork
from train_student import DEVIATION, MEAN

SCALE, WIDE, BATCH = 1.25, 10, 48


def answers(views, margin, base, teacher):
    """What the base and the teacher say of views: 1024 and 128 numbers each."""
    maps = base([base_crop(v, margin, SCALE) for v in views]).flatten(1)
    crops = np.stack([aligned_crop(v, margin, SCALE) for v in views])
    planes = np.ascontiguousarray(crops[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    return maps.numpy(), teacher((torch.from_numpy(planes) - MEAN) / DEVIATION)[0].numpy()


def plain(part, kept, base, teacher):
    """Answers to portraits and their mirror images, one after the other, kept on disk."""
    faces, people, sources = part
    if os.path.exists(kept):
        with np.load(kept) as loaded:
            return np.float32(loaded["maps"]), loaded["wanted"], people, sources
    maps, wanted = [], []
    for i in range(0, len(faces), BATCH):
        views = [v for f in faces[i:i + BATCH] for v in (f, f[:, ::-1])]
        a, b = answers([np.ascontiguousarray(v) for v in views], MARGIN, base, teacher)
        maps.append(np.float16(a)), wanted.append(b)
    maps, wanted = np.concatenate(maps), np.concatenate(wanted)
    np.savez(kept, maps=maps, wanted=wanted)
    return np.float32(maps), wanted, people, sources


def collect(faces, count, kept, base, teacher):
    """Answers to `count` views and the portraits that they show (-1: blended), kept on disk in parts
    of 9600."""
    maps, wanted, shown, begun, part = [], [], [], time.time(), 0
    while sum(map(len, wanted)) < count:
        file, part = f"{kept}-{part:03d}.npz", part + 1
        if not os.path.exists(file):
            a, b, c = [], [], []
            for _ in range(200):
                chosen = np.random.randint(0, len(faces), BATCH)
                views = np.stack([augment(faces[k], WIDE) for k in chosen])
                if chance(0.25):
                    views, chosen = blend(views), np.full(BATCH, -1)
                x, y = answers(list(views), WIDE, base, teacher)
                a.append(np.float16(x)), b.append(np.float16(y)), c.append(chosen)
            np.savez(file, maps=np.concatenate(a), wanted=np.concatenate(b),
                     shown=np.concatenate(c))
            print(f"part {part} after {time.time() - begun:.0f} s", flush=True)
        with np.load(file) as loaded:
            maps.append(loaded["maps"]), wanted.append(loaded["wanted"])
            shown.append(loaded["shown"])
    return np.concatenate(maps), np.concatenate(wanted), np.concatenate(shown)


def cleared(wanted, shown, own, share):
    """Of views: the teacher's answer, drawn by `share` towards its answer to the portrait before it was
    moved and spoilt; so the head learns to see past what a camera did."""
    unit = F.normalize(torch.from_numpy(wanted.astype(np.float32)))
    clean = F.normalize(torch.from_numpy(own.reshape(-1, 2, 128)), dim=2).mean(1)
    clean = F.normalize(clean)[torch.from_numpy(np.maximum(shown, 0))]
    weight = torch.from_numpy(share * (shown >= 0).astype(np.float32))[:, None]
    return F.normalize((1 - weight) * unit + weight * clean).numpy()


def rates(vectors, people, sources):
    pairs = F.normalize(torch.as_tensor(vectors, dtype=torch.float32)).view(-1, 2, 128)
    return as_text(verification(F.normalize(pairs.sum(1)).numpy(), people, sources))


def learn(head, maps, wanted, steps, batch=384):
    optimiser = torch.optim.AdamW(head.parameters(), 1e-3, weight_decay=0.02)
    head.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 0.6e-3 * (1 + np.cos(np.pi * step / steps))
        chosen = np.random.randint(0, len(maps), batch)
        x = torch.from_numpy(maps[chosen].astype(np.float32))
        y = F.normalize(torch.from_numpy(wanted[chosen].astype(np.float32)))
        e = F.normalize(head.learn(x))
        away = (1 - (e * y).sum(1)).mean()
        loss = away + 2 * ((e @ e.T - y @ y.T) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % 1000 == 0:
            print(f"step {step + 1}: away {away.item():.4f}", flush=True)
    head.eval()


def assess(head, portraits, maps, base, teacher):
    """Fits how far the head's answers are to be trusted, on spoilt views (quality.py); `maps`: of
    the portraits and their mirror images."""
    faces, people, _ = portraits
    with torch.no_grad():
        both = F.normalize(head.learn(torch.from_numpy(maps)))
        sure = F.normalize(both[::2] + both[1::2]).numpy()
        spoilt = []
        for i in range(0, len(faces), BATCH):
            views = [np.ascontiguousarray(quality.spoil(f, WIDE)) for f in faces[i:i + BATCH]]
            spoilt.append(answers(views, WIDE, base, teacher)[0])
        spoilt = np.concatenate(spoilt)
        vectors = F.normalize(head.learn(torch.from_numpy(spoilt))).numpy()
    goal = quality.worth(vectors, sure, people)
    known = ~np.isnan(goal)
    inputs = ((torch.from_numpy(spoilt) - head.mean) / head.deviation).numpy()[known]
    weight, bias = quality.fit(inputs, goal[known], inputs.shape[1])
    with torch.no_grad():
        head.assess.weight.copy_(weight), head.assess.bias.copy_(bias)
        told = torch.sigmoid(head.assess(torch.from_numpy(inputs)))[:, 0].numpy()
    print(f"quality: correlation {np.corrcoef(told, goal[known])[0, 1]:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces")
    parser.add_argument("teacher", help="foam_mobilefacenet.onnx")
    parser.add_argument("archive", help="face_recognition_models-0.3.0.tar.gz")
    parser.add_argument("--views", type=int, default=9600)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--clean", type=float, default=0.0,
                        help="how far a view's goal is the answer to the portrait before it was spoilt")
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", default="training/checkpoints/face-head.pt")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(options.seed), np.random.seed(options.seed), torch.manual_seed(options.seed)
    os.makedirs(os.path.dirname(options.output) or ".", exist_ok=True)
    base = Base(options.archive)
    teacher = OnnxNetwork(options.teacher, kind=torch.bfloat16)
    faces_and_people = load_portraits(options.faces, "train", SCALE)
    stem = os.path.splitext(options.output)[0]
    maps, wanted, shown = collect(faces_and_people[0], options.views, stem + "-views", base, teacher)
    own = plain(faces_and_people, stem + "-train.npz", base, teacher)
    print("the portraits as they are have passed", flush=True)
    shown = np.concatenate([shown, np.repeat(np.arange(len(faces_and_people[0])), 2)])
    maps, wanted = (np.concatenate([a, np.float16(b)]) for a, b in zip((maps, wanted), own))
    wanted = cleared(wanted, shown, own[1], options.clean)
    fold, dev = (plain(load_portraits(options.faces, part, SCALE), f"{stem}-{part}.npz", base,
                       teacher) for part in ("fold", "dev"))
    print("teacher, fold:", rates(fold[1], *fold[2:]))
    mean = torch.from_numpy(maps[::7].astype(np.float32).mean(0))
    deviation = torch.from_numpy(maps[::7].astype(np.float32).std(0)) + 1e-3
    head = Head(mean, deviation, options.hidden)
    learn(head, maps, wanted, options.steps)
    for name, part in (("fold", fold), ("dev", dev)):
        with torch.no_grad():
            print(f"{name}:", rates(head.learn(torch.from_numpy(part[0])), *part[2:]))
    assess(head, faces_and_people, own[0], base, teacher)
    torch.save(head.state_dict(), options.output)


if __name__ == "__main__":
    main()
