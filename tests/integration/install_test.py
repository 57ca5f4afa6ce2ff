"""Installed programs run anywhere, for anyone, from a moved folder; built ones
for every user who may read the build tree. `cmake --install` is the real one.

    install_test.py BUILD_DIR LIBTORCH_DIR

As root the programs are started as another user, elsewhere as oneself.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "linux-vdso")
LIBRARIES = {"libc10.so", "libcudart.so.13", "libcupti.so.13", "libgomp.so.1", "libtorch_cpu.so"}

build = libtorch = None


def output(*command, **more):
    result = subprocess.run(command, capture_output=True, text=True, **more)
    if result.returncode != 0:
        raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def run_paths(path):
    found = re.findall(r"\((?:RPATH|RUNPATH)\)\s+Library r\w+: \[(.*)\]", output("readelf", "-d", path))
    return [entry for paths in found for entry in paths.split(":")]


def loaded(path):
    """Name and place of each library that the loader finds; place None: not found."""
    pairs = re.findall(r"^\s+(\S+)(?: => (not found|\S+))?", output("ldd", path), re.MULTILINE)
    return {name: None if place == "not found" else place or name for name, place in pairs}


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="phosphene-install-")
        top = pathlib.Path(cls.folder.name)
        top.chmod(0o755)
        output("cmake", "--install", build, "--prefix", "/opt/phosphene",
               env=os.environ | {"DESTDIR": str(top / "stage")}, umask=0o022)
        # What is moved as a whole still runs.
        cls.prefix = top / "moved"
        (top / "stage/opt/phosphene").rename(cls.prefix)
        cls.left = [str(path) for path in (top / "stage").rglob("*") if not path.is_dir()]
        cls.home = top / "home"
        cls.home.mkdir()
        cls.other = {}
        if os.geteuid() == 0:
            cls.other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(cls.home, NOBODY, NOBODY)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def as_other(self, *command):
        """As another user, of whose environment nothing helps."""
        environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
        return output(*command, env=environment, cwd=self.home, timeout=120, **self.other)

    def programs(self):
        return sorted((self.prefix / "bin").iterdir())

    def binaries(self):
        return self.programs() + sorted((self.prefix / "lib/phosphene").iterdir())

    def test_holds_what_runs_and_nothing_else(self):
        self.assertEqual([path.name for path in self.programs()], ["phosphene", "phosphened"])
        self.assertEqual({path.name for path in (self.prefix / "lib/phosphene").iterdir()}, LIBRARIES)
        self.assertEqual(sorted(path.name for path in self.prefix.iterdir()), ["bin", "lib", "share"])
        self.assertEqual(self.left, [], "files outside the prefix")
        for name in ("LICENSE", "third-party.md", "operations.md", "examples/feature.textproto",
                     "licenses/libtorch.txt", "licenses/nvidia-cuda.txt"):
            self.assertTrue((self.prefix / "share/doc/phosphene" / name).is_file(), name)
        self.assertTrue((self.prefix / "share/phosphene/proto/phosphene/v1/job_service.proto").is_file())

    def test_another_user_makes_a_picture_with_the_moved_programs(self):
        version = self.as_other(self.prefix / "bin/phosphened", "--version")
        self.assertRegex(version, r"\d+\.\d+\.\d+")
        self.as_other(self.prefix / "bin/phosphene", "--local", "feature", "--layer", "mixed4a", "--channel", "5",
                      "--size", "32", "--steps", "2", "-o", "feature.png")
        self.assertEqual((self.home / "feature.png").read_bytes()[:4], b"\x89PNG")

    def test_another_user_runs_what_was_built(self):
        program = build / "bin/phosphened"
        try:
            self.as_other("test", "-x", program)
        except AssertionError:
            self.skipTest(f"{program} lies in a folder that others may not enter")
        self.assertRegex(self.as_other(program, "--version"), r"\d+\.\d+\.\d+")

    def test_the_loader_is_sent_to_origin_alone(self):
        for path in self.binaries() + [build / "bin/phosphened", build / "bin/phosphene"]:
            for entry in run_paths(path):
                self.assertRegex(entry, r"^\$ORIGIN(/|$)", f"{path}: {entry}")

    def test_every_library_is_in_the_prefix_or_the_system(self):
        for program in self.programs():
            for name, place in loaded(program).items():
                self.assertIsNotNone(place, f"{program.name} needs {name}")
                self.assertTrue(place.startswith((str(self.prefix), *SYSTEM)), f"{program.name}: {name} is {place}")

    def test_the_list_of_packages_holds_every_system_library(self):
        if not shutil.which("dpkg-query"):
            self.skipTest("not Debian")
        listed = (ROOT / "deploy/packages-runtime.txt").read_text().splitlines()
        known = closure([line for line in listed if line and not line.startswith("#")])
        needed = {place: name for program in self.programs() for name, place in loaded(program).items()
                  if not place.startswith((str(self.prefix), "linux-vdso"))}
        owners = package_owners(needed)
        for place, name in needed.items():
            self.assertTrue(owners.get(place) in known, f"deploy/packages-runtime.txt lacks {owners.get(place)}, of {name}")

    def test_no_path_of_the_machine_that_built_it(self):
        places = [str(ROOT).encode(), str(build).encode(), str(libtorch).encode()]
        for program in self.programs():
            content = program.read_bytes()
            for place in places:
                at = content.find(place)
                self.assertEqual(at, -1, f"{program.name}: {content[at:at + 120]}")
            sections = output("readelf", "-S", program)
            self.assertNotIn(".debug_info", sections, program.name)

    def test_the_dockerfile_names_this_version(self):
        version = re.search(r"\d+\.\d+\.\d+", output(self.prefix / "bin/phosphened", "--version")).group()
        self.assertIn(f"ARG VERSION={version}\n", (ROOT / "Dockerfile").read_text())


def package_owners(places):
    """The package of each file; /lib may be a link to /usr/lib, and dpkg knows one name."""
    names = {name: place for place in places
             for name in (place, os.path.realpath(place), os.path.realpath(place).removeprefix("/usr"))}
    listing = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True).stdout
    return {names[line.rpartition(": ")[2]]: line.split(":")[0] for line in listing.splitlines()}


def closure(packages):
    """The packages and what they depend on, as installed here."""
    depends = {}
    listing = output("dpkg-query", "-W", "-f", "${Package}\t${Pre-Depends}, ${Depends}\n")
    for line in listing.splitlines():
        package, _, rest = line.partition("\t")
        depends[package] = re.findall(r"(?:^|[,|]\s*)([a-z0-9][a-z0-9+.-]+)", rest)
    # Every Debian system has these.
    seen, todo = set(), [*packages, "libc6"]
    while todo:
        package = todo.pop()
        if package not in seen:
            seen.add(package)
            todo += depends.get(package, [])
    return seen


if __name__ == "__main__":
    build, libtorch = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1], verbosity=2)
