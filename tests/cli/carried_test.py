#!/usr/bin/env python3
"""muster:// sources: entries of another version, referred to, and their bytes kept."""
import hashlib
import json
import os
import re
import shutil

import harness
from harness import MusterTest


class Carried(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos()

    def entries(self, version):
        return {e["path"]: e for e in self.run_ok("ls", "--recursive", version, "--json").objects()
                if e["type"] == "entry"}

    def put_one(self, name="album", uri="muster://photos:v0/labels/b.csv", at="b.csv"):
        return self.run_ok("put", "--at", f"{at}={uri}", "-n", name)

    def test_an_entry_is_referred_to_and_its_bytes_come_back(self):
        packs = set((self.repo / "packs").rglob("*.pack"))
        result = self.put_one()
        self.assertIn("of other versions", result.err)
        self.assertEqual(set((self.repo / "packs").rglob("*.pack")), packs)
        entry = self.entries("album")["b.csv"]
        self.assertRegex(entry["reference"], r"^muster://[0-9a-f]{32}/labels/b\.csv$")
        source = self.entries("photos")["labels/b.csv"]
        self.assertEqual((entry["digest"], entry["size_bytes"]),
                         (source["digest"], source["size_bytes"]))
        self.assertEqual(self.run_ok("cat", "album", "b.csv").out, "cat,1\n")
        self.run_ok("get", "album", "out")
        self.run_ok("checkout", "album", "exact")
        for directory in ("out", "exact"):
            self.assertEqual(self.tree(directory), {"b.csv": b"cat,1\n"})
            self.run_ok("verify", "album", directory)
        self.run_ok("verify", "album", "--stored", told="1 file checked")
        self.write("out/b.csv", "dog,1\n")
        self.run_code(1, "verify", "album", "out")
        self.run_ok("check")

    def test_the_digest_is_as_if_the_file_itself_were_put(self):
        self.put_one()
        self.run_ok("put", "photos/labels/b.csv", "-n", "itself")
        digests = [self.run_ok("show", name, "--json").objects()[0]["digest"]
                   for name in ("album", "itself")]
        self.assertEqual(digests[0], digests[1])

    def test_nothing_new_makes_no_version(self):
        self.put_one()
        self.run_ok("put", "--at", "b.csv=muster://photos:latest/labels/b.csv", "-n", "album",
                    told="no version was made")

    def test_bytes_stay_when_the_source_is_deleted(self):
        self.put_one()
        self.run_ok("delete", "--collection", "photos", "--yes")
        self.assertEqual(self.run_ok("cat", "album", "b.csv").out, "cat,1\n")
        self.run_ok("verify", "album", "--stored")
        self.assertEqual(self.run_ok("check", "--json").objects()[-1]["finding_count"], 0)

    def test_chains_end_at_once(self):
        self.put_one()
        self.put_one("second", "muster://album:v0/b.csv", "c.csv")
        self.assertEqual(self.entries("second")["c.csv"]["reference"],
                         self.entries("album")["b.csv"]["reference"])
        self.assertEqual(self.run_ok("cat", "second", "c.csv").out, "cat,1\n")

    def test_a_reference_to_a_reference_is_that_reference(self):
        self.run_ok("put", f"file://{self.home}/photos", "--at", "x=ftp://host/x", "-n", "outside")
        self.run_ok("put", "muster://outside:v0", "-n", "copy")
        self.assertEqual(self.entries("copy"), self.entries("outside"))
        roots = {self.run_ok("show", name, "--json").objects()[0]["root"]
                 for name in ("copy", "outside")}
        self.assertEqual(len(roots), 1)

    def test_directories_and_whole_versions(self):
        self.run_ok("put", "muster://photos:v0/labels", "-n", "labels")
        self.assertEqual(list(self.entries("labels")), ["b.csv", "c.csv"])
        self.run_ok("put", "--at", "old=muster://tester/uncategorized/photos:latest/", "photos/a.txt",
                    "-n", "both", "--exclude", "c.csv")
        self.assertEqual(list(self.entries("both")), ["a.txt", "old/a.txt", "old/labels/b.csv"])
        self.run_ok("get", "both", "out")
        self.assertEqual(sorted(self.tree("out")), ["a.txt", "old/a.txt", "old/labels/b.csv"])
        self.run_ok("put", "muster://photos:v0/labels/c.csv", "-n", "both", "--onto", "latest")
        self.assertIn("c.csv", self.entries("both"))

    def test_names_that_a_uri_must_escape(self):
        self.write("odd/a b%?#.txt", "odd\n")
        self.run_ok("put", "odd", "-n", "odd")
        self.run_ok("put", "muster://odd:v0/a b%25%3f%23.txt", "-n", "copy")
        entry = self.entries("copy")["a b%?#.txt"]
        self.assertTrue(entry["reference"].endswith("/a b%25%3F%23.txt"))
        self.assertEqual(self.run_ok("cat", "copy", "a b%?#.txt").out, "odd\n")
        contents = json.loads(self.run_ok("export", "copy").out)["contents"]
        self.assertTrue(contents["a b%?#.txt"]["ref"].endswith("/a b%?#.txt"))

    def test_it_is_exported_as_wandb_writes_it(self):
        self.put_one()
        uri = self.entries("album")["b.csv"]["reference"]
        for form in ("go", "python"):
            entry = json.loads(self.run_ok("export", "album", "--form", form).out)
            entry = entry["contents"]["b.csv"]
            self.assertEqual((entry["ref"], entry["size"]),
                             (uri.replace("muster://", "wandb-artifact://"), 0))
            self.assertEqual(entry["digest"], self.entries("photos")["labels/b.csv"]["digest"])

    def test_what_was_exported_comes_back_with_its_bytes(self):
        self.put_one("album", "muster://photos:v0", "old")
        for form in ("go", "python"):
            self.run_ok("export", "album", "--form", form, "-o", "m.json")
            self.run_ok("import", "m.json", "-n", f"back-{form}")
            self.assertEqual(self.entries(f"back-{form}"), self.entries("album"))
            self.run_ok("get", f"back-{form}", form)
            self.assert_same_tree(self.home / form / "old", "photos")
            self.run_ok("verify", f"back-{form}", "--stored")
        roots = {self.run_ok("show", name, "--json").objects()[0]["root"]
                 for name in ("album", "back-go", "back-python")}
        self.assertEqual(len(roots), 1)
        self.run_ok("check")
        # Elsewhere, or with another digest, it stays W&B's.
        self.run_ok("-R", "other", "import", "m.json", "-n", "back")
        manifest = json.loads((self.home / "m.json").read_text())
        entry = manifest["contents"]["old/a.txt"]
        entry["digest"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        manifest["contents"] = {"a.txt": entry}
        self.write("m.json", json.dumps(manifest))
        self.run_ok("import", "m.json", "-n", "strange")
        for found in (self.run_ok("-R", "other", "ls", "back", "--recursive", "--json").objects()[0],
                      self.entries("strange")["a.txt"]):
            self.assertTrue(found["reference"].startswith("wandb-artifact://"), found)

    def test_copies_take_the_bytes_along(self):
        self.put_one()
        self.run_ok("copy", "album", "other")
        self.assertEqual(self.run_ok("-R", "other", "cat", "album", "b.csv").out, "cat,1\n")
        self.run_ok("-R", "other", "verify", "album", "--stored")
        self.run_ok("-R", "other", "check")

    def test_lost_bytes_are_told_when_they_are_asked_for(self):
        for pack in (self.repo / "packs").rglob("*.pack"):
            pack.unlink()
        result = self.run_code(3, "put", "muster://photos:v0", "-n", "album")
        self.assertIn("the repository has lost its bytes", result.err)
        self.run_code(2, "show", "album")

    def test_what_is_wrong_is_named(self):
        for uri, reason in (
                ("muster://photos/labels", "names no version"),
                ("muster://photos:v9/a.txt", "has no version 'v9'"),
                ("muster://nosuch:v0/a.txt", "no artifact 'nosuch'"),
                ("muster://photos:v0/nosuch", "the version has no 'nosuch'"),
                ("muster://photos:v0/label", "the version has no 'label'"),
                ("muster://photos:v0/../a", "component '..'"),
                ("muster://photos:v0/%zz", "no byte of a path"),
                ("muster://", "names no version")):
            with self.subTest(uri):
                self.assertIn(reason, self.run_code(2, "put", uri, "-n", "x").err)
        self.assertIn("two sources", self.run_code(
            2, "put", "muster://photos:v0", "photos", "-n", "x").err)


if __name__ == "__main__":
    harness.main()
