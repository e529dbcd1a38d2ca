#!/usr/bin/env python3
"""Seeds for the fuzzers: small models of the conformance cases, small engines, npy and npz files.

    scripts/make_corpora.py FOLDER
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LARGEST = 20000


def small(paths):
    return [p for p in sorted(paths) if p.stat().st_size <= LARGEST]


def copy(paths, folder):
    folder.mkdir(parents=True)
    for i, path in enumerate(paths):
        shutil.copy(path, folder / f"{i}{path.suffix}")
    if not any(folder.iterdir()):
        sys.exit(f"make_corpora: nothing to seed {folder.name} with")


def main():
    target = pathlib.Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    models = small((ROOT / "build").glob("*conformance/**/model.onnx")) + small((ROOT / "build").glob("*-cases/**/model.onnx"))
    copy(models[::4], target / "fuzz_onnx_import")
    (target / "engines").mkdir(parents=True)
    subprocess.run([ROOT / "build/bin/damage", "0", "0", target / "engines"], check=True)
    copy(small((target / "engines").iterdir()), target / "fuzz_engine_load")
    (target / "fuzz_timing_cache").mkdir()
    subprocess.run([ROOT / "build/bin/tenon", "build", models[0], "-o", target / "any.engine", "--device", "cpu", "--quiet",
                    "--timing-cache", target / "fuzz_timing_cache/0"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([ROOT / ".venv/bin/python", ROOT / "tests/make_arrays.py", target / "arrays"], check=True)
    copy(small((target / "arrays").iterdir()), target / "fuzz_npy")


if __name__ == "__main__":
    main()
