"""Checks that every C++ file stands as clang-format-14 would write it."""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked():
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.cc", "*.h", "*.cu"],
        cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


if __name__ == "__main__":
    formatter = shutil.which("clang-format-14")
    if formatter is None:
        sys.exit("no clang-format-14; deploy/install_packages.sh installs it")
    check = subprocess.run([formatter, "--dry-run", "-Werror", *tracked()], cwd=ROOT,
                           capture_output=True, text=True)
    wrong = sorted({line.split(":", 1)[0] for line in check.stderr.splitlines() if ": error:" in line})
    print("\n".join(f"{name}: not formatted; clang-format-14 -i {name}" for name in wrong)
          or check.stderr or "every file is formatted")
    sys.exit(1 if check.returncode else 0)
