"""Readers made from the network file answer as it does, before and after their norms are settled.

python3 -m unittest discover -s training/plates -p test_restore.py
"""
import os
import unittest

import numpy as np
import torch

from reader import Readers
from restore import members_of, settle
from graph_file import noise  # restore has told where

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models")


def stored():
    """The input and the answer of `golden/plate-reader.golden`."""
    with open(f"{MODELS}/golden/plate-reader.golden", "rb") as file:
        heading, numbers = file.read().split(b"end\n", 1)
    _, given, answer = heading.decode().splitlines()
    size = [tuple(map(int, line.split()[2].split("x"))) for line in (given, answer)]
    x = noise(size[0], int(given.split()[-1]))
    y = np.frombuffer(numbers, "<f4").reshape(size[1])
    return [torch.from_numpy(a.copy()).permute(0, 3, 1, 2).contiguous() for a in (x, y)]


class RestoreTests(unittest.TestCase):
    def test_restored_readers_answer_as_the_file(self):
        x, wanted = stored()
        network = Readers(members_of(f"{MODELS}/plate-reader.ghn")).eval()
        with torch.no_grad():
            self.assertLess((network(x) - wanted).abs().max(), 1e-4 * wanted.abs().max())

    def test_settling_keeps_the_function_and_steadies_the_norms(self):
        x = torch.randn(32, 4, 36, 144, generator=torch.Generator().manual_seed(1))
        network = members_of(f"{MODELS}/plate-reader.ghn")[0]
        with torch.no_grad():
            before = network(x)
            settle(network, x)
            self.assertLess((network(x) - before).abs().max(), 1e-3 * before.abs().max())
            network.train()
            network.drop.eval()
            self.assertLess((network(x) - before).abs().max(), 0.05 * before.abs().max())


if __name__ == "__main__":
    unittest.main()
