#!/usr/bin/env python3
"""What bench/gpu.py and bench/gpu_memory.py compare with: PyTorch's eager model as a captured graph (and torch.compile), and ONNX
Runtime's CUDA provider where onnxruntime-gpu is there. Prints one line of JSON for each case.

    python3 bench/gpu_peers.py [--precision f16|bf16|f32|tf32] [--compile MODEL:BATCH] [--models FOLDER] MODEL:BATCH ..."""
import argparse
import json
import pathlib
import time

WARM_RUNS, RUNS = 10, 60


def shapes_of(name, batch):
    """The inputs as `tenon --shapes` names them."""
    if "_s" in name and name.rpartition("_s")[2].isdigit():
        tokens = name.rpartition("_s")[2]
        return f"ids:{batch}x{tokens}" + (f",mask:{batch}x{tokens}" if name.startswith("bert") else "")
    return f"input:{batch}x3x224x224"


def random_inputs(session, name, batch):
    """NumPy arrays for an ONNX Runtime session of the model."""
    import numpy as np
    random, inputs = np.random.default_rng(batch), {}
    dims = {one.partition(":")[0]: [int(n) for n in one.partition(":")[2].split("x")] for one in shapes_of(name, batch).split(",")}
    for t in session.get_inputs():
        shape = dims[t.name]
        if t.type in ("tensor(float)", "tensor(float16)"):
            inputs[t.name] = random.standard_normal(shape).astype(np.float32 if t.type == "tensor(float)" else np.float16)
        else:
            inputs[t.name] = (np.ones(shape) if t.name == "mask" else random.integers(0, 30000, shape)).astype(np.int64)
    return inputs


class Torch:
    def __init__(self, precision):
        import torch
        self.torch = torch
        self.type = {"f16": torch.half, "bf16": torch.bfloat16}.get(precision, torch.float32)
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"

    def make(self, name, batch):
        """The model with random weights, and its inputs."""
        import torchvision
        import transformers
        torch = self.torch

        class LastHiddenState(torch.nn.Module):
            def __init__(self, model, **fixed):
                super().__init__()
                self.model, self.fixed = model, fixed

            def forward(self, ids, mask=None):
                arguments = {"attention_mask": mask} if mask is not None else self.fixed
                return self.model(ids, **arguments).last_hidden_state

        if hasattr(torchvision.models, name):
            model = getattr(torchvision.models, name)().to(memory_format=torch.channels_last)
            inputs = (torch.randn(batch, 3, 224, 224, device="cuda", dtype=self.type).to(memory_format=torch.channels_last),)
        else:
            ids = torch.randint(0, 30000, (batch, int(name.rpartition("_s")[2])), device="cuda")
            if name.startswith("bert"):
                large = {"num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
                config = transformers.BertConfig(attn_implementation="sdpa", **(large if "large" in name else {}))
                model, inputs = LastHiddenState(transformers.BertModel(config)), (ids, torch.ones_like(ids))
            else:
                config = transformers.GPT2Config(attn_implementation="sdpa", use_cache=False)
                model, inputs = LastHiddenState(transformers.GPT2Model(config), use_cache=False), (ids,)
        return model.eval().to(self.type).cuda(), inputs

    def captured(self, call):
        torch = self.torch
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

    def median(self, replay):
        times = []
        for i in range(WARM_RUNS + RUNS):
            begin, end = self.torch.cuda.Event(True), self.torch.cuda.Event(True)
            begin.record()
            replay()
            end.record()
            end.synchronize()
            if i >= WARM_RUNS:
                times.append(begin.elapsed_time(end))
        return sorted(times)[len(times) // 2]

    def row(self, name, batch, compile_too):
        torch = self.torch
        with torch.inference_mode():
            model, inputs = self.make(name, batch)
            row = {"torch_graph_ms": self.median(self.captured(lambda: model(*inputs)))}
            row["torch_reserved_bytes"] = torch.cuda.max_memory_reserved()
            free, total = torch.cuda.mem_get_info()
            row["torch_device_bytes"] = total - free
            if compile_too:
                begin = time.time()
                compiled = torch.compile(model, mode="max-autotune-no-cudagraphs", dynamic=False)
                compiled(*inputs)
                row["torch_compile_s"] = time.time() - begin
                row["torch_compile_ms"] = self.median(self.captured(lambda: compiled(*inputs)))
        del model, inputs
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return row

    def versions(self):
        import transformers
        return {"torch": self.torch.__version__, "cudnn": self.torch.backends.cudnn.version(), "transformers": transformers.__version__}


def half_model(path):
    """The model with its floats as halves, made by ONNX Runtime's converter; kept beside it."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16
    half = path.with_suffix(".f16.onnx")
    if not half.exists():
        onnx.save(convert_float_to_float16(onnx.load(path), disable_shape_infer=True), half)
    return half


def onnxruntime_row(models, name, batch, precision):
    """GPU time of a graph replay through ONNX Runtime's CUDA provider, with inputs and outputs on the device."""
    import onnxruntime
    import torch
    if precision == "bf16" or "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return {}
    stream = torch.cuda.Stream()
    options = {"enable_cuda_graph": "1", "use_tf32": "0" if precision == "f32" else "1", "prefer_nhwc": "1", "cudnn_conv_algo_search": "EXHAUSTIVE",
               "user_compute_stream": str(stream.cuda_stream)}
    path = models / f"{name}.onnx"
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(half_model(path) if precision == "f16" else path), quiet, providers=[("CUDAExecutionProvider", options)])
    if session.get_providers()[0] != "CUDAExecutionProvider":
        return {"onnxruntime_error": "its CUDA provider did not load"}
    binding, kept = session.io_binding(), []
    for key, array in random_inputs(session, name, batch).items():
        kept.append(onnxruntime.OrtValue.ortvalue_from_numpy(array, "cuda", 0))
        binding.bind_ortvalue_input(key, kept[-1])
    for output in session.get_outputs():
        binding.bind_output(output.name, "cuda")
    times = []
    for i in range(WARM_RUNS + RUNS):
        begin, end = torch.cuda.Event(True), torch.cuda.Event(True)
        begin.record(stream)
        session.run_with_iobinding(binding)
        end.record(stream)
        end.synchronize()
        if i >= WARM_RUNS:
            times.append(begin.elapsed_time(end))
    return {"onnxruntime_ms": sorted(times)[len(times) // 2], "onnxruntime": onnxruntime.__version__}


def read_cases(texts):
    return [(t.partition(":")[0], int(b)) for t in texts for b in (t.partition(":")[2] or "1").split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--precision", default="f16")
    parser.add_argument("--compile", action="append", default=[], metavar="MODEL:BATCH")
    parser.add_argument("--models", type=pathlib.Path)
    arguments = parser.parse_args()
    torch = Torch(arguments.precision)
    print(json.dumps({"case": "versions", **torch.versions()}), flush=True)
    for name, batch in read_cases(arguments.cases):
        row = {"case": f"{name}:{batch}"}
        try:
            row.update(torch.row(name, batch, f"{name}:{batch}" in arguments.compile))
        except Exception as e:  # a peer that fails is a row without its time
            row["torch_error"] = str(e)[:200]
        try:
            if arguments.models:
                row.update(onnxruntime_row(arguments.models, name, batch, arguments.precision))
        except Exception as e:
            row["onnxruntime_error"] = str(e)[:200]
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
