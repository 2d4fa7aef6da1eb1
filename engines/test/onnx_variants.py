#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a small model that tells what it was given: TYPE:NAME[DIM,..] for each input, types f d i l b.
Its outputs are, for each input, NAME_sum (of all values, as float) and NAME_shape."""
import sys

import onnx
from onnx import TensorProto, helper

TYPES = {"f": TensorProto.FLOAT, "d": TensorProto.DOUBLE, "i": TensorProto.INT32,
         "l": TensorProto.INT64, "b": TensorProto.BOOL}

inputs, nodes, outputs = [], [], []
for text in sys.argv[2:]:
    kind, rest = text.split(":", 1)
    name, dims = rest[:-1].split("[")
    dims = [int(d) if d.isdigit() else d for d in dims.split(",")] if dims else []
    dims = [None if d == "?" else d for d in dims]
    inputs.append(helper.make_tensor_value_info(name, TYPES[kind], dims))
    nodes += [helper.make_node("Cast", [name], [name + "_float"], to=TensorProto.FLOAT),
              helper.make_node("ReduceSum", [name + "_float"], [name + "_sum"], keepdims=0),
              helper.make_node("Shape", [name], [name + "_shape"])]
    outputs += [helper.make_tensor_value_info(name + "_sum", TensorProto.FLOAT, []),
                helper.make_tensor_value_info(name + "_shape", TensorProto.INT64, [len(dims)])]
graph = helper.make_graph(nodes, "variant", inputs, outputs)
onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 14)]),
          sys.argv[1])
