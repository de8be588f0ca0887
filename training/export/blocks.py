"""Blocks of networks that the weight exporter knows; batch norm folds into the convolutions."""
import torch.nn as nn


def conv(i, o, kernel=3, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(o), nn.ReLU())


def separable(i, o, stride=1):
    return nn.Sequential(conv(i, i, 3, stride, i), conv(i, o, 1))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.inner = separable(c, c)

    def forward(self, x):
        return x + self.inner(x)
