"""What the tests of the command line share: a place of their own, and the program run in it.

    x_test.py MUSTER ROOT [unittest arguments]
"""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import fcntl
import unittest

PROGRAM = ROOT = None
TIMEOUT_S = 60


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def objects(self):
        """The lines of standard output as JSON. (Python's splitlines() knows other line ends too.)"""
        return [json.loads(line) for line in self.out.split("\n") if line]

    def __repr__(self):
        return f"exit code {self.code}\nout: {self.out}\nerr: {self.err}"


class MusterTest(unittest.TestCase):
    """Each test has a directory, which is also the home and the working directory."""

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="muster-cli-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        keep = {"PATH", "LANG", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                "TSAN_OPTIONS", "TMPDIR"}
        self.environment = {k: v for k, v in os.environ.items() if k in keep}
        self.environment.update(HOME=str(self.home), MUSTER_ENTITY="tester", TERM="xterm")
        self.repo = self.home / ".local/share/muster"

    # --- running

    def run_raw(self, *arguments, stdin=None, environment=None, stdout=subprocess.PIPE):
        """Bytes in, bytes out."""
        return subprocess.run([PROGRAM, *map(os.fspath, arguments)], cwd=self.home, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              env={**self.environment, **(environment or {})}, stdout=stdout,
                              stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)

    def run_any(self, *arguments, stdin=None, environment=None):
        done = self.run_raw(*arguments, stdin=None if stdin is None else stdin.encode(),
                            environment=environment)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def run_ok(self, *arguments, **options):
        return self.run_code(0, *arguments, **options)

    def run_code(self, code, *arguments, told="", **options):
        """Must end with this exit code, and say this on standard error."""
        result = self.run_any(*arguments, **options)
        self.assertEqual(result.code, code, result)
        self.assertIn(told, result.err)
        return result

    # --- material

    def write(self, path, content="x\n"):
        path = self.home / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def make_photos(self):
        """Three files, two of them equal."""
        self.write("photos/a.txt", "one\n")
        self.write("photos/labels/b.csv", "cat,1\n")
        self.write("photos/labels/c.csv", "cat,1\n")
        return self.home / "photos"

    def settle(self):
        """Until the clock of the file system has moved on: files that were written are then older
        than "now", and a put may believe their times."""
        begin = self.write("clock").stat().st_ctime_ns
        while self.write("clock").stat().st_ctime_ns == begin:
            pass
        (self.home / "clock").unlink()

    def put_photos(self, *more):
        self.make_photos()
        return self.run_ok("put", "photos", "-n", "photos", *more)

    def tree(self, directory):
        directory = self.home / directory
        return {str(path.relative_to(directory)): path.read_bytes()
                for path in sorted(directory.rglob("*")) if path.is_file()}

    def assert_same_tree(self, a, b):
        self.assertEqual(self.tree(a), self.tree(b))


def own_terminal():
    """Standard input is the terminal of the new session: when it closes, and be it because the test
    was killed, the program is told (SIGHUP)."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The program, or another one, on a terminal of its own."""

    def __init__(self, test, *arguments, columns=80, rows=24, environment=None, program=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([program or PROGRAM, *map(os.fspath, arguments)],
                                        cwd=test.home,
                                        env={**test.environment, **(environment or {})},
                                        stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=own_terminal)
        os.close(slave)
        self.output = ""
        test.addCleanup(self.close)

    def read(self):
        """More output; False at its end."""
        if not select.select([self.master], [], [], TIMEOUT_S)[0]:
            raise AssertionError(f"nothing came for {TIMEOUT_S} s; so far: {self.output!r}")
        try:
            more = os.read(self.master, 65536)
        except OSError:  # how Linux tells that the other side is closed
            return False
        self.output += more.decode(errors="replace")
        return bool(more)

    def read_until(self, text):
        while text not in self.output:
            if not self.read():
                raise AssertionError(f"{text!r} never came: {self.output!r}")
        return self

    def type(self, text):
        os.write(self.master, text.encode())

    def finish(self):
        """Read to the end; returns the exit code."""
        while self.read():
            pass
        return self.process.wait(TIMEOUT_S)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)


CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def frames_of(output):
    """What was drawn on the bar's line, one after the other."""
    return [CONTROL.sub("", frame).rstrip("\r\n")
            for frame in re.findall(r"\r([^\r\n]+)\x1b\[K", output)]


def main():
    global PROGRAM, ROOT
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAM, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[3:]])
