"""Repositories that were written when format 1 was frozen, and when it had got runs, links and names
that change (tests/golden/repository/make, make-lineage), are read, and written on, by every later
program."""
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


class Golden(MusterTest):
    """A copy of one of these repositories is the default one."""
    name = None

    def setUp(self):
        super().setUp()
        shutil.copytree(pathlib.Path(harness.ROOT, "tests/golden/repository", self.name), self.repo)
        self.environment.update(MUSTER_ENTITY="golden", MUSTER_PROJECT="frozen")

    def assert_sound(self):
        self.assertEqual(self.run_ok("check", "--json").objects()[-1]["finding_count"], 0)


class Format(Golden):
    name = "1"

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
        self.assert_sound()
        tree = self.home / "tree"
        self.run_ok("get", "data", tree)
        unchanged = self.run_ok("put", tree, "-n", "data", "--json").objects()[-1]
        self.assertFalse(unchanged["is_new"], unchanged)
        (tree / "more").write_text("more\n", encoding="ascii")
        added = self.run_ok("put", tree, "-n", "data", "--json").objects()[-1]
        self.assertEqual(added["version"], "golden/frozen/data:v3")
        self.assertEqual(added["packed_blobs"], 1, added)
        self.assert_sound()


class Lineage(Golden):
    """What make-lineage said and did around versions: runs, links, names, words."""
    name = "1-lineage"

    def objects(self, kind, *arguments):
        return [o for o in self.run_ok(*arguments, "--json").objects() if o["type"] == kind]

    def show(self, version):
        return self.objects("version", "show", version)[0]

    def test_artifacts_are_called_and_described_as_they_were(self):
        found = {f"{o['project']}/{o['name']}": (o["artifact_type"], o["version_count"],
                                                 o["is_portfolio"], o["description"], o["tags"])
                 for o in self.objects("collection", "ls")}
        plain = {name: (kind, 1, is_portfolio, "", []) for name, kind, is_portfolio in (
            ("archive/third", "dataset", False), ("frozen/first", "dataset", False),
            ("frozen/kept", "dataset", True), ("frozen/model", "model", False),
            ("frozen/others", "dataset", True), ("frozen/raw", "dataset", False),
            ("frozen/training", "dataset", False), ("model-registry/Best", "model", True))}
        self.assertEqual(found, {
            **plain, "frozen/photos": ("dataset", 3, False, "all of May, \u00e4", ["outdoors"]),
            "frozen/selected": ("dataset", 2, True, "what we use", ["used"])})
        for name in ("second", "chosen", "gone", "raw:v1", "selected:old"):
            self.run_code(2, "show", name)

    def test_versions_say_what_was_said_last(self):
        v0, v1 = self.show("photos:v0"), self.show("photos:best")
        self.assertEqual((v0["description"], v0["metadata"], v0["tags"], v0["aliases"], v0["ttl"]),
                         ("said later", {"n": 1, "m": [2, None]}, ["seen"], ["old"], "disabled"))
        self.assertEqual((v1["version"], v1["tags"], v1["ttl_days"]), ("v1", ["two words"], 36500))
        self.assertEqual(self.show("photos:v2")["ttl"], "inherit")

    def test_links_lead_to_what_they_linked(self):
        for link, number, source, aliases, is_gone in (
                ("selected:prod", "v1", "photos:v1", ["prod"], False),
                ("selected:again", "v2", "photos:v0", ["again", "latest", "moving0", "moving2"], False),
                ("model-registry/Best:production", "v0", "model:v0", ["latest", "production"], False),
                ("others", "v0", "photos:v1", ["latest"], False),
                ("kept", "v0", "gone:v0", ["latest"], True)):
            with self.subTest(link):
                shown = self.show(link)
                self.assertEqual((shown["version"], f"{shown['source_name']}:{shown['source_version']}",
                                  sorted(shown["aliases"]), shown["source_is_gone"]),
                                 (number, source, aliases, is_gone))
        self.assertEqual(self.show("kept")["description"], "as it was")
        self.assertEqual(self.show("selected:again")["description"], "said later")
        kinds = [o["kind"] for o in self.objects("event", "log", "selected")]
        self.assertEqual(kinds[:8], ["open", "link", "link", "delete", "link", "describe_collection",
                                     "tag_collection", "rename"])
        self.assertEqual((len(kinds), set(kinds[8:])), (118, {"alias"}))

    def test_every_byte_comes_back(self):
        for version, path, content in (
                ("photos:v0", "file", "one\n"), ("selected:prod", "file", "two\n"),
                ("kept", "file", "soon deleted\n"), ("archive/third", "file", "was first\n"),
                ("first", "file", "another one\n"), ("training", "copied", "one\n"),
                ("model-registry/Best:production", "file", "weights\n")):
            with self.subTest(version):
                self.run_ok("get", version, self.home / "got" / version.replace("/", "-"))
                self.assertEqual(self.tree(self.home / "got" / version.replace("/", "-")),
                                 {path: content.encode()})

    def test_runs_are_what_they_were(self):
        runs = {o["id"]: (o["state"], o["project"], o["name"], o["job_type"], o["group"],
                          o["config"]) for o in self.objects("run", "run", "list")}
        self.assertEqual(runs, {
            "ingest": ("finished", "frozen", "", "ingest", "", {"from": "camera"}),
            "train": ("finished", "frozen", "first try, \u00fc", "train", "sweep", {"lr": 0.2}),
            "broken": ("failed", "elsewhere", "", "", "", {}),
            "going": ("running", "frozen", "", "", "", {})})
        told = {(run, o["direction"], f"{o['name']}:{o['version']}", o["is_deleted"])
                for run in runs for o in self.objects("run_version", "run", "show", run)}
        self.assertEqual(told, {
            ("ingest", "logged", "raw:v0", False), ("ingest", "logged", "raw:v1", True),
            ("train", "used", "raw:v1", True), ("train", "used", "photos:v1", False),
            ("train", "logged", "model:v0", False), ("going", "used", "model:v0", False)})
        self.assertEqual([o["id"] for o in self.objects("run", "logged-by", "model")], ["train"])
        self.assertEqual([o["id"] for o in self.objects("run", "used-by", "selected:prod")], ["train"])
        nodes = [o["name"] if o["kind"] == "version" else o["id"]
                 for o in self.objects("lineage_node", "lineage", "model-registry/Best")]
        self.assertEqual(sorted(nodes), ["going", "ingest", "model", "photos", "raw", "train"])

    def test_it_is_sound_and_goes_on(self):
        self.assert_sound()
        self.run_ok("run", "config", '{"more": 1}', "going")
        self.write("new/file", "new\n")
        self.run_ok("put", "new", "-n", "model", "-t", "model", environment={"MUSTER_RUN": "going"})
        self.run_ok("run", "finish", "--failed", "going")
        self.run_ok("link", "model:v1", "model-registry/Best", "-a", "production")
        self.assertEqual(self.show("model-registry/Best:production")["version"], "v1")
        self.run_ok("rename", "selected", "chosen")
        self.run_ok("rename", "first", "second")
        self.run_ok("unlink", "chosen:prod")
        self.run_ok("tag", "chosen:again", "seen", "--remove")
        self.assertEqual(self.show("photos:v0")["tags"], [])
        self.run_ok("copy", "--all-artifacts", "copy")
        self.run_ok("-R", "copy", "check")
        self.assert_sound()


if __name__ == "__main__":
    harness.main()
