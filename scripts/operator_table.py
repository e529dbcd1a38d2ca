#!/usr/bin/env python3
"""docs/operators.md from the registry and the outcomes of the conformance cases.

    build/bin/conformance build/conformance build/*-cases --json build/conformance-reference.json
    build/bin/conformance build/conformance build/*-cases --engine --json build/conformance-cpu.json
    .venv/bin/python scripts/operator_table.py           writes the page
    .venv/bin/python scripts/operator_table.py --check   fails when the page is not what these outcomes give
"""
import collections
import json
import os
import sys

import onnx
from onnx import TensorProto, defs

PAGE = "docs/operators.md"
DEVICES = ("reference", "cpu")
OPSETS = range(6, 29)
TYPES = {"FLOAT": "f32", "DOUBLE": "f64", "FLOAT16": "f16", "BFLOAT16": "bf16", "BOOL": "bool", "STRING": "string",
         "COMPLEX64": "c64", "COMPLEX128": "c128", "FLOAT8E4M3FN": "f8e4m3fn", "FLOAT8E4M3FNUZ": "f8e4m3fnuz",
         "FLOAT8E5M2": "f8e5m2", "FLOAT8E5M2FNUZ": "f8e5m2fnuz", "FLOAT8E8M0": "f8e8m0", "FLOAT4E2M1": "f4e2m1"}
TIERS = ("fast", "generated", "bodies", "reference", "view", "folded")
HEAD = """# Operators

Written by `scripts/operator_table.py` from the importer's registry and the outcomes of the conformance cases
(`scripts/test conformance engine_conformance operator_table`); a row says what was run, nothing else.

- **opsets**: the versions in which the operator's definition changed, from opset 6 on. In brackets: no case has that form.
- **types**: element types of the first input (of the first output, where there is none) of passing cases with this one operator.
- **reference**: cases that pass on the reference executor, of those that exist.
- **cpu**: the same for engines built for the CPU with all passes, and what ran the operator in passing cases: `fast` kernels,
  `generated` loops, `bodies` whose nodes have kernels of their own, the `reference` executor, a `view` of its input, or
  nothing because it `folded` into something else; each with the types of the cases that have this one operator (in
  brackets where it ran only beside others).

"""


def type_name(number):
    name = TensorProto.DataType.Name(number)
    return TYPES.get(name) or name.replace("UINT", "u").replace("INT", "i")


def tensor_type(info):
    kind = info.type
    if kind.HasField("optional_type"):
        kind = kind.optional_type.elem_type
    if kind.HasField("sequence_type"):
        kind = kind.sequence_type.elem_type
    return type_name(kind.tensor_type.elem_type) if kind.tensor_type.elem_type else None


def nodes_of(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from nodes_of(attribute.g)


def since(domain, operation, opset):
    """The version of the operator's definition that `opset` means."""
    try:
        return defs.get_schema(operation, opset, domain).since_version
    except defs.SchemaError:
        return opset


def versions(domain, operation):
    """The versions of the definition that opsets 6 and later mean."""
    if domain:
        return [1]
    last = [s.since_version for s in defs.get_all_schemas_with_history() if s.name == operation and s.domain == ""]
    old = [v for v in last if v <= OPSETS[0]]
    return sorted(({max(old)} if old else set()) | {v for v in last if OPSETS[0] < v <= OPSETS[-1]})


class Row:
    def __init__(self):
        self.types, self.forms, self.tiers = set(), set(), collections.defaultdict(set)
        self.passed, self.cases = collections.Counter(), collections.Counter()


def read_case(case, rows, device):
    model = onnx.load(os.path.join(case["folder"], "model.onnx"), load_external_data=False)
    opsets = {("" if o.domain == "ai.onnx" else o.domain): o.version for o in model.opset_import}
    names = {("" if n.domain == "ai.onnx" else n.domain, n.op_type) for n in nodes_of(model.graph)}
    passed = case["outcome"] == "passed"
    only = len({name for name in names if name[1] != "Constant"} or names) == 1
    for domain, operation in names:
        row = rows.get((domain, operation))
        if row is None or (operation == "Constant" and not only):
            continue
        row.cases[device] += 1
        if not passed:
            continue
        row.passed[device] += 1
        row.forms.add(since(domain, operation, opsets.get(domain, 1)) if not domain else 1)
        infos = list(model.graph.input) or list(model.graph.output)
        types = {tensor_type(infos[0])} - {None} if only and infos else set()
        row.types |= types
        tier = case["tiers"].get(operation if not domain else f"{domain}.{operation}")
        if tier:
            row.tiers[tier] |= types


def line(name, row):
    domain, operation = name
    forms = " ".join(str(v) if v in row.forms else f"({v})" for v in versions(domain, operation))
    tiers = ", ".join(f"{t} {' '.join(sorted(row.tiers[t]))}".strip() if row.tiers[t] else f"({t})" for t in TIERS if t in row.tiers)
    counts = [f"{row.passed[d]} of {row.cases[d]}" if row.cases[d] else "no case" for d in DEVICES]
    return f"| {domain + '.' if domain else ''}{operation} | {forms} | {' '.join(sorted(row.types))} | {counts[0]} | {counts[1]}{': ' + tiers if tiers else ''} |"


def page(outcomes):
    rows = {}
    for device, outcome in outcomes.items():
        for domain, operation in outcome["operators"]:
            rows.setdefault((domain, operation), Row())
        for case in outcome["cases"]:
            read_case(case, rows, device)
    known = {s.name for s in defs.get_all_schemas_with_history() if s.domain == "" and not s.deprecated}
    missing = sorted(known - {operation for domain, operation in rows if not domain})
    text = HEAD + "| operator | opsets | types | reference | cpu |\n|---|---|---|---|---|\n"
    text += "".join(line(name, rows[name]) + "\n" for name in sorted(rows))
    return text + f"\nOf the default domain, not imported: {', '.join(missing) or 'none'}.\n"


def main():
    outcomes = {device: json.load(open(f"build/conformance-{device}.json")) for device in DEVICES}
    text = page(outcomes)
    if "--check" not in sys.argv:
        open(PAGE, "w").write(text)
    elif text != open(PAGE).read():
        sys.exit(f"{PAGE} is not what the outcomes give; write it again: .venv/bin/python scripts/operator_table.py")


if __name__ == "__main__":
    main()
