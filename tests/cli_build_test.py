"""What building says, what its flags do, and what becomes of bad models. Usage: cli_build_test.py path/to/tenon folder/of/fakes"""
import pathlib
import re
import signal
import struct
import subprocess
import time

import numpy as np
from onnx import TensorProto, helper

from cli_case import TenonTest, main, save_model

F32, I64 = TensorProto.FLOAT, TensorProto.INT64
SMALL = ("--shapes", "x:1x3x16x16")


def node(op, inputs, outputs, name, **attributes):
    return helper.make_node(op, inputs, outputs, name=name, **attributes)


def ones(*dims):
    return np.ones(dims, np.float32)


class BuildTest(TenonTest):
    def model(self, file, nodes, inputs, outputs, **constants):
        save_model(self.folder / file, nodes, inputs, [(name, F32, None) for name in outputs], constants.items())
        return file

    def conv_relu(self, file, weights):
        return self.model(file, [node("Conv", ["x", "w"], ["c"], "conv"), node("Relu", ["c"], ["y"], "relu")], [("x", F32, [1, 3, 8, 8])], ["y"], w=weights)

    def test_a_second_build_from_the_cache_measures_nothing_and_writes_the_same_bytes(self):
        words = ("build", "small.onnx", *SMALL, "--timing-cache", "a.cache", "-o")
        self.assertGreater(self.tenon(*words, "first.engine").envelope["build"]["tactics_timed"], 0)
        second = self.tenon(*words, "second.engine")
        self.assertIn("nothing: all choices came from the timing cache", second.out)
        self.assertIn("the timing cache holds the verdict", second.log)
        self.assertEqual((self.folder / "first.engine").read_bytes(), (self.folder / "second.engine").read_bytes())

    def test_a_damaged_cache_line_is_dropped_with_a_warning_and_timed_again(self):
        words = ("build", "small.onnx", *SMALL, "--timing-cache", "b.cache", "-o", "b.engine")
        self.tenon(*words)
        lines = (self.folder / "b.cache").read_text().splitlines()
        lines = [line for line in lines if not line.startswith("choice")]
        damaged = next(i for i, line in enumerate(lines) if line.startswith("cost"))
        lines[damaged] = lines[damaged].replace("cost ", "cost 0", 1)
        (self.folder / "b.cache").write_text("\n".join(lines) + "\n")
        result = self.tenon(*words)
        self.assertRegex(result.log, r"\[W\].*cache")
        self.assertGreater(result.envelope["build"]["tactics_timed"], 0)

    def test_no_cache_is_written_unless_named(self):
        before = {path.name for path in self.folder.iterdir()}
        self.tenon("build", "small.onnx", *SMALL, "-o", "plain.engine")
        self.assertEqual({path.name for path in self.folder.iterdir()} - before, {"plain.engine"} | ({"report.json"} - before))

    def test_a_reached_time_limit_is_a_warning(self):
        result = self.tenon("build", "small.onnx", *SMALL, "-o", "limit.engine", "--time-limit", "0.000001")
        self.assertRegex(result.log, r"\[W\].*time limit")
        self.assertIn("stopped early", result.out)
        self.assertTrue((self.folder / "limit.engine").exists())

    def test_inputs_and_outputs_in_memory_formats_and_other_types(self):
        weights = np.arange(12, dtype=np.float32).reshape(4, 3, 1, 1)
        self.conv_relu("formats.onnx", weights)
        built = self.tenon("build", "formats.onnx", "-o", "formats.engine", "--io-formats", "x:chw4,'y':hwc16+chw2").out
        self.assertIn("input   x: f32[1,1,8,8,4]", built)
        self.assertIn("output  y: f32[1,2,8,8,2]", built)
        x = np.random.default_rng(1).normal(size=(1, 3, 8, 8)).astype(np.float32)
        np.save(self.folder / "formats.npy", x)
        self.tenon("run", "formats.engine", "--input", "x=formats.npy", "-o", "formats")
        result = np.load(self.folder / "formats" / "y.npy")
        np.testing.assert_allclose(result, np.maximum(np.einsum("oi,nihw->nohw", weights[:, :, 0, 0], x), 0), rtol=1e-5, atol=1e-5)
        self.assertRegex(self.tenon("compare", "formats.engine", "formats.onnx").out, r"(?m)^pass .* y$")
        self.tenon("bench", "formats.engine", "--duration", "0.01", "--warmup", "1")
        self.assertIn("input   x: f64[1,3,8,8]", self.tenon("build", "formats.onnx", "-o", "types.engine", "--io-types", "x:f64").out)
        for flag, value, words in (("--io-formats", "x:nhwc", "'x': expected a memory format such as"), ("--io-formats", "z:hwc8", "'z'"), ("--io-formats", "x", "name:chw4"),
                                   ("--io-formats", "x:chw,x:hwc", "'x' is given twice"), ("--io-types", "x:f12", "name:f16"), ("--io-types", "z:f64", "'z'")):
            self.assertIn(words, self.tenon("build", "formats.onnx", "-o", "none.engine", flag, value, code=2).log)

    def test_too_little_memory_names_the_least(self):
        result = self.tenon("build", "small.onnx", *SMALL, "-o", "memory.engine", "--max-memory", "1K", code=6)
        self.assertIn("--max-memory", result.log)
        self.assertFalse((self.folder / "memory.engine").exists())

    def test_marked_outputs_say_what_they_cost(self):
        result = self.tenon("build", "small.onnx", *SMALL, "-o", "marked.engine", "--mark-output", "c1")
        self.assertIn("costs 1 fusion;", result.log)
        self.assertIn("last bits", result.log)
        self.assertTrue(any("costs 1 fusion" in w["text"] for w in result.envelope["warnings"]))
        self.assertIn("output  c1: f32[1,8,16,16]", result.out)
        self.assertIn("costs 0 fusions;", self.tenon("build", "small.onnx", *SMALL, "-o", "marked.engine", "--mark-output", "g1").log)
        nodes = [node("Exp" if i % 2 else "Sin", ["x" if i == 0 else f"t{i - 1}"], ["y" if i == 7 else f"t{i}"], f"n{i}") for i in range(8)]
        self.model("chain.onnx", nodes, [("x", F32, [8])], ["y"])
        self.assertIn("costs 0 fusions;", self.tenon("build", "chain.onnx", "-o", "marked.engine", "--mark-output", "t3").log)
        self.assertIn("costs 1 fusion;", self.tenon("build", "chain.onnx", "-o", "marked.engine", "--mark-output", "all").log)
        self.assertIn("'nothing'", self.tenon("build", "small.onnx", *SMALL, "-o", "marked.engine", "--mark-output", "nothing", code=2).log)

    def test_flags_that_find_faults(self):
        fused = "fold_epilogues: activation"
        self.assertIn(fused, self.tenon("build", "small.onnx", *SMALL, "-o", "f.engine").log)
        for flags in (("--disable-pass", "fold_epilogues"), ("--stop-after-rewrite", "0")):
            self.assertNotIn(fused, self.tenon("build", "small.onnx", *SMALL, "-o", "f.engine", *flags).log)
        self.tenon("build", "small.onnx", *SMALL, "-o", "f.engine", "--chaos-seed", "3")
        self.assertEqual(self.tenon("build", "small.onnx", *SMALL, "-o", "f.engine", "--opt-level", "0").envelope["build"]["tactics_timed"], 0)

    def test_flags_about_numbers_build_and_verify(self):
        for flags in (("--exact",), ("--strict-nan",), ("--deterministic",), ("--precision", "best"), ("--precision", "bf16"), ("--device", "auto"), ("--threads", "1")):
            self.assertEqual(self.tenon("build", "small.onnx", *SMALL, "-o", "n.engine", *flags).last, "PASSED", flags)

    def test_verbose_says_types_workspace_rejections_and_reorders(self):
        result = self.tenon("build", "small.onnx", *SMALL, "-o", "v.engine", "-v")
        self.assertRegex(result.log, r"\[V\] \[types\] node 'conv1' \(Conv\): f32\[1,3,16,16\], f32\[8,3,3,3\], f32\[8\] -> f32\[1,8,16,16\]")
        self.assertRegex(result.log, r"\[V\] \[passes\] fold_epilogues: 1 changes")
        measured = re.findall(r"\[V\] \[select\] node 'conv1 \+ relu1' .*", result.log)
        self.assertGreater(len(measured), 1)
        for line in (line for line in measured if " us" in line):
            self.assertRegex(line, r": \d+\.\d us, \d+ bytes of workspace$")
        self.assertRegex(result.log, r"\[V\] \[plan\] node 'conv1 \+ relu1' \(Conv\): runs by \w+.*, \d+ bytes of workspace")
        self.assertRegex(result.log, r"\[V\] \[plan\] node 'conv1 \+ relu1' \(Conv\): not softmax: not a softmax")
        self.assertNotIn("[V]", self.tenon("build", "small.onnx", *SMALL, "-o", "v.engine").log)
        reorders = [self.tenon("build", "small.onnx", *SMALL, "-o", "v.engine", "-v", "--chaos-seed", str(seed)).log for seed in range(6)]
        self.assertTrue(any(re.search(r"\[V\] \[plan\] reorder: '.*' is .*, .* reads ", log) for log in reorders))

    def test_fusions_are_listed(self):
        out = self.tenon("inspect", "small.onnx", *SMALL, "--fusions").out
        self.assertRegex(out, r"fused +activation\(Conv/MatMul\(x\)\) => .*: conv1 \+ relu1")
        out = self.tenon("inspect", "small.onnx", *SMALL, "--fusions", "--mark-output", "c1").out
        self.assertRegex(out, r"missed +activation.*relu1; .*used elsewhere")

    def test_every_build_ends_with_its_coverage(self):
        self.assertRegex(self.tenon("build", "small.onnx", *SMALL, "-o", "c.engine").out, r"5 of 5 nodes in \d+ fast steps; 0 generated; 0 reference; of the time")
        nodes = [node("Softmax", ["x"], ["s"], "soft", axis=-1), node("Sin", ["s"], ["t"], "sine"), node("Det", ["t"], ["y"], "determinant")]
        self.model("mixed.onnx", nodes, [("x", F32, [8, 8])], ["y"])
        self.assertRegex(self.tenon("build", "mixed.onnx", "-o", "c.engine").out, r"1 of 3 nodes in 1 fast steps; 1 generated; 1 reference \(determinant\); of the time")

    def test_branches_that_assumed_dims_do_not_reach(self):
        """Both branches want longer inputs than the 128 that are assumed."""
        def branch(name, window):
            weights = helper.make_tensor(f"w_{name}", F32, [8, 4, window], [0.1] * (32 * window))
            nodes = [node("Conv", ["x", weights.name], [f"c_{name}"], f"long_{name}"), node("Sin", [f"c_{name}"], [f"s_{name}"], f"sine_{name}"),
                     node("GlobalAveragePool", [f"s_{name}"], [f"y_{name}"], f"mean_{name}")]
            return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(f"y_{name}", F32, None)], [weights])
        choice = node("If", ["c"], ["y"], "choice", then_branch=branch("then", 205), else_branch=branch("else", 207))
        self.model("branches.onnx", [choice], [("c", TensorProto.BOOL, []), ("x", F32, [1, 4, "length"])], ["y"])
        for verb in ("build", "run"):
            self.assertIn("--shapes", self.tenon(verb, "branches.onnx", code=3).log)
        self.tenon("run", "branches.onnx", "--shapes", "x:1x4x300")

    def test_zero_weights_go_with_a_line(self):
        nodes = [node("Exp", ["x"], ["e"], "feeder"), node("Conv", ["e", "w", "b"], ["c"], "dead"), node("Relu", ["c"], ["y"], "relu")]
        self.model("zero.onnx", nodes, [("x", F32, [1, 3, 8, 8])], ["y"], w=0 * ones(4, 3, 3, 3), b=ones(4))
        line = r"\[I\] .*weights that are all zero.*dead"
        self.assertRegex(self.tenon("build", "zero.onnx", "-o", "zero.engine").log, line)
        self.assertNotRegex(self.tenon("build", "zero.onnx", "-o", "zero.engine", "--strict-nan").log, line)

    def test_memory_is_told_before_running(self):
        for verb in (("run", "small.engine"), ("bench", "small.engine", "--duration", "0.02", "--warmup", "1")):
            self.assertRegex(self.tenon(*verb).log, r"takes at most .* of weights, .* packed, and .* of tensors and workspace")

    def test_bench_names_its_two_points(self):
        result = self.tenon("bench", "small.engine", "--duration", "0.02", "--warmup", "1")
        self.assertIn("measured from just before", result.out)
        self.assertIn("random inputs", result.log)

    def test_an_engine_of_another_machine_says_so_and_runs(self):
        checks = pathlib.Path(self.program).parent / "engine_checks"
        self.assertIn("every choice holds", self.tenon("inspect", "small.engine", "--compat").out)
        subprocess.run([checks, "relabel", "small.engine", "other.engine", "--features", "sse2", "--name", "Another CPU"], cwd=self.folder, check=True)
        self.assertIn("Another CPU", self.tenon("inspect", "other.engine", "--compat").out)
        result = self.tenon("run", "other.engine", "--random", "5")
        self.assertIn("Another CPU", result.log)
        self.assertEqual(result.out, self.tenon("run", "small.engine", "--random", "5").out)

    def test_an_engine_of_a_newer_version_is_refused(self):
        content = bytearray((self.folder / "small.engine").read_bytes())
        content[8:12] = struct.pack("<I", 99)
        (self.folder / "newer.engine").write_bytes(content)
        result = self.tenon("run", "newer.engine", code=7)
        self.assertIn("format version 99", result.log)
        self.assertEqual(result.envelope["exit"]["error"]["id"], "E7002")

    def test_an_interrupted_build_keeps_the_old_engine_and_the_measurements(self):
        random = np.random.default_rng(0)
        sizes = range(16, 16 + 8 * 24, 8)
        nodes, weights, x = [], {}, "x"
        for i, (a, b) in enumerate(zip(sizes, list(sizes)[1:])):
            weights[f"w{i}"] = random.normal(size=(b, a, 3, 3)).astype(np.float32) * 0.01
            nodes.append(node("Conv", [x, f"w{i}"], [f"c{i}"], f"conv{i}", pads=[1, 1, 1, 1]))
            x = f"c{i}"
        self.model("long.onnx", nodes, [("x", F32, [1, 16, 64, 64])], [x], **weights)
        (self.folder / "long.engine").write_text("old")
        process = subprocess.Popen([self.program, "build", "long.onnx", "-o", "long.engine", "--opt-level", "5", "--timing-cache", "long.cache"], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, log)
        self.assertEqual((self.folder / "long.engine").read_text(), "old")
        self.assertIn("cost ", (self.folder / "long.cache").read_text())

    def test_weights_that_are_no_numbers_are_refused(self):
        self.conv_relu("nan.onnx", np.nan * ones(4, 3, 3, 3))
        weights = ones(4, 3, 3, 3)
        weights[1, 2, 0, 1] = np.inf
        self.conv_relu("infinite.onnx", weights)
        for model, part in (("nan.onnx", "108 NaN and 0 infinite numbers of 108, the first at [0,0,0,0]"),
                            ("infinite.onnx", "0 NaN and 1 infinite numbers of 108, the first at [1,2,0,1]")):
            said = r"'conv' \(Conv\): its weights 'w' hold " + re.escape(part) + "; finite numbers were expected"
            result = self.tenon("build", model, "-o", "odd.engine", code=3)
            self.assertRegex(result.log, said + ".*Export the model again, or give --strict-nan")
            self.assertEqual(result.envelope["exit"]["error"]["id"], "E3008")
            self.assertFalse((self.folder / "odd.engine").exists())
            self.assertIn("E3008", self.tenon("check", model, code=3).out)
            for _ in range(2):
                kept = self.tenon("build", model, "-o", "kept.engine", "--strict-nan", "--timing-cache", "odd.cache")
                self.assertRegex(kept.log, r"\[W\].*" + said)
                self.assertEqual(kept.log.count("its weights"), 1)

    def test_masks_and_bounds_may_be_infinite(self):
        """Only weights need be finite; a constant that makes the results odd is told, the others are not."""
        mask = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
        self.model("mask.onnx", [node("Add", ["x", "m"], ["a"], "masked"), node("Softmax", ["a"], ["s"], "soft"), node("MatMul", ["s", "w"], ["y"], "product")],
                   [("x", F32, [4, 4])], ["y"], m=mask, w=ones(4, 2))
        self.assertNotIn("infinite", self.tenon("build", "mask.onnx", "-o", "mask.engine").log)
        self.model("open.onnx", [node("Add", ["x", "m"], ["y"], "masked")], [("x", F32, [4, 4])], ["y"], m=mask)
        self.assertRegex(self.tenon("build", "open.onnx", "-o", "open.engine").log, r"\[W\].*'masked' \(Add\): its constant 'm' holds 0 NaN and 6 infinite numbers of 16, the first at \[0,1\]")

    def test_shapes_that_cannot_be(self):
        self.model("contradicts.onnx", [node("MatMul", ["x", "w"], ["y"], "product")], [("x", F32, ["N", 4])], ["y"], w=ones(3, 2))
        add = [node("Expand", ["x", "s"], ["e"], "expand"), node("Add", ["e", "e"], ["y"], "add")]
        self.model("huge.onnx", add, [("x", F32, [1])], ["y"], s=np.array([1 << 20, 1 << 20], np.int64))
        self.model("overflows.onnx", add, [("x", F32, [1])], ["y"], s=np.array([1 << 40, 1 << 40], np.int64))
        for model, parts in {"contradicts.onnx": ("'product'", "[N,4]", "[3,2]"), "huge.onnx": ("'expand'", "2^40"), "overflows.onnx": ("'expand'", "64 bits")}.items():
            result = self.tenon("build", model, "-o", "never.engine", code=3)
            for part in (*parts, "what to do"):
                self.assertIn(part, result.log)
        self.assertFalse((self.folder / "never.engine").exists())

    def test_an_index_outside_is_named_when_it_runs(self):
        self.model("look.onnx", [node("Gather", ["t", "i"], ["y"], "look")], [("t", F32, [4, 3]), ("i", I64, [2])], ["y"])
        np.save(self.folder / "t.npy", ones(4, 3))
        np.save(self.folder / "i.npy", np.array([1, 9]))
        for flags in ((), ("--reference",)):
            result = self.tenon("run", "look.onnx", "--input", "t=t.npy", "--input", "i=i.npy", *flags, code=3)
            for part in ("'look'", "index 9", "[-4, 3]", "what to do"):
                self.assertIn(part, result.log)

    def test_empty_tensors_run(self):
        self.model("empty.onnx", [node("Relu", ["x"], ["a"], "relu"), node("MatMul", ["a", "w"], ["y"], "product")], [("x", F32, ["N", 3])], ["y"], w=ones(3, 2))
        np.save(self.folder / "none.npy", ones(0, 3))
        ranges = ("--min-shapes", "x:0x3", "--opt-shapes", "x:2x3", "--max-shapes", "x:4x3")
        self.assertIn("y: f32 0x2", self.tenon("run", "empty.onnx", *ranges, "--input", "x=none.npy").out)
        self.assertIn("y: f32 0x2", self.tenon("run", "empty.onnx", "--shapes", "x:0x3").out)

    def test_many_rows(self):
        """More rows than 16 bits count."""
        rows = 70001
        self.model("rows.onnx", [node("MatMul", ["x", "w"], ["p"], "product"), node("Softmax", ["p"], ["y"], "softmax", axis=-1)], [("x", F32, ["N", 3])], ["y"],
                   w=np.arange(12, dtype=np.float32).reshape(3, 4) / 7)
        self.tenon("build", "rows.onnx", "-o", "rows.engine", "--shapes", f"x:{rows}x3")
        x = np.random.default_rng(2).normal(size=(rows, 3)).astype(np.float32)
        np.save(self.folder / "rows.npy", x)
        told = self.tenon("run", "rows.engine", "--input", "x=rows.npy", "--output", "rows.npz").out
        p = np.exp(x @ (np.arange(12, dtype=np.float32).reshape(3, 4) / 7))
        expected = p / p.sum(1, keepdims=True)
        np.testing.assert_allclose(np.load(self.folder / "rows.npz")["y"], expected, rtol=1e-4)
        for what, number in zip(re.search(r"min (\S+), max (\S+), mean (\S+)", told).groups(), (expected.min(), expected.max(), expected.mean())):
            self.assertAlmostEqual(float(what), number, delta=1e-4 * abs(number))

    def test_deterministic_engines_give_the_same_bits_on_any_number_of_threads(self):
        weights = np.random.default_rng(3).normal(size=(3000, 7)).astype(np.float32)
        nodes = [node("MatMul", ["x", "w"], ["p"], "product"), node("ReduceSum", ["x", "axes"], ["s"], "sum"), node("Add", ["p", "s"], ["y"], "add")]
        self.model("sums.onnx", nodes, [("x", F32, [2, 3000])], ["y"], w=weights, axes=np.array([1]))
        product = [node("MatMul", ["x", "w"], ["y"], "product")]
        self.model("wide.onnx", product, [("x", F32, [33, 512])], ["y"], w=np.random.default_rng(4).normal(size=(512, 214)).astype(np.float32))
        self.model("few.onnx", product, [("x", F32, [3, 20, 700]), ("w", F32, [3, 700, 64])], ["y"])
        for model in (("sums.onnx",), ("wide.onnx",), ("few.onnx",), ("small.onnx", *SMALL)):
            for kernels in ((), *(("--chaos-seed", str(seed)) for seed in range(6))):
                self.tenon("build", *model, "-o", "bits.engine", "--deterministic", *kernels)
                results = set()
                for threads in ("1", "2", "5"):
                    self.tenon("run", "bits.engine", "--threads", threads, "--output", "bits.npz")
                    with np.load(self.folder / "bits.npz") as npz:
                        results.add(npz[npz.files[0]].tobytes())
                self.assertEqual(len(results), 1, (*model, *kernels))

    def test_a_device_that_is_not_there_is_an_error_of_its_own(self):
        if self.tenon("doctor").envelope["system"]["gpus"]:
            self.skipTest("a GPU is there")
        result = self.tenon("run", "small.onnx", *SMALL, "--device", "cuda", code=9)
        self.assertRegex(result.envelope["exit"]["error"]["id"], r"^E9\d{3}$")

    def test_compare_takes_a_tolerance(self):
        np.savez(self.folder / "a.npz", y=ones(4))
        np.savez(self.folder / "b.npz", y=ones(4) + np.array([0, 0, 0, 0.01], np.float32))
        self.tenon("compare", "a.npz", "b.npz", code=5)
        self.tenon("compare", "a.npz", "b.npz", "--rtol", "1")
        self.tenon("compare", "a.npz", "b.npz", "--atol", "0.02")

    def test_bench_takes_inputs(self):
        np.save(self.folder / "bench.npy", ones(2, 3, 16, 16))
        log = self.tenon("bench", "small.engine", "--input", "x=bench.npy", "--duration", "0.02", "--warmup", "1").log
        self.assertNotIn("random inputs", log)


if __name__ == "__main__":
    main()
