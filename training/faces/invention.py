"""Faces of people who do not exist: the teacher has an answer to them, too, and there are far more of them
than of people. All faces here are aligned, with a margin, BGR, 0 to 255."""
import math
import random

import cv2
import numpy as np

from faces import MARGIN, SIDE, chance

FULL = SIDE + 2 * MARGIN                                   # what lengths below are told in
# Hair that is seen in a factory: black most often, brown, dyed.
HAIR = np.float32([(18, 16, 16), (18, 16, 16), (30, 28, 34), (28, 40, 62), (40, 60, 92), (60, 90, 130)])


def invented(faces, among=None, styled=0.2):
    """A face of nobody, made of up to three of `faces` (`among`: the places of those that may be taken). One half of a face
    and its mirror image, a face `surrounded` by what is round another, or faces `joined`; half of the time, its shape is
    changed as well, and with a chance of `styled` its hair (`haired`)."""
    x = one_of(faces, among)
    if chance(0.1):
        mask = soft_mask(np.linspace(-1, 1, len(x))[None, :], random.uniform(8, 40))
        x = x[:, ::-1] * mask + x * (1 - mask)
    elif chance(0.2):
        x = surrounded(x, one_of(faces))
    elif chance(0.8):
        for _ in range(2 if chance(0.25) else 1):
            x = joined(x, one_of(faces, among))
    x = np.clip(x, 0, 255)
    if chance(0.5):
        x = reshape(x)
    return haired(x) if chance(styled) else x


def one_of(faces, among=None):
    x = faces[random.randrange(len(faces)) if among is None else random.choice(among)].astype(np.float32)
    return x[:, ::-1] if chance(0.5) else x


def soft_mask(edge, steepness):
    """1 where `edge` is above zero, 0 where it is below, with a soft bound."""
    return 1 / (1 + np.exp(-np.clip(edge * steepness, -60, 60)))[:, :, None].astype(np.float32)


def in_light_of(y, x, where=...):
    """`y` in the light and colours of `x`, as they are `where` (a mask; everywhere)."""
    (x_mean, x_spread), (y_mean, y_spread) = [
        (v.mean(0), v.std(0) + 8) for v in (x[where].reshape(-1, 3), y[where].reshape(-1, 3))]
    return (y - y_mean) * (x_spread / y_spread) + x_mean


def joined(x, y):
    """One face of two, half of the time in the light and colours of the first: both mixed, coarse features of one and
    fine ones of the other, or softly bounded parts of the second set into the first."""
    side, kind = len(x), random.random()
    if chance(0.5):
        y = in_light_of(y, x)
    if kind < 0.45:
        share = random.betavariate(0.6, 0.6)
        return share * x + (1 - share) * y
    if kind < 0.6:
        coarse = random.uniform(2, 12) * side / SIDE
        return cv2.GaussianBlur(x, (0, 0), coarse) + y - cv2.GaussianBlur(y, (0, 0), coarse)
    if kind < 0.8:
        cells = random.randint(2, 5)
        edge = cv2.resize(np.random.randn(cells, cells), (side, side), interpolation=cv2.INTER_CUBIC)
    else:
        ramp, angle = np.linspace(-1, 1, side), random.uniform(0, 2 * math.pi)
        edge = math.cos(angle) * ramp[None, :] + math.sin(angle) * ramp[:, None] - random.gauss(0, 0.35)
    mask = soft_mask(edge, random.uniform(3, 20))
    return x * mask + y * (1 - mask)


def places(side):
    """Down and across, for every pixel of a picture of this side, in units of FULL."""
    return np.mgrid[:side, :side].astype(np.float32) * (FULL / side)


def surrounded(x, y):
    """What is inside of the face `x`, eyes, nose and mouth, with all that is round it in `y`: forehead, hair, cheeks. Many
    portraits were cut at the forehead, so that their people were never seen with their hair."""
    down, across = places(len(x))
    radius = np.hypot((across - FULL / 2) / random.uniform(28, 40), (down - random.uniform(72, 80)) / random.uniform(34, 48))
    if chance(0.7):
        y = in_light_of(y, x, radius < 0.8)
    mask = soft_mask(1 - radius, random.uniform(6, 20))
    return x * mask + y * (1 - mask)


def reshape(face, most=2.2):
    """A face of another shape: every part of it shifted a little, smoothly."""
    side = len(face)
    moved = cv2.resize(np.random.randn(5, 5, 2).astype(np.float32) * most * side / SIDE, (side, side),
                       interpolation=cv2.INTER_CUBIC)
    at = np.moveaxis(np.mgrid[:side, :side].astype(np.float32)[::-1], 0, 2) + moved
    return cv2.remap(face, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def haired(face):
    """The face with other hair drawn over it: a fringe, hair beside the cheeks, or both."""
    x, (down, across) = np.float32(face), places(len(face))
    parting = random.uniform(30, 106)
    fan = random.uniform(0, 0.5) * (1 - down / 68)
    bent = cv2.resize(np.random.randn(3, 3).astype(np.float32), down.shape, interpolation=cv2.INTER_CUBIC) * 1.8
    strand = across + (across - parting) * fan + random.gauss(0, 0.15) * (down - 30) + bent
    fine, coarse = along(strand, 1.2), along(strand, 0.35)
    colour = random.choice(HAIR) * random.uniform(0.6, 1.4)
    gloss = random.uniform(0, 1) * np.exp(-((down - random.uniform(10, 45)) / 12) ** 2)
    hair = np.clip(1 + 0.22 * fine + 0.25 * coarse + gloss, 0.2, 3)[:, :, None] * colour + random.uniform(0, 14)
    mask = np.zeros((*down.shape, 1), np.float32)
    if chance(0.8):
        mask = fringe(down, across, parting, fine, coarse)
    if chance(0.75):
        mask = np.maximum(mask, beside_cheeks(down, across, coarse))
    mask = mask * random.uniform(0.85, 1)
    return np.clip(x * (1 - mask) + hair * np.clip(x.mean() / 120, 0.4, 1.4) * mask, 0, 255)


def dressed(faces, seed=0):
    """The same faces, each with other hair, the same each time it is asked for."""
    state = random.getstate(), np.random.get_state()
    random.seed(seed), np.random.seed(seed)
    found = np.stack([haired(face) for face in faces]).astype(np.uint8)
    random.setstate(state[0]), np.random.set_state(state[1])
    return found


def along(strand, count):
    """Values that are random for each strand, `count` of them for a pixel."""
    values, at = np.random.randn(400).astype(np.float32), np.clip((strand + 60) * count, 0, 398)
    first = at.astype(int)
    share = (at - first)**2 * (3 - 2 * (at - first))
    return values[first] * (1 - share) + values[first + 1] * share


def fringe(down, across, parting, fine, coarse):
    """Where hair falls over the forehead, as far as the brows or the eyes, aside or with gaps."""
    off = across - FULL / 2
    edge = random.uniform(40, 64) + random.gauss(0, 0.12) * off + random.uniform(-4, 14) * (off / 40)**2
    edge = edge + 2.5 * coarse + random.uniform(1, 4) * fine
    if chance(0.33):
        edge = edge - np.maximum(0, (across - parting) * random.choice((-1, 1))) * random.uniform(0, 0.6)
    dense = soft_mask(fine + 0.7 * coarse + random.uniform(0.4, 2.5), 3)
    return dense * soft_mask(edge - down, 1 / random.uniform(0.8, 2.5))


def beside_cheeks(down, across, coarse):
    """Where hair hangs beside the cheeks, down to the shoulders or to the jaw."""
    mask = np.zeros((*down.shape, 1), np.float32)
    for side in (-1, 1):
        wave = cv2.resize(np.random.randn(4, 1).astype(np.float32), down.shape, interpolation=cv2.INTER_CUBIC) * 2.5
        edge = random.uniform(34, 52) - random.uniform(0, 0.003) * (down - random.uniform(60, 80))**2 + 1.5 * coarse + wave
        if chance(0.3):
            edge = edge + np.maximum(0, down - random.uniform(85, 125)) * random.uniform(0.3, 1.5)
        if chance(0.85):
            mask = np.maximum(mask, soft_mask((across - FULL / 2) * side - edge, 1 / random.uniform(0.8, 2)))
    return mask
