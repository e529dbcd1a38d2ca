#!/usr/bin/env python3
"""Writes docs/nvinfer1-methods.md: every method of the nvinfer1 API, whether include/ declares it, and its test: the one
that failed when scripts/empty_adapters.py emptied the method (bench/results/emptied.json). For methods that it has not
emptied yet the page names a test that looks as if it calls them, and says so. `--check` fails when the page is not what
this script would write, or when a method is missing."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/nvinfer1-methods.md"
EMPTIED = ROOT / "bench/results/emptied.json"
# Classes whose whole answer is a message.
ANSWERS = {"safe::IRuntime": "no safety runtime", "safe::ICudaEngine": "no safety runtime", "safe::IExecutionContext": "no safety runtime",
           "consistency::IConsistencyChecker": "no safety plans", "consistency::IPluginChecker": "no safety plans",
           "nvcaffeparser1::IBlobNameToTensor": "no Caffe parser", "nvcaffeparser1::IBinaryProtoBlob": "no Caffe parser",
           "nvcaffeparser1::IPluginFactoryV2": "no Caffe parser", "nvcaffeparser1::ICaffeParser": "no Caffe parser", "nvuffparser::IUffParser": "no UFF parser"}
ANSWERING_METHODS = {"setDLACore": "no DLA", "getDLACore": "no DLA", "getNbDLACores": "no DLA", "canRunOnDLA": "no DLA", "getMaxDLABatchSize": "no DLA"}
# The tests that show the answer where no object of the class can be had.
ANSWER_TESTS = {"safe": "Safety.AnswersThatItIsNotThere", "consistency": "Safety.AnswersThatItIsNotThere",
                "nvcaffeparser1": "ParsersTest.CaffeAnswersWithTheWayToOnnx", "nvuffparser": "ParsersTest.UffAnswersWithTheWayToOnnx"}
# Declared so that plugins and calibrators compile; the builder does not call them yet.
LATER = [(re.compile(r"IPluginV2\w*|IPluginCreator|IDimensionExpr|IExprBuilder"), "plugins"), (re.compile(r"IInt8\w+"), "int8")]
LATER_METHODS = {"addPluginV2": "plugins"}
# How tests name objects of a class, where the method's name alone would also fit other classes.
OBJECTS = {"IRuntime": r"runtime|other", "ICudaEngine": r"\w*engine|wide|names|none|again", "IExecutionContext": r"\w*context|own|[ab]|foreign",
           "IRefitter": r"refitter", "IEngineInspector": r"inspector", "IHostMemory": r"\w*memory|plan|blob|bytes|cache\w*",
           "IAlgorithm": r"algorithms\[\w+\]|choices\[\w+\]|algorithm", "IAlgorithmIOInfo": r"io|info|\w+IOInfo\w*\(\w+\)", "IPluginRegistry": r"\w*registry|own|getPluginRegistry\(\)",
           "IBuilder": r"\w*builder\w*", "IBuilderConfig": r"\w*config\w*", "INetworkDefinition": r"\w*network\w*|net|n", "IOptimizationProfile": r"\w*profile\w*|p"}
# Classes that clients implement: a test that derives from them, or calls what they override, counts.
CLIENT = re.compile(r"IGpuAllocator|ILogger|IErrorRecorder|IProfiler|IOutputAllocator|IPlugin(V2\w*|Creator)|ILoggerFinder|IInt8\w+|IAlgorithmSelector|IOnnxConfig")


def read_methods():
    """(header, class, method, parameters), in the order of the list."""
    header = owner = None
    for line in (ROOT / "scripts/api_methods.txt").read_text().splitlines():
        if line.startswith("header "):
            header = line[7:]
        elif line.startswith("class "):
            owner = line[6:]
        elif line.startswith("  "):
            name, parameters = re.match(r"  (\w+)\((.*)\)$", line).groups()
            yield header, owner, name, parameters


def class_bodies(text):
    """Class name -> its text, of every class and struct."""
    bodies = {}
    for match in re.finditer(r"\b(?:class|struct)\s+(?:\w+\s+)*?(\w+)\s*(?:final\s*)?(?::[^;{]*)?\{", text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        bodies.setdefault(match.group(1), text[match.end():at])
    return bodies


def strip_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def read_headers():
    """Header -> class -> body; bodies of nested classes stay inside their owner's."""
    return {path.name: class_bodies(strip_comments(path.read_text())) for path in sorted((ROOT / "include").glob("Nv*.h"))}


def read_tests():
    """(name of the test or file, its text)."""
    blocks = []
    for path in sorted((ROOT / "tests/nvinfer1").rglob("*.[ch]*")) + sorted((ROOT / "examples").rglob("*.cpp")):
        if path.suffix not in (".cpp", ".h"):
            continue
        text = strip_comments(path.read_text())
        parts = re.split(r"^TEST(?:_F)?\((\w+), (\w+)\)", text, flags=re.MULTILINE)
        blocks.append((path.relative_to(ROOT).as_posix(), parts[0]))
        blocks += [(f"{parts[i]}.{parts[i + 1]}", parts[i + 2]) for i in range(1, len(parts), 3)]
    return sorted(blocks, key=lambda b: "/" in b[0])


def looks_tested(owner, name, tests):
    plain = owner.split("::")[-1]
    if CLIENT.fullmatch(plain):
        pattern = re.compile(rf"\b{name}\(")
    elif plain in OBJECTS:
        pattern = re.compile(rf"(?:\b(?:{OBJECTS[plain]})\)?(?:->|\.)|{plain}::){name}\b")
    else:
        pattern = re.compile(rf"(?:->|\.|{plain}::){name}\b")
    return next((test for test, text in tests if pattern.search(text)), "")


def declared_in(headers, header, owner, name):
    body = headers.get(header, {}).get(owner.split("::")[-1], "")
    return bool(re.search(rf"\b{name}\s*\(", body))


def state_of(owner, name, declared, emptied):
    if not declared:
        return "missing"
    if owner in ANSWERS:
        return f"answers: {ANSWERS[owner]}"
    if name in ANSWERING_METHODS:
        return f"answers: {ANSWERING_METHODS[name]}"
    if emptied.startswith("noticed") and name not in LATER_METHODS:
        return "implemented and tested"
    later = LATER_METHODS.get(name) or next((mark for pattern, mark in LATER if pattern.fullmatch(owner)), None)
    if later:
        return f"declared only: {later}"
    return "no test notices when it is empty" if emptied else "not emptied yet"


def row_id(owner, name, parameters):
    return f"{owner}::{name}" + ("" if parameters == "level 10" else f"({parameters})")


def test_of(owner, name, recorded, tests):
    """The recorded test while it is still there; else the one that shows the answer, or looks as if it calls the method."""
    if recorded.get("test") in dict(tests):
        return recorded["test"]
    return ANSWER_TESTS.get(owner.split("::")[0]) or looks_tested(owner, name, tests)


def additions(headers, listed):
    """Public methods of classes in the list that the list does not have: those of level 10."""
    for header, owner in dict.fromkeys((h, o) for h, o, _, _ in listed):
        known = {name for h, o, name, _ in listed if (h, o) == (header, owner)}
        body = headers.get(header, {}).get(owner.split("::")[-1], "")
        public = "".join(part for part in re.split(r"(?=\b(?:public|protected|private):)", "public:" + body) if part.startswith("public"))
        for name in dict.fromkeys(re.findall(r"[\w>&*\]]\s+\*?(\w+)\([^;{}]*\)\s*(?:const\s*)?(?:noexcept\s*)?(?:override\s*)?[{;=]", public)):
            if name not in known and name != owner.split("::")[-1] and name[0].islower() and name not in ("operator", "return", "if", "throw"):
                yield header, owner, name, "level 10"


def listed_methods():
    listed = list(read_methods())
    return listed + list(additions(read_headers(), listed))


def rows():
    headers, tests = read_headers(), read_tests()
    emptied = json.loads(EMPTIED.read_text())["rows"] if EMPTIED.exists() else {}
    for header, owner, name, parameters in listed_methods():
        recorded = emptied.get(row_id(owner, name, parameters), {})
        test = test_of(owner, name, recorded, tests)
        noticed = recorded.get("state", "") if not recorded.get("test") or recorded["test"] == test else ""
        yield header, owner, name, parameters, state_of(owner, name, declared_in(headers, header, owner, name), noticed), test


def page(table):
    lines = ["# The methods of the nvinfer1 API", "",
             "Written by `scripts/api_table.py` from the headers, the tests and `bench/results/emptied.json`. `c-` is const, `i32` an integer of 32 bits;",
             "rows of level 10 are what later releases added under names that do not clash. \"Implemented and tested\": the named test failed when",
             "`scripts/empty_adapters.py` made the method do nothing.", ""]
    counts = {}
    for row in table:
        key = row[4].split(":")[0]
        counts[key] = counts.get(key, 0) + 1
    lines += [f"- {count} {state}" for state, count in sorted(counts.items(), key=lambda c: -c[1])]
    header = None
    for row in table:
        if row[0] != header and row[3] != "level 10" or header is None:
            header = row[0]
            lines += ["", f"## {header}", "| class | method | state | test |", "|---|---|---|---|"]
        elif row[3] == "level 10" and header != "level 10":
            header = "level 10"
            lines += ["", "## Of level 10", "| class | method | state | test |", "|---|---|---|---|"]
        parameters = "" if row[3] == "level 10" else f"({row[3]})"
        lines.append(f"| {row[1]} | `{row[2]}{parameters}` | {row[4]} | {row[5]} |")
    return "\n".join(lines) + "\n"


def main():
    table = list(rows())
    text = page(table)
    missing = [f"{row[1]}::{row[2]}" for row in table if row[4] == "missing"]
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    stale = not PAGE.exists() or PAGE.read_text() != text
    if stale:
        print("docs/nvinfer1-methods.md is not what scripts/api_table.py writes: run it")
    print(f"api_table: {len(table)} methods, {len(missing)} missing" + (": " + " ".join(missing[:20]) if missing else ""))
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main())
