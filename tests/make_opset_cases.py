#!/usr/bin/env python3
"""Writes cases for operator forms that the backend cases of the `onnx` package leave out: older opsets and the
com.microsoft domain. Expected outputs are NumPy's where given here, else ONNX Runtime's.

    .venv/bin/python tests/make_opset_cases.py [build/opset-cases]
    build/bin/conformance build/opset-cases
"""
import json
import os
import shutil
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

UNKNOWN = 0  # an output type that is left to inference

random = np.random.default_rng(0)
CASES = []


def f32(*shape):
    return random.standard_normal(shape).astype(np.float32)


def ints(*shape, dtype=np.int32, low=-4, high=4):
    return random.integers(low, high, shape).astype(dtype)


def quantized(*shape, dtype=np.uint8):
    return ints(*shape, dtype=dtype, low=-100 if dtype == np.int8 else 0, high=100)


def scale(*shape):
    return (abs(f32(*shape)) + 0.1).astype(np.float32)


def case(op, opset, inputs, expected=None, outputs=1, domain="", **attributes):
    """An input of None is left out; `expected` of None is what ONNX Runtime computes."""
    CASES.append((op, opset, [None if i is None else np.asarray(i) for i in inputs], expected, outputs, domain, attributes))


def contrib(op, inputs, outputs=1, **attributes):
    case(op, 17, inputs, outputs=outputs, domain="com.microsoft", **attributes)


def make_model(op, opset, inputs, output_types, domain, attributes):
    names = ["" if value is None else f"x{i}" for i, value in enumerate(inputs)]
    results = [helper.make_tensor_value_info(f"y{i}", t, None) if t else helper.make_empty_tensor_value_info(f"y{i}")
               for i, t in enumerate(output_types)]
    given = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
             for n, v in zip(names, inputs) if v is not None]
    node = helper.make_node(op, names, [r.name for r in results], domain=domain, **attributes)
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(helper.make_graph([node], op, given, results), opset_imports=opsets, ir_version=8)


def run_reference(op, opset, inputs, outputs, domain, attributes):
    model = make_model(op, opset, inputs, [UNKNOWN] * outputs, domain, attributes)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {f"x{i}": v for i, v in enumerate(inputs) if v is not None})


def write(folder, op, opset, inputs, expected, outputs, domain, attributes):
    expected = expected if expected is not None else run_reference(op, opset, inputs, outputs, domain, attributes)
    expected = [np.asarray(e) for e in expected]
    types = [helper.np_dtype_to_tensor_dtype(e.dtype) for e in expected]
    os.makedirs(f"{folder}/test_data_set_0")
    with open(f"{folder}/model.onnx", "wb") as f:
        f.write(make_model(op, opset, inputs, types, domain, attributes).SerializeToString())
    with open(f"{folder}/case.json", "w") as f:
        json.dump({"rtol": 1e-3, "atol": 1e-5}, f)
    for kind, values in (("input", [v for v in inputs if v is not None]), ("output", expected)):
        for i, value in enumerate(values):
            with open(f"{folder}/test_data_set_0/{kind}_{i}.pb", "wb") as f:
                f.write(numpy_helper.from_array(value).SerializeToString())


def broadcasting_of_opset_6():
    """The second input starts at `axis` of the first; without `axis` it ends where the first ends."""
    shapes = [((3, 4), 1, (3, 4, 1)), ((2,), 0, (2, 1, 1, 1)), ((4, 5), -2, (4, 5)), ((4, 5), None, (4, 5)), ((1, 1), None, (1, 1))]
    a = f32(2, 3, 4, 5)
    operators = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Less": np.less, "Greater": np.greater,
                 "Pow": np.power, "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor, "Equal": np.equal}
    for op, function in operators.items():
        for shape, axis, aligned in shapes:
            b = f32(*shape)
            left, right = (a > 0, b > 0) if op in ("And", "Or", "Xor", "Equal") else (abs(a), b) if op == "Pow" else (a, b)
            where = {} if axis is None else {"axis": axis}
            case(op, 6, [left, right], [function(left, right.reshape(aligned))], broadcast=1, **where)
    slope = f32(3)
    case("PRelu", 6, [a, slope], [np.where(a < 0, a * slope[:, None, None], a)])


def arithmetic():
    a, b = f32(2, 3, 4, 5), f32(4, 1)
    for op, function in {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}.items():
        case(op, 6, [a, a + 1], [function(a, a + 1)])
        case(op, 8, [a, b, f32(5)])
        case(op, 8, [a])
    case("Mean", 6, [a, 2 * a, 3 * a], [2 * a])
    case("Mean", 8, [a, b, f32(5)])
    case("PRelu", 7, [a, f32(3, 1, 1)])
    case("Clip", 6, [a], [a.clip(-0.5, 0.7)], min=-0.5, max=0.7)
    case("Clip", 6, [a], [a.clip(-0.5, None)], min=-0.5)
    case("Clip", 11, [a, None, np.float32(0.3)])
    case("Clip", 12, [ints(6), np.int32(-1)])
    case("Mod", 10, [np.int8([-4, 7, 5, 4, -7, 8]), np.int8([2, -3, 8, -2, 3, 5])])
    case("Mod", 13, [np.int64([-4, 7, 5, 4, -7, 8]), np.int64([2, -3, 8, -2, 3, 5])], fmod=1)
    case("Div", 14, [np.int32([-7, 7, -8]), np.int32([2, -2, 3])])
    case("Max", 13, [np.uint64([2**64 - 1, 1]), np.uint64([1, 2])])
    case("BitShift", 11, [np.uint64([16, 4, 1]), np.uint64([1, 2, 63])], direction="LEFT")
    case("Cast", 13, [np.uint64([2**64 - 1, 5])], to=TensorProto.FLOAT)
    case("Cast", 13, [np.int32([300, -129, 255])], to=TensorProto.INT8)
    case("Cast", 13, [np.array(["1", "-2.5", "+3"], object)], to=TensorProto.FLOAT)
    for base, exponent in ((np.int32, np.float32), (np.int64, np.int32), (np.float32, np.int64), (np.float16, np.float32)):
        case("Pow", 13, [base([1, 2, 3]), exponent([4, 3, 2])], [base([1, 8, 9])])


def activations():
    a = f32(2, 3, 4)
    for op in ("Abs Neg Floor Ceil Reciprocal Exp Tanh Sigmoid Relu LeakyRelu Elu Selu HardSigmoid Softplus Softsign").split():
        case(op, 6, [a])
        case(op, 7, [a.astype(np.float16)])
    case("Selu", 6, [a], alpha=2.0, gamma=3.0)
    case("HardSigmoid", 6, [a], alpha=0.4, beta=0.3)
    case("Shrink", 9, [a], lambd=0.4, bias=0.2)
    case("ThresholdedRelu", 10, [a], alpha=0.3)
    case("IsInf", 10, [np.float32([np.inf, -np.inf, 1])], detect_negative=0)
    case("Celu", 12, [a], alpha=0.7)
    case("Dropout", 6, [a], [a], is_test=1, ratio=0.3)
    case("Dropout", 7, [a], [a, np.ones_like(a)], outputs=2, ratio=0.3)
    case("Dropout", 12, [a, np.float32(0.3)], outputs=2)
    contrib("Gelu", [a])
    contrib("FastGelu", [a])
    contrib("FastGelu", [a, f32(4)])
    contrib("BiasGelu", [a, f32(4)])
    contrib("QuickGelu", [a])


def constants():
    for form, value in {"value_int": 5, "value_ints": [5, 6], "value_float": 5.5, "value_floats": [5.5, 1.0]}.items():
        case("Constant", 12, [], **{form: value})
    case("Constant", 12, [], [np.array(["ab", "c"], object)], value_strings=["ab", "c"])
    entries = numpy_helper.from_array(np.float32([1, 2]), "values"), numpy_helper.from_array(np.int64([1, 4]), "indices")
    sparse = helper.make_sparse_tensor(*entries, [2, 3])
    case("Constant", 11, [], [np.float32([[0, 1, 0], [0, 2, 0]])], sparse_value=sparse)


def quantization():
    x = 4 * f32(2, 3, 4)
    for opset in (10, 13, 19, 21):
        case("QuantizeLinear", opset, [x, scale(), np.uint8(7)])
        case("DequantizeLinear", opset, [quantized(2, 3, 4), scale(), np.uint8(7)])
    case("QuantizeLinear", 13, [x, scale(3), quantized(3, dtype=np.int8)], axis=1)
    case("DequantizeLinear", 13, [quantized(2, 3, 4, dtype=np.int8), scale(4), quantized(4, dtype=np.int8)], axis=-1)
    case("DequantizeLinear", 13, [ints(2, 3, 4), scale()])
    for shape, axis in (((2, 7, 4), 1), ((2, 7), 1), ((7, 2), 0)):
        blocks = tuple(-(-d // 3) if i == axis else d for i, d in enumerate(shape))
        case("QuantizeLinear", 21, [4 * f32(*shape), scale(*blocks), quantized(*blocks)], axis=axis, block_size=3)
        case("DequantizeLinear", 21, [quantized(*shape), scale(*blocks), quantized(*blocks)], axis=axis, block_size=3)
    case("DynamicQuantizeLinear", 11, [x], outputs=3)
    contrib("QuantizeLinear", [x, scale(), np.int16(7)])
    contrib("DequantizeLinear", [quantized(2, 3, 4), scale(3), quantized(3)], axis=1)
    for dtype in (np.uint8, np.int8):
        a, b, zero = quantized(2, 3, dtype=dtype), quantized(3, dtype=dtype), quantized(dtype=dtype)
        contrib("QLinearAdd", [a, scale(), zero, b, scale(), zero, scale(), zero])
        contrib("QLinearMul", [a, scale(), zero, b, scale(), zero, scale(), zero])
        contrib("QLinearLeakyRelu", [a, scale(), zero, scale(), zero], alpha=0.2)
        contrib("QLinearSigmoid", [a, np.float32(0.05), zero, np.float32(1 / 256), dtype(0 if dtype == np.uint8 else -128)])


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/opset-cases"
    shutil.rmtree(root, ignore_errors=True)
    onnxruntime.set_default_logger_severity(4)
    for family in (broadcasting_of_opset_6, arithmetic, activations, constants, quantization):
        family()
    for i, (op, opset, *rest) in enumerate(CASES):
        write(f"{root}/opset/{op}_{opset}_{i}", op, opset, *rest)
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
