#!/usr/bin/env python3
"""Writes small npy and npz files of many types and shapes.

    .venv/bin/python tests/make_arrays.py FOLDER
"""
import pathlib
import sys

import numpy as np


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for kind in "? b B h H i I q Q e f d F D".split():
        for shape in ((), (0,), (3,), (2, 3)):
            arrays[f"{ord(kind)}_{len(shape)}_{sum(shape)}"] = np.ones(shape, kind)
    arrays["text"] = np.array(["ab", "", "c"])
    arrays["columns"] = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    arrays["big_endian"] = np.arange(4, dtype=">f4")
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "stored.npz", **{k: arrays[k] for k in list(arrays)[:5]})
    np.savez_compressed(folder / "deflated.npz", **{k: arrays[k] for k in list(arrays)[-5:]})


if __name__ == "__main__":
    main()
