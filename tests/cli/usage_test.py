#!/usr/bin/env python3
"""Help, wrong usage, and what every command has in common."""
import os
import re
import shlex
import signal
import subprocess

import harness
from harness import MusterTest

COMMANDS = ("init put get checkout verify check draft plan merge ls show log cat diff digest etag alias tag "
            "describe metadata ttl rename link unlink delete expire run used-by logged-by lineage "
            "copy export import cache completion help").split()
NOT_BUILT = "scan gc repair".split()


class Help(MusterTest):
    def test_no_command_is_wrong_usage_and_tells_how_to_begin(self):
        result = self.run_code(2, told="muster put DIR -n NAME")
        self.assertEqual(result.out, "")

    def test_the_overview_lists_every_command_once(self):
        text = self.run_ok("--help").out
        self.assertEqual(self.run_ok("help").out, text)
        self.assertEqual(self.run_ok("-h").out, text)
        listed = re.findall(r"^  ([a-z-]+) +\S", text.split("Begin with")[0], re.MULTILINE)
        self.assertEqual([name for name in listed if name != "muster"], COMMANDS)

    def test_help_of_a_command_has_usage_options_and_examples(self):
        for name in COMMANDS:
            with self.subTest(name):
                text = self.run_ok(name, "--help").out
                self.assertEqual(self.run_ok("help", name).out, text)
                self.assertTrue(text.startswith(f"muster {name} - "))
                for part in ("\nUsage:\n  muster " + name, "\nOptions of every command",
                             "\nExamples:\n"):
                    self.assertIn(part, text)
                examples = text.split("\nExamples:\n")[1]
                self.assertIn(f"muster {name}", examples.splitlines()[0])
                self.assertGreaterEqual(examples.count("  muster "), 2)

    def test_help_fits_80_columns(self):
        for text in [self.run_ok("help").out, self.run_any().err,
                     *(self.run_ok("help", name).out for name in COMMANDS)]:
            for line in text.splitlines():
                self.assertEqual(line, line.rstrip())
                if not line.startswith("  muster "):  # examples stay in one line, to be copied
                    self.assertLess(len(line), 80, line)

    def test_examples_use_options_that_exist(self):
        every = set(re.findall(r"(--[a-z-]+|-\w), |(--[a-z-]+)", self.run_ok("help").out))
        every = {name for pair in every for name in pair if name}
        for command in COMMANDS:
            text = self.run_ok("help", command).out
            own = set(re.findall(r"^  (?:(-\w), )?", text, re.MULTILINE)) | set(
                re.findall(r"^  (?:-\w, |    )(--[a-z0-9-]+)", text, re.MULTILINE))
            for line in text.split("Examples:")[1].splitlines():
                for word in shlex.split(line):
                    if re.match(r"--?[a-zA-Z]", word):
                        with self.subTest(line):
                            self.assertIn(word, own | every)

    def test_the_version_is_printed(self):
        self.assertRegex(self.run_ok("--version").out, r"^muster \d+\.\d+\.\d+\n$")
        self.assertRegex(self.run_ok("put", "--version").out, r"^muster \d+\.\d+\.\d+\n$")

    def test_a_hint_fits_its_mistake(self):
        told = "before the command stand only"
        self.assertIn(told, self.run_code(2, "--recursive", "ls").err)
        self.assertNotIn(told, self.run_code(2, "-j", "0", "ls").err)
        self.assertNotIn(told, self.run_code(2, "--repo").err)

    def test_help_reads_no_repository(self):
        self.run_ok("put", "--help")
        self.assertFalse(self.repo.exists())


class Uris(MusterTest):
    """What is not built yet is wrong usage, is told, and makes and changes nothing."""
    CASES = [
        *((("put", *form, "-n", "x"), "references over the network")
          for form in (["s3://b/p"], ["gs://b/p"], ["https://a/p"], ["http://a/p"],
                       ["S3://b"], ["--at", "p=s3://b/p"], [".", "s3://b/p"])),
        *((("-R", "ftp://h/x", *command), "a repository is a directory, or lies in a bucket")
          for command in (("ls",), ("put", ".", "-n", "x"), ("init",), ("check",))),
        *((("-R", url, "ls"), message) for url, message in (
            ("s3://b/x", "a bucket has 3 to 63"), ("gs://b", "a bucket has 3 to 222"),
            ("s3://", "bucket"), ("az://account", "container"))),
        (("-R", "file://other/x", "ls"), "files of another machine ('other')"),
        *((command, "URIs are not supported here by this build; the name of an artifact")
          for command in (("show", "s3://b/x"), ("ls", "s3://b/x"), ("get", "s3://b/x"),
                          ("diff", "s3://a", "s3://b"), ("diff", "photos", "s3://b"),
                          ("verify", "s3://b", "."), ("cat", "s3://b/x", "y"))),
        *((command, "URIs are not supported here by this build; a directory")
          for command in (("get", "photos", "s3://b/x"), ("get", "photos", "file:///x"),
                          ("checkout", "photos", "s3://b/x"), ("verify", "photos", "s3://b"),
                          ("checkout", "photos", "new", "--backup-dir", "s3://b"),
                          ("import", "s3://b/m.json", "-n", "x"), ("digest", "s3://b/x"),
                          ("import", "list", "--from", "s3://b/x", "-n", "x"))),
        *((command, "URIs are not supported here by this build; a file is needed")
          for command in (("export", "photos", "-o", "s3://b/x"),
                          ("put", ".", "-n", "x", "--failures", "s3://b/x"),
                          ("put", ".", "-n", "x", "--files-from", "s3://b/x"),
                          ("put", ".", "-n", "x", "--exclude-from", "s3://b/x"),
                          ("put", ".", "-n", "x", "--metadata", "@s3://b/x"),
                          ("digest", "-c", "s3://b/x"))),
    ]

    def test_what_is_not_built_is_wrong_usage(self):
        self.environment["MUSTER_REPO"] = str(self.home / "repo")
        self.put_photos()
        self.write("list", "{}")
        before = self.tree(".")
        for arguments, message in self.CASES:
            with self.subTest(" ".join(arguments)):
                result = self.run_code(2, *arguments, told=message)
                self.assertEqual(result.out, "")
        self.assertEqual([path for path in self.tree(".") if path not in before
                          and "/sessions/" not in path], [])

    def test_a_source_that_is_not_built_makes_no_repository(self):
        self.run_code(2, "put", "s3://b/p", "-n", "x", told="not supported by this build")
        self.assertFalse(self.repo.exists())

    def test_other_schemes_are_noted_down(self):
        self.run_ok("put", "--at", "p=foo://b/p", "-n", "x")
        self.run_code(2, "put", "foo://b/p", "-n", "x", told="--at NAME=foo://b/p")


class WrongUsage(MusterTest):
    CASES = [
        (("pat",), "did you mean 'put'"),
        (("frobnicate",), "unknown command 'frobnicate'"),
        (("help", "shwo"), "did you mean 'show'"),
        (("put", "--nmae", "x"), "unknown option '--nmae'; did you mean --name?"),
        (("--recursive", "ls"), "unknown option '--recursive'"),
        (("put", "-Z"), "unknown option '-Z'"),
        (("ls", "--json=1"), "takes no value"),
        (("ls", "--repo"), "needs a value"),
        (("-j", "0", "ls"), "--jobs: '0' is not a number from 1"),
        (("-j", "1025", "ls"), "--jobs: '1025'"),
        (("--memory", "much", "ls"), "'much' is not a size"),
        (("--progress", "loud", "ls"), "'loud' is none of auto|plain|json|none"),
        (("show",), "show: VERSION is missing"),
        (("cat", "x"), "cat: ENTRY is missing"),
        (("get",), "get: VERSION is missing"),
        (("verify",), "verify: VERSION is missing"),
        (("diff", "x"), "diff: B is missing"),
        (("import", "-n", "x"), "import: FILE is missing"),
        (("alias", "x"), "alias: ALIAS is missing"),
        (("delete",), "delete: NAME:ALIAS is missing"),
        (("show", "a", "b"), "show: 'b' is too much"),
        (("put", "-n", "x"), "nothing to put"),
        (("put", "."), "put needs the name of an artifact"),
        (("put", ".", "-n", "x:v1"), "'x:v1' names a version"),
        (("put", "nowhere", "-n", "x"), "there is no file or directory 'nowhere'"),
        (("put", "", "-n", "x"), "a path is empty"),
        (("put", "--at", "=x", "-n", "x"), "'=x' is not NAME=PATH"),
        (("put", "--at", "x", "-n", "x"), "'x' is not NAME=PATH"),
        (("put", "--at", "x=nowhere", "-n", "x"), "'nowhere'"),
        (("put", ".", ".", "--files-from", "-", "-n", "x"), "exactly one PATH"),
        (("put", ".", "--files-from", "nowhere", "-n", "x"), "nowhere"),
        (("put", ".", "-n", "x", "--exclude", "["), "--exclude"),
        (("put", ".", "-n", "x", "--exclude-from", "nowhere"), "nowhere"),
        (("verify", "x"), "verify against what?"),
        (("verify", "x", ".", "--stored"), "one at a time"),
        (("verify", "x", "nowhere"), "nowhere"),
        (("verify", "x", ".", "--root", "12"), "no content root"),
        (("checkout", "x"), "checkout: DIR is missing"),
        (("checkout", "x", "y", "--max-delete", "-1"), "--max-delete: '-1'"),
        (("digest",), "nothing to digest"),
        (("digest", "nowhere"), "nowhere"),
        (("digest", ".", "-c", "x"), "is too much"),
        (("digest", "-c", "nowhere"), "nowhere"),
        (("digest", ".", "--md5sum", "--json"), "one at a time"),
        (("digest", ".", "--md5sum", "--algorithm", "xxh128"), "has no meaning"),
        (("digest", ".", "--algorithm", "sha1"), "is none of md5|xxh128"),
        (("ls", "--versions"), "--versions needs"),
        (("ls", "--versions", "x:v1"), "'x:v1' names one"),
        (("log", "x:v1"), "names a version"),
        (("metadata", "x", "--merge"), "--merge needs"),
        (("delete", "x"), "which version?"),
        (("delete", "x:v1", "--collection"), "is one version"),
        (("export", "x", "--format", "csv"), "is none of wandb"),
        (("import", "nowhere", "-n", "x"), "nowhere"),
        (("import", "/proc/self/cmdline", "-n", "x", "--from", "nowhere"), "nowhere"),
        (("import", ".", "-n", "x"), "'.' is a directory"),
        (("cat", "x", "y", "--json"), "--json has no meaning"),
        (("init",), "init needs a URL"),
        (("init", "x", "--digest", "crc"), "is none of md5|xxh128"),
    ]

    def test_mistakes_are_told_and_change_nothing(self):
        for arguments, told in self.CASES:
            with self.subTest(" ".join(arguments)):
                result = self.run_code(2, *arguments, told=told)
                if "--json" not in arguments:
                    self.assertEqual(result.out, "")
                self.assertIn("muster: ", result.err)
        self.assertEqual(list(self.home.iterdir()), [])

    def test_what_is_not_built_is_not_offered(self):
        overview = self.run_ok("help").out
        for name in NOT_BUILT:
            with self.subTest(name):
                self.run_code(2, name, told=f"unknown command '{name}'")
                self.assertNotRegex(overview, rf"(?m)^  {name}\b")

    def test_options_may_stand_before_and_behind_the_command(self):
        self.make_photos()
        self.run_ok("-R", "r", "-q", "put", "photos", "-n", "photos")
        self.run_ok("put", "-n", "photos", "photos", "-qR", "r")
        self.assertEqual(self.run_ok("ls", "--repo=r", "photos").out,
                         self.run_ok("--repo", "r", "ls", "photos").out)

    def test_two_dashes_end_the_options(self):
        self.write("-n/a.txt")
        self.run_ok("put", "-n", "x", "--", "-n")
        self.assertEqual(self.run_ok("ls", "x").out, "a.txt\n")

    def test_a_missing_repository_says_what_to_do(self):
        for arguments in (("ls",), ("show", "x"), ("get", "x"), ("check",), ("log", "x"),
                          ("delete", "x:v0", "--yes"), ("tag", "x", "y")):
            with self.subTest(arguments[0]):
                result = self.run_code(2, *arguments, told="no repository")
                self.assertIn("muster init", result.err)
        self.assertFalse(self.repo.exists())


class Streams(MusterTest):
    def test_quiet_says_nothing_but_data_and_errors(self):
        self.make_photos()
        result = self.run_ok("-q", "put", "photos", "-n", "photos")
        self.assertEqual(result.out, "tester/uncategorized/photos:v0\n")
        self.assertEqual(result.err, "made a new repository at " + str(self.repo) + "\n"
                         if result.err else "")
        self.run_code(2, "-q", "show", "nosuch", told="nosuch")

    def test_in_one_log_data_stands_before_what_is_said_of_it(self):
        self.put_photos()
        self.write("photos/a.txt", "changed, and longer\n")
        done = subprocess.run([harness.PROGRAM, "verify", "photos", "photos"], cwd=self.home,
                              env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ["changed     a.txt",
                                     "photos: 1 difference from the version"])

    def test_a_full_disk_behind_standard_output_is_an_error(self):
        self.put_photos()
        with open("/dev/full", "wb") as full:
            for arguments in (("ls",), ("ls", "--json"), ("help",), ("--version",),
                              ("cat", "photos", "a.txt"), ("show", "photos")):
                with self.subTest(arguments):
                    done = self.run_raw(*arguments, stdout=full)
                    self.assertEqual(done.returncode, 4)
                    self.assertEqual(done.stderr.decode().count("No space left"), 1)

    def test_a_closed_pipe_ends_the_program_quietly(self):
        self.put_photos()
        for is_ignored in (False, True):  # whoever starts us may ignore it
            with self.subTest(is_ignored):
                reader, writer = os.pipe()
                os.close(reader)
                process = subprocess.Popen([harness.PROGRAM, "ls", "photos"], cwd=self.home,
                                           env=self.environment, stdout=writer,
                                           stderr=subprocess.PIPE,
                                           restore_signals=not is_ignored)
                os.close(writer)
                with process:
                    self.assertEqual(process.stderr.read(), b"")
                    self.assertEqual(process.wait(harness.TIMEOUT_S), -signal.SIGPIPE)


if __name__ == "__main__":
    harness.main()
