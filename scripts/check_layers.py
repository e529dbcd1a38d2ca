#!/usr/bin/env python3
"""Holds the #include lines of src/, tools/, examples/ and include/ against the table of layers in cmake/layers.cmake,
and that table against the one in docs/architecture.md; and that no two types share a name and a namespace."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"', re.MULTILINE)
SOURCES = (".h", ".cpp", ".cc", ".hpp")


def read_layers():
    """Layer -> what it may include, in the order of the file: a layer may depend on earlier ones only."""
    layers = {}
    text = (ROOT / "cmake/layers.cmake").read_text()
    for line in re.findall(r"^add_layer\((.*?)\)", text, re.MULTILINE):
        name, *rest = line.split()
        if rest and rest[0] != "DEPENDS":
            sys.exit(f"cmake/layers.cmake: can't read 'add_layer({line})'")
        for other in rest[1:]:
            if other not in layers:
                sys.exit(f"cmake/layers.cmake: {name} depends on {other}, which does not come before it")
        layers[name] = rest[1:]
    return layers


def included(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def files(folder):
    return [p for p in sorted((ROOT / folder).rglob("*")) if p.suffix in SOURCES]


def check_sources(layers):
    problems = []
    for path in files("src"):
        layer = path.relative_to(ROOT / "src").parts[0]
        if layer not in layers:
            problems.append(f"{path.relative_to(ROOT)}: '{layer}' is not a layer of cmake/layers.cmake")
            continue
        if path.name.endswith("_test.cpp"):
            continue
        for name in included(path):
            target = name.split("/")[0]
            # Folders named cuda make a library of their own: only they reach each other and the layer `cuda`.
            if "cuda" in name.split("/")[:-1]:
                if "cuda" not in path.relative_to(ROOT / "src").parts[:-1]:
                    problems.append(f"{path.relative_to(ROOT)}: includes {name}, which belongs to the CUDA library")
                    continue
                if target == "cuda":
                    continue
            if target in ("tenon", layer):
                continue
            if layer.startswith("nv") and re.fullmatch(r"Nv\w+\.h", name):
                continue
            if target not in layers[layer]:
                problems.append(f"{path.relative_to(ROOT)}: includes {name}, but {layer} may include only {' '.join([layer] + layers[layer])}")
    return problems


def check_public(layers):
    """Headers, programs and examples reach the library through include/ alone."""
    problems = []
    for folder in ("include", "examples", "tools"):
        for path in files(folder):
            for name in included(path):
                if name.split("/")[0] in layers:
                    problems.append(f"{path.relative_to(ROOT)}: includes {name}; only the public headers tenon/*.h may be used here")
    return problems


def check_names():
    """One name, one type: two types of the same name in one namespace are one to the linker."""
    defined = {}
    for path in files("src"):
        inside, previous = [], ""
        for line in path.read_text(encoding="utf-8").split("\n"):
            if opened := re.match(r"(?:inline )?namespace ?([\w:]*) ?\{", line):
                inside.append(opened[1] or f"in {path}")
            elif line.startswith("}  // namespace") and inside:
                inside.pop()
            elif (named := re.match(r"(?:struct|class) (?:TENON_API )?(\w+)(?: final)?(?: :.*)? \{", line)) and not previous.startswith("template"):
                defined.setdefault("::".join([*inside, named[1]]), set()).add(str(path.relative_to(ROOT)))
            previous = line
    return [f"{name} is defined in {' and '.join(sorted(where))}: two types need two names" for name, where in sorted(defined.items()) if len(where) > 1]


def table_of_docs():
    page = ROOT / "docs/architecture.md"
    rows = re.findall(r"^\| `src/(\w+)` \|[^|]*\| ([^|]*) \|$", page.read_text(), re.MULTILINE)
    return {name: [] if uses.strip() == "nothing" else uses.split() for name, uses in rows}


def main():
    layers = read_layers()
    problems = check_sources(layers) + check_public(layers) + check_names()
    if table_of_docs() != layers:
        problems.append("docs/architecture.md: its table of layers differs from cmake/layers.cmake")
    for problem in problems:
        print(problem)
    print(f"check_layers: {len(layers)} layers, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
