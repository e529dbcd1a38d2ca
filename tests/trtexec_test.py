"""Runs the program under its name trtexec. Usage: trtexec_test.py path/to/trtexec [--write]

--write makes the files under tests/golden/trtexec anew: the report line by line, with what differs between runs masked.
TRTEXEC_TEST_DEVICE=cuda:0 runs all but these comparisons on a GPU."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np
import onnx

import cli_case

DEVICE = os.environ.get("TRTEXEC_TEST_DEVICE", "cpu")
GOLDEN = pathlib.Path(__file__).resolve().parent / "golden" / "trtexec"
QUICK = ["--iterations=10", "--duration=0", "--warmUp=0"]
TRTEXEC = None
WRITE = False

MASKS = [
    (re.compile(r"^\[\d\d/\d\d/\d{4}-\d\d:\d\d:\d\d\] "), "[time] "),
    (re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?(?= (ms|s|qps|sec|milliseconds|GB/s)\b)"), "#"),
    (re.compile(r"(Parse time|Selected Device|Compute Capability|Cores|Host Memory|L2 Cache|Tenon version): .*"), r"\1: #"),
    (re.compile(r"(?<=# )\S*trtexec"), "trtexec"),
]
# Lines that depend on the machine or on chance.
DROPPED = re.compile(r"\[TRT\]|coefficient of variance|The machine may be busy")


def masked(text):
    lines = []
    for line in text.splitlines():
        if DROPPED.search(line):
            continue
        for pattern, by in MASKS:
            line = pattern.sub(by, line)
        lines.append(line)
    return "\n".join(lines) + "\n"


class TrtexecTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cli_case.make_models(cls.folder)
        built = cls.run_program("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--saveEngine=small.engine", "--skipInference")
        assert built.returncode == 0, built.stdout + built.stderr

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def run_program(cls, *words):
        environment = dict(os.environ, TENON_DEVICE=DEVICE)
        return subprocess.run([TRTEXEC, *words], cwd=cls.folder, capture_output=True, text=True, timeout=300, env=environment)

    def passes(self, *words):
        result = self.run_program(*words)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertTrue(result.stdout.splitlines()[0].startswith("&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # "))
        self.assertTrue(result.stdout.splitlines()[-1].startswith("&&&& PASSED TensorRT.trtexec [TensorRT v8601] # "))
        return result

    def fails(self, *words):
        result = self.run_program(*words)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertTrue(result.stdout.splitlines()[-1].startswith("&&&& FAILED TensorRT.trtexec [TensorRT v8601] # "))
        self.assertNotIn("&&&& FAILED", result.stderr)
        return result

    def loaded(self, *words):
        return self.passes("--loadEngine=small.engine", *QUICK, *words)

    def compare(self, name, result):
        if DEVICE != "cpu":
            return
        for stream in ("stdout", "stderr"):
            path, text = GOLDEN / f"{name}.{stream}", masked(getattr(result, stream))
            if WRITE:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            self.assertEqual(text, path.read_text(), f"{path.name} differs; tests/trtexec_test.py TRTEXEC --write makes it anew")

    # The report

    def test_report_of_a_model(self):
        self.compare("model", self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", *QUICK))

    def test_report_of_an_engine(self):
        self.compare("engine", self.passes("--loadEngine=small.engine", *QUICK))

    def test_many_flags(self):
        self.compare("flags", self.passes(
            "--onnx=small.onnx", "--minShapes=x:1x3x16x16", "--optShapes=x:2x3x16x16", "--maxShapes=x:4x3x16x16", "--shapes=x:3x3x16x16", "--fp16", "--best", "--noTF32",
            "--memPoolSize=workspace:64.5", "--profilingVerbosity=detailed", "--tacticSources=-CUDNN,+CUBLAS", "--builderOptimizationLevel=1", "--refit", "--useSpinWait",
            "--noDataTransfers", "--infStreams=2", "--threads", "--avgRuns=5", "--percentile=50,99.9", "--sparsity=enable", "--verbose", "--streams=2", *QUICK))

    def test_help(self):
        result = self.run_program("--help")
        self.assertEqual(result.returncode, 0)
        short = self.run_program("-h")
        self.assertEqual(short.stdout.splitlines()[1:], result.stdout.splitlines()[1:])
        self.assertEqual(short.stderr, "")
        self.compare("help", result)

    def test_options_are_printed(self):
        for word, line in [("--versionCompatible", "Version Compatible: Enabled"), ("--vc", "Version Compatible: Enabled"), ("--leanDLLPath=lean.so", "Lean DLL Path: lean.so"),
                           ("--directIO", "DirectIO mode: Enabled"), ("--consistency", "Skipping consistency checker"), ("--excludeLeanRuntime", "Exclude Lean Runtime: Enabled"),
                           ("--tempfileControls=in_memory:deny", "Tempfile Controls: { in_memory: deny, temporary: allow }"), ("--ignoreParsedPluginLibs", "ignoreParsedPluginLibs: 1"),
                           ("--dynamicPlugins=libm.so.6", "Loading supplied plugin library: libm.so.6"), ("--optShapesCalib=x:3x3x8x8", "Input calibration shape: x=3x3x8x8"),
                           ("--layerDeviceTypes=conv1:GPU", "Layer Device Types: conv1:GPU"), ("--cpuOnly", "Device: cpu"), ("--distributiveIndependence", "Distributive Independence: Enabled"), ("--bf16", "FP32+BF16"), ("--exposeDMA", "ExposeDMA: Enabled"),
                           ("--preview=-fasterDynamicShapes0805", "kFASTER_DYNAMIC_SHAPES_0805 [OFF]"), ("--noBuilderCache", "timingCacheMode: disable")]:
            with self.subTest(word):
                if "cpuOnly" in word and DEVICE != "cpu":
                    continue
                self.assertIn(line, self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--skipInference", "--builderOptimizationLevel=0", "--noVerify", word).stdout)
        calibration = ["--minShapesCalib=x:1x3x8x8", "--optShapesCalib=x:3x3x8x8", "--maxShapesCalib=x:4x3x8x8"]
        self.passes("--onnx=small.onnx", "--skipInference", "--builderOptimizationLevel=0", *calibration)
        for left_out in calibration[::2]:
            self.fails("--onnx=small.onnx", *[c for c in calibration if c != left_out])

    def test_switches_that_undo_others(self):
        result = self.loaded("--noDataTransfers", "--useCudaGraph", "--useSpinWait", "--includeDataTransfers", "--noCudaGraph", "--noSpinWait")
        for line in ("Data transfers: Enabled", "CUDA Graph: Disabled", "Spin-wait: Disabled"):
            self.assertIn(line, result.stdout)

    def test_nothing_prints_help_and_passes(self):
        self.assertIn("=== Build Options ===", self.passes().stdout)

    def test_flags_of_later_releases(self):
        version = self.passes("--loadEngine=small.engine", "--getPlanVersionOnly")
        self.assertIn("Plan was created with TensorRT version 8.6.1", version.stdout)
        self.assertNotIn("Engine loaded", version.stdout)
        self.assertIn("is no engine of Tenon", self.fails("--loadEngine=small.onnx", "--getPlanVersionOnly").stderr)
        self.assertIn("Cannot open file", self.fails("--loadEngine=none.engine", "--getPlanVersionOnly").stderr)
        self.assertIn("needs an engine file", self.fails("--onnx=small.onnx", "--getPlanVersionOnly").stderr)
        memory = self.loaded("--monitorMemory").stdout
        self.assertGreater(min(float(m) for m in re.findall(r"Memory after [a-z ]+: (\S+) MiB of host memory in use", memory)), 1)
        self.assertEqual(re.findall(r"Memory after ([a-z ]+):", memory), ["device selection", "engine set up", "inference set up", "inference"])

    def test_flags_of_later_releases_that_warn(self):
        for word in ["--pluginInstanceNorm", "--pi", "--allocationStrategy=profile", "--allowWeightStreaming", "--weightStreamingBudget=50%", "--noCompilationCache",
                     "--maxTactics=3", "--tilingOptimizationLevel=2", "--l2LimitForTiling=1000", "--asyncFileReader", "--calibProfile=0"]:
            with self.subTest(word):
                self.assertIn(word.split("=")[0], self.loaded(word).stderr)
        quiet = self.loaded("--runtimePlatform=SameAsBuild", "--tilingOptimizationLevel=0").stderr
        self.assertNotRegex(quiet, "runtimePlatform|tiling")
        for word, part in [("--runtimePlatform=WindowsAMD64", "built and run on Linux"), ("--stripAllWeights", "hold their weights"), ("--weightless", "hold their weights")]:
            with self.subTest(word):
                self.assertIn(part, self.fails("--onnx=small.onnx", "--optShapes=x:2x3x16x16", word).stderr)

    # Wrong flags

    def test_unknown_flags_are_named_with_the_nearest(self):
        self.compare("unknown", self.fails("--onnx=small.onnx", "--optShape=x:1x3x8x8", "--fp61"))

    def test_wrong_values(self):
        for word, part in [("--iterations=x", "whole number"), ("--duration=-2", "at least 0"), ("--percentile=101", "not in [0,100]"), ("--shapes=x", "name:value"),
                           ("--profilingVerbosity=all", "layer_names_only"), ("--tacticSources=CUDNN", "+ (on) or - (off)"), ("--memPoolSize=l2:1", "workspace"),
                           ("--inputIOFormats=fp32:nchw", "chw"), ("--sparsity=maybe", "disable"), ("--layerPrecisions=conv1:fp99", "fp16"), ("--onnx=", "found no value")]:
            with self.subTest(word):
                self.assertIn(part, self.fails("--onnx=small.onnx", word).stderr)

    def test_flags_that_contradict_each_other(self):
        for words, part in [(["--fp8", "--int8"], "fp8 and int8"), (["--batch=2"], "--batch and --maxBatch"), (["--maxBatch=2"], "--batch and --maxBatch"), (["--saveEngine=a", "--loadEngine=b"], "Incompatible"),
                            (["--useRuntime=lean"], "requires --useRuntime=full"), (["--output=y"], "should not be used with ONNX"),
                            (["--minShapesCalib=x:1x3x8x8"], "Must specify only --optShapesCalib")]:
            with self.subTest(words):
                self.assertIn(part, self.fails("--onnx=small.onnx", *words).stderr)

    def test_no_model(self):
        self.assertIn("Model missing or format not recognized", self.fails("--fp16").stderr)

    def test_pasted_dashes(self):
        result = self.passes("–\u2013loadEngine=small.engine", *QUICK)
        self.assertIn("typographic dash", result.stderr)

    def test_values_behind_a_space(self):
        self.passes("--loadEngine", "small.engine", "--iterations", "3", "--duration", "0", "--warmUp", "0")

    def test_what_there_is_not(self):
        for words, part in [(["--safe"], "safety runtime"), (["--restricted"], "safety scope"), (["--buildDLAStandalone"], "no DLA"), (["--useDLACore=0"], "no DLA"), (["--layerDeviceTypes=conv1:DLA"], "no DLA"),
                            (["--sparsity=force"], "sparse"), (["--setPluginsToSerialize=a.so"], "data only"), (["--stripWeights"], "hold their weights")]:
            with self.subTest(words):
                result = self.fails("--onnx=small.onnx", "--optShapes=x:2x3x16x16", *words)
                self.assertIn(part, result.stderr)
                self.assertIn("Engine set up failed", result.stderr)
        self.assertIn("tf2onnx", self.fails("--uff=a.uff", "--uffInput=x,3,4,4", "--output=y").stderr)
        self.assertIn("caffe2onnx", self.fails("--deploy=a.prototxt", "--output=y").stderr)
        self.assertIn("caffe2onnx", self.fails("--model=a.caffemodel", "--output=y").stderr)
        uff = self.fails("--uff=a.uff", "--uffInput=x,3,4,4", "--uffNHWC", "--output=y").stdout
        self.assertIn("Uff Inputs Layout: NHWC", uff)
        self.assertIn("Input: x,3,4,4", uff)

    def test_what_has_no_effect_is_said(self):
        for word in ["--int8", "--int4", *(["--noTF32"] if DEVICE == "cpu" else []), "--ni", "--nativeInstanceNorm", "--maxAuxStreams=2", "--useManagedMemory", "--persistentCacheRatio=0.5", "--minTiming=2", "--avgTiming=2", "--preview=+profileSharing0806",
                     "--excludeLeanRuntime", "--tempdir=/tmp", "--hardwareCompatibilityLevel=ampere+", "--calib=cache"]:
            with self.subTest(word):
                result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", word, *QUICK)
                self.assertIn(word.split("=")[0], result.stderr)
        result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--useDLACore=0", "--allowGPUFallback", *QUICK)
        self.assertIn("no DLA cores", result.stderr)
        result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--stronglyTyped", "--fp16", "--skipInference")
        self.assertIn("the model's own types are kept", result.stderr)

    def test_deprecated_flags(self):
        for word, part in [("--workspace=64", "--memPoolSize"), ("--buildOnly", "--skipInference"), ("--explicitBatch", "has no effect"), ("--explicitPrecision", "has no effect"),
                           ("--nvtxMode=none", "--profilingVerbosity"), ("--heuristic", "--builderOptimizationLevel"), ("--streams=1", "--infStreams")]:
            with self.subTest(word):
                self.assertIn(part, self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", word, *QUICK).stderr)

    # Models and shapes

    def test_default_shapes_are_inferred_and_printed(self):
        result = self.passes("--onnx=small.onnx", *QUICK)
        self.assertIn("Dynamic dimensions required for input: x, but no shapes were provided. Automatically overriding shape to: 1x3x1x1", result.stderr)
        self.assertIn("Input binding for x with dimensions 1x3x1x1 is created.", result.stdout)

    def test_shapes_of_inputs_that_are_not_there(self):
        self.assertIn('Cannot find input tensor with name "z" in the network inputs!', self.fails("--onnx=small.onnx", "--shapes=z:1").stderr)
        self.assertIn("Invalid tensor names found in --shapes flag.", self.fails("--loadEngine=small.engine", "--shapes=z:1").stderr)
        self.assertIn("Static model does not take explicit shapes", self.fails("--onnx=nan.onnx", "--shapes=x:4").stderr)

    def test_optimization_profiles(self):
        words = ["--onnx=small.onnx", "--minShapes=x:1x3x8x8", "--optShapes=x:1x3x8x8", "--maxShapes=x:2x3x8x8",
                 "--profile=1", "--minShapes=x:4x3x16x16", "--optShapes=x:5x3x16x16", "--maxShapes=x:8x3x16x16", "--profile=0", "--useProfile=1"]
        built = self.passes(*words, "--saveEngine=profiles.engine", "--dumpOptimizationProfile", *QUICK)
        self.assertIn("Input build shape (profile 0): x=1x3x8x8+1x3x8x8+2x3x8x8", built.stdout)
        self.assertIn("Input build shape (profile 1): x=4x3x16x16+5x3x16x16+8x3x16x16", built.stdout)
        self.assertIn("Optimization Profile Index: 1", built.stdout)
        self.assertIn("Optimization Profile 1:", built.stdout)
        self.assertIn("x: min = 4x3x16x16, opt = 5x3x16x16, max = 8x3x16x16", built.stdout)
        self.assertEqual(built.stdout.count("Verification against the reference executor: PASSED"), 2)
        self.assertIn("Input binding for x with dimensions 5x3x16x16 is created.", built.stdout)
        first = self.passes("--loadEngine=profiles.engine", *QUICK)
        self.assertIn("Input binding for x with dimensions 1x3x8x8 is created.", first.stdout)
        x = np.linspace(-1, 1, 8 * 3 * 16 * 16, dtype=np.float32).reshape(8, 3, 16, 16)
        np.save(self.folder / "x8.npy", x)
        run = ["--useProfile=1", "--shapes=x:8x3x16x16", "--loadInputs=x:x8.npy", "--exportOutput=profile.json", *QUICK]
        self.passes("--loadEngine=profiles.engine", *run)
        found = json.loads((self.folder / "profile.json").read_text())[0]["values"]
        self.passes("--onnx=small.onnx", "--shapes=x:8x3x16x16", "--loadInputs=x:x8.npy", "--exportOutput=alone.json", *QUICK)
        np.testing.assert_allclose(found, json.loads((self.folder / "alone.json").read_text())[0]["values"], rtol=1e-4, atol=1e-5)
        self.assertIn("axis 2 can't be 16", self.fails("--loadEngine=profiles.engine", "--shapes=x:8x3x16x16", *QUICK).stderr)
        self.assertIn("the engine has 2 optimization profiles", self.fails("--loadEngine=profiles.engine", "--useProfile=2", *QUICK).stderr)
        self.assertIn("the engine gets 1 optimization profiles", self.fails("--onnx=small.onnx", "--useProfile=1").stderr)
        self.assertIn("without gaps", self.fails("--onnx=small.onnx", "--profile=2", "--optShapes=x:1x3x8x8").stderr)

    def test_workspace_limits_the_choice_of_kernels(self):
        random = np.random.default_rng(1)
        save = lambda name, nodes, inputs, output, weights: cli_case.save_model(self.folder / name, nodes, inputs, [output], weights)
        weights = [(name, random.normal(size=size).astype(np.float32)) for name, size in (("w", (1, 64, 8)), ("r", (1, 64, 16)))]
        save("recurrent.onnx", [onnx.helper.make_node("LSTM", ["x", "w", "r"], ["y"], name="lstm", hidden_size=16)],
             [("x", onnx.TensorProto.FLOAT, [5, 1, 8])], ("y", onnx.TensorProto.FLOAT, [5, 1, 1, 16]), weights)
        words = ["--onnx=recurrent.onnx", "--profilingVerbosity=detailed", "--exportLayerInfo=layers.json", "--skipInference"]

        def kernel(*more):
            self.passes(*words, *more)
            return next(layer["TacticName"] for layer in json.loads((self.folder / "layers.json").read_text())["Layers"] if layer["LayerType"] == "LSTM")

        self.assertIn("recurrent", kernel())
        self.assertIn("recurrent", kernel("--memPoolSize=workspace:64"))
        self.assertNotIn("recurrent", kernel("--memPoolSize=workspace:1B"))
        self.assertNotIn("recurrent", kernel("--workspace=0"))

    def test_bad_models(self):
        for words in (["--onnx=none.onnx"], ["--onnx=text.onnx"], ["--onnx=bad.onnx"], ["--loadEngine=small.onnx"]):
            self.assertIn("Engine set up failed", self.fails(*words).stderr)

    def test_half_outputs(self):
        result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--inputIOFormats=fp16:chw", "--outputIOFormats=fp16:chw", "--dumpRawBindingsToFile", *QUICK)
        self.assertIn("(with datatype Half and dimensions 2.3.16.16)", result.stdout)
        self.assertEqual((self.folder / "block_y.output.2.10.Half.raw").stat().st_size, 40)

    def exported(self, *words):
        self.passes(*words, "--exportOutput=out.json", *QUICK)
        return {o["name"]: (o["dimensions"], np.array(o["values"])) for o in json.loads((self.folder / "out.json").read_text())}

    def test_memory_formats(self):
        onnx_file = self.folder / "image.onnx"
        weights = np.random.default_rng(1).normal(size=(6, 3, 3, 3)).astype(np.float32)
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("Conv", ["x", "w"], ["c"], name="conv1", pads=[1, 1, 1, 1]), onnx.helper.make_node("Relu", ["c"], ["y"], name="relu1")], "image",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, "h", "w"])],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 6, "h", "w"])], [onnx.numpy_helper.from_array(weights, "w")])
        onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), onnx_file)
        x = np.random.default_rng(2).normal(size=(2, 3, 5, 7)).astype(np.float32)
        x.tofile(self.folder / "image.raw")
        words = ["--onnx=image.onnx", "--minShapes=x:1x3x4x4", "--optShapes=x:2x3x5x7", "--maxShapes=x:4x3x9x9", "--shapes=x:2x3x5x7"]
        dims, expected = self.exported(*words, "--loadInputs=x:image.raw")["y"]
        self.assertEqual(dims, "2x6x5x7")

        def vectors(v):  # [n,c,h,w] -> [n,c/v,h,w,v]
            padded = np.full((2, -(-3 // v) * v, 5, 7), 99, np.float32)  # what stands in the padding is not read
            padded[:, :3] = x
            return padded.reshape(2, -1, v, 5, 7).transpose(0, 1, 3, 4, 2)

        stored = {"chw": x, "hwc": x.transpose(0, 2, 3, 1), "hwc8": vectors(8)[:, 0], "hwc16": vectors(16)[:, 0], **{f"chw{v}": vectors(v) for v in (2, 4, 16, 32)}}
        for name, data in stored.items():
            with self.subTest(name):
                np.ascontiguousarray(data).tofile(self.folder / "stored.raw")
                dims, found = self.exported(*words, f"--inputIOFormats=fp32:{name}", f"--outputIOFormats=fp32:{name}", "--loadInputs=x:stored.raw", "--saveEngine=stored.engine")["y"]
                self.assertEqual(dims, "2x6x5x7")
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
                again = self.exported("--loadEngine=stored.engine", "--shapes=x:2x3x5x7", "--loadInputs=x:stored.raw")["y"][1]
                np.testing.assert_array_equal(again, found)
        np.save(self.folder / "image.npy", x.astype(np.float16))
        result = self.passes(*words, "--inputIOFormats=fp16:chw16", "--outputIOFormats=fp16:chw16", "--loadInputs=x:image.npy", "--dumpRawBindingsToFile", "--exportOutput=out.json", *QUICK)
        self.assertIn("Input binding for x with dimensions 2x3x5x7 is created.", result.stdout)
        self.assertEqual((self.folder / "y.output.2.6.5.7.Half.raw").stat().st_size, 2 * 16 * 5 * 7 * 2)
        np.testing.assert_allclose(np.array(json.loads((self.folder / "out.json").read_text())[0]["values"]), expected, rtol=2e-2, atol=2e-2)

    def test_memory_formats_among_several_and_refused(self):
        words = ["--onnx=small.onnx", "--optShapes=x:2x3x16x16"]
        result = self.passes(*words, "--inputIOFormats=fp32:chw4+hwc", *QUICK)
        self.assertRegex(result.stdout, r"'x' has the memory format (hwc|chw4)")
        result = self.passes(*words, "--inputIOFormats=fp32:chw32", "--directIO", "--profilingVerbosity=detailed", "--dumpLayerInfo", "--dumpProfile", *QUICK)
        # The kernel that was chosen may want a reorder besides.
        self.assertRegex(result.stderr, "direct I/O: no kernel takes tensor 'x' in the format chw32: the cheapest reformat is '.*Reformatting CopyNode for Input Tensor 0 to conv1")
        self.assertGreaterEqual(result.stdout.count("Reformatting CopyNode for Input Tensor 0 to conv1"), 2)
        self.assertIn("DLA cores", self.fails(*words, "--inputIOFormats=fp16:dla_linear").stderr)
        self.assertIn("needs 3 at least", self.fails(*words, "--outputIOFormats=fp32:hwc8").stderr)
        self.assertIn("hwc8", self.fails(*words, "--inputIOFormats=fp16:hwc9").stderr)

    def test_specialize(self):
        words = ["--onnx=small.onnx", "--minShapes=x:1x3x8x8", "--optShapes=x:1x3x8x8", "--maxShapes=x:8x3x32x32", "--specialize", *QUICK]
        self.assertIn("Kernels chosen for the shapes of this run in", self.passes(*words, "--shapes=x:8x3x32x32").stdout)
        self.assertIn("--specialize: the engine is tuned for the shapes of this run", self.passes(*words, "--shapes=x:1x3x8x8").stdout)

    def test_types_of_layers(self):
        words = ["--onnx=small.onnx", "--optShapes=x:2x3x16x16", *QUICK]
        self.passes(*words, "--precisionConstraints=obey", "--layerPrecisions=*:fp32,conv1:fp32", "--layerOutputTypes=conv1:fp32")
        self.assertIn("no kernel of this device is computing in i8", self.fails(*words, "--precisionConstraints=obey", "--layerPrecisions=conv1:int8").stderr)
        self.assertIn("no kernel of this device is giving i8", self.fails(*words, "--precisionConstraints=obey", "--layerOutputTypes=conv1:int8").stderr)
        self.assertIn("no kernel of this device is computing in i8", self.passes(*words, "--precisionConstraints=prefer", "--layerPrecisions=conv1:int8").stderr)
        self.assertIn("have no effect", self.passes(*words, "--layerPrecisions=conv1:int8").stderr)
        self.assertIn("the model has no node of that name", self.fails(*words, "--precisionConstraints=obey", "--layerPrecisions=none:fp32").stderr)

    # Inputs and outputs

    def test_inner_tensors_become_outputs(self):
        result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--markDebug=r1", *QUICK)
        self.assertIn("Output binding for r1 with dimensions 2x8x16x16 is created.", result.stdout)
        result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--markDebug=r1", "--saveDebugTensors=r1:r1.raw", "--exportOutput=r1.json", *QUICK)
        self.assertIn("Writing debug tensor r1 (with datatype Float and dimensions 2x8x16x16) to r1.raw", result.stdout)
        exported = next(o for o in json.loads((self.folder / "r1.json").read_text()) if o["name"] == "r1")
        np.testing.assert_array_equal(np.fromfile(self.folder / "r1.raw", np.float32), np.array(exported["values"], np.float32))
        self.assertIn("build it with --markDebug=r1", self.fails("--loadEngine=small.engine", "--saveDebugTensors=r1:r1.raw", *QUICK).stderr)

    def test_the_verification_may_be_left_out(self):
        words = ["--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--skipInference"]
        self.assertIn("Verification against the reference executor: PASSED", self.passes(*words).stdout)
        self.assertNotIn("Verification against", self.passes(*words, "--noVerify").stdout)

    def test_inputs_from_files_and_outputs_to_files(self):
        x = np.linspace(-1, 1, 2 * 3 * 16 * 16, dtype=np.float32).reshape(2, 3, 16, 16)
        x.tofile(self.folder / "x.bin")
        np.save(self.folder / "x.npy", x)
        result = self.loaded("--loadInputs=x:x.bin", "--exportOutput=y.json", "--dumpOutput")
        self.assertIn("Using values loaded from x.bin for input x", result.stdout)
        self.assertIn("block/y: (2x10)", result.stdout)
        exported = json.loads((self.folder / "y.json").read_text())
        self.assertEqual(exported[0]["name"], "block/y")
        self.assertEqual(exported[0]["dimensions"], "2x10")
        self.loaded("--loadInputs='x':x.npy", "--exportOutput=y2.json")
        self.assertEqual(exported, json.loads((self.folder / "y2.json").read_text()))
        subprocess.run([str(pathlib.Path(TRTEXEC).parent / "tenon"), "run", "small.engine", "--input", "x=x.npy", "--output", "y.npz"], cwd=self.folder, check=True, capture_output=True)
        np.testing.assert_allclose(exported[0]["values"], np.load(self.folder / "y.npz")["block/y"].ravel(), rtol=1e-6)

    def test_wrong_input_files(self):
        (self.folder / "short.bin").write_bytes(b"1234")
        self.assertIn("Expected: 6144 bytes but only read: 4 bytes", self.fails("--loadEngine=small.engine", "--loadInputs=x:short.bin").stderr)
        self.assertIn("Cannot open file none.bin!", self.fails("--loadEngine=small.engine", "--loadInputs=x:none.bin").stderr)
        self.assertIn("Invalid tensor names found in --loadInputs flag.", self.fails("--loadEngine=small.engine", "--loadInputs=z:x.bin").stderr)

    # Times and layers

    def test_times(self):
        result = self.loaded("--exportTimes=times.json", "--avgRuns=2")
        times = json.loads((self.folder / "times.json").read_text())
        self.assertGreaterEqual(len(times), 10)
        for t in times:
            self.assertAlmostEqual(t["latencyMs"], t["h2dMs"] + t["computeMs"] + t["d2hMs"], delta=1e-3 + t["latencyMs"] * 1e-3)
            self.assertLessEqual(t["startComputeMs"], t["endComputeMs"])
        self.assertEqual(result.stdout.count("Average on 2 runs - GPU latency: "), len(times) // 2)
        summary = float(re.search(r"GPU Compute Time: min = (\S+) ms", result.stdout).group(1))
        self.assertAlmostEqual(summary, min(t["computeMs"] for t in times), delta=1e-3)

    def test_loop(self):
        times = json.loads((self.loaded("--exportTimes=loop.json", "--iterations=7", "--idleTime=5", "--sleepTime=20"), (self.folder / "loop.json").read_text())[1])
        starts = [t["startComputeMs"] for t in times]
        gaps = [b - a for a, b in zip(starts, starts[1:])]
        # On a GPU a run may start late, and the next one then follows sooner.
        self.assertTrue(all(gap >= 5 for gap in gaps) if DEVICE == "cpu" else np.median(gaps) >= 5 and sum(gaps) >= 5 * (len(gaps) - 1), gaps)
        begin = time.monotonic()
        self.assertIn("Sleep time: 1500ms", self.loaded("--sleepTime=1500").stdout)
        self.assertGreater(time.monotonic() - begin, 1.5)
        result = self.passes("--loadEngine=small.engine", "--duration=0.2", "--warmUp=50", "--iterations=1")
        self.assertGreaterEqual(float(re.search(r"Timing trace has \d+ queries over (\S+) s", result.stdout).group(1)), 0.15)
        self.assertGreater(int(re.search(r"Warmup completed (\d+) queries over 50 ms", result.stdout).group(1)), 0)

    def test_ways_to_run(self):
        np.linspace(-1, 1, 2 * 3 * 16 * 16, dtype=np.float32).tofile(self.folder / "x.bin")
        expected = None
        for words in ([], ["--useCudaGraph"], ["--noDataTransfers"], ["--exposeDMA"], ["--useSpinWait"], ["--useCudaGraph", "--noDataTransfers", "--infStreams=2", "--threads"]):
            with self.subTest(words):
                result = self.loaded("--loadInputs=x:x.bin", "--exportOutput=way.json", "--exportTimes=way_times.json", *words)
                outputs = json.loads((self.folder / "way.json").read_text())[0]["values"]
                expected = expected or outputs
                np.testing.assert_allclose(outputs, expected, rtol=1e-5)
                for t in json.loads((self.folder / "way_times.json").read_text()):
                    self.assertLessEqual(t["startH2dMs"], t["endH2dMs"])
                    self.assertLessEqual(t["endH2dMs"], t["startComputeMs"] + 1e-3)
                    self.assertLessEqual(t["endComputeMs"], t["startD2hMs"] + 1e-3)
                    if "--noDataTransfers" in words or DEVICE == "cpu":
                        self.assertEqual(t["h2dMs"] + t["d2hMs"], 0)
                ignored = "The specified --useCudaGraph flag has been ignored." in result.stderr
                self.assertEqual(ignored, "--useCudaGraph" in words and DEVICE == "cpu")

    def test_streams(self):
        for words in (["--infStreams=3"], ["--infStreams=3", "--threads"]):
            result = self.loaded(*words, "--exportTimes=streams.json")
            self.assertIn("Multiple inference streams are used", result.stderr)
            self.assertGreaterEqual(len(json.loads((self.folder / "streams.json").read_text())), 30)

    def test_profile(self):
        result = self.loaded("--dumpProfile", "--exportProfile=profile.json")
        self.assertIn("The e2e network timing is not reported", result.stdout)
        self.assertNotIn("=== Performance summary ===", result.stdout)
        self.assertRegex(result.stdout, r"=== Profile \(\d+ iterations \) ===")
        self.assertRegex(result.stdout, r"   Time\(ms\)     Avg\.\(ms\)   Median\(ms\)   Time\(%\)   Layer")
        profile = json.loads((self.folder / "profile.json").read_text())
        self.assertEqual(list(profile[0]), ["count"])
        self.assertAlmostEqual(sum(layer["percentage"] for layer in profile[1:]), 100, delta=0.1)
        separate = self.loaded("--dumpProfile", "--separateProfileRun")
        self.assertIn("=== Performance summary ===", separate.stdout)
        self.assertIn("=== Profile (", separate.stdout)

    def test_profile_of_a_loop(self):
        """The rows of its body are below it, and parts of its time: the total counts the loop alone."""
        if DEVICE != "cpu":
            self.skipTest("so small a loop runs on the host, as one step of the reference")
        result = self.passes("--onnx=loop.onnx", "--dumpProfile", "--exportProfile=loop.json", *QUICK)
        table = result.stdout[result.stdout.index("=== Profile ("):]
        self.assertRegex(table, r"\d   loop\n(.*\d     .*\n)*.*\d     .*inner")
        rows = json.loads((self.folder / "loop.json").read_text())[1:]
        top, inner = ([row for row in rows if row.get("depth", 0) == depth] for depth in (0, 1))
        self.assertEqual([row["name"] for row in top], ["loop"])
        self.assertEqual(sum("inner" in row["name"] for row in inner), 1)
        self.assertAlmostEqual(top[0]["percentage"], 100, delta=0.1)
        parts = sum(row["timeMs"] for row in inner)
        self.assertGreater(parts, 0)
        self.assertLessEqual(parts, top[0]["timeMs"])

    def test_weights_that_are_no_numbers_are_a_warning(self):
        cli_case.save_model(self.folder / "odd.onnx", [onnx.helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
                            [("x", onnx.TensorProto.FLOAT, [2, 2])], [("y", onnx.TensorProto.FLOAT, None)], [("w", np.array([[1, np.inf], [1, 1]], np.float32))])
        self.assertRegex(self.passes("--onnx=odd.onnx", *QUICK).stderr, r"\[W\].*'product'.*hold 0 NaN and 1 infinite numbers of 4, the first at \[0,1\]")

    def test_layer_information(self):
        dumped = self.loaded("--exportLayerInfo=names.json", "--dumpLayerInfo").stdout
        self.assertIn("Layer Information:", dumped)
        self.loaded("--exportLayerInfo=detailed.json", "--profilingVerbosity=detailed", "--skipInference")
        self.loaded("--exportLayerInfo=none.json", "--profilingVerbosity=none")
        names, detailed, none = (json.loads((self.folder / f).read_text()) for f in ("names.json", "detailed.json", "none.json"))
        self.assertEqual(names["Bindings"], ["x", "block/y"])
        self.assertEqual(names["Layers"], [layer["Name"] for layer in detailed["Layers"]])
        self.assertEqual(none["Layers"], [])
        conv = next(layer for layer in detailed["Layers"] if layer["LayerType"] == "Convolution")
        self.assertEqual(conv["Inputs"][0]["Dimensions"], [2, 3, 16, 16])
        self.assertIn("FP32", conv["Inputs"][0]["Format/Datatype"])

    def test_timing_cache(self):
        words = ["--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--timingCacheFile=small.cache", "--skipInference"]
        self.passes(*words, "--noBuilderCache")
        self.assertFalse((self.folder / "small.cache").exists())
        self.assertIn("were not in the timing cache", self.fails(*words, "--errorOnTimingCacheMiss", "--timingCacheFile=other.cache").stderr)
        self.passes(*words)
        self.assertTrue((self.folder / "small.cache").exists())
        self.passes(*words, "--errorOnTimingCacheMiss")

    def test_deserialization_is_timed(self):
        self.assertIn("average time = ", self.loaded("--timeDeserialize").stdout)

    def test_refit(self):
        result = self.passes("--onnx=small.onnx", "--optShapes=x:2x3x16x16", "--refit", "--dumpRefit", "--timeRefit", "--saveEngine=refit.engine", *QUICK)
        self.assertIn("w1 f32[8x3x3x3]", result.stdout)
        self.assertRegex(result.stdout, r"Engine refitted in \S+ ms\.")
        result = self.passes("--loadEngine=refit.engine", "--dumpRefit", "--timeRefit", *QUICK)
        self.assertIn("w1 f32[8x3x3x3]", result.stdout)
        self.assertIn("Network not available, skipped timing refit.", result.stderr)
        self.assertIn("build it with --refit", self.fails("--loadEngine=small.engine", "--dumpRefit").stderr)

    def test_refit_from_another_model(self):
        other = onnx.load(self.folder / "small.onnx")
        for weights in other.graph.initializer:
            if weights.name == "w1":
                weights.CopyFrom(onnx.numpy_helper.from_array(3 * onnx.numpy_helper.to_array(weights) + 1, "w1"))
        onnx.save(other, self.folder / "other.onnx")
        np.linspace(-1, 1, 2 * 3 * 16 * 16, dtype=np.float32).tofile(self.folder / "x.bin")
        shapes = "--optShapes=x:2x3x16x16"
        self.passes("--onnx=small.onnx", shapes, "--refit", "--saveEngine=from.engine", "--skipInference")

        def outputs(*words):
            result = self.passes(*words, "--loadInputs=x:x.bin", "--exportOutput=refitted.json", *QUICK)
            return result, json.loads((self.folder / "refitted.json").read_text())[0]["values"]

        result, found = outputs("--loadEngine=from.engine", "--refitFromOnnx=other.onnx")
        self.assertRegex(result.stdout, r"Engine refitted with \d+ weights of other.onnx.")
        np.testing.assert_allclose(found, outputs("--onnx=other.onnx", shapes)[1], rtol=1e-4, atol=1e-5)
        self.assertFalse(np.allclose(found, outputs("--loadEngine=from.engine")[1], rtol=1e-3))
        self.assertIn("build it with --refit", self.fails("--loadEngine=small.engine", "--refitFromOnnx=other.onnx", *QUICK).stderr)

    def test_plugins(self):
        self.assertIn("Could not load plugin library: none.so", self.fails("--loadEngine=small.engine", "--staticPlugins=none.so").stderr)
        self.assertIn("Loading supplied plugin library: libm.so.6", self.loaded("--plugins=libm.so.6").stdout)

    def test_no_such_device(self):
        result = self.run_program("--loadEngine=small.engine", "--device=99")
        self.assertEqual(result.returncode, 1)
        self.assertIn("there is no device 'cuda:99'", result.stderr)


if __name__ == "__main__":
    WRITE = "--write" in sys.argv
    TRTEXEC = str(pathlib.Path(sys.argv[1]).absolute())
    unittest.main(argv=[sys.argv[0]] + [a for a in sys.argv[2:] if a != "--write"])
