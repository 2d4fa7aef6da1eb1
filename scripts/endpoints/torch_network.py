# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of rnnserve's engine `dnnl` in PyTorch: the same keys, shapes, inputs and outputs.

An LSTM has the same numbers too: they follow from the seed (engines/weights.c, SplitMix64), and its
outputs agree to rounding. PyTorch's GRU is another variant (the reset gate acts behind the product, not
before it), so its outputs differ; its cost, which is what is measured here, is that of PyTorch's GRU.
"""
import numpy
import torch

MAX_WIDTH, MAX_LAYERS = 65536, 64
DEFAULTS = {"cell": "lstm", "hidden": 128, "input": 64, "layers": 1, "bidirectional": False,
            "vocabulary": 0, "seed": 1}
BOUNDS = {"hidden": (1, MAX_WIDTH), "input": (1, MAX_WIDTH), "layers": (1, MAX_LAYERS),
          "vocabulary": (0, 2**31 - 1), "seed": (0, 2**64 - 1)}
FLAGS = {"yes": True, "true": True, "on": True, "1": True,
         "no": False, "false": False, "off": False, "0": False}


def parse_spec(text):
    """The configuration that "cell=lstm,hidden=256" says; ValueError tells what is wrong with it."""
    config = dict(DEFAULTS)
    for word in filter(None, text.split(",")):
        key, equals, value = word.partition("=")
        if key not in DEFAULTS or not equals:
            raise ValueError(f"'{word}' is none of {', '.join(f'{k}=' for k in DEFAULTS)}")
        if key == "cell":
            if value not in ("lstm", "gru"):
                raise ValueError(f"'{value}' is not a cell; there are: lstm, gru")
            config[key] = value
        elif key == "bidirectional":
            if value not in FLAGS:
                raise ValueError(f"bidirectional: '{value}' is neither yes nor no")
            config[key] = FLAGS[value]
        else:
            low, high = BOUNDS[key]
            if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
                raise ValueError(f"{key}: '{value}' is not in {low} .. {high}")
            config[key] = int(value)
    return config


def splitmix(state, count):
    """The next `count` numbers of SplitMix64 from that state."""
    with numpy.errstate(over="ignore"):
        step = numpy.uint64(0x9E3779B97F4A7C15)
        z = numpy.uint64(state) + step * numpy.arange(1, count + 1, dtype=numpy.uint64)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return z ^ (z >> numpy.uint64(31))


class Stream:
    """One of the seed's streams: 1 is the embedding, 2 + i layer i."""

    def __init__(self, seed, which):
        first = (int(splitmix(seed, 1)[0]) + which) % 2**64
        self.state = int(splitmix(first, 1)[0])

    def uniform(self, bound, shape):
        """Floats in -bound .. bound, row by row."""
        count = int(numpy.prod(shape))
        numbers = splitmix(self.state, count)
        self.state = (self.state + count * 0x9E3779B97F4A7C15) % 2**64
        unit = (numbers >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
        values = numpy.float32(bound) * (2 * unit - 1).astype(numpy.float32)
        return torch.from_numpy(values.reshape(shape))


class Network(torch.nn.Module):
    """Tokens [1,n] or features [1,n,F] in, the last layer's final state [1,H] out."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        hidden, directions = config["hidden"], 2 if config["bidirectional"] else 1
        self.width = hidden * directions
        cell = torch.nn.LSTM if config["cell"] == "lstm" else torch.nn.GRU
        self.layers = cell(config["input"], hidden, config["layers"], batch_first=True,
                           bidirectional=config["bidirectional"])
        self.embedding = None
        if config["vocabulary"]:
            values = Stream(config["seed"], 1).uniform(1, (config["vocabulary"], config["input"]))
            self.embedding = torch.nn.Embedding.from_pretrained(values)
        with torch.no_grad():
            for layer in range(config["layers"]):
                self.fill(layer, directions)
        self.eval()

    def fill(self, layer, directions):
        """Gates i f c o and u r o are in the seed's order, and PyTorch's i f g o and r z n."""
        config = self.config
        hidden = config["hidden"]
        inputs = config["input"] if layer == 0 else self.width
        gates = 4 if config["cell"] == "lstm" else 3
        order = [0, 1, 2, 3] if gates == 4 else [1, 0, 2]
        stream = Stream(config["seed"], 2 + layer)
        bound = numpy.float32(1) / numpy.sqrt(numpy.float32(hidden))
        weights = [stream.uniform(bound, (directions, inputs, gates, hidden)),
                   stream.uniform(bound, (directions, hidden, gates, hidden)),
                   stream.uniform(bound, (directions, 1, gates, hidden))]
        for direction, suffix in enumerate(["", "_reverse"][:directions]):
            ours = [w[direction][:, order, :].reshape(-1, gates * hidden).t() for w in weights]
            for name, values in zip(["weight_ih", "weight_hh", "bias_ih"], ours):
                to = getattr(self.layers, f"{name}_l{layer}{suffix}")
                to.copy_(values.reshape(to.shape))
            getattr(self.layers, f"bias_hh_l{layer}{suffix}").zero_()

    def forward(self, values):
        if self.embedding is not None:
            values = self.embedding(values)
        state = self.layers(values)[1]
        last = state[0] if self.config["cell"] == "lstm" else state
        return last[-2:].permute(1, 0, 2).reshape(1, -1) if self.config["bidirectional"] else last[-1]
