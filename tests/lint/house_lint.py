"""Checks the house rules a compiler does not: closed top level, file sizes,
a test for every source, no machine paths, no leftovers."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP_FOLDERS = {"proto", "server", "client", "deploy", "tests", "docs", ".ci"}
TOP_FILES = {"Dockerfile", "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE",
             ".clang-format", ".clang-tidy", ".git-blame-ignore-revs", ".editorconfig", ".gitignore", ".dockerignore"}
CODE = {".h", ".cc", ".cu", ".py", ".sh", ".proto"}
LONGEST = 600
VENDORED = ("proto/google/", "proto/grpc/", "proto/phosphene/onnx/")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.}$~-])/(home|root|work|Users)/\w")
# Sources whose behaviour a test of another name covers, with that test.
COVERED = ROOT / "tests/lint/covered_elsewhere.txt"


def tracked():
    listing = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def top_level_faults(names):
    for name in names:
        head, _, rest = name.partition("/")
        if head not in (TOP_FOLDERS if rest else TOP_FILES):
            yield f"{name}: the top level is closed"


def text_faults(names):
    for name in names:
        if pathlib.Path(name).suffix not in CODE or name.startswith(VENDORED):
            continue
        text = (ROOT / name).read_text()
        lines = text.count("\n")
        if lines > LONGEST:
            yield f"{name}: {lines} lines; split it, {LONGEST} at most"
        if name.endswith(".h") and "#pragma once" not in text:
            yield f"{name}: no #pragma once"
        if name == "tests/lint/house_lint.py":
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if LEFTOVER.search(line):
                yield f"{name}:{number}: unfinished: {line.strip()}"
            if MACHINE_PATH.search(line):
                yield f"{name}:{number}: machine path: {line.strip()}"


def missing_tests(names):
    known = set(names)
    covered = {}
    for line in COVERED.read_text().splitlines():
        if line and not line.startswith("#"):
            source, test = line.split()
            covered[source] = test
            if test not in known:
                yield f"covered_elsewhere.txt: {test} does not exist"
            if not any(n == source or (source.endswith("/") and n.startswith(source)) for n in names):
                yield f"covered_elsewhere.txt: {source} does not exist"
    folders = [source for source in covered if source.endswith("/")]
    for name in names:
        if not (name.startswith("server/") and name.endswith(".cc")):
            continue
        if name in covered or any(name.startswith(folder) for folder in folders):
            continue
        stem = name.removeprefix("server/").removeprefix("engine/").removesuffix(".cc")
        if f"tests/{stem}_test.cc" not in known:
            yield f"{name}: no tests/{stem}_test.cc, nor a line in covered_elsewhere.txt"


def first_line_faults(names):
    """Each source begins with one line of what it is."""
    for name in names:
        if re.match(r"(server|client)/.*\.cc$", name) and not (ROOT / name).read_text().startswith("// "):
            yield f"{name}: begins without a comment that says what it is"


def name_list_faults(names):
    """What several operators or arms have in common is a trait on each, never a list of
    their names elsewhere."""
    table = (ROOT / "server/engine/onnx/ops/builtins.inc").read_text()
    ops = "|".join(re.findall(r"^ONNX_OP\((\w+)", table, re.M))
    listed = re.compile(rf'"({ops})"\s*,\s*"({ops})"|[!=]= "({ops})"\s*(\|\||&&)[^;]*?[!=]= "({ops})"')
    for name in names:
        if (not re.match(r"server/.*\.(cc|h)$", name) or name.startswith("server/engine/onnx/ops/")):
            continue
        text = (ROOT / name).read_text()
        for found in listed.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{name}:{line}: a list of operators; make it a trait (server/engine/onnx/ops/traits.h)"


if __name__ == "__main__":
    files = tracked()
    found = [*top_level_faults(files), *text_faults(files), *missing_tests(files), *name_list_faults(files),
             *first_line_faults(files)]
    print("\n".join(found) or "the house is in order")
    sys.exit(1 if found else 0)
