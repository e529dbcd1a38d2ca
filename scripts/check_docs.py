#!/usr/bin/env python3
"""Checks the documents: links lead to files, commands name scripts that exist, every source folder has a short README.md,
and the README shows examples/first.cpp and the newest table of results."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SCRIPT = re.compile(r"(?:\./)?((?:scripts|tests|bench)/[\w./-]+\w)")
MADE_BY_BUILDS = ("build", "models", ".venv")


def pages():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


def check_page(page):
    text, name = page.read_text(), page.relative_to(ROOT)
    for target in LINK.findall(text):
        if "://" not in target and not (page.parent / target).exists():
            yield f"{name}: the link to {target} leads nowhere"
    for target in set(SCRIPT.findall(text)):
        if not (ROOT / target).exists() and not any(c in target for c in "*<"):
            yield f"{name}: names {target}, which does not exist"


def check_folders():
    for folder in sorted(p for p in (ROOT / "src").iterdir() if p.is_dir()):
        readme = folder / "README.md"
        if not readme.exists():
            yield f"{folder.relative_to(ROOT)}: has no README.md"
        elif len(readme.read_text().splitlines()) > 15:
            yield f"{readme.relative_to(ROOT)}: longer than 15 lines"


def check_readme():
    readme = (ROOT / "README.md").read_text()
    if (ROOT / "examples/first.cpp").read_text().strip() not in readme:
        yield "README.md: its example differs from examples/first.cpp"
    table = subprocess.run([sys.executable, ROOT / "scripts/readme_table.py", "--check"], capture_output=True, text=True)
    if table.returncode:
        yield table.stdout.strip()


def main():
    problems = [p for page in pages() for p in check_page(page)] + list(check_folders()) + list(check_readme())
    print("\n".join(problems + [f"check_docs: {len(pages())} pages, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
