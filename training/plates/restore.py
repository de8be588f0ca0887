"""Make checkpoints from the network files: restore MODELS [--out FOLDER] [--data DATA].

Who has the repository only can so go on training, or teach: `localiser.pt` and a `reader-N.pt` for
each reader in the file. Batch norm is folded in there. It is put back so that the function stays as
it is; with DATA the readers' statistics are measured on training strips, without it they are only
fit to be read with or to teach.
"""
import argparse
import os
import random
import sys

import cv2
import numpy as np
import torch
import torch.nn as nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "export"))
from stored_layers import filters, layers as stored_layers  # noqa: E402

from export_models import red_first
from localiser import Localiser
from plates import degrade, jitter, load_aligned, normalise, rectify
from reader import Reader


def layers(network):
    """(convolution, the batch norm behind it or None), in the order in which they run."""
    found = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    return [(m, n if isinstance(n, nn.BatchNorm2d) else None)
            for m, n in zip(found, [*found[1:], None]) if isinstance(m, nn.Conv2d)]


def fill(network, stored):
    """Takes the network's convolutions from the iterator `stored`; batch norms only add the bias."""
    with torch.no_grad():
        for convolution, norm in layers(network):
            weights, bias = next(stored)
            if len(bias) != convolution.out_channels or len(weights) < convolution.weight.numel():
                sys.exit("the network file is of another form than the training code")
            convolution.weight.copy_(torch.tensor(filters(weights, convolution.weight.shape)))
            (norm or convolution).bias.copy_(torch.tensor(bias))
            if norm:
                norm.weight.fill_((1 + norm.eps) ** 0.5)
    return network.eval()


def settle(network, x):
    """Batch norms that have measured `x`, of the same function: training can go on from them."""
    seen = {}
    hooks = [c.register_forward_hook(lambda c, _, y: seen.update({c: y.transpose(0, 1).flatten(1)}))
             for c, norm in layers(network) if norm]
    with torch.no_grad():
        network(x)
        for convolution, norm in layers(network):
            if norm:
                y = seen[convolution]
                scale = y.std(1).clamp(min=0.01)
                convolution.weight.div_(scale[:, None, None, None])
                norm.running_mean.copy_(y.mean(1) / scale)
                norm.running_var.fill_(1)
                norm.weight.mul_(scale)
                norm.bias.add_(y.mean(1))
    for hook in hooks:
        hook.remove()
    return network


def members_of(path):
    """The readers whose mean the network file computes."""
    stored, each = list(stored_layers(path)), len(layers(Reader()))
    members = [fill(Reader(), iter(stored[i:i + each])) for i in range(0, len(stored), each)]
    with torch.no_grad():
        for member in members:                              # the file has the mean's summands
            member.out.weight *= len(members)
            member.out.bias *= len(members)
    return members


def strips(data, folder, count=256):
    random.seed(0), np.random.seed(0)
    plates = load_aligned(data, f"{folder}/plates.pickle")["train"]
    rows = [normalise(degrade(rectify(p.image, jitter(p.corners, True), p.double)))
            for p in random.sample(plates, count)]
    return torch.from_numpy(np.stack(rows))


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("models")
    parse.add_argument("--out", default="checkpoints")
    parse.add_argument("--data")
    options = parse.parse_args()
    torch.set_num_threads(1), cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    localiser = fill(Localiser(), stored_layers(f"{options.models}/plate-localiser.ghn"))
    red_first(localiser, localiser.quarter[0][0])           # back to blue, green, red
    torch.save(localiser.state_dict(), f"{options.out}/localiser.pt")
    members = members_of(f"{options.models}/plate-reader.ghn")
    x = strips(options.data, options.out) if options.data else None
    for n, member in enumerate(members):
        if options.data:
            with torch.no_grad():
                before = member(x)
                change = (settle(member, x)(x) - before).abs().max()
            print(f"reader-{n}: settled, largest change {change:.1e}")
        torch.save(member.state_dict(), f"{options.out}/reader-{n}.pt")
    print(f"localiser and {len(members)} readers written to {options.out}")


if __name__ == "__main__":
    main()
