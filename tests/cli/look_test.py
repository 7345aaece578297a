#!/usr/bin/env python3
"""ls, show, log, cat, diff: what is in a repository."""
import os
import pwd
import socket
import subprocess

import harness
from harness import MusterTest


class Look(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos("-a", "first")
        self.write("photos/a.txt", "two, and longer\n")
        self.write("photos/new.txt", "n\n")
        os.unlink(self.home / "photos/labels/c.csv")
        self.run_ok("put", "photos", "-n", "photos", "--tag", "t 1", "--description", "a\nb")

    def test_collections_are_a_table(self):
        self.run_ok("put", "photos", "-n", "e/p/a-much-longer-name", "-t", "model")
        lines = self.run_ok("ls").out.splitlines()
        self.assertEqual(lines[0].split(),
                         ["NAME", "TYPE", "VERSIONS", "LATEST", "FILES", "SIZE", "CHANGED",
                          "(UTC)"])
        self.assertEqual(len(lines), 3)
        self.assertEqual(len({line.index(kind) for line, kind in
                              zip(lines, ("TYPE", "model", "dataset"))}), 1)
        for line in lines:
            self.assertLess(len(line), 100)
            self.assertEqual(line, line.rstrip())

    def test_an_empty_repository_says_what_to_do(self):
        self.run_ok("init", "empty")
        self.assertEqual(self.run_ok("-R", "empty", "ls", told="muster put").out, "")

    def test_versions_are_listed_oldest_first(self):
        lines = self.run_ok("ls", "--versions", "photos").out.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["VERSION", "v0", "v1"])
        self.assertTrue(lines[1].endswith("first"))
        self.assertTrue(lines[2].endswith("latest"))
        digest = self.run_ok("show", "photos", "--json").objects()[0]["digest"]
        self.assertIn(digest, self.run_ok("ls", "-l", "--versions", "photos").out)

    def test_entries_are_listed_one_level_or_all(self):
        for arguments, expected in (
                (("photos",), "a.txt\nlabels/\nnew.txt\n"),
                (("photos:v0", "--recursive"), "a.txt\nlabels/b.csv\nlabels/c.csv\n"),
                (("photos:first", "labels"), "labels/b.csv\nlabels/c.csv\n"),
                (("photos:first", "labels/"), "labels/b.csv\nlabels/c.csv\n"),
                (("photos", "a.txt"), "a.txt\n"),
                (("photos:v0", "labels", "-0"), "labels/b.csv\0labels/c.csv\0")):
            with self.subTest(arguments):
                self.assertEqual(self.run_ok("ls", *arguments).out, expected)

    def test_long_lines_have_digest_and_size(self):
        self.assertEqual(self.run_ok("ls", "-l", "photos:v0").out,
                         "W79aUjKOdDmubnGd/nEiAA==         4 B  a.txt\n"
                         "-                                  -  labels/\n")

    def test_a_prefix_ends_at_a_component(self):
        self.run_code(2, "ls", "photos", "label", told="label")

    def test_unknown_names_are_told_with_a_hint(self):
        for arguments in (("show", "nosuch"), ("show", "photos:v9"), ("show", "photos:nosuch"),
                          ("ls", "nosuch"), ("ls", "--versions", "nosuch"), ("log", "nosuch"),
                          ("cat", "nosuch", "a"), ("cat", "photos", "nosuch")):
            with self.subTest(arguments):
                result = self.run_code(2, *arguments, told="muster ls")
                self.assertEqual(result.out, "")

    def test_the_nearest_name_is_offered(self):
        self.run_ok("alias", "photos:v0", "best")
        for typed, meant in (("photo", "photos"), ("phtoos:v0", "photos"),
                             ("photos:bets", "photos:best"),
                             ("uncategorized/photo", "uncategorized/photos"),
                             ("tester/uncategorized/hotos", "tester/uncategorized/photos"),
                             ("uncategorized/photos:lastest", "uncategorized/photos:latest")):
            with self.subTest(typed):
                self.run_code(2, "show", typed, told=f"did you mean '{meant}'?")
        for arguments in (("show", "nothing"), ("show", "photos:v7"), ("show", "other/photo"),
                          ("show", "photo\ns"), ("cat", "photos", "nosuch"), ("show", "p" * 3000)):
            with self.subTest(arguments):
                self.assertNotIn("did you mean", self.run_code(2, *arguments).err)

    def test_a_directory_is_no_file_but_is_told(self):
        self.run_code(2, "cat", "photos", "labels", told="'labels' of 'photos': it is a directory")
        self.run_code(2, "cat", "photos", "label", told="there is no such entry")
        self.run_code(2, "cat", "photos", "a.txt/x", told="there is no such entry")
        self.run_code(2, "cat", "photos", "zzz", told="there is no such entry")

    def test_one_long_name_leaves_the_other_rows_aligned(self):
        self.run_ok("put", "photos", "-n", "x" * 100)
        titles, *rows = self.run_ok("ls").out.splitlines()
        rows = {row.split()[0]: row for row in rows}
        self.assertLess(len(titles), 80)
        self.assertEqual(rows["photos"].index("dataset"), titles.index("TYPE"))
        self.assertTrue(rows["x" * 100].startswith("x" * 100 + "  dataset"))
        titles, row, *_ = self.run_ok("log", "-v", "photos").out.splitlines()
        self.assertEqual(row.index("'photos' of"), titles.index("WHAT"))

    def test_names_that_are_none_are_refused(self):
        for name in ("", ":", "a:b:c", "a//b", "a b", "a/b/c/d", "photos:"):
            with self.subTest(name):
                self.run_code(2, "show", name)

    def test_names_are_shown_safely(self):
        self.write("photos/esc\x1b[31m\n\u202ename", "x")
        self.run_ok("put", "photos", "-n", "photos")
        out = self.run_ok("ls", "photos").out
        self.assertIn(r"esc\x1b[31m\x0a\xe2\x80\xaename", out)
        self.assertIn("esc\x1b[31m\n\u202ename\0", self.run_ok("ls", "photos", "-0").out)

    def test_show_tells_all_of_a_version(self):
        out = self.run_ok("show", "photos").out
        version = self.run_ok("show", "photos", "--json").objects()[0]
        for label, value in (("version", "tester/uncategorized/photos:v1"), ("type", "dataset"),
                             ("aliases", "latest"), ("tags", "t 1"), ("files", "3"),
                             ("content root", version["root"]), ("metadata", "{}")):
            self.assertRegex(out, rf"(?m)^{label} +{value}$")
        self.assertIn("description  a\n             b\n", out)
        self.assertIn(f"{version['digest']} (md5)", out)
        self.assertEqual(self.run_ok("show", "photos:latest").out, out)
        self.assertEqual(self.run_ok("show", "tester/uncategorized/photos:v1").out, out)

    def test_log_tells_the_history(self):
        self.run_ok("alias", "photos:v0", "best")
        lines = self.run_ok("log", "photos").out.splitlines()
        self.assertEqual(lines[0].split(), ["EVENT", "TIME", "(UTC)", "KIND", "BY", "WHAT"])
        self.assertEqual([line.split()[3] for line in lines[1:]],
                         ["open", "save", "save", "alias"])
        user = self.environment.get("USER") or pwd.getpwuid(os.geteuid()).pw_name
        who = f"{user}@{socket.gethostname()}"
        self.assertEqual([line.split()[4] for line in lines[1:]], ["-", who, who, who])
        verbose = self.run_ok("log", "-v", "photos").out
        for event in self.run_ok("log", "--json", "photos").objects()[:-1]:
            self.assertIn(event["sha256"], verbose)

    def test_cat_writes_the_bytes(self):
        data = bytes(range(256)) * 40000  # ten megabytes: not in one piece
        self.write("photos/data.bin", data)
        self.run_ok("put", "photos", "-n", "photos")
        self.assertEqual(self.run_raw("cat", "photos", "data.bin").stdout, data)
        self.assertEqual(self.run_raw("cat", "photos:v0", "a.txt").stdout, b"one\n")

    def test_a_directory_that_is_taken_for_an_artifact_is_told(self):
        self.write("work/a.txt")
        self.run_code(2, "diff", "photos", "work", told="./DIR")
        self.assertNotIn("./DIR", self.run_code(2, "diff", "photos", "nosuch").err)

    def test_diff_tells_what_differs(self):
        result = self.run_code(1, "diff", "photos:v0", "photos:v1")
        self.assertEqual(result.out,
                         "modified         4 B        16 B  a.txt\n"
                         "removed          6 B           -  labels/c.csv\n"
                         "added              -         2 B  new.txt\n")
        result = self.run_code(1, "diff", "--summary", "photos:v0", "photos")
        self.assertRegex(result.out, r"^1 added \(.*\), 1 removed \(.*\), 1 modified\n$")

    def test_no_difference_is_exit_code_0(self):
        self.assertEqual(self.run_ok("diff", "photos:v1", "photos").out, "")
        self.assertEqual(self.run_ok("diff", "photos", "./photos").out, "")
        self.assertEqual(self.run_ok("diff", "./photos", "./photos").out, "")

    def test_diff_takes_directories_too(self):
        self.write("photos/a.txt", "three\n")
        self.assertIn("a.txt", self.run_code(1, "diff", "photos", "./photos").out)
        self.assertIn("a.txt", self.run_code(1, "diff", f"{self.home}/photos", "photos").out)
        for sides in (("photos", "./nowhere"), ("./nowhere", "photos"), ("./photos", "./nowhere")):
            self.run_code(2, "diff", *sides,
                          told="muster: './nowhere': No such file or directory\n")

    def test_a_reader_that_has_enough_may_go(self):
        command = f"'{harness.PROGRAM}' ls --recursive photos | head -n 1"
        done = subprocess.run(["bash", "-c", command], cwd=self.home, env=self.environment,
                              capture_output=True, check=False)
        self.assertEqual((done.stdout, done.stderr), (b"a.txt\n", b""))


if __name__ == "__main__":
    harness.main()
