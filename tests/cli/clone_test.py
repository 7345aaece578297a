#!/usr/bin/env python3
"""Large files of a version share their blocks with the repository, where the file system can."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import harness
from harness import MusterTest

MIB = 1 << 20
SKIP = 77  # what ctest takes for a skip, with a line "SKIP: reason"


@contextlib.contextmanager
def mounted(kind, folder, size_mib):
    """An image of a file system of this kind; None and a reason where that cannot be."""
    image, mount = folder / f"{kind}.image", folder / kind
    if os.geteuid() != 0:
        yield None, "an image can be mounted by root only"
        return
    if not shutil.which(f"mkfs.{kind}"):
        yield None, f"there is no mkfs.{kind}"
        return
    with open(image, "wb") as file:
        file.truncate(size_mib * MIB)
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True, stdout=subprocess.DEVNULL)
    mount.mkdir()
    done = subprocess.run(["mount", "-o", "loop", image, mount], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        yield None, f"{kind} cannot be mounted here: {done.stderr.strip()}"
        return
    try:
        yield mount, ""
    finally:
        subprocess.run(["umount", mount], check=True)


def used_bytes(mount):
    os.sync()
    space = os.statvfs(mount)
    return (space.f_blocks - space.f_bfree) * space.f_frsize


class Clone(MusterTest):
    def prove(self, kind, size_mib):
        with mounted(kind, pathlib.Path(self.home), size_mib) as (mount, reason):
            if not mount:
                print(f"SKIP: {reason}")
                sys.exit(SKIP)
            tree, repo = mount / "tree", mount / "repository"
            tree.mkdir()
            # More than one block, not a whole number of them; and one that shares a pack.
            content = {"large": os.urandom(40 * MIB + 12345), "second": os.urandom(5 * MIB),
                       "small": os.urandom(100000)}
            for name, data in content.items():
                (tree / name).write_bytes(data)
            self.run_ok("-R", repo, "put", tree, "-n", "data")
            before = used_bytes(mount)
            self.run_ok("-R", repo, "get", "data", mount / "out")
            grown = used_bytes(mount) - before
            self.assertLess(grown, 10 * MIB, f"{kind}: the large file was copied")
            for name, data in content.items():
                self.assertEqual((mount / "out" / name).read_bytes(), data, name)
            # What is changed in the copy changes nothing in the repository.
            with open(mount / "out" / "large", "r+b") as file:
                file.write(b"mine now")
            self.run_ok("-R", repo, "verify", "data", "--stored")
            self.run_ok("-R", repo, "checkout", "data", mount / "work")
            self.assertEqual((mount / "work" / "large").read_bytes(), content["large"])

    def test_btrfs(self):
        self.prove("btrfs", 512)

    def test_xfs(self):
        self.prove("xfs", 512)

    def test_elsewhere_it_is_copied(self):
        data = os.urandom(6 * MIB)
        self.write("tree/large", data)
        self.run_ok("put", "tree", "-n", "data")
        self.run_ok("get", "data", "out")
        self.assertEqual((self.home / "out" / "large").read_bytes(), data)


if __name__ == "__main__":
    harness.main()
