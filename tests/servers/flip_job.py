#!/usr/bin/env python3
"""A byte that is flipped on its way to the server that tests/servers/serve has started: it is
noticed, wherever it is, sent once more, and told where it is always so.

    flip_job.py PROGRAM
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading

from proxy import Proxy

SERVER = os.environ["MUSTER_TEST_SERVER"]
MARK = b"flip-a-byte-of-this!"
# What a server does not verify. fake-gcs does not look at X-Goog-Hash, the sum of all parts: that
# the object has another one is noticed when it is there, and no part can be sent once more.
UNVERIFIED = {"fake-gcs": {"part"}}


class Flipper:
    def __init__(self):
        self.lock, self.left, self.flipped = threading.Lock(), 0, 0

    def arm(self, count):
        with self.lock:
            self.left, self.flipped = count, 0

    def change(self, data):
        at = data.find(MARK)
        with self.lock:
            if at < 0 or not self.left:
                return data
            self.left -= 1
            self.flipped += 1
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


class Job:
    def __init__(self, program, folder, proxy):
        environment = proxy.environment()
        self.program = program
        self.environment = {**environment, "MUSTER_REPO": environment["MUSTER_TEST_URL"],
                            "HOME": folder, "MUSTER_ENTITY": "tester"}

    def run(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def make(file, size, seed):
    """Random bytes, and many marks in the middle: one will not be cut by a piece's end."""
    content = bytearray(random.Random(seed).randbytes(size))
    at = size // 2
    content[at:at + 100 * len(MARK)] = MARK * 100
    file.write_bytes(content)


def case(job, flipper, folder, name, size, options=()):
    file = folder / name
    make(file, size, name)
    flipper.arm(1)
    done = job.run("put", file, "-n", name, "--json", *options)
    is_verified = name not in UNVERIFIED.get(SERVER, ())
    assert flipper.flipped == 1, f"{name}: nothing was flipped"
    print(f"{SERVER}: {name}: exit {done.returncode} {done.stderr.strip()[:300]}", flush=True)
    if is_verified:
        assert done.returncode == 0, done.stderr
        got = folder / f"got-{name}"
        assert job.run("get", name, got).returncode == 0
        subprocess.run(["cmp", file, got / name], check=True)
    else:
        assert done.returncode == 4, done.stderr
        print(f"SKIP: {SERVER} does not verify: {name}", flush=True)
    make(file, size, name + " always")
    flipper.arm(1000)
    done = job.run("put", file, "-n", name + "2", *options)
    assert done.returncode == 4, (done.returncode, done.stderr)
    assert flipper.flipped >= (2 if is_verified else 1), flipper.flipped
    print(f"{SERVER}: {name}, always: {flipper.flipped} times; {done.stderr.strip()[:300]}",
          flush=True)
    assert json.loads(job.run("show", name, "--json").stdout.splitlines()[0]) if is_verified else True


def main():
    flipper = Flipper()
    proxy = Proxy(flipper.change)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(sys.argv[1], folder, proxy)
        done = job.run("init", job.environment["MUSTER_REPO"])
        assert done.returncode == 0, done.stderr
        flipper.arm(0)
        case(job, flipper, pathlib.Path(folder), "pack", 1 << 20)
        case(job, flipper, pathlib.Path(folder), "part", 20 << 20)
        small = pathlib.Path(folder) / "small"
        small.write_text("small")
        flipper.arm(1)
        done = job.run("put", small, "-n", "event", "--description", MARK.decode())
        assert flipper.flipped == 1 and done.returncode == 0, (flipper.flipped, done.stderr)
        flipper.arm(0)
        assert MARK.decode() in job.run("show", "event").stdout
        done = job.run("check")
        assert done.returncode == 0, done.stdout + done.stderr


main()
