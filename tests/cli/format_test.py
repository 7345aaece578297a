"""A repository that was written when format 1 was frozen (tests/golden/repository/make) is read,
and written on, by every later program."""
import json
import pathlib
import shutil
import unittest

import harness
from harness import MusterTest

VERSIONS = {
    # content of the tree, description, metadata, aliases, tags
    "data:v1": ("the second", {"n": 2}, ["best"], ["good"]),
    "data:v2": ("", {}, ["latest", "moving0", "moving1", "moving2"], []),
}


def tree_of(a):
    """What make wrote: path -> content."""
    files = {"a": a, "z": b"new\n", "empty": b"", "large": bytes(5_000_000),
             "dir/deeper/same as b, with blanks & \u00fcml\u00e4uts": b"two\n"}
    files.update({f"dir/f{i:04}": f"file {i}\n".encode() for i in range(600)})
    return files


class Format(MusterTest):
    def setUp(self):
        super().setUp()
        golden = pathlib.Path(harness.ROOT, "tests/golden/repository/1")
        shutil.copytree(golden, self.repo)
        self.environment.update(MUSTER_ENTITY="golden", MUSTER_PROJECT="frozen")

    def read(self, root):
        return {path.relative_to(root).as_posix(): path.read_bytes()
                for path in pathlib.Path(root).rglob("*") if path.is_file()}

    def test_every_version_is_there_and_says_what_it_said(self):
        for name, (description, metadata, aliases, tags) in VERSIONS.items():
            version = self.run_ok("show", name, "--json").objects()[0]
            self.assertEqual((version["description"], version["metadata"],
                              sorted(version["aliases"]), version["tags"]),
                             (description, metadata, aliases, tags), name)
            self.assertEqual(version["artifact_type"], "dataset")
        self.assertEqual(self.run_ok("show", "data:v1", "--json").objects()[0]["root"],
                         "28306eb3301a4aecc8d3f9eb55d153a7adac69cb47efc57a023f03a57015f7b9")
        deleted = self.run_any("show", "data:v0")
        self.assertEqual(deleted.code, 2, deleted)

    def test_every_byte_comes_back(self):
        for name, a in (("data:v1", b"changed\n"), ("data:best", b"changed\n"),
                        ("data", b"three\n")):
            self.run_ok("get", name, self.home / name)
            self.assertEqual(self.read(self.home / name), tree_of(a), name)

    def test_a_reference_is_one(self):
        entry = json.loads(self.run_ok("export", "references").out)["contents"]["ref/obj"]
        self.assertEqual(entry["ref"], "s3://bucket/obj")
        self.assertEqual(entry["digest"], "781e5e245d69b566979b86e28d23f2c7")

    def test_it_is_sound_and_goes_on(self):
        self.assertEqual(self.run_ok("check", "--json").objects()[-1]["finding_count"], 0)
        tree = self.home / "tree"
        self.run_ok("get", "data", tree)
        unchanged = self.run_ok("put", tree, "-n", "data", "--json").objects()[-1]
        self.assertFalse(unchanged["is_new"], unchanged)
        (tree / "more").write_text("more\n", encoding="ascii")
        added = self.run_ok("put", tree, "-n", "data", "--json").objects()[-1]
        self.assertEqual(added["version"], "golden/frozen/data:v3")
        self.assertEqual(added["packed_blobs"], 1, added)
        self.assertEqual(self.run_ok("check", "--json").objects()[-1]["finding_count"], 0)


if __name__ == "__main__":
    harness.main()
