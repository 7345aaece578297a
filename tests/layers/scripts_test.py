#!/usr/bin/env python3
"""Parses every script, so that none is found broken on the day it is needed.

    scripts_test.py ROOT
"""
import pathlib
import subprocess
import sys

TOPS = [".ci", "tools", "bench", "tests", "docs"]
SKIPPED_FOLDERS = {"corpus", "golden"}


def interpreter(path):
    """The interpreter that the first line names, or None for what is no script."""
    with open(path, "rb") as file:
        first = file.readline(128)
    if not first.startswith(b"#!"):
        return "python3" if path.suffix == ".py" else None
    words = first[2:].decode("utf-8", "replace").split()
    name = words[1] if words[0].endswith("/env") else words[0]
    return pathlib.PurePath(name).name


def find_fault(path, name):
    if name in ("sh", "bash", "dash"):
        done = subprocess.run([name, "-n", path], capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else ""
    if name == "python3":
        try:
            compile(path.read_bytes(), str(path), "exec")
        except SyntaxError as error:
            return str(error)
        return ""
    return f"unknown interpreter '{name}'"


def main():
    root = pathlib.Path(sys.argv[1])
    count = broken = 0
    for path in sorted(path for top in TOPS for path in (root / top).rglob("*")):
        if not path.is_file() or SKIPPED_FOLDERS & set(path.parts):
            continue
        name = interpreter(path)
        if not name:
            continue
        count += 1
        fault = find_fault(path, name)
        if not fault and path.suffix != ".py" and not path.stat().st_mode & 0o100:
            fault = "is not executable"
        if fault:
            broken += 1
            print(f"{path.relative_to(root)}: {fault}")
    print(f"{count} scripts, {broken} broken")
    return 1 if broken or not count else 0


if __name__ == "__main__":
    sys.exit(main())
