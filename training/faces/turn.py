"""What stands behind an embedder's last layer. All of it is linear, so that it vanishes in the weights."""
import torch
import torch.nn.functional as F

SIZE = 128
RIDGE = 0.1


def groups(answers, asia):
    """A number for each face: 0, or for East Asian ones 1 or 2, the two kinds into which their answers fall (mostly women and men:
    two means, begun at either side of the longest axis)."""
    units = F.normalize(F.normalize(answers[asia]) - F.normalize(answers).mean(0))
    longest = torch.linalg.svd(units - units.mean(0), full_matrices=False)[2][0]
    kind = ((units - units.mean(0)) @ longest > 0).long()
    for _ in range(50):
        means = F.normalize(torch.stack([units[kind == k].mean(0) for k in (0, 1)]))
        kind = (units @ means.T).argmax(1)
    found = torch.zeros(len(asia), dtype=torch.long)
    found[asia] = 1 + kind
    return found


def without_common(answers, group, part):
    """The matrix that takes `part` of what each group has in common, against the rest (group 0), out of each answer: what a
    group has in common tells none of it from another."""
    means = [answers[group == k].mean(0) for k in range(int(group.max()) + 1)]
    common = torch.linalg.qr(torch.stack([mean - means[0] for mean in means[1:]], 1))[0]
    return torch.eye(len(common)) - part * common @ common.T


def with_doubt(answers, told, chosen, doubt):
    """(matrix, row, shift) that keep those 127 directions of the answers which hold most, and add one number that is nearly
    the same for every face (`in_proportion`): `matrix` of the answers, `row` of what is `told` for that number.

    An answer is short where the network is unsure. Beside the even number a short one moves to the middle
    between alike and unlike: an unclear view of somebody is no longer as far from them as a stranger
    is. A view that says nothing is no nearer to one person than to another, and below every bound."""
    units = F.normalize(answers)
    matrix = torch.linalg.eigh(units.T @ units)[1][:, 1 - SIZE:].T
    shift = torch.zeros(SIZE)
    row, shift[-1] = in_proportion(told, chosen, (answers @ matrix.T).norm(dim=1), doubt)
    return torch.cat([matrix, torch.zeros(1, matrix.shape[1])]), row, shift


def in_proportion(told, chosen, lengths, doubt):
    """(row, constant): an even number that is linear in what is `told` of each face, on average `doubt` times the mean of the
    `lengths` of the `chosen` answers for these, and of the rest for the rest.

    Answers to a group that the network knows less are all shorter. Beside a number that is the same for all they would
    resemble each other for that alone; a view is to count as unsure among its like."""
    groups = [told[chosen], told[~chosen]]
    (there, here), spread = [g.mean(0) for g in groups], sum(torch.cov(g.T) for g in groups)
    spread += RIDGE * spread.diagonal().mean() * torch.eye(len(spread))
    direction = torch.linalg.solve(spread, there - here)    # Fisher's discriminant
    wanted = [doubt * lengths[k].mean() for k in (chosen, ~chosen)]
    row = direction * (wanted[0] - wanted[1]) / ((there - here) @ direction).clamp_min(1e-9)
    return row, wanted[1] - row @ here
