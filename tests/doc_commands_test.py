"""Runs the commands of the documents that stand in blocks marked `sh cpu`. Usage: doc_commands_test.py path/to/tenon"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import cli_case

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"^```sh cpu\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main():
    programs = pathlib.Path(sys.argv[1]).absolute().parent
    environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")
    commands = failures = 0
    for page in sorted(DOCS.glob("*.md")):
        with tempfile.TemporaryDirectory() as folder:
            cli_case.make_models(pathlib.Path(folder))
            (pathlib.Path(folder) / "small.onnx").rename(pathlib.Path(folder) / "model.onnx")
            for command in "".join(BLOCK.findall(page.read_text())).splitlines():
                result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=300, env=environment)
                commands += 1
                if result.returncode:
                    failures += 1
                    print(f"{page.name}: {command}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    print(f"doc_commands_test: {commands} commands, {failures} failed")
    return 1 if failures or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
