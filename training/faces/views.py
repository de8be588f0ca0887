"""What the small embedder sees while it learns."""
import numpy as np
import torch

from faces import MARGIN, augment, chance, cut_out
from invention import invented
from train_detector import Teacher, load_scenes

BATCH, STOCK, RENEWED = 64, 6016, 12
# The share of steps whose views are all of East Asian faces; in those, how many of a batch are portraits (the few there are
# would be learnt by heart); the share of people who do not exist that look like them, and of these the
# share whose hair is drawn anew (their portraits were cut at the forehead).
ALIKE, PORTRAITS, STOCK_ALIKE, STYLED = 0.25, 16, 0.35, 0.6
# Between the eyes of a face of a scene, in pixels: smaller ones are not looked at.
LEAST_BETWEEN = 14


class Views:
    """Views of faces, and what the teacher answers to each face when it is straight and clear: the mean of its answers to the
    face and to its mirror image. What the view loses, the student is to see through; the teacher itself
    answers a face that stands three pixels lower as far from its own answer as a trained student is.

    Half of the views are of the `faces`, half of people who do not exist, of whom a stock is kept and renewed."""

    def __init__(self, faces, alike, teacher):
        self.faces, self.alike, self.teacher = faces, alike, teacher
        self.answers = torch.cat([self.answer(faces[i:i + 64]) for i in range(0, len(faces), 64)])
        self.stock = np.zeros((STOCK, *faces[0].shape), np.uint8)
        self.stock_answers, self.order, self.next = torch.zeros(STOCK, self.answers.shape[1]), [], 0
        for _ in range(0, STOCK, 64):
            self.renew(64)

    def answer(self, faces):
        return self.teacher.answers(faces[:, MARGIN:-MARGIN, MARGIN:-MARGIN])

    def renew(self, count):
        """Puts new people who do not exist into the stock; the first of it are East Asian by descent."""
        places = (self.next + np.arange(count)) % STOCK
        self.next = (self.next + count) % STOCK
        for place in places:
            alike = place < self.stock_alike
            self.stock[place] = invented(self.faces, self.alike, STYLED) if alike else invented(self.faces)
        self.stock_answers[places] = self.answer(self.stock[places])

    @property
    def stock_alike(self):
        return round(STOCK_ALIKE * STOCK) if len(self.alike) else 0

    def batch(self):
        """(views, answers wanted): with a chance of ALIKE all of East Asian faces, which the student tells apart worst."""
        self.renew(RENEWED)
        half = BATCH // 2
        if self.stock_alike and chance(ALIKE):
            chosen = np.random.choice(self.alike, PORTRAITS)
            made = np.random.randint(0, self.stock_alike, BATCH - PORTRAITS)
        else:
            if len(self.order) < half:
                self.order = list(np.random.permutation(len(self.faces)))
            chosen, made = [self.order.pop() for _ in range(half)], np.random.randint(0, STOCK, half)
        views = [augment(self.faces[k]) for k in chosen] + [augment(self.stock[k]) for k in made]
        return np.stack(views).astype(np.uint8), torch.cat([self.answers[chosen], self.stock_answers[made]])


def crowd(folder, detector, kept):
    """Aligned faces with a margin of the people in the photographs of scenes of `train`, whom nobody named, where
    the teacher detector saw five points on a face that somebody had drawn a box round (or was sure by itself)."""
    found = []
    for _, image, _, points, _ in load_scenes(folder, Teacher(detector), kept)["train"]:
        for five in points[~np.isnan(points[:, 0])].reshape(-1, 5, 2):
            if np.hypot(*(five[1] - five[0])) >= LEAST_BETWEEN:
                found.append(cut_out(image, five))
    return np.stack(found)
