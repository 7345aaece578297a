"""What one run of the program takes, counted: system calls, bytes that they move, allocations."""
import collections
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77  # what ctest takes for a skip, with a line "SKIP: reason"

# System calls by what they are for. What stands nowhere is "other".
GROUPS = {
    "open": ("openat", "openat2", "open", "creat"),
    "close": ("close",),
    "stat": ("statx", "newfstatat", "fstat", "stat", "lstat"),
    "read": ("read", "pread64", "readv", "preadv", "preadv2"),
    "write": ("write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile"),
    "list": ("getdents64",),
    "ring": ("io_uring_enter",),
    "memory": ("brk", "mmap", "munmap", "mremap", "mprotect", "madvise"),
}
# Who waits for whom differs from run to run, and so do the calls that say so.
WAITING = ("futex", "sched_yield", "nanosleep", "clock_nanosleep", "restart_syscall")
GROUP_OF = {call: group for group, calls in GROUPS.items() for call in calls}


def skip(reason):
    print(f"SKIP: {reason}", flush=True)
    sys.exit(SKIP)


def read_counts(path):
    """What count_calls wrote, by groups; `read_bytes` and `written_bytes` too."""
    told = json.loads(path.read_text(encoding="utf-8"))
    counts = collections.Counter()
    for call, count in told["calls"].items():
        if call not in WAITING:
            counts[GROUP_OF.get(call, "other")] += count
    for call, count in told["bytes"].items():
        if call in GROUPS["read"]:
            counts["read_bytes"] += count
        if call in GROUPS["write"]:
            counts["written_bytes"] += count
    counts["ring_refused"] = told["failed"].get("io_uring_setup", 0)
    return counts


class Place:
    """A folder with a repository and a cache of its own; `words` stand for paths in commands."""

    def __init__(self, folder):
        self.folder = folder
        self.words = {"{copy}": folder / "copy"}
        folder.mkdir()

    def settle(self):
        """Until the clock of the file system has moved on: a put believes the times of files that
        are older than "now"."""
        clock = self.folder / "clock"
        clock.write_bytes(b"")
        begin = clock.stat().st_ctime_ns
        while clock.stat().st_ctime_ns == begin:
            clock.write_bytes(b"x")


class Counter:
    """Runs the program under count_calls, with count_allocations loaded."""

    def __init__(self, program, count_calls, count_allocations, reader="plain"):
        self.program, self.count_calls = program, count_calls
        self.count_allocations = count_allocations
        keep = {"PATH", "LD_LIBRARY_PATH", "TMPDIR"}
        self.environment = {k: v for k, v in os.environ.items() if k in keep}
        self.environment.update(MUSTER_ENTITY="me", MUSTER_READER=reader)

    def probe(self, folder):
        """Skips the whole test where tracing is refused."""
        done = subprocess.run([self.count_calls, folder / "probe", "true"], capture_output=True,
                              text=True, check=False)
        if done.returncode == SKIP:
            print(done.stdout, end="", flush=True)
            sys.exit(SKIP)
        assert done.returncode == 0, done

    def count(self, place, words, codes=(0,)):
        calls, allocations = place.folder / "calls", place.folder / "allocations"
        command = [self.count_calls, calls, "env", f"LD_PRELOAD={self.count_allocations}",
                   f"COUNT_ALLOCATIONS={allocations}", self.program, "-j", "2", "-q",
                   "--progress", "none", *(place.words.get(word, word) for word in words)]
        environment = {**self.environment, "MUSTER_REPO": str(place.folder / "repository"),
                       "XDG_CACHE_HOME": str(place.folder / "cache"), "HOME": str(place.folder)}
        place.settle()
        done = subprocess.run(command, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=900, check=False)
        assert done.returncode in codes, (words, done.returncode, done.stdout, done.stderr)
        counts = read_counts(calls)
        counts["allocations"] = int(allocations.read_text(encoding="utf-8"))
        if counts["ring_refused"]:
            skip("there is no io_uring here")
        return counts


@contextlib.contextmanager
def scratch(counter):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-budgets-"))
    try:
        counter.probe(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Table:
    """Bounds as text, a line for each command: its name, then a number for each of `columns`. The
    first line has the titles; lines that begin with # say why."""

    def __init__(self, text, columns):
        titles, *lines = text.strip("\n").splitlines()
        self.columns, self.broken = columns, []
        self.budgets = {}
        for line in lines:
            if line and not line.startswith("#"):
                name, *bounds = line.rsplit(maxsplit=len(columns))
                self.budgets[name] = dict(zip(columns, map(float, bounds), strict=True))
        self.left = set(self.budgets)
        print(" " * 20 + "".join(f"{title:>7}" for title in titles.split()), flush=True)

    def judge(self, name, cost):
        """Prints what a command took, and keeps what was too much."""
        print(f"{name:<20}" + "".join(f"{cost[key]:7.3f}" for key in self.columns), flush=True)
        self.left.remove(name)
        for key, bound in self.budgets[name].items():
            if cost[key] > bound:
                self.broken.append(f"{name}: {key} {cost[key]:.3f}, at most {bound}")

    def finish(self):
        """The exit code: has every line been judged and kept?"""
        for line in self.broken:
            print("over budget: " + line)
        assert not self.left, self.left
        return 1 if self.broken else 0
