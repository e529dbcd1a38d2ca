#!/usr/bin/env python3
"""Writes cases of data movement, indexing and reduction operators in each of their forms, as make_opset_cases.py, with
outputs by ONNX Runtime, or by onnx.reference where ONNX Runtime can't run them. Every case is written twice: all inputs
fed at run time with symbolic dims, and all inputs but the first constant.

    .venv/bin/python tests/make_moving_cases.py [build/moving-cases]
    build/bin/conformance build/moving-cases
"""
import json
import os
import shutil
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from make_conformance import write, write_data_set

NEWEST_RUNTIME_OPSET = 23
RNG = np.random.default_rng(7)
F32, I64, I32 = np.float32, np.int64, np.int32
REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "SumSquare", "L1", "L2", "LogSum", "LogSumExp"]


def element_type(array):
    dtype = np.asarray(array).dtype
    return onnx.TensorProto.STRING if dtype.kind in "OUS" else helper.np_dtype_to_tensor_dtype(dtype)


def value_info(name, array):
    return helper.make_tensor_value_info(name, element_type(array), np.asarray(array).shape)


def symbolic_info(name, array):
    return helper.make_tensor_value_info(name, element_type(array), [f"{name}{i}" for i in range(np.asarray(array).ndim)])


def make_model(node, inputs, constants, outputs, opset, infos):
    graph = helper.make_graph([node], "case", infos, [onnx.ValueInfoProto(name=o) for o in outputs],
                              [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()])
    domains = {"": opset, node.domain: 1 if node.domain else opset}
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in domains.items()])
    model.ir_version = min(model.ir_version, 10 if opset <= NEWEST_RUNTIME_OPSET else model.ir_version)
    return model


def run(model, inputs, opset):
    if opset <= NEWEST_RUNTIME_OPSET:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options)
            return session.run(None, inputs)
        except Exception as e:
            if model.graph.node[0].domain:
                raise
            reason = str(e)
    else:
        reason = "opset"
    try:
        return ReferenceEvaluator(model).run(None, inputs)
    except Exception as e:
        raise RuntimeError(f"neither oracle runs it: {reason}; {e}") from e


class Cases:
    def __init__(self, root):
        self.root, self.count, self.problems = root, 0, []

    def add(self, name, op, opset, inputs, attributes=None, outputs=1, domain="", rtol=1e-5, atol=1e-6):
        names = [f"i{k}" if a is not None else "" for k, a in enumerate(inputs)]
        out = [f"o{k}" for k in range(outputs)]
        node = helper.make_node(op, names, out, domain=domain, **(attributes or {}))
        given = {n: np.asarray(a) for n, a in zip(names, inputs) if n}
        for variant in ("fed", "constant") if len(given) > 1 else ("fed",):
            fed = {n: a for n, a in given.items() if variant == "fed" or n == "i0"}
            constants = {n: a for n, a in given.items() if n not in fed}
            info = symbolic_info if variant == "fed" else value_info
            model = make_model(node, given, constants, out, opset, [info(n, a) for n, a in fed.items()])
            try:
                expected = run(make_model(node, given, {}, out, opset, [value_info(n, a) for n, a in given.items()])
                               if variant == "fed" else model, fed, opset)
            except Exception as e:
                self.problems.append(f"{name}_{opset}: {e}")
                continue
            for o, value in zip(model.graph.output, expected):
                o.CopyFrom(helper.make_tensor_value_info(o.name, element_type(value), None))
            folder = f"{self.root}/{name}_{opset}_{variant}"
            os.makedirs(folder)
            write(f"{folder}/case.json", json.dumps({"rtol": rtol, "atol": atol}).encode())
            write(f"{folder}/model.onnx", model.SerializeToString())
            write_data_set(f"{folder}/test_data_set_0", model, list(fed.values()), expected)
            self.count += 1


def real(*shape, dtype=F32):
    return (RNG.standard_normal(shape) + 0.1).astype(dtype)


def positive(*shape, dtype=F32):
    return RNG.uniform(0.5, 2, shape).astype(dtype)


def ints(low, high, *shape, dtype=I64):
    return RNG.integers(low, high, shape).astype(dtype)


def i64(*values):
    return np.array(values, I64)


def names(*shape):
    return np.array([f"s{i}" for i in range(int(np.prod(shape)))], dtype=object).reshape(shape)


def write_shapes(c):
    for opset in (6, 13, 14, 21):
        for i, (shape, target) in enumerate([((2, 3, 4), (4, -1)), ((2, 3, 4), (0, 0, 2, -1)), ((2, 3, 4), (24,)),
                                             ((0, 3, 4), (0, 12)), ((1,), ()), ((2, 3), (3, 2, 1))]):
            c.add(f"reshape_{i}", "Reshape", opset, [real(*shape), i64(*target)])
    c.add("reshape_allowzero", "Reshape", 14, [real(0, 3, 4), i64(3, 0, 7)], {"allowzero": 1})
    c.add("reshape_strings", "Reshape", 14, [names(2, 3), i64(3, -1)])
    for opset in (6, 13, 21):
        for i, perm in enumerate([None, [0, 2, 1, 3], [3, 1, 0, 2], [1, 0, 2, 3], [0, 3, 1, 2], [0, 2, 3, 1]]):
            for kind in (F32, np.float64, np.int8, np.float16):
                c.add(f"transpose_{i}_{np.dtype(kind).name}", "Transpose", opset, [ints(0, 100, 3, 37, 5, 41).astype(kind)],
                      {"perm": perm} if perm else None)
    c.add("transpose_strings", "Transpose", 13, [names(2, 3, 4)], {"perm": [2, 0, 1]})
    for opset in (6, 11):
        c.add("squeeze", "Squeeze", opset, [real(1, 3, 1, 5)], {"axes": [0, 2]})
        c.add("squeeze_all", "Squeeze", opset, [real(1, 3, 1, 5)])
        c.add("unsqueeze", "Unsqueeze", opset, [real(3, 5)], {"axes": [0, 3]})
    c.add("squeeze_negative", "Squeeze", 11, [real(1, 3, 1, 5)], {"axes": [-2]})
    c.add("unsqueeze_negative", "Unsqueeze", 11, [real(3, 5)], {"axes": [-1, 0]})
    for opset in (13, 21):
        c.add("squeeze", "Squeeze", opset, [real(1, 3, 1, 5), i64(0, -2)])
        c.add("squeeze_all", "Squeeze", opset, [real(1, 3, 1, 5)])
        c.add("unsqueeze", "Unsqueeze", opset, [real(3, 5), i64(-1, 0)])
    for opset in (6, 9, 11, 13):
        for axis in (0, 1, 3) + ((-1, -2) if opset >= 11 else ()):
            c.add(f"flatten_{axis}", "Flatten", opset, [real(2, 3, 4)], {"axis": axis})
    for opset in (6, 11, 13):
        for axis in (0, 1, 2) + ((-1,) if opset >= 11 else ()):
            parts = [real(*[k + 1 if d == axis % 3 else 3 for d in range(3)]) for k in range(3)]
            c.add(f"concat_{axis}", "Concat", opset, parts, {"axis": axis})
    c.add("concat_strings", "Concat", 13, [names(2, 3), names(2, 1)], {"axis": 1})
    c.add("concat_one", "Concat", 13, [real(2, 3)], {"axis": 1})
    c.add("concat_empty", "Concat", 13, [real(0, 3), real(2, 3)], {"axis": 0})
    for opset in (6, 11):
        c.add("split", "Split", opset, [real(6, 4)], {"axis": 0}, outputs=3)
        c.add("split_sizes", "Split", opset, [real(3, 7)], {"axis": 1, "split": [2, 4, 1]}, outputs=3)
    c.add("split", "Split", 13, [real(6, 4)], {"axis": 0}, outputs=3)
    c.add("split_sizes", "Split", 13, [real(3, 7), i64(2, 4, 1)], {"axis": -1}, outputs=3)
    c.add("split_sizes", "Split", 18, [real(3, 7), i64(0, 6, 1)], {"axis": -1}, outputs=3)
    c.add("split_uneven", "Split", 18, [real(3, 7)], {"axis": 1, "num_outputs": 3}, outputs=3)
    c.add("split_strings", "Split", 18, [names(4, 2)], {"axis": 0, "num_outputs": 2}, outputs=2)


def write_slices(c):
    for opset in (6, 9):
        c.add("slice", "Slice", opset, [real(5, 6, 7)], {"starts": [1, -3], "ends": [100, -1], "axes": [0, 2]})
        c.add("slice_all_axes", "Slice", opset, [real(5, 6)], {"starts": [1, 2], "ends": [4, 2**31 - 1]})
    big = 2**63 - 1
    forms = [((1, 0), (4, 3), (0, 1), (1, 1)), ((-1, 20), (-big, 0), (0, 1), (-1, -2)), ((0,), (big,), (-1,), (3,)),
             ((3,), (1,), (0,), (1,)), ((-100,), (2,), (1,), (1,)), ((big,), (-big,), (1,), (-1,)), ((4,), (0,), (0,), (-3,)),
             ((1,), (-1,), (2,), (2,))]
    for opset in (10, 11, 13):
        for i, form in enumerate(forms):
            for kind in (I64, I32):
                limit = np.iinfo(kind)
                given = [np.clip(np.array(v, I64), limit.min, limit.max).astype(kind) for v in form]
                c.add(f"slice_{i}_{np.dtype(kind).name}", "Slice", opset, [real(5, 6, 7), *given])
        c.add("slice_no_axes", "Slice", opset, [real(5, 6), i64(1, 2), i64(3, 5)])
        c.add("slice_no_axes_steps", "Slice", opset, [real(5, 6), i64(1, 2), i64(3, 5), None, i64(1, 2)])
    c.add("slice_strings", "Slice", 13, [names(4, 3), i64(3), i64(0), i64(0), i64(-2)])
    for opset in (8, 13):
        for i, (shape, target) in enumerate([((3, 1), (2, 1, 6)), ((3, 1), (3, 4)), ((1, 3), (1,)), ((), (2, 2)), ((3,), (0, 3))]):
            c.add(f"expand_{i}", "Expand", opset, [real(*shape), i64(*target)])
    c.add("expand_strings", "Expand", 13, [names(2, 1), i64(2, 3)])
    for opset in (6, 13):
        c.add("tile", "Tile", opset, [real(2, 3, 1), i64(2, 1, 4)])
        c.add("tile_empty", "Tile", opset, [real(2, 3), i64(0, 2)])
    c.add("tile_int", "Tile", 13, [ints(0, 9, 2, 3), i64(3, 2)])


def write_pads(c):
    for opset in (6, 10):
        for mode in ("constant", "reflect", "edge"):
            c.add(f"pad_{mode}", "Pad", opset, [real(3, 4, 5)], {"mode": mode, "pads": [1, 0, 2, 0, 3, 4], "value": 1.5})
        c.add("pad_default", "Pad", opset, [real(3, 4)], {"pads": [1, -1, -1, 2]})
    for opset in (11, 13, 18, 19, 21):
        modes = ("constant", "reflect", "edge") + (("wrap",) if opset >= 19 else ())
        for mode in modes:
            extra = [np.array(2.5, F32)] if mode == "constant" else []
            c.add(f"pad_{mode}", "Pad", opset, [real(3, 4, 5), i64(1, 0, 2, 0, 3, 4), *extra], {"mode": mode})
            c.add(f"pad_{mode}_crop", "Pad", opset, [real(4, 6), i64(-1, 2, 0, -2), *extra], {"mode": mode})
            if opset >= 18:
                c.add(f"pad_{mode}_axes", "Pad", opset, [real(3, 4, 5), i64(1, 2, 1, 0), *(extra or [None]), i64(-1, 0)], {"mode": mode})
        c.add("pad_int", "Pad", opset, [ints(0, 9, 3, 4, dtype=I32), i64(1, 1, 1, 1), np.array(7, I32)])
    c.add("pad_strings", "Pad", 21, [names(2, 2), i64(0, 1, 1, 0), np.array("x", dtype=object)])
    c.add("contrib_pad", "Pad", 13, [real(3, 4), i64(1, 0, 0, 2), np.array([1.5], F32)], {"mode": "constant"}, domain="com.microsoft")
    c.add("contrib_pad_edge", "Pad", 13, [real(3, 4), i64(1, 0, 0, 2)], {"mode": "edge"}, domain="com.microsoft")
    c.add("contrib_expand_dims", "ExpandDims", 13, [real(3, 4), np.array(-1, I32)], domain="com.microsoft")
    c.add("contrib_trilu", "Trilu", 13, [real(3, 4), np.array(1, I64)], {"upper": 0}, domain="com.microsoft")
    for shape in ((5, 9), (6, 4), (7, 7), (2, 3)):
        c.add(f"center_crop_pad_{shape[0]}", "CenterCropPad", 18, [real(6, 7), i64(*shape)])
        c.add(f"center_crop_pad_axes_{shape[0]}", "CenterCropPad", 18, [real(6, 7, 2), i64(*shape)], {"axes": [-2, 0]})


def write_queries(c):
    for opset in (6, 13):
        c.add("shape", "Shape", opset, [real(2, 3, 4)])
        c.add("size", "Size", opset, [real(2, 3, 4)])
        c.add("shape_scalar", "Shape", opset, [real()])
    for start, end in ((1, None), (-2, -1), (0, 100), (-100, 2), (2, 1)):
        c.add(f"shape_{start}_{end}", "Shape", 15, [real(2, 3, 4)], {"start": start, **({"end": end} if end is not None else {})})
    for i, values in enumerate([(0, 10, 3), (10, 0, -4), (5, 5, 1), (3, 1, 1)]):
        for kind in (I64, I32, np.int16, F32, np.float64):
            c.add(f"range_{i}_{np.dtype(kind).name}", "Range", 11, [np.array(v, kind) for v in values])
    c.add("range_fractions", "Range", 11, [np.array(v, F32) for v in (0.5, 3.25, 0.3)])
    for opset in (9, 22):
        for k in (-1, 0, 2):
            c.add(f"eye_like_{k}", "EyeLike", opset, [real(3, 4)], {"k": k})
        c.add("eye_like_i64", "EyeLike", opset, [real(3, 4)], {"dtype": 7})
    for k in (-2, 0, 1, 9, -9):
        for upper in (0, 1):
            c.add(f"trilu_{k}_{upper}", "Trilu", 14, [real(2, 3, 4), np.array(k, I64)], {"upper": upper})
    for opset in (6, 13):
        c.add("depth_to_space", "DepthToSpace", opset, [real(2, 8, 3, 4)], {"blocksize": 2})
        c.add("space_to_depth", "SpaceToDepth", opset, [real(2, 3, 4, 6)], {"blocksize": 2})
    for opset in (11, 13):
        c.add("depth_to_space_crd", "DepthToSpace", opset, [real(2, 8, 3, 4)], {"blocksize": 2, "mode": "CRD"})
    c.add("space_to_depth_crd", "SpaceToDepth", 28, [real(2, 3, 4, 6)], {"blocksize": 2, "mode": "CRD"})
    c.add("reverse_sequence", "ReverseSequence", 10, [real(4, 3, 2), i64(4, 2, 0)], {"time_axis": 0, "batch_axis": 1})
    c.add("reverse_sequence_batch", "ReverseSequence", 10, [real(3, 4, 2), i64(1, 3, 4)], {"time_axis": 1, "batch_axis": 0})


def write_indexing(c):
    for opset in (6, 11, 13):
        for axis in (0, 1, 2) + ((-1,) if opset >= 11 else ()):
            low = -3 if opset >= 11 else 0
            c.add(f"gather_{axis}", "Gather", opset, [real(3, 4, 5), ints(low, 3, 2, 3)], {"axis": axis})
        c.add("gather_scalar", "Gather", opset, [real(3, 4), np.array(2, I32)], {"axis": 1})
        c.add("gather_empty", "Gather", opset, [real(3, 4), ints(0, 1, 0)], {"axis": 1})
    c.add("gather_strings", "Gather", 13, [names(4), i64(2, -3)])
    for opset in (11, 13):
        c.add("gather_elements", "GatherElements", opset, [real(3, 4, 5), ints(-4, 4, 2, 6, 5)], {"axis": 1})
        c.add("gather_elements_strings", "GatherElements", opset, [names(3, 2), ints(-3, 3, 4, 2, dtype=I32)])
        c.add("gather_nd", "GatherND", opset, [real(3, 4, 5), ints(-3, 3, 2, 6, 2)])
        c.add("gather_nd_full", "GatherND", opset, [real(3, 4, 5), ints(-3, 3, 7, 3)])
    for batch in (1, 2):
        c.add(f"gather_nd_batch_{batch}", "GatherND", 13, [real(2, 3, 4, 5), ints(-3, 3, 2, 3, 2, 1)], {"batch_dims": batch})
    c.add("gather_nd_strings", "GatherND", 13, [names(3, 2), ints(-2, 2, 4, 1)])
    c.add("contrib_gather_nd", "GatherND", 13, [real(3, 4, 5), ints(0, 3, 6, 2)], domain="com.microsoft")
    distinct = np.array([[1, 0, 3], [2, 3, 0]], I64)
    for op, opset in (("Scatter", 9), ("ScatterElements", 11), ("ScatterElements", 13), ("ScatterElements", 16), ("ScatterElements", 18)):
        c.add(op.lower(), op, opset, [real(4, 3), distinct, real(2, 3)], {"axis": 0})
        c.add(f"{op.lower()}_axis", op, opset, [real(3, 5), distinct, real(2, 3)], {"axis": 1})
    for opset, kinds in ((16, ("add", "mul")), (18, ("add", "mul", "max", "min"))):
        for kind in kinds:
            for dtype in (F32, I64, np.uint8):
                data, updates = ints(0, 9, 4, 3, dtype=dtype), ints(0, 9, 5, 3, dtype=dtype)
                label = f"{kind}_{np.dtype(dtype).name}"
                c.add(f"scatter_elements_{label}", "ScatterElements", opset, [data, ints(-4, 4, 5, 3), updates], {"axis": 0, "reduction": kind})
                c.add(f"scatter_nd_{label}", "ScatterND", opset, [data, ints(-4, 4, 5, 1), updates], {"reduction": kind})
    for opset in (11, 13, 18):
        c.add("scatter_nd", "ScatterND", opset, [real(4, 3, 2), np.array([[1, 2], [3, 0], [-4, 1]], I64), real(3, 2)])
    for opset in (9, 11):
        for axis in (-1, 0, 1):
            c.add(f"one_hot_{axis}", "OneHot", opset, [ints(-5, 5, 3, 2), np.array(4, I64), np.array([-1, 2.5], F32)], {"axis": axis})
        c.add("one_hot_floats", "OneHot", opset, [ints(0, 5, 3).astype(F32), np.array(5, F32), np.array([0, 1], I64)])
    c.add("one_hot_vector_depth", "OneHot", 11, [ints(0, 5, 3), i64(5), np.array([0, 1], I64)])


def write_selection(c):
    for opset in (9, 13):
        c.add("non_zero", "NonZero", opset, [ints(0, 2, 3, 4, 2)])
        c.add("non_zero_bool", "NonZero", opset, [ints(0, 2, 5).astype(bool)])
        c.add("non_zero_float", "NonZero", opset, [np.array([[0, -0.0], [1e-30, 2]], F32)])
        c.add("non_zero_none", "NonZero", opset, [np.zeros((3, 2), F32)])
    for kind in (I64, F32, np.int8, np.float64):
        for ordered in (0, 1):
            c.add(f"unique_{np.dtype(kind).name}_{ordered}", "Unique", 11, [ints(0, 4, 3, 4).astype(kind)], {"sorted": ordered}, outputs=4)
            c.add(f"unique_rows_{np.dtype(kind).name}_{ordered}", "Unique", 11, [ints(0, 2, 5, 2, 2).astype(kind)],
                  {"axis": 0, "sorted": ordered}, outputs=4)
            c.add(f"unique_columns_{np.dtype(kind).name}_{ordered}", "Unique", 11, [ints(0, 2, 2, 6).astype(kind)],
                  {"axis": -1, "sorted": ordered}, outputs=4)
    c.add("unique_strings", "Unique", 11, [np.array(["b", "a", "b", "c"], dtype=object)], outputs=4)
    c.add("contrib_unique", "Unique", 11, [real(4).repeat(2)], outputs=3, domain="com.microsoft")
    for opset in (9, 11):
        c.add("compress", "Compress", opset, [real(3, 4), np.array([True, False, True])], {"axis": 0})
        c.add("compress_axis", "Compress", opset, [real(3, 4), np.array([True, False, True])], {"axis": 1})
        c.add("compress_flat", "Compress", opset, [real(3, 4), np.array([False, True, True, False, True])])
        c.add("compress_strings", "Compress", opset, [names(4), np.array([False, True, True])], {"axis": 0})
    corners = RNG.uniform(0, 1, (2, 30, 2)).astype(F32)
    boxes = np.concatenate([corners, corners + RNG.uniform(-0.5, 0.5, (2, 30, 2)).astype(F32)], 2)
    scores = RNG.uniform(0, 1, (2, 3, 30)).astype(F32)
    for opset in (10, 11):
        for center in (0, 1):
            own = np.abs(boxes) if center else boxes
            c.add(f"nms_{center}", "NonMaxSuppression", opset, [own, scores, i64(7), np.array([0.3], F32), np.array([0.4], F32)],
                  {"center_point_box": center})
            c.add(f"nms_scalars_{center}", "NonMaxSuppression", opset, [own, scores, np.array(7, I64), np.array(0.3, F32)],
                  {"center_point_box": center})
        c.add("nms_none", "NonMaxSuppression", opset, [boxes, scores])


def write_reductions(c):
    for kind in REDUCTIONS:
        op = f"Reduce{kind}"
        data = positive(3, 2, 4, 5)
        since = 13 if kind == "Sum" else 18
        for opset in (6, 11) + ((13,) if kind != "Sum" else ()):
            c.add(op.lower(), op, opset, [data], {"axes": [1, 3]})
            c.add(f"{op.lower()}_flat", op, opset, [data], {"axes": [0], "keepdims": 0})
            c.add(f"{op.lower()}_all", op, opset, [data], {"keepdims": 0})
            if opset >= 11:
                c.add(f"{op.lower()}_negative", op, opset, [data], {"axes": [-1, -3]})
        for opset in sorted({since, 18} | ({20} if kind in ("Max", "Min") else set())):
            c.add(op.lower(), op, opset, [data, i64(1, -1)])
            c.add(f"{op.lower()}_middle", op, opset, [data, i64(2, 1)], {"keepdims": 0})
            c.add(f"{op.lower()}_first", op, opset, [data, i64(0)], {"keepdims": 0})
            c.add(f"{op.lower()}_all", op, opset, [data], {"keepdims": 1})
            c.add(f"{op.lower()}_empty_axes", op, opset, [data, np.zeros(0, I64)], {"keepdims": 0})
            c.add(f"{op.lower()}_noop", op, opset, [data, np.zeros(0, I64)], {"noop_with_empty_axes": 1})
            c.add(f"{op.lower()}_long", op, opset, [positive(3, 70000) / 2 + F32(0.5), i64(1)] if kind != "Prod" else [positive(3, 70), i64(1)], rtol=1e-4)
            c.add(f"{op.lower()}_tall", op, opset, [positive(300, 3, 5), i64(0)] if kind != "Prod" else [positive(20, 3, 5), i64(0)], rtol=1e-4)
            for dtype in (I32, I64, np.float64):
                if kind in ("LogSum", "LogSumExp", "L2", "Mean") and dtype != np.float64:
                    continue
                c.add(f"{op.lower()}_{np.dtype(dtype).name}", op, opset, [ints(1, 5, 3, 4, 2, dtype=dtype), i64(1)], rtol=1e-5)
    for op in ("ReduceMax", "ReduceMin"):
        for dtype in (np.int8, np.uint8):
            c.add(f"{op.lower()}_{np.dtype(dtype).name}", op, 18, [ints(0, 100, 3, 4, dtype=dtype), i64(1)])
        c.add(f"{op.lower()}_bool", op, 20, [ints(0, 2, 4, 3).astype(bool), i64(1)])
    for op in ("ArgMax", "ArgMin"):
        for opset in (6, 11, 12, 13):
            c.add(op.lower(), op, opset, [ints(0, 4, 3, 4, 5).astype(F32)], {"axis": 1})
            c.add(f"{op.lower()}_flat", op, opset, [ints(0, 4, 3, 4, 5, dtype=I32)], {"axis": 2, "keepdims": 0})
            if opset >= 12:
                c.add(f"{op.lower()}_last", op, opset, [ints(0, 4, 3, 4, 5).astype(F32)], {"axis": -1, "select_last_index": 1})
    c.add("topk", "TopK", 6, [real(3, 7)], {"axis": 1, "k": 3}, outputs=2)
    c.add("topk", "TopK", 10, [real(3, 7, 2), i64(3)], {"axis": 1}, outputs=2)
    for largest in (0, 1):
        c.add(f"topk_{largest}", "TopK", 11, [ints(0, 5, 4, 9).astype(F32), i64(4)], {"axis": 0, "largest": largest}, outputs=2)
        c.add(f"topk_i64_{largest}", "TopK", 11, [ints(0, 5, 4, 9), i64(9)], {"largest": largest}, outputs=2)
    c.add("topk_all", "TopK", 11, [real(4, 9), i64(0)], outputs=2)
    for opset in (11, 14):
        for exclusive in (0, 1):
            for reverse in (0, 1):
                for dtype in (F32, np.float64, I32, I64):
                    c.add(f"cumsum_{exclusive}{reverse}_{np.dtype(dtype).name}", "CumSum", opset,
                          [ints(-5, 5, 3, 4, 2, dtype=dtype), np.array(1, I32)], {"exclusive": exclusive, "reverse": reverse})
    c.add("cumprod", "CumProd", 26, [real(3, 4), np.array(-1, I64)])


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/moving-cases"
    warnings.simplefilter("ignore")
    shutil.rmtree(root, ignore_errors=True)
    cases = Cases(f"{root}/moving")
    for family in (write_shapes, write_slices, write_pads, write_queries, write_indexing, write_selection, write_reductions):
        family(cases)
    print(f"{cases.count} cases")
    for problem in cases.problems:
        print(f"no expected output for {problem}")


if __name__ == "__main__":
    main()
