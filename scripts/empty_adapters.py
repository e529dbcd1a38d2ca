#!/usr/bin/env python3
"""Empties the bodies of the nvinfer1 API and the handlers of trtexec's flags, one at a time, and sees whether a test fails.

A copy of the repository is built once, with a question in front of each body that the environment answers
(adapter_sites.py). Tests that enter a body run again with that body empty (it returns zeros, then, if no test noticed, a
value that is not zero: getters whose right answer is zero), the one that enters fewest bodies first, until one fails.
Results go to bench/results/emptied.json, from which api_table.py takes the tests of its rows.

  empty_adapters.py                    every row that has no result yet
  empty_adapters.py --rows 50          as many random ones of these
  empty_adapters.py --only 'IBuilder:' rows whose name the pattern finds, also those that have a result
  empty_adapters.py --survivors        those whose emptying no test noticed"""
import argparse
import concurrent.futures
import datetime
import functools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import adapter_sites
import api_table

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build-emptied"
COPY = WORK / "source"
BIN = COPY / "build/bin"
RESULTS = ROOT / "bench/results/emptied.json"
LIMIT_S = 100


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def write_if_changed(path, data):
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def change_others(staging):
    """The one place that calls handlers of flags; and the targets with questions in them compile quickly."""
    def change(name, edit):
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).write_text(edit((ROOT / name).read_text()))
    call = "flag->set(options, value);"
    change("tools/trtexec/flags.cpp", lambda text: '#include "Emptying.h"\n' + text.replace(call, f"if (!emptying::emptied(flag->name)) {call}"))
    assert call in (ROOT / "tools/trtexec/flags.cpp").read_text(), "tools/trtexec/flags.cpp calls handlers in another way"
    quick = "\nforeach(quick {})\n  target_compile_options(${{quick}} PRIVATE -O0 -Wno-error)\nendforeach()\n"
    change("cmake/nvinfer.cmake", lambda text: text + quick.format("core_nvinfer1 core_nvonnxparser core_nvparsers core_nvinferplugin"))
    change("tests/nvinfer1/CMakeLists.txt", lambda text: text + quick.format("nvinfer_tests nvinfer_test_plugin"))


def make_copy(sites):
    """Files keep their times when they stay the same, so that a second build is short."""
    with tempfile.TemporaryDirectory() as folder:
        staging = pathlib.Path(folder)
        (staging / "include").mkdir()
        for path in sites.edits:
            (staging / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        sites.instrument(staging)
        change_others(staging)
        changed = {p.relative_to(staging) for p in staging.rglob("*") if p.is_file()}
        for name in changed:
            write_if_changed(COPY / name, (staging / name).read_bytes())
        for name in git("ls-files", "-co", "--exclude-standard").splitlines():
            if pathlib.Path(name) not in changed and (ROOT / name).is_file():
                write_if_changed(COPY / name, (ROOT / name).read_bytes())
                os.chmod(COPY / name, (ROOT / name).stat().st_mode)
    if not (COPY / ".venv").exists():
        (COPY / ".venv").symlink_to((ROOT / ".venv").resolve())


def build(jobs, rows):
    """What the rows need: flags need the program alone."""
    run = lambda *words: subprocess.run(words, cwd=COPY, check=True, stdout=subprocess.DEVNULL)
    run("cmake", "--preset", "release")
    samples = ["sample_" + p.stem for p in (ROOT / "examples/nvinfer1").glob("*.cpp")]
    of_methods = ["nvinfer_tests", "nvinfer_test_plugin", *samples] if any(not r.startswith("-") for r in rows) else []
    run("ninja", "-C", "build", f"-j{jobs}", "tenon_cli", "tenon_measure", *of_methods)


class Tests:
    """What can notice an empty body: gtests, samples, and the tests of trtexec."""

    def __init__(self):
        self.environment = dict(os.environ, TENON_DEVICE="cpu", LD_LIBRARY_PATH=str(COPY / "build/lib"))

    def names(self):
        listed = subprocess.run([BIN / "nvinfer_tests", "--gtest_list_tests"], env=self.environment, check=True, capture_output=True, text=True).stdout
        suite = ""
        for line in listed.splitlines():
            if not line.startswith(" "):
                suite = line.strip()
            else:
                yield suite + line.strip()
        yield from (f"examples/nvinfer1/{p.name}" for p in sorted((COPY / "examples/nvinfer1").glob("*.cpp")))

    def command(self, test):
        if test.startswith("examples/"):
            return [BIN / "nvinfer1" / pathlib.Path(test).stem]
        if test.startswith("trtexec_test."):
            return [COPY / ".venv/bin/python", COPY / "tests/trtexec_test.py", BIN / "trtexec", "TrtexecTest." + test.split(".")[1]]
        return [BIN / "nvinfer_tests", f"--gtest_filter={test}"]

    def passes(self, test, **more):
        """Runs it in an empty folder."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = subprocess.run(self.command(test), cwd=folder, env=dict(self.environment, **more), timeout=LIMIT_S, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                return False
        return result.returncode == 0

    @functools.lru_cache(maxsize=None)
    def healthy(self, test):
        """Those of trtexec are not run by `trace`."""
        return not test.startswith("trtexec_test.") or self.passes(test)

    def calls(self, test):
        """The bodies that the test enters; None when the test fails as it is."""
        with tempfile.NamedTemporaryFile("r") as log:
            return set(log.read().split("\n")) - {""} if self.passes(test, TENON_CALLED=log.name) else None


def trace(tests, jobs):
    """Test -> the bodies that it enters."""
    names = list(tests.names())
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        calls = dict(zip(names, pool.map(tests.calls, names)))
    for name in [n for n in names if calls[n] is None]:
        print(f"{name} fails with no body empty: left out", flush=True)
        del calls[name]
    return calls


@functools.lru_cache
def test_texts():
    return dict(api_table.read_tests())


def tests_of_method(row, calls):
    method = row.split("(")[0].split("::")[-1]
    texts = test_texts()
    entering = [t for t in calls if row in calls[t]]
    return sorted(entering, key=lambda t: (not re.search(rf"\b{method}\b", texts.get(t, "")), len(calls[t]), t))


def tests_of_flag(row):
    """The tests that give the flag, those with the fewest calls of the program first."""
    parts = [part for part in re.split(r"\n    def ", (COPY / "tests/trtexec_test.py").read_text()) if part.startswith("test_")]
    giving = [part for part in parts if re.search(rf'"{re.escape(row)}["=]', part)]
    return ["trtexec_test." + part.split("(")[0] for part in sorted(giving, key=lambda p: len(re.findall(r"self\.(?:passes|fails|loaded)", p)) + 5 * p.count("subTest"))]


def try_row(row, tests, calls, tries):
    """The test that fails when the body is empty."""
    candidates = tests_of_flag(row) if row.startswith("-") else tests_of_method(row, calls)
    for mark, state in (("", "noticed"),) if row.startswith("-") else (("", "noticed"), ("!", "noticed by its value")):
        for test in candidates[:tries]:
            if not tests.passes(test, TENON_EMPTIED=mark + row) and tests.healthy(test):
                return {"state": state, "test": test}
    return {"state": "unnoticed" if candidates else "not entered", "tried": candidates[:tries]}


def flag_names():
    for path in sorted((ROOT / "tools/trtexec").glob("flags*.cpp")):
        yield from re.findall(r'\{"(--?\w+)",', path.read_text())


def load():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {"rows": {}}


def save(results, note):
    counts = {}
    for name, row in results["rows"].items():
        kind = "flags" if name.startswith("-") else "methods"
        counts.setdefault(kind, {}).setdefault(row["state"], 0)
        counts[kind][row["state"]] += 1
    results = {"commit": git("rev-parse", "--short", "HEAD").strip(), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M"),
               "command": "scripts/empty_adapters.py", "counts": counts, "rows": dict(sorted(results["rows"].items()))}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(note, json.dumps(counts), flush=True)


def choose(options, results, known):
    if options.only:
        return [r for r in known if re.search(options.only, r)]
    if options.survivors:
        return [r for r in known if results["rows"].get(r, {}).get("state") in ("unnoticed", "not entered")]
    rest = [r for r in known if r not in results["rows"]]
    return random.Random(options.seed).sample(rest, min(options.rows, len(rest))) if options.rows else rest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="at most so many rows, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="rows whose name this pattern finds")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--tries", type=int, default=8, help="tests tried per row")
    parser.add_argument("--built", action="store_true", help="take the copy as it is")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    table = list(api_table.listed_methods())
    sites = adapter_sites.Sites(ROOT, table)
    known = sorted(sites.bodies) + sorted(flag_names())
    results = load()
    results["rows"] = {name: row for name, row in results["rows"].items() if name in known}
    chosen = choose(options, results, known)
    print(f"{len(known)} bodies and handlers, {len(chosen)} to empty", flush=True)
    start = time.monotonic()
    if not options.built:
        make_copy(sites)
        build(options.jobs, chosen)
    tests = Tests()
    calls = trace(tests, options.jobs) if any(not r.startswith("-") for r in chosen) else {}
    print(f"built and traced {len(calls)} tests in {time.monotonic() - start:.0f} s", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = {pool.submit(try_row, row, tests, calls, options.tries): row for row in chosen}
        for i, future in enumerate(concurrent.futures.as_completed(done)):
            results["rows"][done[future]] = future.result()
            if future.result()["state"] in ("unnoticed", "not entered"):
                print(f"{done[future]}: {future.result()['state']}", flush=True)
            if i % 50 == 49:
                save(results, f"{i + 1} of {len(chosen)}, {time.monotonic() - start:.0f} s:")
    save(results, f"all in {time.monotonic() - start:.0f} s:")
    return 1 if any(results["rows"][r]["state"] in ("unnoticed", "not entered") for r in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
