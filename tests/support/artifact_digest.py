#!/usr/bin/env python3
"""Prints the W&B artifact digest of a directory, independently of muster.

usage: artifact_digest.py [--algorithm md5|xxh128] [--lines] DIR

The entries are those that W&B's add_dir makes: every regular file beneath DIR, hidden ones too,
symbolic links followed, empty directories left out; paths are bytes and sorted as such. --lines
prints the hashed lines instead (path, ":", base64 digest). XXH128 needs the package xxhash.
"""
import argparse
import base64
import hashlib
import os
import stat
import sys

HEADER = b"wandb-artifact-manifest-v1\n"
PIECE_BYTES = 1 << 20


def new_hash(algorithm):
    if algorithm == "md5":
        return hashlib.md5()
    try:
        import xxhash
    except ImportError:
        sys.exit("artifact_digest.py: XXH128 needs the Python package xxhash")
    return xxhash.xxh3_128()


def file_digest(path, algorithm):
    state = new_hash(algorithm)
    with open(path, "rb") as file:
        while True:
            piece = file.read(PIECE_BYTES)
            if not piece:
                return base64.b64encode(state.digest())
            state.update(piece)


def entries(root, algorithm):
    """Yields (path, digest), both bytes, in no order."""
    for folder, _, names in os.walk(root, followlinks=True, onerror=fail):
        for name in names:
            full = os.path.join(folder, name)
            if stat.S_ISREG(os.stat(full).st_mode):
                yield os.path.relpath(full, root), file_digest(full, algorithm)


def fail(error):
    raise error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--algorithm", choices=("md5", "xxh128"), default="md5")
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("directory", metavar="DIR")
    args = parser.parse_args()

    state = new_hash(args.algorithm)
    state.update(HEADER)
    for path, digest in sorted(entries(os.fsencode(args.directory), args.algorithm)):
        line = path + b":" + digest + b"\n"
        state.update(line)
        if args.lines:
            sys.stdout.buffer.write(line)
    if not args.lines:
        print(state.hexdigest())


if __name__ == "__main__":
    main()
