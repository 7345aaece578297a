#!/usr/bin/env python3
"""Compiles the NEON form of MD5 for AArch64 and runs it, in an emulator on other machines.

    neon_test.py ROOT

Needs aarch64-linux-gnu-gcc and qemu-aarch64 (`tools/install-packages cross`), or an AArch64 machine.
"""
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SOURCES = ["tests/base/hash/neon_driver.c", "base/hash/lanes.c", "base/hash/lane_kernel.c",
           "base/hash/md5_neon.c", "base/hash/md5_scalar.c", "base/hash/hash_cpu.c", "base/error.c"]
FLAGS = ["-std=gnu17", "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]


def tools():
    """The compiler and what runs its programs; a name that is missing ends the test."""
    if platform.machine() == "aarch64":
        return ["cc"], []
    found = [shutil.which("aarch64-linux-gnu-gcc"),
             shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")]
    for path, name in zip(found, ["aarch64-linux-gnu-gcc", "qemu-aarch64"]):
        if not path:
            print(f"SKIP: no {name} (tools/install-packages cross)")
            sys.exit(SKIPPED)
    return [found[0]], [found[1]]


def main():
    root = pathlib.Path(sys.argv[1])
    compiler, runner = tools()
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/neon_driver"
        subprocess.run([*compiler, *FLAGS, f"-I{root}", f"-I{root}/include", "-o", program,
                        *(str(root / source) for source in SOURCES)], check=True)
        return subprocess.run([*runner, program], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
