#!/usr/bin/env python3
"""export and import: W&B's manifest out of a version and into one."""
import json
import os

import harness
from harness import MusterTest


class Transfer(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos()
        self.digest = self.show("photos")["digest"]

    def show(self, version):
        return self.run_ok("show", version, "--json").objects()[0]

    def export(self, *arguments):
        return self.run_ok("export", "photos", *arguments).out

    def test_both_forms_say_the_same(self):
        go, python = self.export(), self.export("--form", "python")
        self.assertEqual(go, self.export("--form", "go", "--format", "wandb"))
        self.assertNotEqual(go, python)
        contents = [{path: (entry["digest"], entry["size"])
                     for path, entry in json.loads(text)["contents"].items()}
                    for text in (go, python)]
        self.assertEqual(contents[0], contents[1])
        self.assertEqual(sorted(contents[0]), ["a.txt", "labels/b.csv", "labels/c.csv"])

    def test_a_file_gets_its_name_only_when_it_is_whole(self):
        self.write("m.json", "old")
        self.assertEqual(self.export("-o", "m.json"), "")
        self.assertEqual((self.home / "m.json").read_text(), self.export())
        self.run_code(2, "export", "nosuch", "-o", "m2.json")
        self.run_code(4, "export", "photos", "-o", "no/such/m.json", told="no/such/m.json")
        self.assertEqual(sorted(p.name for p in self.home.iterdir() if p.name[0] == "m"),
                         ["m.json"])

    def test_a_version_comes_back_equal_into_another_repository(self):
        for form in ("go", "python"):
            with self.subTest(form):
                self.export("--form", form, "-o", "m.json")
                result = self.run_ok("-R", form, "import", "m.json", "-n", "back", "--from",
                                     "photos", "-a", "x", "--tag", "t", "--metadata", '{"k": 1}')
                self.assertEqual(result.out, "tester/uncategorized/back:v0\n")
                self.assertIn("made a new repository", result.err)
                version = self.run_ok("-R", form, "show", "back:x", "--json").objects()[0]
                self.assertEqual((version["digest"], version["tags"], version["metadata"]),
                                 (self.digest, ["t"], {"k": 1}))

    def test_stored_files_need_no_directory(self):
        self.export("-o", "m.json")
        self.run_ok("import", "m.json", "-n", "back")
        self.assertEqual(self.show("back")["digest"], self.digest)

    def test_files_that_are_missing_or_differ_fail(self):
        self.export("-o", "m.json")
        self.write("photos/a.txt", "oNe\n")
        os.unlink(self.home / "photos/labels/c.csv")
        result = self.run_code(3, "-R", "r", "import", "m.json", "-n", "back", "--from", "photos",
                               "--failures", "failed")
        self.assertIn("'a.txt'", result.err)
        self.assertIn("a.txt\n", (self.home / "failed").read_text())
        self.run_code(2, "-R", "r", "show", "back")
        self.run_code(3, "-R", "r", "import", "m.json", "-n", "back", "--from", "photos",
                      "--commit-partial")
        self.run_ok("-R", "r", "show", "back")

    def test_what_is_no_file_is_wrong_usage(self):
        self.run_code(2, "import", "photos", "-n", "x",
                      told="'photos' is a directory: a file is needed")
        self.run_code(2, "import", "/dev/null", "-n", "x", told="'/dev/null' is no regular file")

    def test_what_is_no_manifest_is_refused(self):
        good = json.loads(self.export())
        for path in ("../x", "/x", "a//b", "", "a/./b", "x" * 5000):
            bad = dict(good, contents={path: next(iter(good["contents"].values()))})
            with self.subTest(path[:10]):
                self.write("m.json", json.dumps(bad))
                result = self.run_any("import", "m.json", "-n", "back", "--from", "photos")
                self.assertIn(result.code, (2, 3, 4), result)
                self.assertIn("muster: ", result.err)
        for text in ("", "{", "[]", "null", '{"version": 99}', self.export()[:-30], "\0" * 100):
            with self.subTest(text[:20]):
                self.write("m.json", text)
                self.run_code(4, "import", "m.json", "-n", "back", "--from", "photos")
        self.run_code(2, "show", "back")


if __name__ == "__main__":
    harness.main()
