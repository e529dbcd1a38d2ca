#!/usr/bin/env python3
"""What a build on the CPU costs, and a start: seconds and memory of `tenon build`, with an empty timing cache and with a full
one, and the time from an engine file to its first results beside that from a model to ONNX Runtime's first results.

    .venv/bin/python bench/cost.py models/zoo/resnet50.onnx [MODEL...] [--threads N] [--rounds N] [--busy] [--memory]

Needs the built programs build/bin/tenon and build/bin/first_result. Each time is taken in a process of its own; the starts of
the two take turns, and their ratio is the median over the rounds. Memory is the largest sum of PSS of the build and its
measuring process, read every 10 ms in a build of its own; other programs do not change it, and --memory takes it alone. CPU seconds, user and system, count every process of a build.
"""
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from cpu import ROOT, TENON, argument_parser, load_before, make_inputs, shapes_of, write_results

FIRST = ROOT / "build/bin/first_result"
LIMITS = {"cold_s": 20, "cached_s": 2}  # on two cores, of ResNet-50


def build_command(model, folder, threads, shapes):
    flag = ",".join(f"{name}:{'x'.join(map(str, dims))}" for name, dims in shapes.items())
    return [TENON, "build", model, "-o", f"{folder}/cost.engine", "--device", "cpu", "--threads", str(threads), "--shapes", flag,
            "--timing-cache", f"{folder}/cost.cache", "--quiet"]


def run(command):
    """Wall and CPU seconds of a command and its children."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall, "cpu_s": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime}


def family(pid):
    """A process and its descendants."""
    found = [pid]
    for process in found:
        try:
            found += map(int, pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())
        except OSError:
            pass
    return found


def pss(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def peak_pss(command):
    """The largest sum over the family, and what the largest single process had then."""
    peak, most = 0, 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        parts = [pss(p) for p in family(process.pid)]
        if sum(parts) > peak:
            peak, most = sum(parts), max(parts)
        time.sleep(0.01)
    if process.returncode:
        raise RuntimeError(f"the build ended with {process.returncode}")
    return {"peak_bytes": peak, "of_one_process_bytes": most}


def start_of_tenon(engine, threads):
    out = subprocess.run([FIRST, engine, str(threads)], capture_output=True, text=True, check=True).stdout
    load, load_cpu, first, first_cpu = map(float, out.split())
    return {"load_ms": load, "run_ms": first, "cpu_ms": load_cpu + first_cpu}


def start_of_onnxruntime(case):
    """In a child: the session, and its first run."""
    import onnxruntime
    inputs = make_inputs(case)
    begin, cpu = time.perf_counter(), time.process_time()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = case["threads"]
    session = onnxruntime.InferenceSession(case["model"], options, providers=["CPUExecutionProvider"])
    second = time.perf_counter()
    session.run(None, inputs)
    end = time.perf_counter()
    return {"load_ms": (second - begin) * 1e3, "run_ms": (end - second) * 1e3, "cpu_ms": (time.process_time() - cpu) * 1e3}


def total(start):
    return start["load_ms"] + start["run_ms"]


def rounds_of(starts):
    return [[round(s[key], 1) for key in ("load_ms", "run_ms", "cpu_ms")] for s in starts]


def compare_starts(case, engine, rounds):
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(start_of_tenon(engine, case["threads"]))
        child = subprocess.run([sys.executable, __file__, "--child", json.dumps(case)], capture_output=True, text=True, check=True)
        theirs.append(json.loads(child.stdout))
    pairs = list(zip(ours, theirs))
    return {"tenon_ms": statistics.median(map(total, ours)), "onnxruntime_ms": statistics.median(map(total, theirs)),
            "ratio": statistics.median(total(a) / total(b) for a, b in pairs),
            "cpu_ratio": statistics.median(a["cpu_ms"] / b["cpu_ms"] for a, b in pairs),
            "rounds": "load ms, run ms, CPU ms", "tenon_rounds": rounds_of(ours), "onnxruntime_rounds": rounds_of(theirs)}


def memory_of(model, command, cache):
    weights = model.stat().st_size + sum(p.stat().st_size for p in [model.with_suffix(".onnx.data")] if p.exists())
    cache.unlink(missing_ok=True)
    return {"model": model.stem, "weights_bytes": weights, "memory_cold": peak_pss(command), "memory_cached": peak_pss(command),
            "memory_limit_bytes": int(1.3 * weights + 300e6)}


def measure(model, threads, rounds, folder, memory_alone):
    shapes, types = shapes_of(model, 1)
    case = {"model": str(model), "shapes": shapes, "types": types, "threads": threads}
    command = build_command(str(model), folder, threads, shapes)
    cache = pathlib.Path(f"{folder}/cost.cache")
    row = memory_of(model, command, cache)
    if memory_alone:
        return row
    row |= {"cold": [], "cached": []}
    for _ in range(max(1, rounds // 3)):
        cache.unlink(missing_ok=True)
        row["cold"].append(run(command))
        row["cached"].append(run(command))
    row["start"] = compare_starts(case, f"{folder}/cost.engine", rounds)
    return row


def median_of(list_of_runs, key):
    return statistics.median(r[key] for r in list_of_runs)


def print_row(row):
    peak = max(row["memory_cold"]["peak_bytes"], row["memory_cached"]["peak_bytes"])
    print(f"{row['model']}: peak {peak / 1e6:.0f} MB of {row['memory_limit_bytes'] / 1e6:.0f}", flush=True)
    if "start" not in row:
        return
    print(f"{row['model']}: build {median_of(row['cold'], 'wall_s'):.2f} s cold ({median_of(row['cold'], 'cpu_s'):.2f} s of CPU), "
          f"{median_of(row['cached'], 'wall_s'):.2f} s cached ({median_of(row['cached'], 'cpu_s'):.2f}); to the first result {row['start']['tenon_ms']:.0f} ms, ONNX Runtime "
          f"{row['start']['onnxruntime_ms']:.0f} ms, ratio {row['start']['ratio']:.2f} (of CPU time {row['start']['cpu_ratio']:.2f})", flush=True)


def main():
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(start_of_onnxruntime(json.loads(sys.argv[2]))))
        return
    parser = argument_parser(__doc__, 9)
    parser.add_argument("--memory", action="store_true", help="take the peak memory of builds alone")
    arguments = parser.parse_args()
    models = [pathlib.Path(m) for m in arguments.models]
    load = load_before(arguments.busy or arguments.memory)
    folder = ROOT / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for model in models:
        rows.append(measure(model, arguments.threads, arguments.rounds, folder, arguments.memory))
        print_row(rows[-1])
    named = [f"models/zoo/{m.name}" if m.is_absolute() else str(m) for m in models]
    flags = [f"--threads {arguments.threads}"] + (["--memory"] if arguments.memory else [f"--rounds {arguments.rounds}"] + ["--busy"] * arguments.busy)
    write_results("memory" if arguments.memory else "cost", " ".join(["bench/cost.py", *named, *flags]), load,
                  {"threads": arguments.threads, "limits": LIMITS, "rows": rows})


if __name__ == "__main__":
    main()
