#!/usr/bin/env python3
"""A tree of everything that is awkward in trees: its digest is the one that W&B would give it.

    awkward.py MUSTER TINY-FILES [--sparse BYTES] [--work DIR]

Names with spaces, newlines, quotes and UTF-8, hidden files, empty files and directories, links to
files and directories, sizes around every block boundary, and one large file that is a hole with a
few bytes in it. The version's digest, `muster digest` and tests/support/artifact_digest.py agree;
the version comes back as it was, and the second put reads nothing.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import scale

ROOT = pathlib.Path(__file__).resolve().parent.parent
# MD5's padding, its block, a page, the chunk of a large file, the largest file that shares a pack.
BOUNDARIES = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 4095, 4096, 4097,
              (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1,
              (8 << 20) + 1]
NAMES = ["plain", "with space", " leading", "trailing ", "new\nline", "tab\there", "quo'te",
         'quo"te', "back\\slash", "gr\u00fc\u00dfe", "\u65e5\u672c\u8a9e", "\U0001f600", "e\u0301", "\u00e9",
         ".hidden", "...", "-dash", "%41", "a?b#c", "*", "x" * 255]


def content(size):
    """Bytes that differ from size to size."""
    pattern = b"%d-" % size
    return (pattern * (size // len(pattern) + 1))[:size]


def make_tree(tree, sparse_bytes):
    for place in [tree, tree / "deeper" / "and deeper", tree / ".hidden directory"]:
        place.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (place / name).write_text(f"{place.relative_to(tree)}/{name}", encoding="utf-8")
    (tree / "sizes").mkdir()
    for size in BOUNDARIES:
        (tree / "sizes" / str(size)).write_bytes(content(size))
    for name in ("empty", "full of empty/empty", "full of empty/too"):
        (tree / name).mkdir(parents=True)
    (tree / "links").mkdir()
    os.symlink("../sizes/4096", tree / "links" / "file")
    os.symlink("../deeper", tree / "links" / "directory")
    os.symlink(tree / "sizes" / "1", tree / "links" / "absolute")
    with open(tree / "sparse", "wb") as file:
        for at in (0, sparse_bytes // 3, sparse_bytes - 1):
            file.seek(at)
            file.write(b"x")


def expected_digest(tree):
    script = ROOT / "support" / "artifact_digest.py"
    return subprocess.run([sys.executable, "-B", script, tree], check=True, capture_output=True,
                          text=True).stdout.strip()


def prove(arguments, folder):
    muster, tree, out = scale.Muster(arguments.muster, folder), folder / "tree", folder / "out"
    make_tree(tree, arguments.sparse)
    expected = expected_digest(tree)
    first = muster("put", tree, "-n", "awkward")
    summary = first.summary()
    assert summary["digest"] == expected, (summary["digest"], expected)
    digest = muster("digest", "--summary", tree, wants_json=False).out.strip()
    assert digest == expected, (digest, expected)
    again = muster("put", tree, "-n", "awkward").summary()
    assert not again["is_new"] and again["digest"] == expected, again
    muster("checkout", "awkward", out)
    assert expected_digest(out) == expected
    shutil.rmtree(tree / "empty")
    shutil.rmtree(tree / "full of empty")
    subprocess.run(["diff", "-r", tree, out], check=True)
    muster("verify", "awkward", tree)
    muster("check")
    print(f"{summary['entry_count']:,} entries, {summary['size_bytes']:,} bytes, digest {expected}, "
          f"put in {first.seconds:.1f} s, peak {first.peak_bytes / scale.MIB:.1f} MiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("muster")
    parser.add_argument("tiny_files")
    parser.add_argument("--sparse", type=int, default=5 << 30, metavar="BYTES")
    parser.add_argument("--work")
    arguments = parser.parse_args()
    with scale.work_folder(arguments.work) as folder:
        prove(arguments, pathlib.Path(folder))


if __name__ == "__main__":
    main()
