"""What is measured on, and the two things that a measurement asks of the kernel."""
import ctypes
import os
import pathlib
import platform
import shutil
import subprocess
import time

DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")
VECTOR_FLAGS = ("sse2", "avx2", "avx512f", "sha_ni", "asimd")


def said_by(argv):
    """The first line that a command prints, wherever it prints it; empty if it cannot run."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return lines[0].strip() if lines else ""


def processor_facts():
    facts = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    flags = facts.get("flags", facts.get("Features", "")).split()
    return {"processor": facts.get("model name", platform.machine()),
            "vectors": [flag for flag in VECTOR_FLAGS if flag in flags]}


def file_system_of(path):
    return said_by(["findmnt", "-n", "-o", "FSTYPE", "-T", str(path)]) or "unknown"


def describe(work):
    return {
        **processor_facts(),
        "processors": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "file_system": file_system_of(work),
        "load_before": round(os.getloadavg()[0], 2),
    }


def commit_of(root):
    """Which source was built, as far as git knows; "+" if it has changes."""
    if not shutil.which("git"):
        return "unknown"
    commit = said_by(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"])
    changed = said_by(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"])
    return (commit or "unknown") + ("+" if changed else "")


def can_drop_caches():
    return os.access(DROP_CACHES, os.W_OK)


def drop_caches():
    DROP_CACHES.write_text("3\n", encoding="ascii")


def flush(folder):
    """Writes what is dirty in this file system; how many seconds it took."""
    begin = time.monotonic()
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        ctypes.CDLL(None).syncfs(fd)
    finally:
        os.close(fd)
    return time.monotonic() - begin
