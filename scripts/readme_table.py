#!/usr/bin/env python3
"""Writes the tables of results between the marks in README.md from the newest file of each device in bench/results/.
With --check it only says whether they are up to date; --gpu-sources prints the hash of what a GPU result depends on: a row that
was measured with other kernels, tactics or device code says `not measured at this commit`."""
import hashlib
import json
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- results: scripts/readme_table.py -->", "<!-- end of results -->"


def cell(row, engine):
    return f"{row[engine]['median_ms']:.2f}" if engine in row else "-"


def table(result):
    lines = [f"{result['host']['cpu']}, {result['threads']} threads, {result['date']}: ms per call, median of "
             f"{result['rounds']} interleaved rounds, each engine alone in its process. "
             + ", ".join(f"{name} {version}" for name, version in result["versions"].items())
             + ("." if result["host"]["load_before"] <= 0.5 else ". Other programs were using the machine."), "",
             "| model, batch | Tenon | ONNX Runtime | OpenVINO | Tenon / better peer |", "|---|---|---|---|---|"]
    for row in result["rows"]:
        times = row["engines"]
        peers = [times[e]["median_ms"] for e in ("onnxruntime", "openvino") if e in times]
        ratio = f"{times['tenon']['median_ms'] / min(peers):.2f}" if peers and "tenon" in times else "-"
        lines.append(f"| {row['model']}, {row['batch']} | {cell(times, 'tenon')} | {cell(times, 'onnxruntime')} | {cell(times, 'openvino')} | {ratio} |")
    return "\n".join(lines)


def gpu_sources():
    """The hash of all code that runs only for GPUs."""
    files = sorted(p for p in (ROOT / "src").rglob("*") if p.is_file() and "cuda" in p.relative_to(ROOT).parts[:-1] and p.suffix != ".md")
    total = hashlib.sha256()
    for p in files:
        total.update(str(p.relative_to(ROOT)).encode() + b"\0" + p.read_bytes())
    return total.hexdigest()


def ms(row, key):
    return f"{row[key]:.3f}" if key in row else "-"


GPU_PEERS = {"torch_graph_ms": "PyTorch graph", "torch_compile_ms": "torch.compile", "onnxruntime_ms": "ONNX Runtime CUDA"}


def gpu_table(result):
    stale = result["sources"] != gpu_sources()
    rows = result["cases"].values()
    peers = [key for key in GPU_PEERS if any(key in row for row in rows)]
    about = {"torch_graph_ms": f"PyTorch {result['versions'].get('torch')}, channels last, eager as a captured graph", "torch_compile_ms": "torch.compile in max-autotune mode",
             "onnxruntime_ms": f"ONNX Runtime {next((row['onnxruntime'] for row in rows if 'onnxruntime' in row), '')} on the model converted to that precision, with CUDA graphs"}
    lines = [f"{result['gpu']}, {result['date']}, {result['precision']}: ms of GPU time per call of a captured graph with inputs on the device, medians, "
             f"a row in one run. {'; '.join(about[key] for key in peers)}. Cosine: with ONNX Runtime's f32 outputs on the same input. Tenon at {result['commit']}.", "",
             "| " + " | ".join(["model, batch", "Tenon", *(GPU_PEERS[key] for key in peers), "Tenon / best peer", "build, s", "cosine"]) + " |",
             "|---" * (len(peers) + 5) + "|"]
    for key, row in result["cases"].items():
        best = min((row[k] for k in peers if k in row), default=None)
        cells = [ms(row, "tenon_ms"), *(ms(row, k) for k in peers), f"{row['tenon_ms'] / best:.2f}" if best and "tenon_ms" in row else "-",
                 f"{row['build_s']:.0f}" if "build_s" in row else "-", f"{row['cosine']:.5f}" if "cosine" in row else "-"]
        if stale:
            cells[-1] += " (not measured at this commit)"
        lines.append(f"| {key.replace(':', ', ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cost_table(result):
    lines = [f"What builds and starts cost on {result['host']['cpu']}, {result['threads']} threads, {result['date']}: medians; a start is from the engine file "
             f"(ONNX Runtime: the model) to the first results, in a fresh process. Tenon {result['versions']['Tenon']}, ONNX Runtime {result['versions']['ONNX Runtime']}"
             + ("." if result["host"]["load_before"] <= 0.5 else ". Other programs were using the machine: seconds of CPU and the ratio say more than the rest."), "",
             "| model | cold build, s (CPU) | with the timing cache, s (CPU) | start, ms | ONNX Runtime, ms | ratio (of CPU time) |", "|---|---|---|---|---|---|"]
    for row in result["rows"]:
        median = lambda kind, key: statistics.median(r[key] for r in row[kind])
        cold, cached = (f"{median(kind, 'wall_s'):.2f} ({median(kind, 'cpu_s'):.2f})" for kind in ("cold", "cached"))
        start = row["start"]
        lines.append(f"| {row['model']} | {cold} | {cached} | "
                     f"{start['tenon_ms']:.0f} | {start['onnxruntime_ms']:.0f} | {start['ratio']:.2f} ({start['cpu_ratio']:.2f}) |")
    return "\n".join(lines)


def memory_table(result):
    megabytes = lambda n: f"{n / 1e6:.0f}"
    lines = [f"Peak memory of builds at {result['threads']} threads, {result['date']}: the largest sum of PSS of the build and its measuring process, in MB; the limit "
             f"is 1.3 times the model + 300 MB. Tenon {result['versions']['Tenon']}.", "", "| name | model | cold | with the timing cache | limit |", "|---|---|---|---|---|"]
    for row in result["rows"]:
        sizes = (row["weights_bytes"], row["memory_cold"]["peak_bytes"], row["memory_cached"]["peak_bytes"], row["memory_limit_bytes"])
        lines.append(f"| {row['model']} | {' | '.join(map(megabytes, sizes))} |")
    return "\n".join(lines)


def newest(pattern):
    found = sorted((ROOT / "bench/results").glob(pattern))
    return json.loads(found[-1].read_text()) if found else None


def main():
    if "--gpu-sources" in sys.argv:
        return print(gpu_sources())
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    parts = [f"{make(result)}\n\nMade by `{result['command']}`.{' ' + result['note'] if 'note' in result else ''}" for pattern, make in (("gpu-*.json", gpu_table), ("cpu-*.json", table), ("cost-*.json", cost_table), ("memory-*.json", memory_table)) if (result := newest(pattern))]
    made = before + BEGIN + "\n" + ("\n\n".join(parts) or "No results recorded yet.") + "\n" + END + after
    if "--check" in sys.argv:
        if made != text:
            print("README.md: the tables of results are out of date; run scripts/readme_table.py")
        return int(made != text)
    readme.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
