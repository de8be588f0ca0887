"""python3 -m unittest discover -s training/export"""
import os
import struct
import tempfile
import unittest
import zlib

import numpy as np
import torch
from torch import nn

from export import export, golden
from graph_file import noise
from sample_networks import Characters, Pyramid, Strip, build


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "net.ghn")

    def text(self):
        with open(self.path, "rb") as file:
            data = file.read()
        version, crc, length, floats = struct.unpack("<IIII", data[8:24])
        self.assertEqual((data[:8], version, crc), (b"GHNETWK\n", 1, zlib.crc32(data[16:])))
        self.assertEqual(len(data), (24 + length + 15) // 16 * 16 + floats * 4)
        return data[24:24 + length].decode()


class ExportTests(Folder):
    def test_the_same_network_gives_the_same_file(self):
        for kind in (Pyramid, Characters, Strip):
            export(build(kind), kind.shape, self.path)
            with open(self.path, "rb") as file:
                first = file.read()
            export(build(kind), kind.shape, self.path)
            with open(self.path, "rb") as file:
                self.assertEqual(first, file.read())
            self.assertIn("\noutput ", self.text())

    def test_exporting_leaves_the_network_as_it_was(self):
        net = build(Pyramid)
        x = torch.from_numpy(noise((1, 3, 32, 48), 1))
        before = net(x)["score"]
        export(net, Pyramid.shape, self.path)
        self.assertTrue(torch.equal(before, net(x)["score"]))

    def test_norms_are_folded_and_activations_fused(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        export(net, (1, 3, 8, 8), self.path, meta={"classes": "a b"})
        lines = self.text().splitlines()
        self.assertEqual(lines[0], "meta classes a b")
        self.assertEqual([line.split()[0] for line in lines], ["meta", "input", "conv", "output"])
        self.assertIn("act=relu", lines[2])

    def test_what_the_format_does_not_know_is_refused_by_name(self):
        for layer, shape in (
                (nn.Conv2d(4, 4, 3, padding_mode="reflect"), (1, 4, 8, 8)),
                (nn.GELU(), (1, 4, 8, 8)), (nn.AvgPool2d(3, padding=1), (1, 4, 8, 8)),
                (nn.MaxPool2d(2, ceil_mode=True), (1, 4, 8, 8)), (nn.Softmax(2), (1, 4, 8, 8)),
                (nn.ConvTranspose2d(4, 4, 2, groups=2), (1, 4, 8, 8)), (nn.Linear(8, 2), (1, 4, 8, 8)),
                (nn.Upsample(scale_factor=2, mode="nearest"), (1, 4, 8, 8))):
            with self.assertRaisesRegex(NotImplementedError, "_0", msg=str(layer)):
                export(nn.Sequential(layer), shape, self.path)

    def test_weights_that_are_no_numbers_are_refused(self):
        net = nn.Sequential(nn.Conv2d(1, 1, 1))
        with torch.no_grad():
            net[0].weight.fill_(float("nan"))
        with self.assertRaisesRegex(ValueError, "not a number"):
            export(net, (1, 1, 4, 4), self.path)

    def test_metadata_of_two_lines_is_refused(self):
        with self.assertRaises(ValueError):
            export(nn.Sequential(nn.Conv2d(1, 1, 1)), (1, 1, 4, 4), self.path, meta={"a": "b\nc"})


class GoldenTests(Folder):
    def test_a_stored_answer_is_what_the_network_says(self):
        net = build(Strip)
        golden(net, Strip.shape, self.path, seed=3)
        with open(self.path, "rb") as file:
            head, floats = file.read().split(b"\nend\n")
        self.assertEqual(head.decode().splitlines()[1], "input image 1x16x40x1 noise 3")
        x = torch.from_numpy(noise((1, 16, 40, 1), 3)).permute(0, 3, 1, 2)
        expected = net(x).permute(0, 2, 3, 1).detach().numpy()
        np.testing.assert_array_equal(np.frombuffer(floats, "<f4"), expected.ravel())


    def test_several_inputs_keep_their_names_and_each_has_its_own_noise(self):
        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.near, self.far = nn.Conv2d(2, 3, 3, 2, 1), nn.Conv2d(4, 3, 1)

            def forward(self, near, far):
                return self.near(near) + self.far(far)

        net, shapes = Two(), [(1, 2, 8, 8), (1, 4, 4, 4)]
        export(net, shapes, self.path)
        inputs = [line for line in self.text().splitlines() if line.startswith("input")]
        self.assertEqual(inputs, ["input near 1x8x8x2", "input far 1x4x4x4"])
        golden(net, shapes, self.path, seed=3)
        with open(self.path, "rb") as file:
            head, floats = file.read().split(b"\nend\n")
        self.assertEqual(head.decode().splitlines()[1:3],
                         ["input near 1x8x8x2 noise 3", "input far 1x4x4x4 noise 4"])
        near, far = (torch.from_numpy(noise(s, k)).permute(0, 3, 1, 2)
                     for s, k in (((1, 8, 8, 2), 3), ((1, 4, 4, 4), 4)))
        expected = net(near, far).permute(0, 2, 3, 1).detach().numpy()
        np.testing.assert_allclose(np.frombuffer(floats, "<f4"), expected.ravel(), atol=1e-6)


if __name__ == "__main__":
    unittest.main()
