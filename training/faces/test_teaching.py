"""python3 -m unittest discover -s training/faces -p test_teaching.py"""
import copy
import random
import unittest
from unittest import mock

import numpy as np
import torch

import views
from faces import MARGIN, SIDE
from invention import dressed, invented
from orthogonal import Orthogonal
from student import Student
from teacher import FaceTeacher
from views import BATCH, Views


class Skewed(FaceTeacher):
    """In the teacher's place: answers each half of a picture otherwise."""

    def __init__(self):
        pass

    def embed(self, x):
        left, right = x[..., :SIDE // 2].mean((2, 3)), x[..., SIDE // 2:].mean((2, 3))
        return torch.cat([left, 3 * right + 1], 1)


class TeachingTests(unittest.TestCase):
    def setUp(self):
        random.seed(0), np.random.seed(0), torch.manual_seed(0)
        side = SIDE + 2 * MARGIN
        self.faces = np.random.randint(0, 256, (70, 1, 1, 3)).repeat(side, 1).repeat(side, 2).astype(np.uint8)
        self.faces[:, :, side // 2:] //= 3                  # each of two colours of its own

    def test_a_face_and_its_mirror_image_have_one_answer_of_unit_length(self):
        crops = self.faces[:5, MARGIN:-MARGIN, MARGIN:-MARGIN]
        told = Skewed().answers(crops)
        torch.testing.assert_close(Skewed().answers(crops[:, :, ::-1]), told)
        torch.testing.assert_close(told.norm(dim=1), torch.ones(5))

    def test_wanted_is_the_answer_to_the_face_whatever_its_view_has_lost(self):
        with mock.patch.object(views, "STOCK", 128):
            found = Views(self.faces, np.arange(30), Skewed())
            seen, wanted = found.batch()
        self.assertEqual(seen.shape, (BATCH, SIDE, SIDE, 3))
        known = torch.cat([found.answers, found.stock_answers])
        away = (wanted[:, None] - known[None]).norm(dim=2).min(1)[0]
        self.assertLess(away.max().item(), 1e-6)
        # The views themselves would be answered otherwise.
        self.assertGreater((Skewed().answers(seen) - wanted).norm(dim=1).mean().item(), 1e-3)

    def test_people_who_do_not_exist_have_their_features_of_those_that_may_be_taken(self):
        self.faces[10:] = 255                               # would be bright
        self.faces[:10] = self.faces[:10] // 8
        for _ in range(200):
            x = invented(self.faces, list(range(10)), styled=0.5)
            self.assertEqual(x.shape, self.faces[0].shape)
            self.assertTrue(0 <= x.min() and x.max() <= 255)
            self.assertLess(x[70:90, 60:76].max(), 64)      # round the nose

    def test_hair_lies_over_forehead_and_cheeks_and_leaves_the_features(self):
        faces = np.full((40, SIDE + 2 * MARGIN, SIDE + 2 * MARGIN, 3), 200, np.uint8)
        found = dressed(faces)
        self.assertTrue((found == dressed(faces)).all())    # the same each time
        self.assertLess(found[:, :20].mean(), 150)
        self.assertGreater(found[:, 75:105, 60:76].min(), 180)

    def test_a_step_turns_all_filters_and_goes_on_alike_from_what_is_kept(self):
        network = Student((1, 1, 1)).to(memory_format=torch.channels_last)
        optimiser = Orthogonal(network, [], 1e-3)
        self.assertEqual(len(optimiser.filters), 10)        # all but the first one's and the depthwise ones

        def step(network, optimiser, x):
            optimiser.zero_grad()
            network(x).square().mean().backward()
            optimiser.step()

        before = [p.detach().clone() for p in network.parameters()]
        x = torch.rand(4, 3, SIDE, SIDE).to(memory_format=torch.channels_last)
        step(network, optimiser, x)
        for a, b in zip(before, network.parameters()):
            if b.dim() == 4:
                self.assertGreater((a - b).abs().max().item(), 0)
        twin = copy.deepcopy(network)
        other = Orthogonal(twin, [], 1e-3)
        other.load_state_dict(copy.deepcopy(optimiser.state_dict()))
        for each in (optimiser, other):
            each.slow_down(0.5)
        step(network, optimiser, x), step(twin, other, x)
        for a, b in zip(network.parameters(), twin.parameters()):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


if __name__ == "__main__":
    unittest.main()
