#!/usr/bin/env python3
"""Writes cases of control flow, functions, sequences and strings that the `onnx` package leaves out: captured values,
nesting, values whose shape changes from iteration to iteration, old opsets. Expected outputs are ONNX Runtime's, or onnx.reference's.

    .venv/bin/python tests/make_control_cases.py [build/control-cases]
    build/bin/conformance build/control-cases
"""
import os
import shutil
import sys

import numpy as np
import onnx.parser
import onnxruntime
from onnx.reference import ReferenceEvaluator

from make_conformance import write, write_data_set

CASES = []


def case(name, text, *inputs, opset=17, domains=""):
    header = f'<ir_version: 8, opset_import: ["" : {opset}{domains}]>\n'
    CASES.append((name, header + text, [np.asarray(i) for i in inputs]))


def ramp(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 4 - 1


TRUE, FALSE = np.array(True), np.array(False)

IF_CAPTURES = """
g (bool c, float[N,4] x, float[4] w) => (float[N,4] y) {
  t = Mul(x, w)
  y = If (c) <then_branch = a () => (r) { s = Add(t, w)  r = Relu(s) },
              else_branch = b () => (r) { r = Sub(x, t) }>
}"""
for opset in (7, 11, 13, 17):
    case(f"if_captures_opset{opset}_true", IF_CAPTURES, TRUE, ramp(3, 4), ramp(4), opset=opset)
    case(f"if_captures_opset{opset}_false", IF_CAPTURES, FALSE, ramp(3, 4), ramp(4), opset=opset)

IF_RANKS = """
g (bool c, float[1,N] x) => (float y) {
  r = If (c) <then_branch = a () => (p) { axes = Constant <value_ints = [0]> ()  p = Squeeze(x, axes) },
              else_branch = b () => (p) { p = Identity(x) }>
  y = Exp(r)
}"""
case("if_ranks_differ_true", IF_RANKS, TRUE, ramp(1, 5))
case("if_ranks_differ_false", IF_RANKS, FALSE, ramp(1, 5))

case("if_guards_a_squeeze", """
g (float[N,3] x) => (float y) {
  one = Constant <value = int64 {1}> ()
  axes = Constant <value_ints = [1]> ()
  s = Shape(x)
  d = Gather(s, one)
  c = Equal(d, one)
  y = If (c) <then_branch = a () => (p) { p = Squeeze(x, axes) },
              else_branch = b () => (p) { p = Identity(x) }>
}""", ramp(2, 3))

LOOP_GROWS = """
g (int64 n, float[K] x) => (float[M] acc, int64[T] steps) {
  none = Constant <value = float[1] {7.0}> ()
  go = Constant <value = bool {1}> ()
  acc, steps = Loop (n, go, none) <body = b (int64 i, bool c, float[Q] a) => (c2, a2, i2) {
    c2 = Identity(c)
    a2 = Concat <axis = 0> (a, x)
    i2 = Mul(i, i)
  }>
}"""
for opset in (8, 11, 13, 17):
    for n in (0, 1, 4):
        case(f"loop_grows_opset{opset}_{n}_times", LOOP_GROWS, np.array(n), ramp(2), opset=opset)

case("loop_ends_by_its_condition", """
g (float limit, float[2] x) => (float[2] y, float[T,2] all) {
  go = Constant <value = bool {1}> ()
  half = Constant <value = float {0.5}> ()
  y, all = Loop (, go, x) <body = b (int64 i, bool c, float[2] a) => (c2, a2, o) {
    a2 = Add(a, half)
    s = ReduceSum <keepdims = 0> (a2)
    c2 = Less(s, limit)
    o = Identity(a2)
  }>
}""", np.array(3, np.float32), ramp(2))

NESTED_LOOPS = """
g (int64 n, int64 m, float[2] x) => (float[2] y) {
  go = Constant <value = bool {1}> ()
  y = Loop (n, go, x) <body = outer (int64 i, bool c, float[2] a) => (c1, a1) {
    c1 = Identity(c)
    fi = Cast <to = 1> (i)
    a1 = Loop (m, c, a) <body = inner (int64 j, bool d, float[2] b) => (d1, b1) {
      d1 = Identity(d)
      fj = Cast <to = 1> (j)
      p = Mul(fi, fj)
      q = Add(b, p)
      b1 = Add(q, x)
    }>
  }>
}"""
case("loops_nested", NESTED_LOOPS, np.array(3), np.array(2), ramp(2))
case("loops_nested_0_times", NESTED_LOOPS, np.array(2), np.array(0), ramp(2))

case("loop_with_if_inside", """
g (int64 n, float[N] x) => (float[N] y) {
  go = Constant <value = bool {1}> ()
  two = Constant <value = int64 {2}> ()
  zero = Constant <value = int64 {0}> ()
  y = Loop (n, go, x) <body = outer (int64 i, bool c, float[N] a) => (c1, a1) {
    c1 = Identity(c)
    r = Mod(i, two)
    even = Equal(r, zero)
    a1 = If (even) <then_branch = t () => (o) { o = Add(a, x) }, else_branch = e () => (o) { o = Mul(a, x) }>
  }>
}""", np.array(5), ramp(3))

SCAN = """
g (float[2] s, float[T,2] x, float[2,T] z) => (float[2] last, float[2,T] sums, float[T,2] products) {
  last, sums, products = Scan (s, x, z) <num_scan_inputs = 2, scan_input_axes = [0, 1], scan_input_directions = [1, 0],
      scan_output_axes = [%s, 0], scan_output_directions = [0, 1],
      body = b (float[2] a, float[2] p, float[2] q) => (a1, o1, o2) {
    m = Mul(p, q)
    a1 = Add(a, m)
    o1 = Identity(a1)
    o2 = Identity(m)
  }>
}"""
for opset, axis in ((9, "1"), (11, "-1"), (17, "-1")):
    case(f"scan_axes_and_directions_opset{opset}", SCAN % axis, ramp(2), ramp(3, 2), ramp(2, 3), opset=opset)

SCAN_8 = """
g (%s float[B,2] s, float[B,T,2] x) => (float[B,2] last, float[B,T,2] sums) {
  last, sums = Scan (%s, s, x) <num_scan_inputs = 1, directions = [%d],
      body = b (float[2] a, float[2] p) => (a1, o1) { a1 = Add(a, p)  o1 = Identity(a1) }>
}"""
case("scan_of_opset_8_backwards", SCAN_8 % ("", "", 1), ramp(2, 2), ramp(2, 3, 2), opset=8)
case("scan_of_opset_8_with_lengths", SCAN_8 % ("int64[B] n,", "n", 0), np.array([2, 3]), ramp(2, 2), ramp(2, 3, 2), opset=8)

FUNCTIONS = """
g (float[N,4] x) => (float[N,4] y) {
  t = mine.Scaled <alpha: float = 0.25> (x)
  y = mine.Twice (t)
}
<domain: "mine", opset_import: ["" : 17]>
Scaled <alpha> (a) => (b) { f = Constant <value_float: float = @alpha> ()  b = Mul(a, f) }
<domain: "mine", opset_import: ["" : 17, "mine" : 1]>
Twice (a) => (b) { s = mine.Scaled <alpha: float = 3.0> (a)  b = Add(a, s) }
"""
case("functions_with_attributes", FUNCTIONS, ramp(2, 4), domains=', "mine" : 1')

case("sequence_in_a_loop", """
g (int64 n, float[K,2] x) => (float[M,2] y, int64 length) {
  go = Constant <value = bool {1}> ()
  empty = SequenceEmpty ()
  s = Loop (n, go, empty) <body = b (int64 i, bool c, seq(float[P,2]) a) => (c2, a2) {
    c2 = Identity(c)
    a2 = SequenceInsert(a, x)
  }>
  length = SequenceLength(s)
  y = ConcatFromSequence <axis = 0> (s)
}""", np.array(3), ramp(2, 2))

case("split_to_sequence_by_sizes", """
g (float[6,2] x, int64[3] sizes, int64 at) => (float[K,2] y) {
  s = SplitToSequence <axis = 0> (x, sizes)
  e = SequenceErase(s, at)
  y = SequenceAt(e, at)
}""", ramp(6, 2), np.array([1, 2, 3]), np.array(-2))

WORDS = np.array(["the", "Monday", "THE", "caf\u00e9", "", "monday"], dtype=object)
for change in ("NONE", "LOWER", "UPPER"):
    for sensitive in (0, 1):
        case(f"strings_{change.lower()}_{sensitive}", f"""
g (string[N] x) => (string[M] y) {{
  y = StringNormalizer <case_change_action = "{change}", is_case_sensitive = {sensitive}, locale = "C.UTF-8", stopwords = ["the", "monday"]> (x)
}}""", WORDS)

TFIDF = """
g (int64[N,6] x) => (float[N,M] y) {
  y = TfIdfVectorizer <mode = "%s", min_gram_length = %d, max_gram_length = 3, max_skip_count = %d, ngram_counts = [0, 3, 7],
      ngram_indexes = [0, 2, 1, 4, 3, 5], pool_int64s = [1, 2, 3, 1, 2, 3, 4, 1, 2, 3], weights = [1.0, 0.5, 2.0, 3.0, 0.25, 1.5]> (x)
}"""
TOKENS = np.array([[1, 2, 3, 4, 1, 2], [3, 3, 4, 1, 1, 2]])
for mode in ("TF", "IDF", "TFIDF"):
    for shortest, skip in ((1, 0), (1, 1), (2, 3)):
        case(f"tfidf_{mode.lower()}_from_{shortest}_skip_{skip}", TFIDF % (mode, shortest, skip), TOKENS, opset=9)


def run(model, inputs):
    """ONNX Runtime refuses the branch that can't be taken of `if_guards_a_squeeze`; onnx.reference does not look at it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail as e:
        if "Squeeze" not in str(e):
            raise
        return ReferenceEvaluator(model).run(None, inputs)
    return session.run(None, inputs)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/control-cases"
    shutil.rmtree(root, ignore_errors=True)
    for name, text, inputs in CASES:
        model = onnx.parser.parse_model(text)
        outputs = run(model, {i.name: v for i, v in zip(model.graph.input, inputs)})
        os.makedirs(f"{root}/{name}")
        write(f"{root}/{name}/model.onnx", model.SerializeToString())
        write_data_set(f"{root}/{name}/test_data_set_0", model, inputs, [np.asarray(o) for o in outputs])
    print(f"{len(CASES)} cases in {root}")


if __name__ == "__main__":
    main()
