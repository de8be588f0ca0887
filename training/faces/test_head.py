"""python3 -m unittest discover -s training/faces -p test_head.py"""
import array
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F

import face_base
from base import MAPS, WEIGHTS, Head
from quality import DOUBT, turned
from student import Student
from train_head import refused_beside
from turn import groups, in_proportion, with_doubt

from graph_writer import GraphWriter  # on the path by face_base


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
        self.own, self.small = torch.randn(128, 256), torch.randn(20, 128) + 1
        self.group = torch.tensor([1] * 4 + [2] * 4 + [0] * 12)
        self.head.learn(self.maps)                          # the norms see something
        self.head.eval()
        with torch.no_grad():
            self.answers = torch.stack(self.head.learn(self.maps))

    def together(self):
        return sum(w * a / a.norm(dim=1).mean() for w, a in zip(WEIGHTS, self.answers))

    def joined(self, share, common=0, doubt=0, small=0):
        with mock.patch("base.COMMON", common), mock.patch("base.DOUBT", doubt), mock.patch("base.SMALL", small):
            self.head.join(self.own, self.answers, self.last, self.small, share, self.group)
        with torch.no_grad():
            return self.head.fold()(**self.maps, small=self.small)["output"]

    def test_without_the_base_the_branches_answer_together(self):
        expected = alike(self.together())
        # `learn` is in half precision, the exported way is not.
        torch.testing.assert_close(alike(self.joined(0)), expected, atol=0.02, rtol=0)

    def test_the_base_alone_answers_as_itself_about_its_mean(self):
        theirs = self.last.mean((2, 3)) @ self.own.T
        torch.testing.assert_close(alike(self.joined(1)), alike(theirs - theirs.mean(0)), atol=1e-3, rtol=0)

    def test_what_a_group_has_in_common_can_be_taken_out(self):
        answers = self.joined(1, common=1)
        for kind in (1, 2):
            away = answers[self.group == kind].mean(0) - answers[self.group == 0].mean(0)
            self.assertLess(away.norm(), 0.01 * answers.norm(dim=1).mean())

    def test_each_has_its_share_of_a_cosine(self):
        theirs = self.last.mean((2, 3)) @ self.own.T
        parts = alike(self.together()), alike(theirs - theirs.mean(0))
        expected = 0.7 * parts[0] + 0.3 * parts[1]
        torch.testing.assert_close(alike(self.joined(0.3)), expected, atol=0.12, rtol=0)

    def test_the_small_embedder_has_its_share_of_a_cosine(self):
        theirs = self.last.mean((2, 3)) @ self.own.T
        base, small = alike(theirs - theirs.mean(0)), alike(self.small - self.small.mean(0))
        torch.testing.assert_close(alike(self.joined(1, small=0.3)), 0.7 * base + 0.3 * small, atol=0.12, rtol=0)
        self.setUp()
        torch.testing.assert_close(alike(self.joined(0, small=1)), small, atol=1e-3, rtol=0)

    def test_another_small_embedder_takes_its_share_beside_what_was_joined(self):
        self.joined(0)
        self.head.mean.zero_(), self.head.deviation.fill_(1)  # they are in the weights now
        with mock.patch("base.COMMON", 0), mock.patch("base.DOUBT", 0), mock.patch("base.SMALL", 0.3), torch.no_grad():
            before = torch.stack(self.head.learn(self.maps))
            self.head.join_again(before, self.small, self.group)
            after = self.head(**self.maps, small=self.small)["output"]
        expected = 0.7 * alike(self.together()) + 0.3 * alike(self.small - self.small.mean(0))
        torch.testing.assert_close(alike(after), expected, atol=0.12, rtol=0)

    def test_the_even_number_is_in_proportion_to_the_length_of_a_groups_answers(self):
        before = self.joined(1, common=1)
        self.setUp()
        after = self.joined(1, common=1, doubt=0.7)
        torch.testing.assert_close(alike(after[:, :-1]), alike(before), atol=1e-3, rtol=0)
        for group in (self.group > 0, self.group == 0):
            wanted = 0.7 * before[group].norm(dim=1).mean()
            torch.testing.assert_close(after[group, -1].mean(), wanted, atol=1e-3, rtol=1e-2)


class TurnTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.people = F.normalize(torch.randn(300, 128)) * torch.linspace(3, 1, 128)
        matrix, row, shift = with_doubt(self.people, self.people, torch.arange(300) < 90, 0.5)
        matrix[-1] = row
        self.turn = lambda x: F.normalize(x @ matrix.T + shift)

    def test_a_view_that_says_nothing_is_as_near_to_everybody(self):
        near = self.turn(torch.zeros(1, 128)) @ self.turn(self.people).T
        self.assertLess(near.std(), 0.05)
        self.assertLess(near.max(), 0.6)                    # far below a view of the person

    def test_an_unsure_view_lies_between_alike_and_unlike(self):
        person, other = self.people[:1], self.people[1:2]
        own = self.turn(person)
        self.assertGreater((self.turn(0.2 * other) @ own.T).item(), (self.turn(other) @ own.T).item())
        self.assertLess((self.turn(0.2 * person) @ own.T).item(), (self.turn(person) @ own.T).item())

    def test_a_turned_student_answers_with_the_even_number(self):
        student = Student().eval()
        with torch.no_grad():
            views = torch.rand(40, 3, 112, 112)
            told = student(views)
            student.turn(**turned(told, torch.tensor([1] * 5 + [2] * 4 + [0] * 31)))
            after = student(views)
        for group in (torch.arange(40) < 9, torch.arange(40) >= 9):
            short = after[group, :-1].norm(dim=1).mean()
            self.assertAlmostEqual((after[group, -1].mean() / short).item(), DOUBT, places=3)

    def test_people_fall_into_the_two_kinds_that_answers_tell(self):
        kind = torch.randint(0, 2, (300,))
        told = torch.randn(300, 128) + 8 * F.one_hot(kind, 128)
        found = groups(torch.cat([told, torch.randn(500, 128)]), torch.arange(800) < 300)
        self.assertTrue((found[300:] == 0).all())
        alike = (found[:300] == 1 + kind).float().mean().item()
        self.assertTrue(alike in (0, 1))

    def test_a_group_of_short_answers_has_a_small_even_number_and_nobody_else(self):
        told = torch.randn(600, 128) + 2 * F.one_hot(torch.full((600,), 5), 128) * (torch.arange(600) < 200)[:, None]
        group = torch.arange(600) < 200
        lengths = torch.where(group, 1.0, 2.0)
        row, constant = in_proportion(told, group, lengths, 0.5)
        even = told @ row + constant
        self.assertAlmostEqual(even[group].mean().item(), 0.5, places=3)
        self.assertAlmostEqual(even[~group].mean().item(), 1.0, places=3)
        self.assertLess(even[group].std(), 0.35)


class StrangersTests(unittest.TestCase):
    def test_who_resembles_less_than_strangers_of_a_kind_do_is_refused(self):
        kind = torch.arange(200) < 100
        wanted = F.normalize(torch.randn(200, 128) + 6 * F.one_hot(kind.long(), 128))
        strangers = torch.where(kind[:, None], torch.ones(200, 128), torch.randn(200, 128))
        people = np.repeat([f"E{k:03}" for k in range(40)], 2)
        own = torch.randn(40, 128).repeat_interleave(2, 0) + 0.3 * torch.randn(80, 128)
        refused = refused_beside(F.normalize(strangers).numpy(), wanted, F.normalize(own).numpy(), people, np.array(["a"] * 80))
        self.assertEqual(sorted(refused), [0, 1])           # who all look alike to the network bar everybody


class SmallTests(unittest.TestCase):
    def test_the_small_embedder_comes_with_its_trust_under_names_of_its_own(self):
        writer = GraphWriter()
        writer.put([9, 9, 9, 9])
        answer = face_base.add_small(writer, [
            "meta name small", "meta mean 1 2 3", "input x 1x8x8x3", "gap x relu", "reshape relu flat dims=0x-1",
            "fc flat output channels=3x2 weights=0 bias=8", "fc flat assess channels=3x1 weights=12 bias=16",
            "sigmoid assess quality", "output output", "output quality"], array.array("f", range(20)))
        self.assertEqual(answer, "small.output")
        self.assertEqual(writer.lines, [
            "meta small.x.mean 1 2 3", "input small.x 1x8x8x3", "gap small.x small.relu",
            "reshape small.relu small.flat dims=0x-1", "fc small.flat small.output channels=3x2 weights=4 bias=12",
            "fc small.flat small.assess channels=3x1 weights=16 bias=20", "sigmoid small.assess quality", "output quality"])

    def test_a_head_of_another_small_embedder_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, weight in (("head", 1), ("small", 2)):
                writer = GraphWriter()
                writer.lines = [f"meta small {face_base.mark(array.array('f', [1, 0, 0, 0]))}"]
                writer.put([weight])
                writer.save(f"{folder}/{name}")
            with self.assertRaisesRegex(SystemExit, "another small embedder"):
                face_base.join(GraphWriter(), {}, f"{folder}/head", f"{folder}/small")


if __name__ == "__main__":
    unittest.main()
