"""python3 -m unittest discover -s training/faces -p test_head.py"""
import unittest
from unittest import mock

import torch
import torch.nn.functional as F

from base import MAPS, WEIGHTS, Head


def alike(x):
    """Cosines of all pairs."""
    x = F.normalize(x)
    return x @ x.T


class HeadTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.maps = {name: torch.rand(20, *shape) for name, shape in MAPS.items()}
        self.last = self.maps["map256x2"]
        mean, deviation = self.last.flatten(1).mean(0), self.last.flatten(1).std(0)
        self.head = Head(mean, deviation, 32, 24, 8)
        self.own = torch.randn(128, 256)
        self.asia = torch.arange(20) < 8
        self.head.learn(self.maps)                          # the norms see something
        self.head.eval()
        with torch.no_grad():
            self.answers = torch.stack(self.head.learn(self.maps))

    def together(self):
        return sum(w * a / a.norm(dim=1).mean() for w, a in zip(WEIGHTS, self.answers))

    def joined(self, share, common=0):
        with mock.patch("base.COMMON_OURS", common), mock.patch("base.COMMON_BASE", common):
            self.head.join(self.own, self.answers, self.last, share, self.asia)
        with torch.no_grad():
            return self.head.fold()(**self.maps)["output"]

    def test_without_the_base_the_branches_answer_together(self):
        expected = alike(self.together())
        # `learn` is in half precision, the exported way is not.
        torch.testing.assert_close(alike(self.joined(0)), expected, atol=0.02, rtol=0)

    def test_the_base_alone_answers_as_itself_about_its_mean(self):
        theirs = self.last.mean((2, 3)) @ self.own.T
        torch.testing.assert_close(alike(self.joined(1)), alike(theirs - theirs.mean(0)), atol=1e-3, rtol=0)

    def test_what_a_group_has_in_common_can_be_taken_out(self):
        answers = self.joined(1, common=1)
        away = answers[self.asia].mean(0) - answers.mean(0)
        self.assertLess(away.norm(), 0.01 * answers.norm(dim=1).mean())

    def test_each_has_its_share_of_a_cosine(self):
        theirs = self.last.mean((2, 3)) @ self.own.T
        parts = alike(self.together()), alike(theirs - theirs.mean(0))
        expected = 0.7 * parts[0] + 0.3 * parts[1]
        torch.testing.assert_close(alike(self.joined(0.3)), expected, atol=0.12, rtol=0)


if __name__ == "__main__":
    unittest.main()
