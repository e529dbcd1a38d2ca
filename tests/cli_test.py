"""Runs the program as a user does. Usage: cli_test.py path/to/tenon folder/of/fakes"""
import json
import os
import re
import signal
import subprocess
import time

import numpy as np

from cli_case import HERE, TenonTest, main


class CliTest(TenonTest):
    def test_build_is_verified(self):
        result = self.tenon("build", "small.onnx", "-o", "a.engine")
        self.assertEqual(result.last, "PASSED")
        self.assertRegex(result.log, r"\[\d\d:\d\d:\d\d\.\d\d\d\] \[I\] \[\w+\] ")
        self.assertIn("224", result.log)  # the assumed sizes are said
        self.assertEqual(result.envelope["build"]["verdict"], "PASSED")
        self.assertEqual(result.envelope["model"]["nodes"], 5)
        self.assertTrue(result.envelope["layers"])
        self.assertTrue((self.folder / "a.engine").read_bytes().startswith(b"TENONENG"))

    def test_unverified_build_says_so(self):
        result = self.tenon("build", "small.onnx", "-o", "b.engine", "--no-verify", "--shapes=x:1x3x8x8")
        self.assertEqual(result.last, "BUILT (not verified)")

    def test_run_matches_onnx_runtime(self):
        import onnxruntime
        x = np.random.default_rng(1).normal(size=(2, 3, 16, 16)).astype(np.float32)
        np.save(self.folder / "x.npy", x)
        self.tenon("run", "small.engine", "--input", "x=x.npy", "--output", "out.npz", "--validate")
        expected = onnxruntime.InferenceSession(str(self.folder / "small.onnx")).run(None, {"x": x})[0]
        with np.load(self.folder / "out.npz") as npz:
            self.assertEqual(npz.files, ["block/y"])
            np.testing.assert_allclose(npz["block/y"], expected, rtol=1e-4, atol=1e-5)
        self.tenon("run", "small.onnx", "--reference", "--input", "x=x.npy", "--output", "folder")
        np.testing.assert_allclose(np.load(self.folder / "folder" / "block_y.npy"), expected, rtol=1e-4, atol=1e-5)
        np.savez(self.folder / "x.npz", x=x)
        self.tenon("compare", "small.engine", "out.npz", "--inputs", "x.npz")

    def test_random_inputs_repeat(self):
        first = self.tenon("run", "small.engine", "--random", "7")
        second = self.tenon("run", "small.engine", "--random", "7")
        self.assertEqual(first.out, second.out)
        self.assertIn("random inputs, seed 7: 'x'", first.log)
        self.assertNotEqual(first.out, self.tenon("run", "small.engine", "--random", "8").out)

    def test_validate_names_the_node(self):
        result = self.tenon("run", "nan.onnx", "--validate", code=5)
        self.assertEqual(result.last, "FAILED(accuracy)")
        self.assertEqual(result.envelope["validation"]["nodes"], ["log"])
        self.assertIn("'log'", result.log)

    def test_profile_of_a_loop(self):
        result = self.tenon("bench", "loop.onnx", "--duration", "0.02", "--warmup", "1", "--profile")
        loop, *inside = result.envelope["layers"]
        self.assertEqual((loop["name"], loop["depth"]), ("loop", 0))
        self.assertEqual(sum("inner" in layer["name"] for layer in inside), 1)
        self.assertTrue(all(layer["depth"] == 1 for layer in inside))
        self.assertGreater(sum(layer["us"] for layer in inside), 0)
        self.assertLessEqual(max(layer["us"] for layer in inside), loop["us"])
        self.assertRegex(result.out, r"  loop\n(.*\n)*.*    .*inner")

    def test_bench(self):
        result = self.tenon("bench", "small.engine", "--duration", "0.1", "--warmup", "10", "--profile")
        bench = result.envelope["bench"]
        self.assertGreaterEqual(bench["iterations"], 10)
        self.assertLessEqual(bench["latency"]["min"], bench["latency"]["median"])
        self.assertLessEqual(bench["latency"]["median"], bench["latency"]["p99"])
        self.assertIn("median", result.out)
        self.assertGreater(sum(layer["us"] for layer in result.envelope["layers"]), 0)

    def test_bench_sweep_and_latency_limit(self):
        ranges = ["--min-shapes", "x:1x3x16x16", "--opt-shapes", "x:4x3x16x16", "--max-shapes", "x:8x3x16x16"]
        fast = ["--duration", "0.02", "--warmup", "1"]
        sweep = self.tenon("bench", "small.onnx", *ranges, *fast, "--sweep-batch", "1,2,8").envelope["bench"]["sweep"]
        self.assertEqual([point["batch"] for point in sweep], [1, 2, 8])
        told = self.tenon("bench", "small.onnx", *ranges, *fast, "--sweep-batch", "4,8", "--specialize", "--verbose")
        self.assertEqual([point["batch"] for point in told.envelope["bench"]["sweep"]], [4, 8])
        self.assertNotIn("--specialize", told.log)
        found = self.tenon("bench", "small.onnx", *ranges, *fast, "--max-latency", "10s").envelope["bench"]
        self.assertGreaterEqual(found["batch"], 1)
        result = self.tenon("bench", "small.onnx", *ranges, *fast, "--max-latency", "0.001us", code=8)
        self.assertEqual(result.last, "FAILED(performance)")

    def test_odd_inputs_are_warned_of(self):
        np.save(self.folder / "zero.npy", np.zeros((2, 3, 16, 16), np.float32))
        result = self.tenon("run", "small.engine", "--input", "x=zero.npy")
        self.assertIn("all zero", result.log)
        self.assertTrue(any("all zero" in w["text"] for w in result.envelope["warnings"]))
        np.save(self.folder / "nan.npy", np.full((2, 3, 16, 16), np.nan, np.float32))
        self.assertIn("holds NaN", self.tenon("run", "small.engine", "--input", "x=nan.npy").log)

    def test_inspect(self):
        text = self.tenon("inspect", "small.engine").out
        for part in ("conv1", "kernel", "memory", "first run", "MFLOP", "input   x"):
            self.assertIn(part, text)
        layers = json.loads(self.tenon("inspect", "small.engine", "--format", "json").out)["layers"]
        conv = next(layer for layer in layers if "conv1" in layer["onnx_nodes"])
        self.assertGreater(conv["flops"], 0)
        self.assertGreater(conv["bytes"], 0)
        blocks = self.tenon("inspect", "small.engine").envelope["engine"]["blocks"]
        self.assertEqual({block["taken"] for block in blocks}, {"load", "context", "first run"})
        self.assertIn("conv1", [node for layer in layers for node in layer["onnx_nodes"]])
        self.assertTrue(self.tenon("inspect", "small.engine", "--format", "dot").out.startswith("digraph"))
        self.assertTrue(self.tenon("inspect", "small.onnx", "--format", "graph", "--reference").out)
        self.tenon("inspect", "small.engine", "--compat")

    def test_check_lists_all_problems(self):
        self.assertEqual(self.tenon("check", "small.onnx").envelope["check"]["problems"], [])
        result = self.tenon("check", "bad.onnx", code=3)
        self.assertEqual(result.last, "FAILED(invalid_model)")
        self.assertEqual([n["name"] for n in result.envelope["check"]["nodes"] if n["error"]], ["foo", "bar"])

    def test_compare(self):
        result = self.tenon("compare", "small.onnx", "small.engine", "--all-tensors", "--validate")
        self.assertEqual(result.envelope["accuracy"]["reference"], "small.onnx")
        self.assertTrue(all(output["pass"] for output in result.envelope["accuracy"]["outputs"]))
        self.tenon("run", "small.engine", "--random", "1", "--output", "one.npz")
        self.tenon("run", "small.engine", "--random", "2", "--output", "two.npz")
        result = self.tenon("compare", "one.npz", "two.npz", code=5)
        self.assertFalse(result.envelope["accuracy"]["outputs"][0]["pass"])
        self.tenon("compare", "one.npz", "two.npz", "--atol", "1e9")

    def test_compare_times(self):
        self.tenon("bench", "small.engine", "--duration", "0.02", "--profile")
        os.replace(self.folder / "report.json", self.folder / "profile.json")
        times = self.tenon("compare", "--times", "small.engine", "profile.json").envelope["times"]
        self.assertTrue(any(row["a_us"] and row["b_us"] for row in times))

    def test_explain_and_doctor(self):
        self.assertIn("invalid_model", self.tenon("explain", "E3002").out)
        self.assertIn("no_kernel", self.tenon("explain", "Could not find any implementation for node {x}").out)
        self.assertIn("E3005", self.tenon("explain", "[E]", "node", "'a':", "shape_mismatch").out)
        self.tenon("explain", "zyx", code=2)
        told = self.tenon("explain", "[TRT] Could not find any implementation for node {ForeignNode[a...b]}.").out
        self.assertIn("M05", told)
        self.assertIn("E4002", told)
        self.assertNotIn("guess", told)
        guessed = self.tenon("explain", "[TRT] 4: the profile is held by some other IExecutionContext, TensorRT serves one")
        self.assertIn("A guess by its words", guessed.out)
        self.assertEqual(guessed.envelope["explain"]["guesses"][0]["id"], "M25")
        likeness = [g["likeness"] for g in guessed.envelope["explain"]["guesses"]]
        self.assertEqual(likeness, sorted(likeness, reverse=True))

    def test_troubleshooting_page_is_the_table(self):
        page = HERE.parent / "docs" / "troubleshooting.md"
        self.assertEqual(self.tenon("explain", "--page").out, page.read_text(), "run `tenon explain --page > docs/troubleshooting.md`")
        self.assertTrue(any(l["name"] == "oneDNN" for l in self.tenon("doctor").envelope["system"]["libraries"]))

    def test_layer_names_can_be_left_out(self):
        self.tenon("build", "small.onnx", "-o", "bare.engine", "--profiling-verbosity", "none", "--shapes", "x:1x3x8x8")
        content = (self.folder / "bare.engine").read_bytes()
        for name in (b"conv1", b"relu1", b"w1"):
            self.assertIn(name, (self.folder / "small.engine").read_bytes())
            self.assertNotIn(name, content)
        self.assertIn(b"block/y", content)

    def test_a_limit_of_device_memory_is_for_gpus(self):
        self.tenon("bench", "small.engine", "--device", "cpu", "--device-memory-limit", "1G", code=2)

    def test_doctor_describes_the_gpu_and_refuses_an_old_library(self):
        os.environ.update(LD_LIBRARY_PATH=self.fakes, FAKE_NVML="compute=61 lanes=8 reasons=4 processes=2")
        try:
            result = self.tenon("doctor")
        finally:
            del os.environ["LD_LIBRARY_PATH"], os.environ["FAKE_NVML"]
        for text in ("Fake GPU at 0000:17:00.0, sm_61", "too old: supported are sm_75", "of at most 500 W", "SM 1980 of 1980 MHz", "held down by power cap",
                     "generation 3 with 8 lanes now, generation 5 with 16 lanes possible; lanes are missing", "NUMA node", "2 processes",
                     "version 8.9.7 was found at " + self.fakes):
            self.assertIn(text, result.out)
        self.assertEqual(result.envelope["system"]["gpus"][0]["pcie"]["max_lanes"], 16)
        self.assertIn("9 is needed", next(l for l in result.envelope["system"]["libraries"] if l["name"] == "libcudnn")["problem"])

    def test_usage_errors(self):
        cases = {("build", "small.onnx", "--min-shpes", "x:1"): "did you mean --min-shapes",
                 ("build", "small.onnx", "--saveEngine=m.engine"): "-o FILE",
                 ("--onnx=small.onnx",): "tenon build",
                 ("build", "\u2013\u2013opt-level=3"): "typographic dash",
                 ("biuld", "small.onnx"): "did you mean 'build'",
                 ("small.onnx",): "a verb is missing",
                 ("build", "small.onnx", "--opt-level", "9"): "opt-level",
                 ("run", "small.engine", "--threads", "-1"): "--threads: a number from 0 on was expected, found '-1'",
                 ("bench", "small.engine", "--iterations", "0"): "a number from 1 on",
                 ("compare", "small.engine", "small.engine", "--rtol", "-1"): "--rtol",
                 ("build", "small.onnx", "--shapes", "x:1x3x8x8", "--disable-pass", "fold"): "fold_constants",
                 ("check", "small.engine"): "is an engine",
                 ("build", "small.onnx", "--shapes", "x=1x3"): "--shapes",
                 ("build", "small.onnx", "--shapes", "x:1x3x8x8", "--max-shapes", "x:2x3x8x8"): "one of them",
                 ("build", "small.onnx", "--min-shapes", "x:2x3x8x8", "--opt-shapes", "x:1x3x8x8"): "min <= opt <= max",
                 ("build", "small.onnx", "--precision", "f31"): "--precision",
                 ("build", "small.onnx", "--tactic-sources", "CUDNN"): "--tactic-sources",
                 ("build",): "model",
                 ("run", "small.engine", "--input", "x"): "--input",
                 ("run", "small.engine", "--reference"): "needs the model"}
        for words, part in cases.items():
            result = self.tenon(*words, code=2)
            self.assertIn(part, result.log, words)
            self.assertEqual(result.last, "FAILED(usage)", words)
            self.assertEqual(result.envelope["exit"]["name"], "usage", words)
            self.assertIn(part, result.envelope["exit"]["error"]["text"], words)
        self.assertEqual(self.run_plain("build").returncode, 2)

    def test_bad_files(self):
        (self.folder / "cut.engine").write_bytes((self.folder / "small.engine").read_bytes()[:1000])
        np.save(self.folder / "wrong.npy", np.zeros((2, 4, 16, 16), np.float32))
        np.save(self.folder / "int.npy", np.zeros((2, 3, 16, 16), np.int32))
        cases = [(("run", "none.onnx"), 2, "none.onnx"), (("build", "text.onnx", "-o", "t.engine"), 3, "text.onnx"),
                 (("run", "cut.engine"), 7, "cut.engine"), (("run", "small.engine", "--input", "y=x.npy"), 2, "'x'"),
                 (("run", "small.engine", "--input", "x=wrong.npy"), 2, "x"), (("run", "small.engine", "--input", "x=int.npy"), 2, "x"),
                 (("build", "small.onnx", "-o", "/no/such/folder/m.engine", "--shapes", "x:1x3x8x8"), 7, "/no/such/folder")]
        np.save(self.folder / "x.npy", np.zeros((2, 3, 16, 16), np.float32))
        for words, code, part in cases:
            result = self.tenon(*words, code=code)
            self.assertIn(part, result.log, words)
            self.assertRegex(result.envelope["exit"]["error"]["id"], r"^E\d{4}$")

    def test_refused_default_dims_name_the_flag(self):
        for verb in ("build", "run", "bench", "inspect"):
            result = self.tenon(verb, "picky.onnx", code=3)
            self.assertIn("--shapes", result.log)
        self.tenon("run", "picky.onnx", "--shapes", "x:1x3x5x48")
        np.save(self.folder / "picky.npy", np.ones((1, 3, 5, 48), np.float32))
        self.assertNotIn("--shapes", self.tenon("run", "picky.onnx", "--input", "x=picky.npy").log)
        self.tenon("bench", "picky.onnx", "--input", "x=picky.npy", "--duration", "0.02", "--warmup", "1")

    def test_full_disk_keeps_the_old_engine(self):
        before = (self.folder / "small.engine").read_bytes()
        process = subprocess.run(f"ulimit -f 1; trap '' XFSZ; exec {self.program} build small.onnx -o small.engine --shapes x:1x3x8x8",
                                 shell=True, cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.assertEqual(process.returncode, 7, process.stderr)
        self.assertEqual((self.folder / "small.engine").read_bytes(), before)
        self.assertEqual(list(self.folder.glob("small.engine.*")), [])

    def test_build_flags_on_an_engine_are_warned_of(self):
        self.assertIn("already built", self.tenon("run", "small.engine", "--opt-level", "0").log)

    def test_json_log(self):
        process = self.run_plain("run", "small.engine", "--log=json")
        lines = [json.loads(line) for line in process.stderr.splitlines()]
        self.assertEqual(lines[-1]["level"], "verdict")
        self.assertEqual(lines[-1]["text"], "PASSED")
        self.assertTrue(all({"time", "level"} <= set(line) for line in lines))

    def test_quiet_and_plain(self):
        process = self.run_plain("run", "small.engine", "-q")
        self.assertEqual(process.stderr.strip(), "PASSED")
        self.assertNotIn("\x1b", self.run_plain("run", "small.engine").stderr)

    def test_interrupt(self):
        process = subprocess.Popen([self.program, "bench", "small.engine", "--duration", "100"], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertTrue(log.strip().endswith("FAILED(interrupted)"), log)

    def test_help_names_every_flag_of_the_contract(self):
        text = self.run_plain("build", "--help").stdout
        for flag in ("--device", "--shapes", "--min-shapes", "--opt-shapes", "--max-shapes", "--precision", "--opt-level", "--time-limit",
                     "--max-memory", "--timing-cache", "--verify", "--deterministic", "--mark-output", "--threads", "--exact", "--strict-nan",
                     "--json"):
            self.assertIn(flag, text)
        version = self.run_plain("--version").stdout
        self.assertTrue(re.fullmatch(r"tenon \d+\.\d+\.\d+\n", version), version)


if __name__ == "__main__":
    main()
