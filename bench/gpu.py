#!/usr/bin/env python3
"""Times Tenon and PyTorch on one GPU: each case in turn, Tenon's engine built for its shapes, PyTorch eager in half precision as
a captured graph (and torch.compile with --compile). Times are GPU times of graph replays with the inputs on the device.

    python3 bench/gpu.py --models FOLDER --out results.json [--precision f16] [--compile] [--no-check] [MODEL:BATCH,... ...]

FOLDER holds the models of bench/export_models.py (or bench/model_outline.py). Needs torch, torchvision and transformers for
the peers; without them only Tenon is timed.
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import time

LIMIT_S = 180  # of one call of tenon: a case that hangs is a row without its time
CASES = ["resnet50:1,8,32,128", "mobilenet_v2:1,128", "efficientnet_b0:1,128", "convnext_tiny:32", "vit_b_16:1,32", "bert_base_s128:1,32",
         "bert_large_s384:8", "gpt2_s512:1"]


def shapes_of(name, batch):
    if "_s" in name and name.rpartition("_s")[2].isdigit():
        tokens = name.rpartition("_s")[2]
        return f"ids:{batch}x{tokens}" + (f",mask:{batch}x{tokens}" if name.startswith("bert") else "")
    return f"input:{batch}x3x224x224"


def tenon(verb, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        run = subprocess.run(["tenon", verb, *map(str, arguments), "--quiet", "--json", report], capture_output=True, text=True, timeout=LIMIT_S)
        if run.returncode:
            raise RuntimeError((run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1])
        return json.loads(report.read_text())


def agreement(engine, model, name, batch):
    """The engine's outputs beside ONNX Runtime's on the CPU, in f32: largest difference as a fraction of the range, and cosine."""
    import numpy as np
    import onnxruntime
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    random, inputs = np.random.default_rng(batch), {}
    dims = {one.partition(":")[0]: [int(n) for n in one.partition(":")[2].split("x")] for one in shapes_of(name, batch).split(",")}
    for t in session.get_inputs():
        shape = dims[t.name]
        if t.type == "tensor(float)":
            inputs[t.name] = random.standard_normal(shape).astype(np.float32)
        else:
            inputs[t.name] = (np.ones(shape) if t.name == "mask" else random.integers(0, 30000, shape)).astype(np.int64)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **inputs)
        tenon("run", engine, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz")
        found = np.load(f"{folder}/out.npz")
        pairs = [(found[o.name].astype(np.float64).ravel(), e.astype(np.float64).ravel()) for o, e in zip(session.get_outputs(), session.run(None, inputs))]
    return {"error": max(float(abs(f - e).max() / max(abs(e).max(), 1e-30)) for f, e in pairs),
            "cosine": min(float(f @ e / max(np.linalg.norm(f) * np.linalg.norm(e), 1e-30)) for f, e in pairs)}


def time_tenon(arguments, name, batch):
    engine = arguments.models / f"{name}.b{batch}.engine"
    begin = time.time()
    flags = ["--device", "cuda", "--precision", arguments.precision, "--shapes", shapes_of(name, batch), "--timing-cache", arguments.models / "timing.cache"]
    tenon("build", arguments.models / f"{name}.onnx", "-o", engine, *flags, "--no-verify")
    built = time.time() - begin
    checked = {} if arguments.no_check else agreement(engine, arguments.models / f"{name}.onnx", name, batch)
    report = tenon("bench", engine, "--device", "cuda", "--duration", "1", "--iterations", "50", "--profile")
    layers = sorted(report["layers"], key=lambda layer: -layer.get("us", 0))
    return {"tenon_ms": report["bench"]["gpu_compute"]["median"], "build_s": built, **checked, "latency_ms": report["bench"]["latency"]["median"],
            "enqueue_ms": report["bench"]["enqueue"]["median"],
            "layers": [[round(layer.get("us", 0), 1), layer["name"][:80], layer.get("kernel", "")[:90]] for layer in layers[:25]], "steps": len(layers)}


def peers(names, compile_too):
    """One process for all peers: model and batches, one line of JSON each."""
    import torch
    import torchvision
    import transformers
    torch.backends.cudnn.benchmark = True

    class LastHiddenState(torch.nn.Module):
        def __init__(self, model, **fixed):
            super().__init__()
            self.model, self.fixed = model, fixed

        def forward(self, ids, mask=None):
            arguments = {"attention_mask": mask} if mask is not None else self.fixed
            return self.model(ids, **arguments).last_hidden_state

    def make(name, batch):
        if hasattr(torchvision.models, name):
            model = getattr(torchvision.models, name)().to(memory_format=torch.channels_last)
            return model, (torch.randn(batch, 3, 224, 224, device="cuda", dtype=torch.half).to(memory_format=torch.channels_last),)
        ids = torch.randint(0, 30000, (batch, int(name.rpartition("_s")[2])), device="cuda")
        if name.startswith("bert"):
            large = {"num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
            config = transformers.BertConfig(attn_implementation="sdpa", **(large if "large" in name else {}))
            return LastHiddenState(transformers.BertModel(config)), (ids, torch.ones_like(ids))
        return LastHiddenState(transformers.GPT2Model(transformers.GPT2Config(attn_implementation="sdpa", use_cache=False)), use_cache=False), (ids,)

    def median(replay):
        times = []
        for i in range(70):
            begin, end = torch.cuda.Event(True), torch.cuda.Event(True)
            begin.record()
            replay()
            end.record()
            end.synchronize()
            if i >= 10:
                times.append(begin.elapsed_time(end))
        return sorted(times)[len(times) // 2]

    def captured(call):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                call()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            call()
        return graph.replay

    print(json.dumps({"case": "versions", "torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "transformers": transformers.__version__}))
    with torch.inference_mode():
        for name, batch in names:
            try:
                model, inputs = make(name, batch)
                model = model.eval().half().cuda()
                row = {"torch_graph_ms": median(captured(lambda: model(*inputs)))}
                if compile_too:
                    begin = time.time()
                    compiled = torch.compile(model, mode="max-autotune-no-cudagraphs", dynamic=False)
                    compiled(*inputs)
                    row["torch_compile_s"] = time.time() - begin
                    row["torch_compile_ms"] = median(captured(lambda: compiled(*inputs)))
            except Exception as e:  # a peer that fails is a row without its time
                row = {"torch_error": str(e)[:200]}
            print(json.dumps({"case": f"{name}:{batch}", **row}), flush=True)


def time_peers(cases, compile_too):
    command = [sys.executable, __file__, "--peers", *[f"{n}:{b}" for n, b in cases]] + (["--compile"] if compile_too else [])
    run = subprocess.run(command, capture_output=True, text=True)
    rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    if run.returncode:
        print("peers:", run.stderr.strip().splitlines()[-1:], file=sys.stderr)
    return {row.pop("case"): row for row in rows}


def read_cases(texts):
    return [(t.partition(":")[0], int(b)) for t in texts for b in (t.partition(":")[2] or "1").split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--models", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--precision", default="f16")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--no-check", action="store_true", help="leave out the comparison with ONNX Runtime")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    arguments = parser.parse_args()
    cases = read_cases(arguments.cases or CASES)
    if arguments.peers:
        return peers(cases, arguments.compile)
    gpu = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True, text=True).stdout.strip()
    built = pathlib.Path(__file__).resolve().parent.parent / ".gpu/built.json"
    result = {"date": datetime.date.today().isoformat(), "command": " ".join(["bench/gpu.py", *sys.argv[1:]]), "gpu": gpu, "precision": arguments.precision,
              **(json.loads(built.read_text()) if built.exists() else {}), "versions": {}, "cases": {}}
    others = {} if arguments.no_peers else time_peers(cases, arguments.compile)
    result["versions"] = others.pop("versions", {})
    print(f"{'case':24} {'tenon':>9} {'torch':>9} {'compile':>9} {'ratio':>7} {'build s':>8} {'error':>8} {'cosine':>9} steps")
    for name, batch in cases:
        key = f"{name}:{batch}"
        row = dict(others.get(key, {}))
        try:
            row.update(time_tenon(arguments, name, batch))
        except Exception as e:  # the other cases go on
            row["failed"] = str(e)
        result["cases"][key] = row
        best = min((row[k] for k in ("torch_graph_ms", "torch_compile_ms") if k in row), default=None)
        ratio = row["tenon_ms"] / best if best and "tenon_ms" in row else float("nan")
        print(f"{key:24} {row.get('tenon_ms', float('nan')):9.4f} {row.get('torch_graph_ms', float('nan')):9.4f} {row.get('torch_compile_ms', float('nan')):9.4f} "
              f"{ratio:7.2f} {row.get('build_s', 0):8.1f} {row.get('error', float('nan')):8.1e} {row.get('cosine', float('nan')):9.6f} {row.get('steps', '')} {row.get('failed', '')}", flush=True)
        arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
