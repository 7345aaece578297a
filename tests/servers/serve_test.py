#!/usr/bin/env python3
"""./serve and ./install, without a real server: a few lines of Python stand for one."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
# Takes minio's place: it answers 200 to everything, and starts a child of its own.
STAND_IN = f"""#!{sys.executable}
import http.server, os, subprocess, sys
if os.path.exists(os.path.join(os.path.dirname(__file__), "broken")):
    sys.exit("this one is broken")
subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    do_PUT = do_GET
port = int(sys.argv[sys.argv.index("--address") + 1].rpartition(":")[2])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def processes_with(text):
    """Numbers of the processes whose environment or command line holds the text."""
    found = []
    for each in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if text in (each / "environ").read_bytes() + (each / "cmdline").read_bytes():
                if (each / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(int(each.name))
        except OSError:
            continue
    return found


class Serve(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/minio").write_text(STAND_IN)
        (self.folder / "bin/minio").chmod(0o755)
        self.mark = f"muster-mark-{os.getpid()}-{time.monotonic_ns()}"
        self.environment = {**os.environ, "MUSTER_MARK": self.mark}

    def words(self, *command, name="minio"):
        return [sys.executable, "-B", str(HERE / "serve"), name, str(self.folder), "--", *command]

    def serve(self, *command, **options):
        return subprocess.run(self.words(*command, **options), env=self.environment, timeout=120,
                              capture_output=True, text=True, check=False)

    def assert_nothing_runs(self):
        deadline = time.monotonic() + 60
        while processes_with(self.mark.encode()):
            self.assertLess(time.monotonic(), deadline, "processes are left")
            time.sleep(0.02)

    def test_the_exit_code_is_that_of_the_command(self):
        self.assertEqual(self.serve("true").returncode, 0)
        self.assertEqual(self.serve("sh", "-c", "exit 3").returncode, 3)
        self.assertEqual(self.serve("sh", "-c", "kill -KILL $$").returncode, 137)
        self.assert_nothing_runs()

    def test_the_command_finds_the_server_and_no_account_of_the_user(self):
        self.environment.update(AWS_PROFILE="mine", https_proxy="http://elsewhere")
        done = self.serve("env")
        found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        self.assertEqual(found["MUSTER_TEST_URL"], "s3://muster-test/repository")
        self.assertEqual(found["MUSTER_TEST_S3_ENDPOINT"], found["AWS_ENDPOINT_URL_S3"])
        self.assertTrue(found["MUSTER_TEST_ENDPOINT"].startswith("http://127.0.0.1:"))
        self.assertEqual(found["AWS_CONFIG_FILE"], "/dev/null")
        self.assertNotIn("AWS_PROFILE", found)
        self.assertNotIn("https_proxy", found)

    def test_words_are_obeyed_and_nonsense_is_refused(self):
        script = f"""set -eux
            word() {{ "{sys.executable}" -B "{HERE}/serve" --control "$1"; }}
            word freeze; word thaw; word stop
            ! word stop
            ! word freeze
            word start
            ! word start
            ! word dance
            word kill; word start"""
        done = self.serve("sh", "-c", script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("unknown word", done.stderr)
        self.assert_nothing_runs()

    def test_an_interrupted_run_leaves_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            up = 'echo "up $(dirname "$MUSTER_TEST_CONTROL")"; exec sleep 300'
            with subprocess.Popen(self.words("sh", "-c", up),
                                  env=self.environment, stdout=subprocess.PIPE, text=True,
                                  start_new_session=True) as run:
                word, scratch = run.stdout.readline().split()
                self.assertEqual(word, "up")
                run.send_signal(number)
                if number == signal.SIGKILL:
                    # It cannot clean up after that one, but the server must end with it.
                    run.wait(timeout=60)
                    os.killpg(run.pid, signal.SIGKILL)
                    deadline = time.monotonic() + 60
                    while processes_with(str(self.folder / "bin/minio").encode()):
                        self.assertLess(time.monotonic(), deadline, "the server is left")
                        time.sleep(0.02)
                    for process in processes_with(self.mark.encode()):
                        os.kill(process, signal.SIGKILL)
                    shutil.rmtree(scratch)
                else:
                    self.assertEqual(run.wait(timeout=60), 128 + number)
                    self.assertFalse(os.path.exists(scratch))
            self.assert_nothing_runs()

    def test_a_server_that_is_not_there_is_a_skip_with_its_reason(self):
        (self.folder / "versitygw.skipped").write_text("there is no go\n")
        self.environment["PATH"] = "/nowhere"
        done = self.serve("true", name="versitygw")
        self.assertEqual(done.returncode, 77)
        self.assertRegex(done.stdout, "^SKIP: versitygw: .*there is no go")

    def test_a_server_that_does_not_start_is_no_skip(self):
        (self.folder / "bin/broken").touch()
        done = self.serve("true")
        self.assertEqual(done.returncode, 125)
        self.assertIn("this one is broken", done.stderr)
        self.assert_nothing_runs()

    def test_wrong_words_are_refused(self):
        self.assertEqual(self.serve("true", name="nosuch").returncode, 2)
        done = subprocess.run([HERE / "install", self.folder, "nosuch"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown server 'nosuch'", done.stderr)

    def test_install_names_what_it_skips_and_writes_why(self):
        done = subprocess.run([HERE / "install", self.folder, "minio", "versitygw"],
                              env={**self.environment, "MUSTER_INSTALL": "no"},
                              capture_output=True, text=True, check=True)
        self.assertIn("versitygw: skipped: MUSTER_INSTALL=no", done.stderr)
        self.assertIn("MUSTER_INSTALL=no", (self.folder / "versitygw.skipped").read_text())


if __name__ == "__main__":
    unittest.main()
