#!/usr/bin/env python3
"""What is drawn on a terminal, and how signals end a run."""
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios

import harness
from harness import CONTROL, MusterTest, Terminal, frames_of

HUGE = 1 << 40  # a sparse file: takes no room, and nobody reads it to its end here


class Bar(MusterTest):
    def setUp(self):
        super().setUp()
        self.make_photos()

    def put(self, **options):
        terminal = Terminal(self, "put", "photos", "-n", "photos", **options)
        code = terminal.finish()
        self.assertEqual(code, 0, terminal.output)
        return terminal.output

    def test_a_bar_is_drawn_and_removed(self):
        output = self.put()
        frames = frames_of(output)
        self.assertTrue(frames)
        self.assertTrue(all(frame.startswith("put  ") or not frame for frame in frames), frames)
        # what comes after the last frame begins on an empty line
        self.assertRegex(output.split("\x1b[K")[-1], r"^[a-z]")
        self.assertIn("made a new version", output)

    def test_every_width_is_kept(self):
        for columns in (10, 30, 80, 200):
            with self.subTest(columns):
                self.write("photos/a.txt", "x" * columns)
                terminal = Terminal(self, "put", "photos", "-n", "photos", columns=columns)
                self.assertEqual(terminal.finish(), 0)
                frames = frames_of(terminal.output)
                self.assertTrue(frames)
                for frame in frames:
                    self.assertLess(len(frame), columns)

    def test_the_total_gives_a_percentage(self):
        with open(self.write("big/sparse", ""), "r+b") as file:
            file.truncate(HUGE)
        self.write("big/small")
        terminal = Terminal(self, "digest", "big")
        terminal.read_until("%")
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(terminal.finish(), 130)
        self.assertRegex(CONTROL.sub("", terminal.output), r"digest +\d+%  \[")

    def test_a_dumb_terminal_and_quiet_have_no_bar(self):
        for options, more in (({"environment": {"TERM": "dumb"}}, ()), ({}, ("-q",)),
                              ({}, ("--progress", "none")), ({}, ("--progress", "plain"))):
            with self.subTest(more):
                terminal = Terminal(self, "put", "photos", "-n", "photos", *more, **options)
                self.assertEqual(terminal.finish(), 0)
                self.assertEqual(frames_of(terminal.output), [])

    def test_colours_are_only_on_terminals_without_no_color(self):
        self.put()
        red = "\x1b[1;31mmuster: \x1b[0m"
        for environment, is_red in (({}, True), ({"NO_COLOR": "1"}, False),
                                    ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)):
            with self.subTest(environment):
                terminal = Terminal(self, "show", "nosuch", environment=environment)
                self.assertEqual(terminal.finish(), 2)
                self.assertEqual(red in terminal.output, is_red, terminal.output)
        self.assertNotIn("\x1b", self.run_code(2, "show", "nosuch").err)

    def test_hints_are_wrapped_to_the_terminal(self):
        terminal = Terminal(self, "ls", columns=40)
        self.assertEqual(terminal.finish(), 2)
        hint = [line for line in terminal.output.split("\r\n") if line.startswith(" " * 8)]
        self.assertGreater(len(hint), 2)
        self.assertTrue(all(len(line) < 40 for line in hint), hint)

    def test_failures_and_bar_do_not_mix(self):
        for i in range(20):
            os.symlink("nowhere", self.home / f"photos/broken{i:02}")
        terminal = Terminal(self, "put", "photos", "-n", "photos")
        self.assertEqual(terminal.finish(), 3)
        text = CONTROL.sub("", terminal.output.replace("\x1b[K", "\r"))
        lines = [line.split("\r")[-1] for line in text.replace("\r\n", "\n").split("\n")]
        failed = [line for line in lines if "failed: 'broken" in line]
        self.assertEqual(len(failed), 20)
        self.assertTrue(all(line.startswith("muster: failed: ") for line in failed), failed)


class Signals(MusterTest):
    """A job over a file without an end: only a signal stops it."""

    def setUp(self):
        super().setUp()
        with open(self.write("big/sparse", ""), "r+b") as file:
            file.truncate(HUGE)

    def start(self, *arguments):
        return Terminal(self, *arguments).read_until("\x1b[K")  # the first frame of the bar

    def test_the_first_signal_stops_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                terminal = self.start("digest", "big", "--metrics", "m.prom")
                terminal.process.send_signal(number)
                self.assertEqual(terminal.finish(), 130, terminal.output)
                self.assertIn("muster: ", CONTROL.sub("", terminal.output))
                self.assertIn('muster_exit_code{command="digest"} 130\n',
                              (self.home / "m.prom").read_text())

    def test_an_interrupted_put_makes_no_version_and_the_next_one_works(self):
        terminal = self.start("put", "big", "-n", "big")
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(terminal.finish(), 130, terminal.output)
        self.run_code(2, "show", "big")
        (self.home / "big/sparse").write_text("short")
        self.run_ok("put", "big", "-n", "big")
        self.run_ok("check")

    def test_a_command_that_only_looks_ends_at_once(self):
        with open(harness.PROGRAM, "rb") as file:
            if b"__tsan_init" in file.read():
                self.skipTest("ThreadSanitizer holds signals back while read() waits")
        process = subprocess.Popen([harness.PROGRAM, "put", "big", "-n", "x", "--files-from", "-"],
                                   cwd=self.home, env=self.environment, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            process.stdin.write(b"a\n")  # it waits for more: no job has begun
            process.stdin.flush()
            while not self.waits_for_more(process):
                pass
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(harness.TIMEOUT_S), 130)
        self.assertFalse(self.repo.exists())

    def waits_for_more(self, process):
        """It has taken what was written, and sleeps."""
        left = struct.unpack("i", fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4))[0]
        with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as file:
            state = file.read().rsplit(")", 1)[1].split()[0]
        return left == 0 and state == "S"

    def test_progress_as_json_ends_with_a_final_object(self):
        process = subprocess.Popen([harness.PROGRAM, "digest", "big", "--progress", "json"],
                                   cwd=self.home, env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        with process:
            line = process.stderr.readline()
            self.assertTrue(re.match(r'\{"type":"progress","command":"digest"', line), line)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(harness.TIMEOUT_S), 130)
            self.assertIn('"final":true', process.stderr.read())


if __name__ == "__main__":
    harness.main()
