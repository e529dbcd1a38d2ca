#!/usr/bin/env python3
"""Writes the table of results between the marks in README.md from the newest file of each machine in bench/results/.
With --check it only says whether the table is up to date."""
import json
import pathlib
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


def main():
    results = sorted((ROOT / "bench/results").glob("cpu-*.json"))
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    newest = json.loads(results[-1].read_text()) if results else None
    body = f"\n{table(newest)}\n\nMade by `{newest['command']}`.\n" if newest else "\nNo results recorded yet.\n"
    made = before + BEGIN + body + END + after
    if "--check" in sys.argv:
        if made != text:
            print("README.md: the table of results is out of date; run scripts/readme_table.py")
        return int(made != text)
    readme.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
