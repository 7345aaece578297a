#!/usr/bin/env python3
"""copy: versions from one repository into another, and under another name."""
import random
import signal
import subprocess

import harness
from harness import MusterTest


class Copy(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos("-a", "best", "--tag", "t", "--description", "d", "--metadata",
                        '{"k": 1}')
        self.write("photos/a.txt", "two\n")
        self.run_ok("put", "photos", "-n", "photos")

    def show(self, version, repository=None):
        where = ["-R", repository] if repository else []
        return self.run_ok(*where, "show", version, "--json").objects()[0]

    def summary(self, *arguments, code=0):
        return self.run_code(code, *arguments, "--json").objects()[-1]

    def names(self, *arguments):
        return self.run_ok("copy", *arguments).out.splitlines()

    def assert_same(self, a, b):
        for member in ("digest", "root", "description", "metadata", "tags", "entry_count"):
            self.assertEqual(a[member], b[member], member)

    def test_a_version_is_the_same_there(self):
        result = self.run_ok("copy", "photos:best", "there")
        self.assertEqual(result.out, "tester/uncategorized/photos:v0\n")
        self.assertIn("made a new repository at", result.err)
        self.assert_same(self.show("photos:v0"), self.show("photos:best", "there"))
        self.run_ok("-R", "there", "check")
        self.run_ok("-R", "there", "checkout", "photos", "out")
        self.assertEqual(self.tree("out")["a.txt"], b"one\n")
        again = self.run_ok("copy", "photos:v0", "there")
        self.assertEqual(again.out, "tester/uncategorized/photos:v0\n")
        self.assertIn("no new version", again.err)

    def test_all_versions_follow_each_other(self):
        self.assertEqual(self.names("--all-versions", "photos", "there"),
                         [f"tester/uncategorized/photos:v{i}" for i in range(2)])
        self.write("photos/new", "new")
        self.run_ok("put", "photos", "-n", "photos")
        self.run_ok("alias", "photos:v1", "late")
        summary = self.summary("copy", "--all-versions", "photos", "there")
        self.assertEqual((summary["new_versions"], summary["present_versions"],
                          summary["read_bytes"]), (1, 2, 3))
        for number in range(3):
            self.assert_same(self.show(f"photos:v{number}"),
                             self.show(f"photos:v{number}", "there"))
        self.assertIn("late", self.show("photos:v1", "there")["aliases"])
        self.assertIn("latest", self.show("photos:v2", "there")["aliases"])

    def test_a_new_directory_digests_as_the_source_does(self):
        self.run_ok("init", "xx", "--digest", "xxh128", "--identity", "sha256")
        self.run_ok("-R", "xx", "put", "photos", "-n", "photos")
        self.run_ok("-R", "xx", "copy", "photos", "there")
        self.assert_same(self.show("photos", "xx"), self.show("photos", "there"))
        self.run_ok("-R", "there", "put", "photos", "-n", "photos")
        self.assertEqual(self.show("photos", "there")["version"], "v0")

    def test_what_is_said_of_the_artifact_goes_with_all_its_versions(self):
        self.run_ok("describe", "--collection", "photos", "of cats")
        self.run_ok("tag", "--collection", "photos", "animals")
        self.run_ok("copy", "photos", "there")
        self.assertNotIn("of cats", self.run_ok("-R", "there", "log", "photos").out)
        self.run_ok("copy", "--all-versions", "photos", "there")
        self.run_ok("tag", "--collection", "photos", "small")
        self.run_ok("-R", "there", "describe", "--collection", "photos", "a copy")
        self.run_ok("copy", "--all-artifacts", "there")
        self.run_ok("copy", "--all-artifacts", "there")
        told = [line for line in self.run_ok("-R", "there", "log", "photos").out.splitlines()
                if "collection" in line or "artifact" in line]
        self.assertEqual(len(told), 4, told)
        shown = self.run_ok("-R", "there", "ls", "--json").objects()[0]
        self.assertEqual((shown["description"], shown["tags"]), ("a copy", ["animals", "small"]))

    def test_the_whole_repository(self):
        self.run_ok("put", "photos/labels", "-n", "proj/labels", "-t", "model")
        self.assertEqual(sorted(self.names("--all-artifacts", "there")),
                         ["tester/proj/labels:v0", "tester/uncategorized/photos:v0",
                          "tester/uncategorized/photos:v1"])
        self.assertEqual(self.show("proj/labels", "there")["artifact_type"], "model")
        self.assertEqual(self.summary("copy", "--all-artifacts", "there")["new_versions"], 0)

    def test_another_name_moves_no_bytes(self):
        self.assertEqual(self.names("photos:v0", "--as", "other/frozen"),
                         ["tester/other/frozen:v0"])
        self.assert_same(self.show("photos:v0"), self.show("other/frozen"))
        summary = self.summary("copy", "photos", self.repo, "--as", "frozen")
        self.assertEqual((summary["read_bytes"], summary["packed_bytes"]), (0, 0))
        self.run_ok("check")

    def test_damaged_bytes_are_told_and_not_copied(self):
        pack = next(p for p in (self.repo / "packs").rglob("*.pack") if b"one\n" in p.read_bytes())
        data = bytearray(pack.read_bytes())
        data[data.index(b"one\n")] ^= 1
        pack.chmod(0o644)
        pack.write_bytes(data)
        result = self.run_code(3, "copy", "photos:v0", "there", "--failures", "failed",
                               told="'a.txt'")
        self.assertIn("nothing was committed", result.err)
        self.assertEqual((self.home / "failed").read_text(), "a.txt\n")
        self.run_code(2, "-R", "there", "show", "photos")
        self.run_code(3, "copy", "photos:v0", "there", "--commit-partial")
        self.assertEqual(self.show("photos", "there")["entry_count"], 2)
        self.run_code(3, "copy", "--all-versions", "photos", "fourth",
                      told="of 'tester/uncategorized/photos:v0'")

    def test_wrong_usage_makes_nothing(self):
        for told, arguments in (
                ("name the version", []),
                ("name the repository", ["photos"]),
                ("name the repository", ["--all-versions", "photos"]),
                ("takes no VERSION", ["--all-artifacts", "photos", "there"]),
                ("one artifact", ["--all-artifacts", "there", "--as", "x"]),
                ("into itself", ["photos", "--as", "photos"]),
                ("names a version", ["--all-versions", "photos:v0", "there"]),
                ("names a version", ["photos", "--as", "x:v0"]),
                ("no version 'v9'", ["photos:v9", "there"]),
                ("no artifact 'nosuch'", ["nosuch", "there"])):
            with self.subTest(arguments):
                self.run_code(2, "copy", *arguments, told=told)
                self.assertFalse((self.home / "there").exists())
        self.run_code(2, "copy", "photos", "photos", told="photos")  # no repository, and not empty

    def test_a_killed_copy_is_gone_on_with(self):
        content = random.Random(5)
        for i in range(600):
            self.write(f"many/{i}", content.randbytes(120_000))
        self.run_ok("put", "many", "-n", "many")
        self.run_ok("init", "there")
        with subprocess.Popen([harness.PROGRAM, "copy", "many", "there", "-j", "1"],
                              cwd=self.home, env=self.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not list((self.home / "there").rglob("*.pack")):
                pass
            process.send_signal(signal.SIGKILL)
        was_killed = process.returncode < 0
        self.run_ok("-R", "there", "check")
        summary = self.summary("copy", "many", "there")
        if was_killed and summary["new_versions"]:
            self.assertGreaterEqual(summary["adopted_packs"], 1)
            self.assertLess(summary["read_bytes"], 600 * 120_000)
        self.run_ok("-R", "there", "checkout", "many", "out")
        self.assert_same_tree("many", "out")
        self.run_ok("-R", "there", "check")


if __name__ == "__main__":
    harness.main()
