#!/usr/bin/env python3
"""Compiles each header on its own: a header that needs another one includes it.

    headers_test.py ROOT COMPILER [FLAG...]
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

TOPS = ["include", "base", "artifact", "planners", "io", "engine", "api", "cli", "tests/support",
        "bench"]
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c"]


def compile_header(command, header):
    """Two inclusions: the second proves the guard."""
    text = f'#include "{header}"\n#include "{header}"\n'
    done = subprocess.run([*command, "-"], input=text, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def main():
    root = pathlib.Path(sys.argv[1])
    command = [*sys.argv[2:], *FLAGS, f"-I{root}", f"-I{root}/include"]
    headers = sorted(path for top in TOPS for path in (root / top).rglob("*.h"))
    if not compile_header(command, root / "no" / "such" / "header.h"):
        print("the compiler accepts anything: this test proves nothing")
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = list(pool.map(lambda header: compile_header(command, header), headers))
    broken = 0
    for header, output in zip(headers, outputs):
        if output:
            broken += 1
            print(f"{header.relative_to(root)} does not compile on its own:\n{output}")
    print(f"{len(headers)} headers, {broken} broken")
    return 1 if broken or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
