"""What goes wrong around a GPU, as a user sees it: no driver, no libraries, too little memory, kernels that fail, other processes,
engines of another GPU or other libraries. Run by scripts/gpu-check: gpu_faults.py FOLDER with bin/, lib/ and fakes/ of the programs."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cli_case import save_model  # noqa: E402

WORK = None
FIGURES = {}
MIB = 1 << 20

# Takes all memory of GPU 0 but so many MiB, and keeps it until its input ends.
HOG = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *arguments):
    if getattr(cuda, name)(*arguments): sys.exit("failed: " + name)
context, free, total = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
call("cuInit", 0)
call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
call("cuCtxSetCurrent", context)
leave, blocks, block = int(sys.argv[1]) << 20, 0, ctypes.c_uint64()
for size in (8 << 30, 1 << 30, 128 << 20, 16 << 20):
    while call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total)) or free.value >= leave + size:
        call("cuMemAlloc_v2", ctypes.byref(block), ctypes.c_size_t(size))
print("ready", free.value >> 20, flush=True)
sys.stdin.read()
"""


class GpuFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        random = np.random.default_rng(0)
        weights = [("w1", random.normal(size=(128, 64, 3, 3)).astype(np.float32) / 24), ("w2", random.normal(size=(128, 512)).astype(np.float32) / 11)]
        nodes = [helper.make_node("Conv", ["x", "w1"], ["c"], name="conv", pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["r"], name="relu"),
                 helper.make_node("GlobalAveragePool", ["r"], ["g"], name="pool"), helper.make_node("Flatten", ["g"], ["f"], name="flat"),
                 helper.make_node("MatMul", ["f", "w2"], ["y"], name="product")]
        save_model(cls.folder / "net.onnx", nodes, [("x", TensorProto.FLOAT, [32, 64, 56, 56])], [("y", TensorProto.FLOAT, [32, 512])], weights)
        save_model(cls.folder / "product.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], [("x", TensorProto.FLOAT, [64, 128])],
                   [("y", TensorProto.FLOAT, [64, 512])], [("w", weights[1][1])])
        np.savez(cls.folder / "x.npz", x=random.normal(size=(32, 64, 56, 56)).astype(np.float32))
        built = cls.tenon("build", "net.onnx", "-o", "net.engine", "--device", "cuda", "--timing-cache", "net.cache")
        assert built.returncode == 0, built.stderr
        cls.expected = cls.result("net.engine")

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def tenon(cls, *words, **environment):
        limit = environment.pop("limit_s", 120)
        return subprocess.run(["tenon", *map(str, words)], cwd=cls.folder, capture_output=True, text=True, timeout=limit, env=dict(os.environ, **environment))

    @classmethod
    def result(cls, engine, **environment):
        run = cls.tenon("run", engine, "--device", "cuda", "--input", "x.npz", "--output", engine + ".npz", **environment)
        assert run.returncode == 0, run.stderr
        return np.load(cls.folder / (engine + ".npz"))["y"]

    def fails(self, run, code, *words):
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)

    def shadow(self, *names):
        """A search path on which these libraries are found first, and are none."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for name in names:
            (folder / name).write_bytes(b"")
        return f"{folder}:{os.environ.get('LD_LIBRARY_PATH', '')}"

    def test_without_a_visible_gpu(self):
        self.fails(self.tenon("build", "product.onnx", "--device", "cuda", CUDA_VISIBLE_DEVICES=""), 9, "no GPU can be used", "--device cpu")
        self.assertEqual(self.tenon("build", "product.onnx", "-o", "cpu.engine", CUDA_VISIBLE_DEVICES="").returncode, 0)

    def test_without_a_driver(self):
        path = self.shadow("libcuda.so.1")
        self.fails(self.tenon("build", "product.onnx", "--device", "cuda", LD_LIBRARY_PATH=path), 9, "driver is not installed", "--device cpu")
        doctor = self.tenon("doctor", LD_LIBRARY_PATH=path)
        self.assertIn("driver is not installed", doctor.stdout + doctor.stderr)

    def test_without_its_libraries(self):
        path = self.shadow("libcudnn.so.9", "libcublasLt.so.13", "libcublasLt.so.12")
        run = self.tenon("build", "net.onnx", "-o", "own.engine", "--device", "cuda", LD_LIBRARY_PATH=path)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(np.allclose(self.result("own.engine", LD_LIBRARY_PATH=path), self.expected, rtol=1e-3, atol=1e-3 * abs(self.expected).max()))

    def test_an_engine_whose_libraries_are_gone(self):
        path = self.shadow("libcudnn.so.9", "libcublasLt.so.13", "libcublasLt.so.12")
        self.assertTrue(np.allclose(self.result("net.engine", LD_LIBRARY_PATH=path), self.expected, rtol=1e-3, atol=1e-3 * abs(self.expected).max()))

    def relabelled(self, *flags):
        subprocess.run(["engine_checks", "relabel", "net.engine", "other.engine", *flags], cwd=self.folder, check=True)
        run = self.tenon("inspect", "other.engine", "--device", "cuda", "--compat")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(np.allclose(self.result("other.engine"), self.expected, rtol=1e-3, atol=1e-3 * abs(self.expected).max()))
        return run.stdout + run.stderr

    def test_an_engine_of_another_gpu(self):
        text = self.relabelled("--features", "sm_80", "--name", "NVIDIA A100")
        self.assertRegex(text, "measured on 'NVIDIA A100'.*here it runs on 'NVIDIA")

    def test_an_engine_of_other_libraries(self):
        text = self.relabelled("--libraries", "cudnn 9.1.0 cublaslt 12.6.0 nvrtc 12.6")
        self.assertIn("cudnn 9.1.0", text)

    def faulty(self, names):
        """Tenon with matrix products that go wrong, and the reasons for which they are left out."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for part in ("bin", "lib"):
            (folder / part).mkdir()
        for program in ("tenon", "tenon-measure"):
            (folder / "bin" / program).symlink_to(WORK / "bin" / program)
        shutil.copy(WORK / "lib/libtenon.so", folder / "lib")
        shutil.copy(WORK / "fakes/libtenon_faulty.so", folder / "lib/libtenon_cuda.so")
        report = folder / "report.json"
        run = self.tenon("build", "product.onnx", "-o", folder / "product.engine", "--device", "cuda", "--json", report, LD_PRELOAD=str(folder / "lib/libtenon.so"), TENON_FAULTY=names)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        envelope = json.loads(report.read_text())
        self.assertIn("PASSED", run.stdout + run.stderr)
        rejected = {}
        for layer in envelope["layers"]:
            for one in layer["rejected"]:
                rejected.setdefault(re.split(r"[ {]", one["tactic"])[0], one["reason"])
        return rejected

    def test_kernels_that_fail(self):
        begin = time.time()
        rejected = self.faulty("throws,crashes,faults,greedy")
        FIGURES["failing kernels"] = {"seconds": time.time() - begin, "reasons": rejected}
        self.assertIn("always fails", rejected.get("throws", ""))
        self.assertIn("crashed", rejected.get("crashes", ""))
        self.assertIn("illegal memory access", rejected.get("faults", ""))
        self.assertIn("no memory for", rejected.get("greedy", ""))

    def test_a_kernel_that_hangs(self):
        begin = time.time()
        rejected = self.faulty("hangs")
        FIGURES["hanging kernel"] = {"seconds": time.time() - begin, "reasons": rejected}
        self.assertIn("did not finish within", rejected.get("hangs", ""))

    def test_a_limit_of_device_memory(self):
        self.fails(self.tenon("build", "net.onnx", "-o", "small.engine", "--device", "cuda", "--device-memory-limit", "8M"), 6, "needs 24.5 MiB of GPU memory", "--device-memory-limit")
        seen = {}
        # Input and result of the convolution take 74 MiB; what is left is for a reorder and workspaces.
        for limit in (80, 112, 160, 512):
            run = self.tenon("build", "net.onnx", "-o", "small.engine", "--device", "cuda", "--device-memory-limit", f"{limit}M", "--no-verify")
            self.assertIn(run.returncode, (0, 6), run.stderr)
            seen[limit] = run.returncode
            if run.returncode:
                self.assertIn("--device-memory-limit", run.stderr)
        FIGURES["limits in MiB"] = seen
        self.assertEqual(seen[512], 0)
        self.assertEqual(sorted(seen.values(), reverse=True), list(seen.values()), "a larger limit fails where a smaller one does not")

    def test_a_full_gpu(self):
        seen = {}
        for leave in (200, 4000):
            hog = subprocess.Popen([sys.executable, "-c", HOG, str(leave)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                self.assertIn("ready", hog.stdout.readline())
                run = self.tenon("build", "net.onnx", "-o", "full.engine", "--device", "cuda", "--no-verify")
                seen[leave] = [run.returncode, run.stderr.strip().splitlines()[-1:]]
            finally:
                hog.communicate()
        FIGURES["MiB left on the GPU"] = seen
        self.assertEqual(seen[4000][0], 0, seen)
        self.assertIn(seen[200][0], (6, 9), seen)
        self.assertIn("memory", seen[200][1][0])

    def test_two_processes(self):
        words = ["tenon", "build", "net.onnx", "--device", "cuda", "-o"]
        begin = time.time()
        builds = [subprocess.Popen(words + [f"two{i}.engine"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for i in range(2)]
        for build in builds:
            out, _ = build.communicate(timeout=120)
            self.assertEqual(build.returncode, 0, out)
        FIGURES["two builds"] = {"seconds": time.time() - begin}
        runs = [subprocess.Popen(["tenon", "bench", f"two{i}.engine", "--duration", "1"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for i in range(2)]
        for run in runs:
            out, _ = run.communicate(timeout=120)
            self.assertEqual(run.returncode, 0, out)
        for i in range(2):
            self.assertTrue(np.allclose(self.result(f"two{i}.engine"), self.expected, rtol=1e-3, atol=1e-3 * abs(self.expected).max()))


if __name__ == "__main__":
    WORK = pathlib.Path(sys.argv.pop(1)).resolve()
    program = unittest.main(exit=False, verbosity=2)
    if os.environ.get("OUT"):
        (pathlib.Path(os.environ["OUT"]) / "faults.json").write_text(json.dumps(FIGURES, indent=1))
    sys.exit(not program.result.wasSuccessful())
