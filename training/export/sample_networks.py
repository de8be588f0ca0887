"""Small networks with fixed random weights that use every operation; they make the stored answers
of Tests/InferenceTests/Golden:  python3 sample_networks.py FOLDER"""
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

from export import export, golden


def block(inputs, outputs, kernel=3, stride=1, groups=1, act=None):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([act] if act else []))


class Pyramid(nn.Module):
    """A localiser's kind: two outputs, one of them used further, sums and two ways of upsampling."""
    shape = (1, 3, 32, 48)

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8, stride=2, act=nn.ReLU())
        self.deep = nn.Sequential(block(8, 8, groups=8, stride=2, act=nn.ReLU6()), block(8, 12, 1, act=nn.PReLU(12)))
        self.deeper = nn.Sequential(block(12, 16, stride=2, groups=4, act=nn.Hardswish()), nn.BatchNorm2d(16))
        self.up = nn.ConvTranspose2d(16, 12, 2, 2, bias=False)
        self.norm = nn.BatchNorm2d(12)
        self.side = nn.Conv2d(12, 8, 1)
        self.joined = nn.Conv2d(16, 8, 3, padding=1)
        self.gate = nn.Conv2d(8, 8, 1)
        self.score = nn.Conv2d(8, 1, 1)
        self.corners = nn.Conv2d(8, 8, 1)

    def forward(self, image):
        a = self.stem(image)
        b = self.deep(a)
        c = self.deeper(b)
        b = F.relu(self.norm(self.up(c)) + b)
        b = F.interpolate(self.side(b), size=a.shape[2:], mode="bilinear", align_corners=False)
        d = F.relu(self.joined(torch.cat([a, b], 1)))
        d = d * torch.sigmoid(self.gate(d.mean((2, 3), keepdim=True)))
        score = torch.sigmoid(self.score(d))
        return {"score": score, "corners": self.corners(d) * score}


class Characters(nn.Module):
    """A classifier's kind, for batches: flattening of planes, softmax."""
    shape = (4, 1, 16, 12)

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            block(1, 8, act=nn.LeakyReLU(0.1)), nn.MaxPool2d(3, 2, 1), block(8, 8, act=nn.ReLU()),
            nn.AvgPool2d(2), nn.Dropout(0.2))
        self.hidden = nn.Linear(8 * 4 * 3, 16)
        self.classes = nn.Linear(16, 10)

    def forward(self, image):
        x = torch.flatten(self.features(image), 1)
        return torch.softmax(self.classes(F.relu(self.hidden(x))), 1)


class Strip(nn.Module):
    """A line reader's kind: dilation, asymmetric windows, align_corners, softmax over a strip."""
    shape = (1, 1, 16, 40)

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=2, dilation=2), nn.ReLU(), nn.MaxPool2d((2, 1)),
            nn.Conv2d(8, 8, (8, 1)), nn.ReLU(), nn.Conv2d(8, 8, (1, 5), padding=(0, 2)))
        self.head = nn.Conv2d(8, 7, 1)

    def forward(self, image):
        x = self.features(image)
        x = F.interpolate(x, size=(1, 20), mode="bilinear", align_corners=True)
        return torch.softmax(self.head(x), 1)


def build(kind):
    """The network with weights and batch statistics of a fixed seed."""
    torch.manual_seed(20 + len(kind.__name__))
    net = kind()
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.copy_(1 + 0.2 * torch.randn(module.weight.shape))
                module.bias.copy_(0.1 * torch.randn(module.bias.shape))
                module.running_mean.copy_(0.1 * torch.randn(module.bias.shape))
                module.running_var.copy_(0.5 + torch.rand(module.bias.shape))
            elif isinstance(module, nn.PReLU):
                module.weight.copy_(0.1 + 0.3 * torch.rand(module.weight.shape))
    return net.eval()


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for kind in (Pyramid, Characters, Strip):
        name = f"{folder}/{kind.__name__.lower()}"
        net = build(kind)
        export(net, kind.shape, f"{name}.ghn", {"made-by": "sample_networks.py", "threshold": 0.5,
                                                "classes": "a b c"})
        golden(net, kind.shape, f"{name}.golden")
    golden(build(Pyramid), (2, 3, 64, 32), f"{folder}/pyramid@2x64x32.golden", seed=2)


if __name__ == "__main__":
    main()
