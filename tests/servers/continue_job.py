#!/usr/bin/env python3
"""A put of one large file that is ended at half, and the same command again, with a repository on
the server that tests/servers/serve has started. A proxy counts what goes to the server, and says
when it is half.

    continue_job.py PROGRAM [MIB]
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from proxy import Proxy

SERVER = os.environ["MUSTER_TEST_SERVER"]
PART = 8 << 20
IN_FLIGHT = 5  # four, and the one that is filled
# A session that is asked how far it came is completed: nothing is continued there.
FORGETS = SERVER == "fake-gcs"


class Job:
    def __init__(self, program, folder, proxy):
        behind = proxy.environment()
        self.program, self.folder, self.proxy = program, pathlib.Path(folder), proxy
        self.environment = {**behind, "MUSTER_REPO": behind["MUSTER_TEST_URL"], "HOME": folder,
                            "MUSTER_ENTITY": "tester", "XDG_CACHE_HOME": f"{folder}/cache"}

    def start(self, *arguments):
        return subprocess.Popen([self.program, *map(str, arguments)], env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, code=0):
        process = self.start(*arguments)
        out, err = process.communicate()
        assert process.returncode == code, f"{arguments}: {process.returncode}: {out}{err}"
        return out

    def put(self, file, name):
        return json.loads(self.run("put", file, "-n", name, "--json").splitlines()[-1])

    def end_at(self, wanted, number, file, name):
        """What went to the server before the signal was sent."""
        self.proxy.begin(wanted)
        process = self.start("put", file, "-n", name, "--json")
        while not self.proxy.reached.wait(0.05):
            assert process.poll() is None, process.communicate()
        process.send_signal(number)
        sent = self.proxy.sent
        process.communicate()
        assert process.returncode in (-number, 130), process.returncode
        return sent


def journals(job):
    return list((job.folder / "cache/muster/uploads").glob("*.upload"))


def ended_and_continued(job, number, size, name):
    file = job.folder / name
    content = random.Random(number)
    with open(file, "wb") as out:
        for _ in range(size >> 20):
            out.write(content.randbytes(1 << 20))
    sent = job.end_at(size // 2, number, file, name)
    assert len(journals(job)) == 1, list((job.folder / "cache").rglob("*"))
    job.proxy.begin()
    begin = time.monotonic()
    again = job.put(file, name)
    elapsed = time.monotonic() - begin
    print(f"{SERVER}: {signal.Signals(number).name} after {sent >> 20} MiB; then "
          f"{job.proxy.sent >> 20} MiB in {elapsed:.1f} s, {again['continued_bytes'] >> 20} MiB kept, "
          f"peak {again['peak_memory_bytes'] >> 20} MiB", flush=True)
    assert not journals(job)
    if not FORGETS:
        assert again["continued_uploads"] == 1, again
        assert job.proxy.sent <= size - sent + IN_FLIGHT * PART + (4 << 20), (sent, job.proxy.sent)
    job.run("get", name, job.folder / f"got-{name}")
    subprocess.run(["cmp", file, job.folder / f"got-{name}/{name}"], check=True)
    file.unlink()
    (job.folder / f"got-{name}/{name}").unlink()


def changed_meanwhile(job, size):
    """Of a file that was changed in its middle, what is equal is kept, and the content is right."""
    file = job.folder / "changed"
    content = random.Random(3).randbytes(size)
    file.write_bytes(content)
    job.end_at(size * 3 // 4, signal.SIGKILL, file, "changed")
    changed = bytearray(content)
    changed[2 * PART + 77] ^= 1
    file.write_bytes(changed)
    job.proxy.begin()
    again = job.put(file, "changed")
    if not FORGETS:
        assert again["continued_bytes"] >= PART, again
        assert again["continued_bytes"] <= size - PART, again
    job.run("get", "changed", job.folder / "got-changed")
    subprocess.run(["cmp", file, job.folder / "got-changed/changed"], check=True)


def one_at_a_time(job, size):
    """While the first put lives, a second one of the same file does not touch its upload."""
    file = job.folder / "twice"
    file.write_bytes(random.Random(4).randbytes(size))
    job.proxy.begin(size // 2)
    first = job.start("put", file, "-n", "twice", "--json")
    while not job.proxy.reached.wait(0.05):
        assert first.poll() is None, first.communicate()
    first.send_signal(signal.SIGSTOP)
    second = job.put(file, "second")
    first.send_signal(signal.SIGCONT)
    out, err = first.communicate()
    assert first.returncode == 0, err
    assert second["continued_uploads"] == 0 and second["ignored_uploads"] == 1, second
    assert json.loads(out.splitlines()[-1])["is_new"]


def main():
    size = (int(sys.argv[2]) if len(sys.argv) > 2 else 128) << 20
    proxy = Proxy()
    with tempfile.TemporaryDirectory(dir=os.environ.get("MUSTER_TEST_DIR")) as folder:
        job = Job(sys.argv[1], folder, proxy)
        job.run("init", job.environment["MUSTER_REPO"])
        ended_and_continued(job, signal.SIGKILL, size, "killed")
        ended_and_continued(job, signal.SIGINT, size, "interrupted")
        changed_meanwhile(job, 96 << 20)
        one_at_a_time(job, 96 << 20)
        if not FORGETS:  # there, the session that was given up may have become a cut object
            job.run("check")


main()
