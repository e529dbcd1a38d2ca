#!/usr/bin/env python3
"""A model without its weights, small enough to carry to a machine without a network, and the model again with random
weights of the same mean and deviation: speed does not depend on the values.
  bench/model_outline.py pack model.onnx outline.onnx
  bench/model_outline.py unpack outline.onnx model.onnx"""
import sys
import zlib

import numpy as np
import onnx
from onnx import numpy_helper

LARGE = 4096  # bytes; smaller tensors (axes, shapes, scalars) are kept
MARK = "tenon-outline:"


def tensors(model):
    for initializer in model.graph.initializer:
        yield initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def pack(model):
    for tensor in tensors(model):
        values = numpy_helper.to_array(tensor)
        if values.nbytes < LARGE or values.dtype.kind != "f":
            continue
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        tensor.doc_string = f"{MARK}{values.mean():.9g},{values.std():.9g},{values.min():.9g}"


def unpack(model):
    for tensor in tensors(model):
        if not tensor.doc_string.startswith(MARK):
            continue
        mean, deviation, least = map(float, tensor.doc_string[len(MARK):].split(","))
        random = np.random.default_rng(zlib.crc32(tensor.name.encode()))
        if mean == deviation == 0 and len(tensor.dims) > 1:  # a head that was exported untrained: zeros would fold the model away
            deviation = 0.02
        values = random.normal(mean, deviation, tuple(tensor.dims))
        if least >= 0:  # variances stay positive
            values = np.maximum(np.abs(values), least)
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        tensor.raw_data = values.astype(dtype).tobytes()
        tensor.ClearField("doc_string")


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    model = onnx.load(sys.argv[2])
    (pack if sys.argv[1] == "pack" else unpack)(model)
    onnx.save(model, sys.argv[3])


if __name__ == "__main__":
    main()
