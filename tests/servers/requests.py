#!/usr/bin/env python3
"""How many requests commands make, with a repository on the server that tests/servers/serve has
started. Each is a round trip, and is paid for: these are the most that there may be.

    requests.py PROGRAM

What does not follow from the size: the repository's log (a listing and its first event), the log of
the name (a listing; events are kept nearby), the log of the collection and its checkpoints (a
listing each).
"""
import json
import os
import sys
import tempfile

import job

MIB = 1 << 20
SMALL_FILES = 2000  # 8 MiB
WORKERS = 2         # however many processors there are: each fills a pack of its own
LARGE_MIB = 100     # in parts of 8 MiB
LOGS = 5
GROWING = 12  # reads of an object until they are ranges of 4 MiB


class Counted(job.Job):
    def asked(self, *arguments):
        """The requests of one command that were answered: not those that lost a race to a second
        one, which a slow minute of the machine may bring."""
        summary = json.loads(self.run(*arguments, "--json").splitlines()[-1])
        return sum(kind["served"] for kind in summary["cloud"]["kinds"])


def at_most(counted, most, *arguments):
    found = counted.asked(*arguments)
    print(f"{' '.join(map(str, arguments[:2]))}: {found} requests, at most {most}", flush=True)
    assert found <= most, f"{arguments}: {found} requests, at most {most} are expected"


def make_small(root):
    for i in range(SMALL_FILES):
        path = root / f"d{i // 100:02}" / f"f{i:04}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(os.urandom(2048).hex(), encoding="ascii")


def small_files(counted, tree):
    """Their number makes no difference but by what they weigh."""
    make_small(tree)
    # gc's log and the index before; session, packs, index, name, collection, manifest, events
    at_most(counted, LOGS + 23, "put", tree, "-n", "small", "-j", WORKERS)
    at_most(counted, LOGS + 8, "put", tree, "-n", "small")
    at_most(counted, LOGS, "show", "small")
    at_most(counted, LOGS + 1, "ls", "small")
    # of a pack its end, and what that leaves of its directory; 256 files are a range, or two
    ranges = -(-SMALL_FILES // 256) * WORKERS
    at_most(counted, LOGS + 3 + WORKERS * 2 + ranges, "get", "small", counted.folder / "got-1",
            "--skip-cache", "-j", 1)
    # many readers of one pack, out of step: what one of them has read ahead may be for nothing
    at_most(counted, LOGS + 3 + WORKERS * 2 + 2 * ranges, "get", "small", counted.folder / "got",
            "--skip-cache")
    (tree / "new").write_text("new")
    at_most(counted, LOGS + 16, "put", tree, "-n", "small")


def a_large_file(counted, folder):
    file = folder / "large"
    file.write_bytes(os.urandom(LARGE_MIB * MIB))
    parts = -(-LARGE_MIB // 8) + 1  # the directory of its pack may be one of its own
    at_most(counted, LOGS + 23 + parts + 2, "put", file, "-n", "large")
    at_most(counted, LOGS + 3 + GROWING + LARGE_MIB // 4 + 1, "get", "large", folder / "got-large",
            "--skip-cache")


def memory_follows_the_option(counted, folder):
    """Buffers of requests and of readers are within --memory, beside what a program has anyway."""
    for name in ("small", "large"):
        out = counted.run("get", name, folder / f"memory-{name}", "--skip-cache", "--memory",
                          "64MiB", "--json")
        peak = json.loads(out.splitlines()[-1])["peak_memory_bytes"]
        print(f"get {name} --memory 64MiB: {peak / MIB:.0f} MiB", flush=True)
        assert peak <= (64 + 16 + 16) * MIB, f"get {name} --memory 64MiB: {peak} bytes"


def main():
    with tempfile.TemporaryDirectory(prefix="muster-requests-") as folder:
        counted = Counted(sys.argv[1], folder)
        counted.run("init")
        small_files(counted, counted.folder / "tree")
        a_large_file(counted, counted.folder)
        memory_follows_the_option(counted, counted.folder)


if __name__ == "__main__":
    main()
