#!/usr/bin/env python3
"""Gets PP-OCRv4's line recognizer from the PyPI package that ships it: models/line_recognizer.onnx, and its characters,
one a line, in models/characters.txt."""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import onnx

PACKAGE = "rapidocr-onnxruntime==1.4.4"
INSIDE = "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"
MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"


def download(folder):
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
               "-d", folder, PACKAGE]
    subprocess.run(command, check=True)
    return next(pathlib.Path(folder).glob("*.whl"))


def main():
    model = MODELS / "line_recognizer.onnx"
    characters = MODELS / "characters.txt"
    if model.exists() and characters.exists():
        return
    MODELS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(download(folder)) as wheel:
            model.write_bytes(wheel.read(INSIDE))
    metadata = {p.key: p.value for p in onnx.load(model).metadata_props}
    characters.write_text(metadata["character"], encoding="utf-8")
    print(f"got {model.relative_to(MODELS.parent)}")


if __name__ == "__main__":
    main()
