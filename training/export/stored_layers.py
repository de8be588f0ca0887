"""The weights of a network file, layer by layer, for training that goes on from them."""
import re

import numpy as np

from graph_writer import read


def layers(path):
    """(weights, bias) of each layer of a network file, in order, as flat arrays; (slopes, None) of a PReLU."""
    lines, values = read(path)
    values = np.array(values)
    for line in lines:
        about = dict(re.findall(r"(\w+)=(\S+)", line))
        outputs = int(about.get("channels", "0").split("x")[-1])
        if "slopes" in about:
            yield values[int(about["slopes"]):][:outputs], None
        elif "weights" in about:
            place = int(about["bias"])
            yield values[int(about["weights"]):place], values[place:place + outputs]


def filters(weights, shape):
    """A convolution's weights; in the file: out, height, width, in, of a depthwise one height, width, out."""
    o, i, h, w = shape
    weights = weights[:o * i * h * w]
    return (weights.reshape(h, w, o, 1).transpose(2, 3, 0, 1) if i == 1
            else weights.reshape(o, h, w, i).transpose(0, 3, 1, 2))
