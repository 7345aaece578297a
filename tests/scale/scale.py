"""What the tests of this folder share: measured runs of the program, images of tiny files."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SKIP = 77
MIB = 1 << 20


class Run:
    """What one run took and said."""

    def __init__(self, code, seconds, peak_bytes, read_chars, out, err):
        self.code, self.seconds, self.peak_bytes = code, seconds, peak_bytes
        self.read_chars = read_chars  # bytes that its system calls read, of files and all else
        self.out, self.err = out, err

    def summary(self):
        return json.loads(self.out.splitlines()[-1])


def measure(command, environment, codes=(0,)):
    """Run to the end. Peak memory is the high-water mark (VmHWM) as seen last while it ran, and as
    the program's own summary has it. (ru_maxrss would count what this process held at the fork.)"""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begin = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err,
                                   stdin=subprocess.DEVNULL, env={**os.environ, **environment})
        peak_bytes = watch(process.pid)  # its counters are still there
        read_chars = read_field(process.pid, "io", "rchar")
        _, status, _ = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        run = Run(process.returncode, seconds, peak_bytes, read_chars, out.read(), err.read())
    assert run.code in codes, f"{command}: {run.code}: {run.out[-2000:]}{run.err[-2000:]}"
    if "--json" in command:
        run.peak_bytes = max(run.peak_bytes, run.summary()["peak_memory_bytes"])
    return run


def watch(pid):
    """Waits for the end, without collecting it; the highest VmHWM seen."""
    peak_bytes = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        kib = read_field(pid, "status", "VmHWM")
        peak_bytes = max(peak_bytes, (kib or 0) * 1024)
        time.sleep(0.005)
    return peak_bytes


def read_field(pid, file, name):
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return None


class Muster:
    """The program with a repository and a cache of its own."""

    def __init__(self, program, folder, repository=None):
        self.program, self.folder = program, pathlib.Path(folder)
        self.repository = repository or self.folder / "repository"
        self.environment = {"MUSTER_REPO": str(self.repository), "MUSTER_ENTITY": "me",
                            "XDG_CACHE_HOME": str(self.folder / "cache"),
                            "TMPDIR": str(self.folder)}

    def __call__(self, *argv, codes=(0,), wants_json=True):
        options = ["--json", "--progress", "none"] if wants_json else ["--progress", "none", "-q"]
        return measure([self.program, *options, *argv], self.environment, codes)


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def work_folder(wanted):
    """A scratch directory on a disk with room; `wanted` comes from --work."""
    return tempfile.TemporaryDirectory(prefix="muster-scale-", dir=wanted)


@contextlib.contextmanager
def inline_image(folder, inodes):
    """An ext4 image, mounted, that keeps small files in their inodes. Skips where that cannot be."""
    if os.geteuid() != 0:
        skip("an ext4 image with inline data can be mounted by root only")
    if not shutil.which("mkfs.ext4"):
        skip("there is no mkfs.ext4")
    image, mount = pathlib.Path(folder, "image"), pathlib.Path(folder, "mount")
    inodes = inodes + inodes // 500 + 1000  # the directories, too
    groups = inodes // 32768 + 2  # so many inodes has a block group at most
    with open(image, "wb") as file:
        file.truncate(groups * 128 * MIB)  # a sparse file: what is not used takes no room
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "inline_data,^has_journal", "-I",
                    "256", "-N", str(inodes), str(image)], check=True)
    mount.mkdir()
    done = subprocess.run(["mount", "-o", "loop,noatime", str(image), str(mount)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        image.unlink()
        skip("an ext4 image cannot be mounted here: " + done.stderr.strip())
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=True)
        image.unlink()
