"""python3 -m unittest discover -s training/faces -p test_restart.py"""
import os
import sys
import tempfile
import unittest

import numpy as np
import torch

from base import MAPS, Head
from restart import depth_of, head_of, restored, student_of
from student import Assessed, Student, as_input
from train_points import Points

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "export"))
from export import export  # noqa: E402


class RestartTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0), np.random.seed(0)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = f"{self.folder.name}/network.ghn"

    def test_a_student_from_a_file_sees_what_the_file_saw(self):
        student, views = Student(), np.random.randint(0, 256, (64, 112, 112, 3)).astype(np.uint8)
        x = as_input(views.astype(np.float32))
        with torch.no_grad():
            for _ in range(3):
                student(x)                                  # the norms see something
            network = Assessed(student).eval()
            export(network, (1, 3, 112, 112), self.path)
            told = student(x)
            found = student_of(self.path, views, told)
            seen = [s.features(x) for s in (student, found.eval())]
            torch.testing.assert_close(*seen, atol=1e-3, rtol=1e-3)
            # The last layer answers anew, and in training the norms change little.
            near = torch.nn.functional.cosine_similarity(found.train()(x), told)
        self.assertGreater(near.min().item(), 0.9)

    def test_a_student_that_grew_answers_as_before_and_is_told_by_its_file(self):
        student = Student((1, 2, 1)).eval()
        larger = student.grown((1, 3, 3))
        x = torch.rand(4, 3, 112, 112)
        with torch.no_grad():
            torch.testing.assert_close(larger(x), student(x), atol=1e-4, rtol=1e-4)
        export(Assessed(larger).eval(), (1, 3, 112, 112), self.path)
        self.assertEqual(depth_of(self.path), (1, 3, 3))
        larger.train()(x).sum().backward()                 # what is new can learn
        self.assertGreater(larger.third[3].path[1][1].weight.grad.abs().max().item(), 0)

    def test_a_second_look_from_a_file_sees_what_the_file_saw(self):
        network, x = Points(), torch.rand(40, 3, 80, 80)
        with torch.no_grad():
            network(x)                                      # the norms see something
            export(network.eval(), (1, 3, 80, 80), self.path)
            told = network(x)
            found = Points()
            restored(found, self.path, [x], {found.narrow: 5, found.judged: 5})
            for name, values in found(x).items():
                torch.testing.assert_close(values, told[name], atol=1e-4, rtol=1e-3)
            # In training the norms see what they were fitted to.
            torch.testing.assert_close(found.train()(x)["points"], told["points"], atol=1e-3, rtol=1e-2)

    def test_a_head_from_a_file_answers_like_it(self):
        head = Head(torch.zeros(1024), torch.ones(1024))
        maps = {name: torch.rand(3, *shape) for name, shape in MAPS.items()}
        head.learn(maps)
        export(head.eval(), [(1, *shape) for shape in MAPS.values()] + [(1, 128)], self.path)
        with torch.no_grad():
            small = torch.randn(3, 128)
            for name, wanted in head(**maps, small=small).items():
                torch.testing.assert_close(head_of(self.path)(**maps, small=small)[name], wanted, atol=1e-5, rtol=1e-4)


if __name__ == "__main__":
    unittest.main()
