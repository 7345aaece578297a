#!/usr/bin/env python3
"""Digests and manifests that W&B's SDK computes for files, directories and references, held
against digest, put and export.

    digests_test.py MUSTER ROOT [unittest arguments]
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
import harness
import sdk
from harness import MusterTest
from trees import TREES, random_tree

RANDOM_TREES = 40
ALGORITHMS = ("MD5", "XXH128")


def is_good_path(path):
    from wandb.sdk.artifacts._validators import validate_artifact_path
    try:
        return validate_artifact_path(path) == path
    except ValueError:
        return False


class Judged(MusterTest):
    def setUp(self):
        super().setUp()
        for algorithm in ALGORITHMS:
            self.run_ok("-R", algorithm, "init", "--digest", algorithm.lower())
        self.count = 0

    def write_tree(self, tree):
        """A directory of its own, relative to home."""
        self.count += 1
        directory = f"tree-{self.count}"
        (self.home / directory).mkdir()
        for path, content in tree.items():
            self.write(f"{directory}/{path}", content)
        return directory

    def put(self, algorithm, *arguments):
        self.count += 1
        name = f"judged-{self.count}"
        self.run_ok("-R", algorithm, "put", *arguments, "-n", name)
        return name

    def document(self, algorithm, name, form="python"):
        return json.loads(self.run_ok("-R", algorithm, "export", name, "--form", form,
                                      "--format", "wandb").out)

    def judge(self, algorithm, name, made):
        """The version has the SDK's digest, and its manifest is the SDK's."""
        version = self.run_ok("-R", algorithm, "show", name, "--json").objects()[0]
        self.assertEqual(version["digest"], made.digest)
        self.assertEqual(version["size_bytes"], made.size)
        self.assertEqual(self.document(algorithm, name), made.manifest.to_manifest_json())
        self.judge_go_form(algorithm, name, made)

    def judge_go_form(self, algorithm, name, made):
        """As the SDK's other half writes it: sorted, and with two keys more."""
        go = self.document(algorithm, name, "go")["contents"]
        expected = sdk.contents(made.manifest)
        self.assertEqual(list(go), sorted(expected))
        for path, entry in go.items():
            self.assertIs(entry.pop("skip_cache"), False)
            self.assertEqual(entry, {"size": 0, **expected[path]})


class Trees(Judged):
    def judge_tree(self, algorithm, tree):
        directory = self.write_tree(tree)
        made = sdk.artifact(algorithm)
        sdk.add_dir(made, self.home / directory)
        self.assertEqual(len(made.manifest.entries), len(tree))
        self.judge(algorithm, self.put(algorithm, directory), made)
        *entries, summary = self.run_ok("digest", directory, "--algorithm", algorithm.lower(),
                                        "--json").objects()
        self.assertEqual(summary["digest"], made.digest)
        self.assertEqual({entry["path"]: (entry["digest"], entry["size_bytes"])
                          for entry in entries},
                         {path: (entry.digest, entry.size)
                          for path, entry in made.manifest.entries.items()})

    def test_trees_that_are_easily_got_wrong(self):
        for name, tree in TREES.items():
            for algorithm in ALGORITHMS:
                with self.subTest(name, algorithm=algorithm):
                    self.judge_tree(algorithm, tree)

    def test_random_trees(self):
        for seed in range(RANDOM_TREES):
            with self.subTest(seed=seed):
                self.judge_tree(ALGORITHMS[seed % 2], random_tree(seed, is_good_path))

    def test_links_are_followed_and_empty_directories_left_out(self):
        directory = self.write_tree({"real/file": "x", "top": "y"})
        os.symlink("real", self.home / directory / "to-directory")
        os.symlink("top", self.home / directory / "to-file")
        (self.home / directory / "empty/inside").mkdir(parents=True)
        for algorithm in ALGORITHMS:
            made = sdk.artifact(algorithm)
            sdk.add_dir(made, self.home / directory)
            self.assertEqual(sorted(made.manifest.entries),
                             ["real/file", "to-directory/file", "to-file", "top"])
            self.judge(algorithm, self.put(algorithm, directory), made)

    def test_paths_that_wandb_refuses_fail_here_too(self):
        for path in ("C:x", "a:b", "\\x", "a\\..\\b", "c:/d"):
            with self.subTest(path):
                directory = self.write_tree({path: "x", "good": "y"})
                with self.assertRaises(ValueError):
                    sdk.add_dir(sdk.artifact(), self.home / directory)
                self.run_code(3, "-R", "MD5", "put", directory, "-n", "refused")
        self.run_code(2, "-R", "MD5", "show", "refused")

    def test_names_that_are_not_utf_8_fail_here_too(self):
        directory = self.write_tree({"good": "y"})
        (self.home / directory / os.fsdecode(b"\xff")).write_text("x")
        made = sdk.artifact()
        sdk.add_dir(made, self.home / directory)
        with self.assertRaises(UnicodeEncodeError):
            made.digest
        self.run_code(3, "-R", "MD5", "put", directory, "-n", "refused")


class Sources(Judged):
    """Several sources in one artifact, and their names."""

    def test_files_and_directories_get_the_same_places(self):
        directory = self.write_tree(TREES["order"])
        self.write("single file.bin", "s")
        for name in ("in", "a/b c/%", "./x//y/", "é"):
            with self.subTest(name):
                made = sdk.artifact()
                sdk.add_dir(made, self.home / directory, name)
                made.add_file(os.fspath(self.home / "single file.bin"))
                made.add_file(os.fspath(self.home / "single file.bin"), name=name + "2/deep.bin")
                self.judge("MD5", self.put("MD5", "single file.bin", "--at", f"{name}={directory}",
                                           "--at", f"{name}2/deep.bin=single file.bin"), made)

    def test_a_second_content_for_a_path_is_refused(self):
        for content in ("one", "two"):
            self.write(f"{content}/file", content)
        made = sdk.artifact()
        made.add_file(os.fspath(self.home / "one/file"))
        with self.assertRaises(ValueError):
            made.add_file(os.fspath(self.home / "two/file"))
        self.run_code(2, "-R", "MD5", "put", "one/file", "two/file", "-n", "twice", told="'file'")


class References(Judged):
    def put_at(self, algorithm, name, uri):
        return self.put(algorithm, *(["--at", f"{name}={uri}"] if name else [uri]))

    def judge_file_tree(self, algorithm, tree, name=None):
        directory = self.write_tree(tree)
        uri = f"file://{self.home}/{directory}"
        made = sdk.artifact(algorithm)
        made.add_reference(uri, name=name)
        self.judge(algorithm, self.put_at(algorithm, name, uri), made)

    def test_a_directory_of_files(self):
        for name in ("one file", "order", "spaces", "quotes", "empty files", "hidden", "deep",
                     "wide", "colon", "json"):
            for algorithm in ALGORITHMS:
                with self.subTest(name, algorithm=algorithm):
                    self.judge_file_tree(algorithm, TREES[name])
        self.judge_file_tree("MD5", TREES["order"], "under/a name")

    def test_a_single_file(self):
        self.write("data/a file", "x")
        uri = f"file://{self.home}/data/a file"
        for algorithm in ALGORITHMS:
            for name in (None, "other/name"):
                made = sdk.artifact(algorithm)
                made.add_reference(uri, name=name)
                self.judge(algorithm, self.put_at(algorithm, name, uri), made)

    def test_files_and_references_in_one_artifact(self):
        directory = self.write_tree(TREES["order"])
        uri = f"file://{self.home}/{directory}"
        for algorithm in ALGORITHMS:
            made = sdk.artifact(algorithm)
            sdk.add_dir(made, self.home / directory)
            made.add_reference(uri, name="ref")
            made.add_reference("nfs://host/some/where?x=1#y", name="nfs")
            self.judge(algorithm, self.put(algorithm, directory, "--at", f"ref={uri}", "--at",
                                           "nfs=nfs://host/some/where?x=1#y"), made)

    def test_schemes_that_are_not_followed(self):
        for uri in ("ref://example.com/somefile.txt", "dvc://a b/%41?é", "x-y.z+1://",
                    "hdfs://n/" + "p" * 3000, "az://account/container/blob", "ftp://h/<&>\u2028"):
            with self.subTest(uri[:30]):
                made = sdk.artifact()
                made.add_reference(uri, name="ref")
                self.judge("MD5", self.put("MD5", "--at", f"ref={uri}"), made)
        with self.assertRaises(ValueError):
            sdk.artifact().add_reference("ref://no/name")
        self.run_code(2, "-R", "MD5", "put", "ref://no/name", "-n", "x", told="needs a name")

    def test_names_that_a_uri_cannot_hold_are_escaped_here(self):
        """On purpose: W&B's own references to such files cannot be read back."""
        for name in ("percent", "uri"):
            directory = self.write_tree(TREES[name])
            made = sdk.artifact()
            made.add_reference(f"file://{self.home}/{directory}")
            version = self.put("MD5", f"file://{self.home}/{directory}")
            ours = self.document("MD5", version)["contents"]
            theirs = sdk.contents(made.manifest)
            self.assertEqual({path: {**entry, "ref": None} for path, entry in ours.items()},
                             {path: {**entry, "ref": None} for path, entry in theirs.items()})
            self.assertNotEqual(ours, theirs)
            (self.home / "back").mkdir()
            self.run_ok("-R", "MD5", "get", version, f"back/{name}")
            self.assert_same_tree(directory, f"back/{name}")
            (self.home / "back").rename(self.home / f"back-{name}")

    def test_links_to_directories_are_followed_here(self):
        """On purpose: with W&B a reference to a directory leaves out what a link leads to, though
        add_dir() of the same directory has it."""
        directory = self.write_tree({"real/file": "x"})
        os.symlink("real", self.home / directory / "link")
        made = sdk.artifact()
        made.add_reference(f"file://{self.home}/{directory}")
        self.assertEqual(list(made.manifest.entries), ["real/file"])
        version = self.put("MD5", f"file://{self.home}/{directory}")
        self.assertEqual(sorted(self.document("MD5", version)["contents"]),
                         ["link/file", "real/file"])

    def test_a_place_that_is_not_there_is_refused(self):
        with self.assertRaises(ValueError):
            sdk.artifact().add_reference("file:///no/such/place")
        self.run_code(2, "-R", "MD5", "put", "file:///no/such/place", "-n", "x")


if __name__ == "__main__":
    sdk.enter()
    harness.main()
