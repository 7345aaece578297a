#!/usr/bin/env python3
"""SIGKILL at random moments of a put of many files, again and again, until it has made its way.

    kill_test.py PUT-DRIVER

After each kill what was committed is whole, and the next run opens no more files than lie outside
of finished packs. MUSTER_KILLS: how many kills (30), MUSTER_KILL_SEED: which moments.
"""
import os
import random
import shutil
import subprocess
import sys
import time

import faults

FILES = 8000
WORKERS = 2
MEMORY_MIB = 8  # a small table of blobs: packs of 585, so that many are finished on the way
# Files of finished packs that may be opened again: what the stat journal had not told the disk yet
# (256 records and a batch), and what waits in path order for a pack of a worker
# that is still open, or for the batch that it reads.
UNTOLD_FILES = 2 * 256 + WORKERS * (585 + 256)
VERSIONS_MAX = 8  # then the next repository


def make_tree(tree, seed):
    rng = random.Random(seed)
    files = {}
    for i in range(FILES):
        head = f"{seed} {i}\n".encode()
        files[f"d{i % 40:02}/f{i:05}"] = head + rng.randbytes(rng.randrange(3000))
    for i in range(4):
        files[f"large{i}"] = rng.randbytes(faults.LARGE + i * 100_000)
    faults.write_files(tree, files)


class Killer:
    """Puts of one tree after another, most of them killed."""

    def __init__(self, place, seed):
        self.place, self.rng = place, random.Random(seed)
        self.kills = self.versions = self.reread = 0
        self.place.init()
        make_tree(place.tree, 0)
        self.whole_s = self.duration()

    def duration(self):
        """How long a put of the tree takes into a repository of its own."""
        trial = faults.Place(self.place.driver, self.place.folder / "trial")
        trial.folder.mkdir()
        trial.init()
        trial.tree = self.place.tree
        begin = time.monotonic()
        trial.put("--workers", WORKERS, "--memory", MEMORY_MIB)
        return time.monotonic() - begin

    def put_and_kill(self):
        """Kills a put after a while; False when it was faster, then its end counts."""
        process = subprocess.Popen(
            [self.place.driver, "put", self.place.repository, self.place.tree, self.place.cache,
             "--workers", str(WORKERS), "--memory", str(MEMORY_MIB)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=self.rng.uniform(0, self.whole_s * 0.95))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.kills += 1
            self.place.check("--quick")
            return True
        assert process.returncode == 0, (out, err)
        return False

    def resume(self, blobs_before, kills):
        """The run that is left alone: what lies in finished packs is not opened again, but for what
        each killed run may have left untold."""
        known = faults.finished_blobs(self.place.repository) - blobs_before
        missing = faults.count_files(self.place.tree) - known
        report = self.place.put("--workers", WORKERS, "--memory", MEMORY_MIB)[1]
        assert report["read_files"] <= missing + kills * UNTOLD_FILES, (report, known, missing)
        self.reread = max(self.reread, report["read_files"] - missing)

    def make_version(self, kills):
        """A few kills, then a run that may end: one version more, equal to the tree."""
        blobs_before = faults.finished_blobs(self.place.repository)
        killed = 0
        while killed < kills and self.put_and_kill():
            killed += 1
        self.resume(blobs_before, killed)
        self.versions += 1
        assert self.place.compare()["versions"] == self.versions, self.versions

    def next_tree(self, seed):
        if self.versions == VERSIONS_MAX:
            assert self.place.check()["manifests"] == VERSIONS_MAX
            shutil.rmtree(self.place.repository)
            self.place.init()
            self.versions = 0
        make_tree(self.place.tree, seed)


def main():
    kills = int(os.environ.get("MUSTER_KILLS", "30"))
    with faults.scratch() as folder:
        killer = Killer(faults.Place(sys.argv[1], folder),
                        int(os.environ.get("MUSTER_KILL_SEED", "1")))
        seed = 0
        while killer.kills < kills:
            seed += 1
            killer.make_version(min(4, kills - killer.kills))
            killer.next_tree(seed)
        assert killer.place.check()["manifests"] == killer.versions
    print(f"ok: {killer.kills} kills, {seed} trees, a put takes {killer.whole_s:.2f} s, "
          f"at most {killer.reread} files of finished packs were read again")


if __name__ == "__main__":
    main()
