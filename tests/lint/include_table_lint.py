"""Checks every #include against layers.txt and that torch stays in its fence."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")
PROTO = re.compile(r"^(phosphene/|google/(rpc|api)/)")


def read_table():
    """Folder or header -> what it may include; the longest match counts."""
    table = {}
    for line in (ROOT / "tests/lint/layers.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, allowed = line.split(":", 1)
            table[name] = allowed.split()
    return table


def row_of(path, table):
    matches = [name for name in table if path == name or path.startswith(name + "/")]
    return max(matches, key=len) if matches else None


def allowed(included, row, table):
    for name in [row, *table[row]]:
        if name == "proto":
            if PROTO.match(included):
                return True
        elif included == name or included.startswith(name + "/"):
            return True
    return False


def faults():
    table = read_table()
    for top in ("server", "client"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".h", ".cc", ".cu", ".inc"):
                continue
            name = path.relative_to(ROOT).as_posix()
            row = row_of(name, table)
            if row is None:
                yield f"{name}: no row in layers.txt covers it"
                continue
            for included in INCLUDE.findall(path.read_text()):
                if TORCH.match(included) and not name.startswith("server/engine/"):
                    yield f"{name}: includes {included}; torch stays in server/engine/"
                ours = included.startswith(("server/", "client/", "tests/")) or PROTO.match(included)
                if ours and not allowed(included, row, table):
                    yield f"{name}: includes {included}, which row '{row}' of layers.txt does not allow"


if __name__ == "__main__":
    found = list(faults())
    print("\n".join(found) or "every include is allowed")
    sys.exit(1 if found else 0)
