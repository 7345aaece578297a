"""What the tests of this folder share: trees, the driver, comparing."""
import json
import os
import pathlib
import random
import subprocess
import tempfile

EXIT_STRUCK = 99
LARGE = 4 * 1024 * 1024 + 1  # above it a file is a pack of its own


class Place:
    """A repository, a tree and a cache in one temporary directory."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, pathlib.Path(folder)
        self.repository = self.folder / "repository"
        self.tree, self.cache = self.folder / "tree", self.folder / "cache"

    def run(self, command, *argv, codes=(0,), repository=None, driver=None):
        """One run of the driver, or of another one: (exit code, what it printed)."""
        done = subprocess.run([driver or self.driver, command, repository or self.repository,
                               *map(str, argv)], capture_output=True, text=True, check=False)
        assert done.returncode in codes, \
            f"{command} {argv}: {done.returncode}: {done.stdout}{done.stderr}"
        lines = done.stdout.splitlines()
        return done.returncode, json.loads(lines[-1]) if lines else {}

    def init(self):
        self.run("init")

    def put(self, *argv, tree=None, codes=(0,)):
        return self.run("put", tree or self.tree, self.cache, *argv, codes=codes)

    def check(self, *argv):
        """Nothing may be found."""
        return self.run("check", *argv)[1]

    def compare(self, tree=None, name="data"):
        """The latest version is the tree: no file less, no file more."""
        tree = tree or self.tree
        report = self.run("compare", tree, "--name", name)[1]
        assert report["entries"] == count_files(tree), (report, count_files(tree))
        return report


def scratch():
    """A temporary directory; in memory where there is one: syncs are not what takes the time."""
    memory = "/dev/shm"
    folder = os.environ.get("TMPDIR") or (memory if os.access(memory, os.W_OK) else None)
    return tempfile.TemporaryDirectory(prefix="muster-faults-", dir=folder)


def count_files(tree):
    return sum(len(files) for _, _, files in os.walk(tree))


def small_tree(tree):
    """Files small, empty, equal and large, in a few directories."""
    rng = random.Random(7)
    large = rng.randbytes(LARGE + 5000)
    files = {f"d{i % 3}/f{i:02}": f"small file {i % 17}\n".encode() for i in range(24)}
    files.update({"empty": b"", "d1/empty": b"", "a/large": large, "z-large-copy": large,
                  "d2/other-large": rng.randbytes(LARGE), "m": rng.randbytes(100_000)})
    write_files(tree, files)


def write_files(tree, files):
    for name, data in files.items():
        path = pathlib.Path(tree, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def finished_blobs(repository):
    """How many blobs lie in packs that have their final name: 4 bytes at 40 of each trailer."""
    count = 0
    for pack in pathlib.Path(repository, "packs").glob("*.pack"):
        with open(pack, "rb") as file:
            file.seek(-96 + 40, os.SEEK_END)
            count += int.from_bytes(file.read(4), "little")
    return count
