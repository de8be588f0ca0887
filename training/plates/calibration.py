"""How sure a reading is: the confidence is fitted here, and held against what is observed.

Evidence is what localiser and reader make of plates that neither saw in training: a fold's scenes as the
localiser finds them and as they are labelled, with corners moved, crops, and worn copies of all.
"""
import math
import random

import numpy as np
import torch

from localiser import locate, overlap
from plates import INDEX, jitter, load_aligned, normalise, rectify, resplit, worn
from reader import decode, forward, read, refine, sized
from train_localiser import load

# Below this confidence a plate is looked at twice.
SECOND_LOOK = 0.995
CROPS = 400                                                # of a fold that has more
# A picture in which the network is middling sure is a poor one, and poor ones are misread more often than
# a straight line through all pictures tells: it is bent at these scores.
KNOTS = (-6, -3, -1, 0, 1, 2, 3, 4, 5, 6)


class Constants:
    """How features become a confidence: a weighted sum, bent by a rising line through `knots`."""

    def __init__(self, weights, bias, values):
        self.weights, self.bias, self.values = weights, bias, values

    def confidence(self, features):
        score = np.asarray(features) @ self.weights + self.bias
        # Beyond the outermost knots the line goes on as steeply as the score.
        bent = np.interp(score, KNOTS, self.values) + np.minimum(score - KNOTS[0], 0) \
            + np.maximum(score - KNOTS[-1], 0)
        return 1 / (1 + np.exp(-np.clip(bent, -40, 40)))

    def as_json(self):
        return {"bias": float(self.bias), "weights": [float(w) for w in self.weights],
                "knots": list(KNOTS), "values": [round(float(v), 4) for v in self.values]}


def second_looks(reader, samples, first):
    """Readings of a first cut and one by the corners that its characters give, together. Of a plate
    of two rows, whose upper edge is what the localiser errs in most, the second cut and a third."""
    double = [r.type == "yellow_double" for r in first]

    def looks(cuts):
        return forward(reader, [normalise(rectify(image, c, d))
                                for (image, _), c, d in zip(samples, cuts, double)])
    cuts = [corners for _, corners in samples]
    refined = [refine(c, r) for c, r in zip(cuts, first)]
    ones, twos = looks(cuts), looks(refined)
    both = [[one, two] for one, two in zip(ones, twos)]
    rows = [i for i, d in enumerate(double) if d]
    thirds = forward(reader, [normalise(rectify(samples[i][0], refine(refined[i], decode(twos[i], True)), True))
                              for i in rows])
    for i, third in zip(rows, thirds):
        both[i] = [twos[i], third]
    return [sized(decode(outs, d), corners) for outs, d, (_, corners) in zip(both, double, samples)]


def twice(reader, samples, first, constants):
    """Readings as the program reports them: doubtful ones after a second look."""
    sure, readings = constants.confidence([r.features for r in first]), list(first)
    again = [i for i, p in enumerate(sure) if p < SECOND_LOOK and readings[i].features[3] > -3]
    for i, both in zip(again, second_looks(reader, [samples[i] for i in again],
                                           [readings[i] for i in again])):
        readings[i] = both
    return readings


class Evidence:
    """Readings (features: n x 7), whether each is right, and which kinds of pictures they are of:
    `found` (in a scene, by the localiser) and `worn`; `known`: (log posteriors, text) of plates."""

    def __init__(self, features, right, found, worn_copy, known):
        self.features, self.right = np.array(features, np.float64), np.array(right, bool)
        self.found, self.worn, self.known = np.array(found, bool), np.array(worn_copy, bool), known

    @classmethod
    def of_all(cls, parts):
        joined = [np.concatenate([getattr(p, name) for p in parts])
                  for name in ("features", "right", "found", "worn")]
        return cls(*joined, [k for p in parts for k in p.known])

    def constants(self):
        return constants_of(self.features, self.right)


def finds(localiser, pictures, held):
    """What the localiser finds in pictures: (image, corners, the text there, "" for no plate).
    `held`: whether a plate was held out of the reader's training, too."""
    for _, image, labelled in pictures:
        for p, q in locate(localiser, image):
            near = [t if k != "other" else None for c, t, k in labelled if overlap(q, c) > 0.3]
            # A sure find without a row may be a plate that nobody labelled.
            if not near and p < 0.5 or near and near[0] is None:
                yield image, q.astype(np.float32), ""
            elif near and near[0] and held(near[0]):
                yield image, q.astype(np.float32), near[0]


def samples_of(data, folder, localiser, fold):
    """[(image, corners, text, found by the localiser)] of what localiser and reader never saw."""
    parts = load_aligned(data, f"{folder}/plates.pickle")
    if fold:
        parts = resplit(parts, fold)
    plates, foreign = parts["fold"], []
    scenes, crops = [p for p in plates if p.scene], [p for p in plates if not p.scene]
    if fold:
        crops = random.sample(crops, min(CROPS, len(crops)))
    else:
        foreign = parts["foreign"]                          # seen in training, but for the corners
    found = [(p.image, jitter(p.corners, bool(n) or p.scene), p.text, False)
             for p in scenes + crops for n in range(3 if p.scene else 2)]
    found += [(p.image, jitter(p.corners, True), "", False) for p in foreign]
    held = {p.text for p in plates}.__contains__
    for sample in finds(localiser, load(data, fold)["fold"], held):
        found += [(*sample, True)] * (1 if fold else 3)
    return found


def gather(data, folder, localiser, reader, fold=None):
    """The evidence of the networks of a folder of checkpoints; `fold`: the one they never saw."""
    plain = samples_of(data, folder, localiser, fold)
    poor = [(*worn(image, corners), text, found) for image, corners, text, found in plain]
    samples, texts = [s[:2] for s in plain + poor], [s[2] for s in plain + poor]
    first = read(reader, samples)
    constants = constants_of([r.features for r in first], [r.text == t for r, t in zip(first, texts)])
    readings = twice(reader, samples, first, constants)
    return Evidence([r.features for r in readings], [r.text == t for r, t in zip(readings, texts)],
                    [s[3] for s in plain + poor], [n >= len(plain) for n in range(len(samples))],
                    [(r.places, t) for r, t in zip(readings, texts) if t])


def regression(features, right, ridge=1e-2, rounds=200):
    """Logistic regression with weights that may not be negative: more evidence, more confidence."""
    x, y = np.array(features, np.float64), np.array(right, np.float64)
    scale = x.std(0) + 1e-6
    weights, bias = np.full(x.shape[1], 0.2), 2.0
    moment = np.zeros(x.shape[1] + 1)
    for _ in range(rounds * 20):
        p = 1 / (1 + np.exp(-(x / scale @ weights + bias)))
        slope = np.append((x / scale).T @ (p - y) / len(y) + ridge * weights / len(y) * 10,
                          (p - y).mean())
        moment = 0.9 * moment + slope
        weights, bias = np.maximum(weights - 0.1 * moment[:-1], 0), bias - 0.1 * moment[-1]
    return weights / scale, bias


def line(score, right, stiff=3.0):
    """The values at `KNOTS` of the rising line that makes what was observed likeliest; `stiff`: how dear a bend is."""
    knots = torch.tensor(KNOTS, dtype=torch.float64)
    score, right = torch.from_numpy(score), torch.from_numpy(right.astype(np.float64))
    inside = score.clamp(knots[0], knots[-1])
    at = torch.searchsorted(knots, inside, right=True).clamp(1, len(KNOTS) - 1)
    share = (inside - knots[at - 1]) / (knots[at] - knots[at - 1])
    first, slopes = torch.tensor(float(KNOTS[0]), dtype=torch.float64), torch.zeros(len(KNOTS) - 1, dtype=torch.float64)
    first.requires_grad_(), slopes.requires_grad_()
    optimiser = torch.optim.LBFGS([first, slopes], max_iter=200, line_search_fn="strong_wolfe")

    def values():
        rises = (0.05 + torch.nn.functional.softplus(slopes + 0.45)) * knots.diff()
        return torch.cat([first[None], first + rises.cumsum(0)])

    def loss():
        optimiser.zero_grad()
        v = values()
        bent = v[at - 1] + share * (v[at] - v[at - 1]) + score - inside
        away = torch.nn.functional.binary_cross_entropy_with_logits(bent, right, reduction="sum") \
            + stiff * ((v.diff() / knots.diff()).diff() ** 2).sum()
        away.backward()
        return away

    optimiser.step(loss)
    return values().detach().numpy()


def constants_of(features, right):
    """Fits which evidence counts how much, then how sure to be in all. Errors are rare among plates as they
    are: worn copies teach both."""
    features, right = np.asarray(features, np.float64), np.asarray(right, bool)
    weights, bias = regression(features, right)
    return Constants(weights, bias, line(features @ weights + bias, right))


def temperature(known):
    """Divides the log posteriors so that each place's true character is as likely as it claims."""
    best = (1e9, 1.0)
    for t in np.geomspace(0.25, 3, 26):
        loss = count = 0
        for places, text in known:
            if len(text) != len(places):
                continue
            for row, c in zip(places, text):
                logs = row / t
                logs = logs - np.logaddexp.reduce(logs)
                loss -= max(logs[INDEX[c]], -12)
                count += 1
        best = min(best, (loss / max(count, 1), float(t)))
    return best[1]


EDGES = (0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.01)


def interval(observed, n):
    """The 95 % interval of a share observed n times (Wilson 1927)."""
    middle = (observed + 1.92 / n) / (1 + 3.84 / n)
    reach = 1.96 / (1 + 3.84 / n) * math.sqrt(observed * (1 - observed) / n + 0.96 / n ** 2)
    return middle - reach, middle + reach


def reliability(name, p, right):
    """Prints and returns claims against what was observed: calibration error over ten bins, Brier
    score (and that of a constant), area under the risk-coverage curve."""
    brier, constant = float(np.mean((p - right) ** 2)), float(np.var(right))
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(abs(float((p - right)[bins == b].sum())) for b in range(10)) / len(p)
    wrong = ~right[np.argsort(-p, kind="stable")]
    risk = float(np.mean(np.cumsum(wrong) / np.arange(1, len(p) + 1)))
    print(f"{name}: {right.sum()} of {len(right)} right, calibration error {error:.4f}, Brier score "
          f"{brier:.4f} (a constant: {constant:.4f}), area under risk-coverage {risk:.4f}")
    table = []
    for low, high in zip(EDGES, EDGES[1:]):
        inside = (p >= low) & (p < high)
        if inside.any():
            row = float(p[inside].mean()), float(right[inside].mean()), int(inside.sum())
            table.append(row)
            low95, high95 = interval(*row[1:])
            print(f"  claimed {row[0]:.3f}, observed {row[1]:.3f} ({low95:.3f} to {high95:.3f}) of {row[2]}")
    return {"count": len(right), "right": int(right.sum()), "error": error, "brier": brier,
            "constant": constant, "risk": risk, "table": table}


def reports(title, p, evidence):
    """Reliability of the kinds of pictures apart."""
    groups = {"found in scenes": evidence.found & ~evidence.worn, "as they are": ~evidence.worn,
              "worn": evidence.worn}
    return {name: reliability(f"{title}, {name}", p[part], evidence.right[part])
            for name, part in groups.items() if part.any()}


def cross_validated(folds, shipped):
    """Each fold's confidence by constants of the others, or of the shipped networks' where there is
    but one: (all as one evidence, confidence, the constants that read each fold)."""
    found = [Evidence.of_all([e for e in folds if e is not fold] or [shipped]).constants()
             for fold in folds]
    p = [constants.confidence(e.features) for e, constants in zip(folds, found)]
    return Evidence.of_all(folds), np.concatenate(p), found


def plot(tables, path):
    """An SVG of claimed against observed correctness with 95 % intervals; two reports at most."""
    def x(p):
        return 60 + 400 * min(-math.log10(max(1 - p, 1e-3)) / 3, 1)
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 500" '
             'font-family="sans-serif" font-size="12">', '<rect width="500" height="500" fill="white"/>',
             f'<path d="M60 440L{x(0.999)} {500 - x(0.999)}" stroke="#999" fill="none"/>',
             '<text x="180" y="490">claimed (scale: 1 - p, logarithmic)</text>',
             '<text x="6" y="24">observed, 95 % interval</text>']
    for p in (0, 0.5, 0.9, 0.99, 0.999):
        lines.append(f'<text x="{x(p) - 10}" y="462">{p}</text>'
                     f'<text x="14" y="{504 - x(p)}">{p}</text>')
    for (name, report), colour in zip(tables.items(), ("#06c", "#c60")):
        lines.append(f'<text x="330" y="{380 + 20 * (colour == "#c60")}" fill="{colour}">{name}</text>')
        for claimed, observed, n in report["table"]:
            low, high = (500 - x(p) for p in interval(observed, n))
            lines.append(f'<path d="M{x(claimed):.1f} {low:.1f}V{high:.1f}" stroke="{colour}"/>'
                         f'<circle cx="{x(claimed):.1f}" cy="{500 - x(observed):.1f}" r="4" '
                         f'fill="{colour}"/>')
    with open(path, "w", encoding="utf8") as file:
        file.write("\n".join(lines + ["</svg>"]) + "\n")
