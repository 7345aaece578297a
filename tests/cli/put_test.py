#!/usr/bin/env python3
"""init and put: what becomes a version, what does not, and what is said about it."""
import json
import os
import re

import harness
from harness import MusterTest


class Init(MusterTest):
    def test_a_repository_is_made_once(self):
        self.run_ok("init", "r", told="made a new repository at r")
        self.run_code(2, "init", "r", told="it is a repository already")
        self.run_ok("-R", "r", "ls")

    def test_a_place_that_holds_anything_is_refused(self):
        self.write("full/a")
        self.run_code(2, "init", "full", told="full")
        self.assertEqual(self.tree("full"), {"a": b"x\n"})

    def test_the_place_may_come_from_the_option_or_the_environment(self):
        self.run_ok("init", "-R", "r")
        self.run_ok("init", environment={"MUSTER_REPO": "e"})
        self.run_ok("ls", environment={"MUSTER_REPO": "e"})

    def test_a_bucket_without_credentials_names_where_they_were_looked_for(self):
        told = self.run_code(4, "init", "s3://bucket/x", environment={
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_ACCESS_KEY_ID": ""}).err
        for source in ("AWS_ACCESS_KEY_ID", "credentials file", "AWS_EC2_METADATA_DISABLED"):
            self.assertIn(source, told)

    def test_xxh128_repositories_have_their_own_digest(self):
        self.make_photos()
        self.run_ok("init", "r", "--digest", "xxh128", "--identity", "sha256")
        self.run_ok("-R", "r", "put", "photos", "-n", "photos")
        version = self.run_ok("-R", "r", "show", "photos", "--json").objects()[0]
        self.assertEqual(version["digest_algorithm"], "xxh128")


class Put(MusterTest):
    def show(self, version="photos"):
        return self.run_ok("show", version, "--json").objects()[0]

    def paths(self, version):
        return self.run_ok("ls", "--recursive", version).out.splitlines()

    def test_the_first_put_makes_the_default_repository_and_says_so_once(self):
        first = self.put_photos()
        self.assertEqual(first.err.count(f"made a new repository at {self.repo}"), 1)
        self.assertEqual(first.out, "tester/uncategorized/photos:v0\n")
        self.assertNotIn("made a new repository", self.put_photos().err)

    def test_forced_forms_give_the_same_version(self):
        self.make_photos()
        digests = set()
        for name, value in [("MUSTER_CPU", "scalar"), ("MUSTER_CPU", "best"),
                            ("MUSTER_READER", "plain"), ("MUSTER_READER", "ring")]:
            summary = self.run_ok("-R", name + value, "put", "photos", "-n", "photos", "--json",
                                  environment={name: value}).objects()[-1]
            digests.add(summary["digest"])
        self.assertEqual(len(digests), 1)
        for name in ("MUSTER_CPU", "MUSTER_READER"):
            self.run_code(2, "put", "photos", "-n", "photos", environment={name: "abacus"},
                          told="'abacus'")

    def test_verbose_tells_who_may_hold_how_much(self):
        self.make_photos()
        told = self.run_ok("put", "photos", "-n", "photos", "-v", "--memory", "64MiB").err
        for text in ("peak memory", "may have held", "MiB  table of blobs"):
            self.assertIn(text, told)
        summary = self.run_ok("put", "photos", "-n", "photos", "--json", "-j", "64",
                              "--memory", "64MiB").objects()[-1]
        held = sum(part["bytes"] for part in summary["memory"])
        self.assertLessEqual(held, 64 << 20)
        self.assertLessEqual(summary["peak_memory_bytes"], held)

    def test_verbose_tells_how_busy_lanes_were(self):
        self.make_photos()
        self.write("photos/more.bin", b"x" * 100_000)
        told = self.run_ok("put", "photos", "-n", "photos", "-v").err
        self.assertRegex(told, r"lanes +\d+ % busy\n")
        self.assertNotIn("busy", self.run_ok("put", "photos", "-n", "photos", "-v").err)
        summary = self.run_ok("digest", "photos", "--json").objects()[-1]
        self.assertIn(summary["lanes_busy_percent"], range(1, 101))

    def test_a_mistake_makes_no_repository(self):
        self.run_code(2, "put", "nowhere", "-n", "photos")
        self.assertFalse(self.repo.exists())

    def test_nothing_changed_means_no_version(self):
        self.make_photos()
        self.settle()
        self.run_ok("put", "photos", "-n", "photos")
        again = self.run_ok("put", "photos", "-n", "photos")
        self.assertEqual(again.out, "tester/uncategorized/photos:v0\n")
        self.assertIn("v0", again.err)
        self.assertRegex(again.err, r"unchanged files +3\n")
        self.assertNotIn("made a new version", again.err)

    def test_a_change_makes_a_version(self):
        self.put_photos()
        self.write("photos/a.txt", "two, and longer\n")
        self.assertEqual(self.run_ok("put", "photos", "-n", "photos").out,
                         "tester/uncategorized/photos:v1\n")

    def test_the_summary_tells_what_was_done(self):
        told = self.put_photos("-v").err
        for label in ("files", "size", "unchanged files", "read files", "read", "deduplicated",
                      "written", "time", "peak memory", "content root"):
            self.assertRegex(told, rf"(?m)^   {label}  +\S")
        for line in re.findall(r"(?m)^   \w.*", told):
            self.assertRegex(line, r"^.{20} \S")

    def test_everything_that_is_said_of_a_version_arrives(self):
        self.put_photos("-t", "model", "-a", "best", "--alias=second", "--tag", "a b", "--tag", "c",
                        "--description", "two\nlines", "--metadata", '{"a": [1, "é"]}')
        version = self.show()
        self.assertEqual(version["artifact_type"], "model")
        self.assertEqual(set(version["aliases"]), {"best", "second", "latest"})
        self.assertEqual(set(version["tags"]), {"a b", "c"})
        self.assertEqual(version["description"], "two\nlines")
        self.assertEqual(version["metadata"], {"a": [1, "é"]})

    def test_metadata_may_come_from_a_file_or_standard_input(self):
        self.write("meta.json", '{"a": 1}')
        self.put_photos("--metadata", "@meta.json")
        self.assertEqual(self.show()["metadata"], {"a": 1})
        self.write("photos/new", "new")
        self.run_ok("put", "photos", "-n", "photos", "--metadata", "@-", stdin='{"b": 2}')
        self.assertEqual(self.show()["metadata"], {"b": 2})

    def test_bad_names_and_metadata_are_refused(self):
        self.put_photos()
        many = json.dumps({str(i): i for i in range(101)})
        for arguments in (("-n", "a b"), ("-n", "a/b/c/d"), ("-n", "photos", "-a", "v7"),
                          ("-n", "photos", "-a", "x/y"), ("-n", "photos", "-a", "x:y"),
                          ("-n", "photos", "--tag", "x!"), ("-n", "photos", "-t", "other"),
                          ("-n", "new", "-t", "wandb-x"), ("-n", "photos", "--metadata", "[1]"),
                          ("-n", "photos", "--metadata", "{"), ("-n", "photos", "--metadata", many),
                          ("-n", "photos", "--metadata", '{"a": NaN}'), ("-n", ""),
                          ("-n", "photos", "--onto", "v9"), ("-n", "photos", "--onto", "other:v0")):
            with self.subTest(arguments):
                self.run_code(2, "put", "photos", *arguments)
        self.assertEqual(len(self.run_ok("ls", "--versions", "photos", "--json").objects()), 2)

    def test_a_mistake_makes_no_repository(self):
        self.make_photos()
        self.write("list", "{}")
        for arguments in (("-n", "a b"), ("-n", "データ"), ("-n", "a/b/c/d"), ("-n", "x", "-a", "v7"),
                          ("-n", "x", "--tag", "x!"), ("-n", "x", "-t", "wandb-x"), ("-n", ""),
                          ("-n", "x", "--metadata", "[1]")):
            for command in (("put", "photos"), ("import", "list")):
                with self.subTest((command, arguments)):
                    self.run_code(2, *command, *arguments)
                    self.assertFalse(self.repo.exists())

    def test_names_say_where_the_version_goes(self):
        self.make_photos()
        self.assertEqual(self.run_ok("put", "photos", "-n", "them/theirs/photos").out,
                         "them/theirs/photos:v0\n")
        self.assertEqual(self.run_ok("put", "photos", "-n", "theirs/photos").out,
                         "tester/theirs/photos:v0\n")
        self.assertEqual(self.run_ok("put", "photos", "-n", "photos", "--entity", "e",
                                     "--project", "p").out, "e/p/photos:v0\n")
        listed = self.run_ok("ls").out
        for name in ("them/theirs/photos", "theirs/photos", "e/p/photos"):
            self.assertRegex(listed, rf"(?m)^{name} ")

    def test_files_directories_and_places_come_together(self):
        self.make_photos()
        self.write("work/notes.txt")
        self.run_ok("put", "photos", "work/notes.txt", "--at", "more/labels=photos/labels", "--at",
                    "n.txt=work/notes.txt", "-n", "x")
        self.assertEqual(self.paths("x"),
                         ["a.txt", "labels/b.csv", "labels/c.csv", "more/labels/b.csv",
                          "more/labels/c.csv", "n.txt", "notes.txt"])

    def test_two_sources_of_one_path_are_refused_naming_it(self):
        self.make_photos()
        self.write("other/a.txt")
        self.run_code(2, "put", "photos", "other", "-n", "x", told="a.txt")

    def test_onto_adds_to_a_version(self):
        self.put_photos()
        self.write("more/z.txt")
        for number, onto in enumerate(("latest", "v0", "photos:v0", "photos"), 1):
            self.write("more/z.txt", f"{number}\n" * number)
            self.run_ok("put", "more", "-n", "photos", "--onto", onto)
            self.assertEqual(self.paths("photos"),
                             ["a.txt", "labels/b.csv", "labels/c.csv", "z.txt"])

    def test_files_from_takes_only_those_that_are_named(self):
        self.make_photos()
        self.write("list", "labels/c.csv\na.txt\n")
        self.run_ok("put", "photos", "-n", "x", "--files-from", "list")
        self.assertEqual(self.paths("x"), ["a.txt", "labels/c.csv"])
        self.run_ok("put", "photos", "-n", "x", "--files-from", "-", "-0", stdin="labels/b.csv\0")
        self.assertEqual(self.paths("x"), ["labels/b.csv"])
        self.run_code(2, "put", "photos", "-n", "x", "--files-from", "-", stdin="../secret\n",
                      told="../secret")

    def test_patterns_choose_paths(self):
        self.make_photos()
        self.write("photos/labels/d.tmp")
        self.write("patterns", "# not these\n*.tmp\n")
        for arguments, expected in (
                (("--exclude", "labels/"), ["a.txt"]),
                (("--include", "*.csv"), ["labels/b.csv", "labels/c.csv"]),
                (("--exclude-from", "patterns"), ["a.txt", "labels/b.csv", "labels/c.csv"]),
                (("--exclude", "*.csv", "--exclude", "!b.csv", "--exclude-from", "patterns"),
                 ["a.txt", "labels/b.csv"]),
                (("--include", "labels/*", "--exclude", "b.*"), ["labels/c.csv", "labels/d.tmp"])):
            with self.subTest(arguments):
                self.run_ok("put", "photos", "-n", "x", *arguments)
                self.assertEqual(self.paths("x"), expected)

    def test_a_dry_run_changes_nothing(self):
        self.make_photos()
        self.settle()
        self.run_ok("put", "photos", "-n", "photos")
        self.write("photos/new.txt")
        before = self.tree(self.repo)
        result = self.run_ok("put", "photos", "-n", "photos", "--dry-run")
        self.assertEqual(result.out, "")
        self.assertRegex(result.err, r"would read files +1\n")
        self.assertRegex(result.err, r"would read +2 B\n")
        self.assertRegex(result.err, r"unchanged files +3\n")
        self.assertEqual(self.tree(self.repo), before)

    def test_a_dry_run_tells_the_bytes_that_would_be_read(self):
        self.make_photos()
        self.write("photos/large.bin", b"x" * (5 << 20))
        self.write("list", "a.txt\nlarge.bin\n")
        for arguments, files, size in (
                (("photos",), 4, (5 << 20) + 16), (("photos", "--exclude", "large.bin"), 3, 16),
                (("photos/a.txt",), 1, 4), ((f"file://{self.home}/photos",), 4, (5 << 20) + 16),
                (("photos", "--files-from", "list"), 2, (5 << 20) + 4)):
            with self.subTest(arguments):
                dry = self.run_ok("put", *arguments, "-n", "x", "--dry-run",
                                  "--json").objects()[-1]
                self.assertEqual((dry["read_files"], dry["read_bytes"]), (files, size))

    def test_rehash_reads_everything(self):
        self.make_photos()
        self.settle()
        self.run_ok("put", "photos", "-n", "photos")
        self.assertRegex(self.run_ok("put", "photos", "-n", "photos", "--rehash").err,
                         r"read files +3\n")

    def test_failed_items_commit_nothing_unless_asked(self):
        self.make_photos()
        os.symlink("nowhere", self.home / "photos/broken")
        result = self.run_code(3, "put", "photos", "-n", "x", "--failures", "failed",
                               told="'broken'")
        self.assertIn("--commit-partial", result.err)
        self.assertEqual(result.out, "")
        self.assertEqual((self.home / "failed").read_text(), "broken\n")
        result = self.run_code(3, "put", "photos", "-n", "x", "--commit-partial", "--failures",
                               "failed", "-0")
        self.assertEqual(result.out, "tester/uncategorized/x:v0\n")
        self.assertEqual((self.home / "failed").read_bytes(), b"broken\0")
        os.unlink(self.home / "photos/broken")
        self.write("photos/broken", "mended")
        self.run_ok("put", "photos", "-n", "x", "--files-from", "failed", "-0", "--onto", "latest")
        self.assertIn("broken", self.paths("x"))

    def test_names_that_are_no_utf8_are_told_safely(self):
        self.make_photos()
        (self.home / "photos").joinpath(os.fsdecode(b"bad\xff\x1b[31m")).write_text("x")
        result = self.run_code(3, "put", "photos", "-n", "x", "--failures", "failed")
        self.assertIn(r"bad\xff\x1b[31m", result.err)
        self.assertNotIn("\x1b", result.err)
        self.assertEqual((self.home / "failed").read_bytes(), b"bad\xff\x1b[31m\n")
        failure = self.run_code(3, "put", "photos", "-n", "x", "--json").objects()[0]
        self.assertEqual((failure["type"], failure["path_hex"]),
                         ("failure", b"bad\xff\x1b[31m".hex()))

    def test_a_failed_path_with_a_line_feed_needs_null(self):
        self.write("photos/fine")
        os.symlink("nowhere", self.home / "photos/two\nlines")
        result = self.run_code(3, "put", "photos", "-n", "x", "--failures", "failed",
                               told="holds a line feed")
        self.assertIn(r"two\x0alines", result.err)
        self.assertEqual((self.home / "failed").read_bytes(), b"")
        self.run_code(3, "put", "photos", "-n", "x", "--failures", "failed", "-0")
        self.assertEqual((self.home / "failed").read_bytes(), b"two\nlines\0")

    def test_a_loop_of_links_is_told_with_its_path(self):
        self.write("photos/d/a")
        os.symlink("..", self.home / "photos/d/up")
        self.run_code(3, "put", "photos", "-n", "x", told="d/up")

    def test_special_files_are_counted(self):
        self.make_photos()
        os.mkfifo(self.home / "photos/pipe")
        self.assertRegex(self.run_ok("put", "photos", "-n", "x").err, r"skipped 1 ")

    def test_a_failure_names_its_path_once(self):
        self.make_photos()
        os.symlink("nowhere", self.home / "photos/labels/broken")
        os.symlink("loop", self.home / "photos/loop")
        told = ("muster: failed: 'labels/broken': follow link: No such file or directory\n",
                "muster: failed: 'loop': a symbolic link loop\n")
        for line in told:
            self.run_code(3, "put", "photos", "-n", "x", told=line)
            self.run_code(3, "digest", "photos", told=line)
        self.run_code(3, "put", "--at", "p=photos", "-n", "x",
                      told="'p/labels/broken': follow link: No such")
        failures = [o for o in self.run_any("put", "photos", "-n", "x", "--json").objects()
                    if o["type"] == "failure"]
        self.assertEqual([o["message"] for o in sorted(failures, key=lambda o: o["path"])],
                         ["follow link: No such file or directory",
                          "a symbolic link loop"])
        self.run_code(3, "put", "photos", "-n", "x", "--commit-partial")
        self.run_code(3, "diff", "x", "./photos",
                      told="the first: 'labels/broken': follow link: No such file or directory")
        self.assertIn("unreadable  loop: a symbolic link loop\n",
                      self.run_code(3, "verify", "x", "photos").out)

    def test_file_references_keep_their_bytes_elsewhere(self):
        self.make_photos()
        self.run_ok("put", f"file://{self.home}/photos", "-n", "x")
        entry = self.run_ok("ls", "x", "--json").objects()[0]
        self.assertEqual(entry["reference"], f"file://{self.home}/photos/a.txt")

    def test_a_failures_file_that_cannot_be_made_stops_it_before(self):
        self.make_photos()
        self.run_code(2, "put", "photos", "-n", "x", "--failures", "no/such/file", told="--failures")


if __name__ == "__main__":
    harness.main()
