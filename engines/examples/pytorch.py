#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD
"""A PyTorch network as an engine that rnnprof keeps alive: `RUN n` in, `OK nanoseconds` out.

    [edge]
    engine = command
    argv = python3 pytorch.py --hidden 256
"""
import argparse
import sys
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=128)
parser.add_argument("--input", type=int, default=64)
parser.add_argument("--layers", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--device", default="cpu")
arguments = parser.parse_args()

torch.manual_seed(1)
torch.set_num_threads(arguments.threads)
network = torch.nn.LSTM(arguments.input, arguments.hidden, arguments.layers, batch_first=True)
network.eval().to(arguments.device)
inputs = {}  # by length, so that making one is not timed


def run(n):
    """One inference of length n, in nanoseconds."""
    if n not in inputs:
        inputs[n] = torch.rand(1, n, arguments.input, device=arguments.device)
        network(inputs[n])  # what is new about this length is built
    start = time.perf_counter_ns()
    network(inputs[n])
    if arguments.device != "cpu":
        torch.cuda.synchronize()  # a device works on after the call has returned
    return time.perf_counter_ns() - start


print(f"READY PyTorch {torch.__version__}", flush=True)
with torch.inference_mode():
    for line in sys.stdin:  # it ends when rnnprof is done
        try:
            word, n = line.split()
            if word != "RUN":
                raise ValueError(f"what is {word}?")
            print("OK", run(int(n)), flush=True)
        except (ValueError, RuntimeError) as trouble:
            print("ERROR", str(trouble).replace("\n", " "), flush=True)
