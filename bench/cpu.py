#!/usr/bin/env python3
"""Times Tenon, ONNX Runtime and OpenVINO on the CPU: in turn, round after round, each alone in its process (spinning threads
of one slow another down). Writes medians to bench/results/ and a table to stdout.

    .venv/bin/python bench/cpu.py models/zoo/resnet50.onnx:1,8 models/zoo/mobilenet_v2.onnx [--threads N] [--rounds N]

MODEL[:BATCH,...]: other symbolic dims are taken from the engine's own defaults. Needs onnxruntime and openvino in the
environment, and the built program build/bin/tenon.
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
TENON = ROOT / "build/bin/tenon"
ENGINES = ("tenon", "onnxruntime", "openvino")
NUMPY = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}


def tenon(verb, *arguments, report):
    """Runs the program and gives back its JSON report."""
    command = [TENON, verb, *map(str, arguments), "--quiet", "--json", report]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip().splitlines()[-1] if run.stderr else f"exit code {run.returncode}")
    return json.loads(pathlib.Path(report).read_text())


def shapes_of(model, batch):
    """Input name -> dims at this batch; other symbols become 1, or 224 in the last two axes of pictures."""
    import onnxruntime
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    shapes = {}
    for tensor in session.get_inputs():
        dims = [d if isinstance(d, int) else None for d in tensor.shape]
        shapes[tensor.name] = [batch if i == 0 and d is None else d or (224 if len(dims) == 4 and i > 1 else 1) for i, d in enumerate(dims)]
    return shapes, {t.name: t.type for t in session.get_inputs()}


def make_inputs(case):
    random = np.random.default_rng(0)
    inputs = {}
    for name, dims in case["shapes"].items():
        dtype = NUMPY[case["types"][name]]
        inputs[name] = random.standard_normal(dims).astype(dtype) if dtype == np.float32 else np.ones(dims, dtype)
    return inputs


def onnxruntime_runner(case):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = case["threads"]
    session = onnxruntime.InferenceSession(case["model"], options, providers=["CPUExecutionProvider"])
    inputs = make_inputs(case)
    return lambda: session.run(None, inputs)


def openvino_runner(case):
    import openvino
    model = openvino.Core().read_model(case["model"])
    model.reshape(case["shapes"])
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": case["threads"], "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    inputs = make_inputs(case)
    return lambda: request.infer(inputs)


def time_peer(engine, case):
    """In a child: the median of at least 10 runs and 2.5 seconds, in ms."""
    run = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner}[engine](case)
    for _ in range(3):
        run()
    times, begin = [], time.perf_counter()
    while len(times) < 10 or (time.perf_counter() - begin < 2.5 and len(times) < 1000):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def measure(engine, case, folder):
    if engine == "tenon":
        report = tenon("bench", case["engine"], "--threads", case["threads"], "--duration", "2.5", report=f"{folder}/bench.json")
        return report["bench"]["latency"]["median"]
    run = subprocess.run([sys.executable, __file__, "--child", engine, json.dumps(case)], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip().splitlines()[-1])
    return float(run.stdout.split()[-1])


def run_case(model, batch, threads, rounds, folder):
    shapes, types = shapes_of(model, batch)
    case = {"model": str(model), "shapes": shapes, "types": types, "threads": threads, "engine": f"{folder}/{model.stem}-{batch}.engine"}
    flag = ",".join(f"{name}:{'x'.join(map(str, dims))}" for name, dims in shapes.items())
    build = tenon("build", model, "-o", case["engine"], "--device", "cpu", "--threads", threads, "--shapes", flag, report=f"{folder}/build.json")
    times = {engine: [] for engine in ENGINES}
    for _ in range(rounds):
        for engine in ENGINES:
            times[engine].append(measure(engine, case, folder))
    engines = {e: {"median_ms": statistics.median(t), "rounds_ms": [round(x, 3) for x in t]} for e, t in times.items()}
    return {"model": model.stem, "batch": batch, "engines": engines, "build": build["build"], "verdict": build.get("accuracy", {})}


def versions():
    import importlib.metadata
    own = subprocess.run([TENON, "--version"], capture_output=True, text=True).stdout.split()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"Tenon": f"{own[-1] if own else '?'} ({commit})", "ONNX Runtime": importlib.metadata.version("onnxruntime"),
            "OpenVINO": importlib.metadata.version("openvino")}


def cpu_name():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


def argument_parser(description, rounds):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--busy", action="store_true", help="run although other programs use the machine; the result says so")
    return parser


def load_before(busy):
    """The load average; ends the program where it is too high to take times."""
    load = os.getloadavg()[0]
    if load > 0.5 and not busy:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: the load average is {load:.1f}; times taken now say little (wait, or give --busy)")
    return load


def write_results(name, command, load, result):
    """To bench/results/NAME-DATE.json, with what belongs to every record."""
    now = datetime.datetime.now(datetime.timezone.utc)
    host = {"cpu": cpu_name(), "load_before": load, "load_after": os.getloadavg()[0]}
    path = ROOT / f"bench/results/{name}-{now.strftime('%Y%m%d-%H%M%S')}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"date": now.strftime("%Y-%m-%d"), "command": command, "host": host, "versions": versions(), **result}, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")


def main():
    if sys.argv[1:2] == ["--child"]:
        print(time_peer(sys.argv[2], json.loads(sys.argv[3])))
        return
    arguments = argument_parser(__doc__, 5).parse_args()
    load = load_before(arguments.busy)
    folder = ROOT / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for text in arguments.models:
        model, _, batches = text.partition(":")
        for batch in map(int, (batches or "1").split(",")):
            rows.append(run_case(pathlib.Path(model), batch, arguments.threads, arguments.rounds, folder))
            print(rows[-1]["model"], batch, {e: round(v["median_ms"], 2) for e, v in rows[-1]["engines"].items()}, flush=True)
    write_results("cpu", " ".join(["bench/cpu.py", *sys.argv[1:]]), load,
                  {"threads": arguments.threads, "rounds": arguments.rounds, "rows": rows})


if __name__ == "__main__":
    main()
