"""`tenon host-run`: how programs are started, and the stand-in's three libraries. Usage: host_run_test.py path/to/tenon"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TENON = None

# Run by `tenon host-run python3 -c`: opens the library as a program's loader would, and looks into cudaDeviceProp by offset.
LOOK = """
import ctypes, sys
name, call, cores_at, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
runtime = ctypes.CDLL(name)
version, value, cores = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
assert runtime.cudaRuntimeGetVersion(ctypes.byref(version)) == 0
properties = ctypes.create_string_buffer(b"\\x5a" * (size + 8))
assert getattr(runtime, call)(properties, 0) == 0
assert runtime.cudaDeviceGetAttribute(ctypes.byref(cores), 16, 0) == 0 and cores.value > 0
assert int.from_bytes(properties.raw[cores_at:cores_at + 4], "little") == cores.value
assert properties.raw[size:size + 8] == b"\\x5a" * 8 and properties.raw[size - 1:size] == b"\\0"
memory = ctypes.c_void_p()
assert runtime.cudaMalloc(ctypes.byref(memory), ctypes.c_size_t(8)) == 0
assert runtime.cudaMemcpyAsync_ptsz(memory, b"1234567", ctypes.c_size_t(8), 1, None) == 0
assert ctypes.string_at(memory) == b"1234567"
assert runtime.cudaFree(memory) == 0
print(version.value)
"""


class HostRunTest(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.holder.name)

    def tearDown(self):
        self.holder.cleanup()

    def host_run(self, *words, code=0):
        process = subprocess.run([TENON, "host-run", *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(process.returncode, code, process.stderr)
        return process

    def test_each_release_is_there(self):
        for name, call, cores_at, size, version in [("libcudart.so.11.0", "cudaGetDeviceProperties", 388, 728, 11000),
                                                    ("libcudart.so.12", "cudaGetDeviceProperties", 388, 728, 12000),
                                                    ("libcudart.so.12", "cudaGetDeviceProperties_v2", 388, 1032, 12000),
                                                    ("libcudart.so.13", "cudaGetDeviceProperties", 384, 1008, 13000)]:
            with self.subTest(name=name, call=call):
                found = self.host_run(sys.executable, "-c", LOOK, name, call, str(cores_at), str(size))
                self.assertEqual(found.stdout.strip(), str(version))

    def test_symbols_have_the_versions_that_programs_ask_for(self):
        for name in ("libcudart.so.11.0", "libcudart.so.12", "libcudart.so.13"):
            library = pathlib.Path(TENON).resolve().parent.parent / "lib" / "tenon-host-run" / name
            symbols = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library], capture_output=True, text=True, check=True).stdout
            self.assertIn(f" cudaMalloc@@{name}\n", symbols)
            self.assertNotIn("tenon", symbols)

    def test_the_program_takes_over(self):
        self.host_run("sh", "-c", "exit 7", code=7)
        told = self.host_run("sh", "-c", 'echo "$TENON_DEVICE $LD_LIBRARY_PATH $1"', "name", "--json=x").stdout
        self.assertRegex(told, r"^cpu \S*/tenon-host-run:\S+ --json=x\n$")

    def test_dashes_may_stand_before_the_program(self):
        self.assertEqual(self.host_run("--", "sh", "-c", 'echo "$0 $*"', "name", "--", "-q").stdout, "name -- -q\n")
        self.assertEqual(self.host_run("--log", "json", "-q", "--", "sh", "-c", 'echo "$*"', "name", "x").stdout, "x\n")
        self.assertEqual(self.host_run("sh", "-c", 'echo "$0 $*"', "--", "-q", "--", "x").stdout, "-- -q -- x\n")
        self.assertIn("a program is missing", self.host_run("--", code=2).stderr)

    def test_what_can_not_be_run(self):
        self.assertIn("a program is missing", self.host_run(code=2).stderr)
        self.assertIn("can't be run: No such file", self.host_run("./no-such-program", code=2).stderr)
        self.assertIn("there is no report", self.host_run("--json", "-", "true", code=2).stderr)
        self.assertIn("has no flag --jsn", self.host_run("--jsn", "true", code=2).stderr)

    def test_a_runtime_inside_the_program_is_noticed(self):
        program = self.folder / "program"
        shutil.copy(shutil.which("true"), program)
        self.assertEqual(self.host_run(str(program)).stderr, "")
        with program.open("ab") as file:
            file.write(b"libcuda.so.1\0")
        self.assertIn("has the CUDA runtime linked in", self.host_run(str(program)).stderr)


if __name__ == "__main__":
    TENON = sys.argv.pop(1)
    unittest.main()
