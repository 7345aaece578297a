#!/usr/bin/env python3
"""link, unlink: versions of portfolios; and what is said of an artifact as a whole."""
import json
import shutil

import harness
from harness import MusterTest

FULL = "tester/uncategorized/"


class Links(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos("-a", "best", "--metadata", '{"a": 1}', "--description", "first")
        self.write("photos/a.txt", "two\n")
        self.run_ok("put", "photos", "-n", "photos")

    def show(self, version):
        return self.run_ok("show", version, "--json").objects()[0]

    def versions(self, name):
        return [v["version"] for v in self.run_ok("ls", "--versions", name, "--json").objects()
                if v["type"] == "version"]

    def kinds(self, name):
        return [e["kind"] for e in self.run_ok("log", name, "--json").objects()
                if e["type"] == "event"]

    def test_a_portfolio_is_named_in_three_forms(self):
        for target, name in (("chosen", FULL + "chosen"),
                             ("model-registry/Detector", "tester/model-registry/Detector"),
                             ("team/wandb-registry-model/Eye", "team/wandb-registry-model/Eye")):
            with self.subTest(target):
                self.assertEqual(self.run_ok("link", "photos:v0", target).out, name + ":v0\n")
                link = self.show(target)
                self.assertEqual((link["version"], link["is_link"], link["source_name"],
                                  link["source_version"]), ("v0", True, "photos", "v0"))
        self.run_code(2, "link", "photos:v0", "chosen:v0", told="names a version")
        self.run_code(2, "link", "photos:v0", "a/b/c/d")

    def test_links_number_on_their_own(self):
        self.run_ok("link", "photos:v1", "chosen", "-a", "prod")
        self.run_ok("link", "photos:v0", "chosen", "-a", "old", "-a", "older")
        self.assertEqual(self.versions("chosen"), ["v0", "v1"])
        self.assertEqual(self.show("chosen")["source_version"], "v0")
        self.assertEqual(self.show("chosen:prod")["digest"], self.show("photos:v1")["digest"])
        self.assertEqual(self.show("chosen:older")["aliases"], ["latest", "old", "older"])
        again = self.run_ok("link", "photos:v1", "chosen", "-a", "older", told="linked before")
        self.assertEqual(again.out, FULL + "chosen:v0\n")
        self.assertEqual(self.show("chosen:older")["version"], "v0")
        self.assertEqual(self.kinds("chosen"), ["open", "link", "link", "alias"])
        self.assertIn("link to " + FULL + "photos:v1", self.run_ok("log", "chosen").out)
        self.assertIn("portfolio", self.run_ok("ls").out)
        self.assertIn("link to " + FULL + "photos:v1", self.run_ok("ls", "--versions", "chosen").out)

    def test_a_link_is_used_like_a_version(self):
        self.run_ok("link", "photos:best", "chosen", "-a", "prod")
        self.run_ok("get", "chosen:prod", "copy")
        self.run_ok("checkout", "chosen:prod", "exact")
        self.run_ok("verify", "chosen:prod", "copy")
        self.run_ok("verify", "chosen:prod", "--stored")
        self.assertEqual(self.run_ok("ls", "chosen").out, self.run_ok("ls", "photos:v0").out)
        self.assertEqual(self.run_ok("cat", "chosen", "a.txt").out,
                         self.run_ok("cat", "photos:v0", "a.txt").out)
        self.assertEqual(self.run_ok("export", "chosen").out, self.run_ok("export", "photos:v0").out)
        self.assertEqual(self.run_ok("diff", "chosen", "photos:v0").out, "")
        self.run_ok("copy", "chosen:prod", "other")
        self.run_ok("copy", "chosen:prod", "--as", "frozen")
        self.run_ok("copy", "--all-artifacts", "third")
        self.assertEqual(self.run_ok("-R", "third", "show", "chosen", "--json").objects()[0]["metadata"],
                         {"a": 1})
        self.run_ok("check")
        self.run_ok("-R", "third", "check")

    def test_a_link_stays_one_in_a_copy_of_the_repository(self):
        self.run_ok("link", "photos:v0", "chosen", "-a", "prod")
        self.run_ok("link", "photos:v1", "model-registry/Eye")
        copied = {o["from"]: o for o in self.run_ok("copy", "--all-artifacts", "there",
                                                    "--json").objects() if o["type"] == "copy"}
        self.assertEqual([name for name, o in copied.items() if o["is_link"]],
                         ["tester/model-registry/Eye:v0", FULL + "chosen:v0"])
        for version in ("chosen:prod", "model-registry/Eye"):
            here, there = (self.run_ok(*where, "show", version, "--json").objects()[0]
                           for where in ([], ["-R", "there"]))
            for member in ("is_link", "source_name", "source_version", "description", "metadata",
                           "aliases", "digest"):
                self.assertEqual(here[member], there[member], member)
        self.run_ok("-R", "there", "tag", "chosen:prod", "said-there")
        self.assertIn("said-there", self.run_ok("-R", "there", "show", "photos:v0").out)
        self.run_ok("copy", "--all-artifacts", "there", told="no new version")
        self.run_ok("-R", "there", "check")

    def test_a_link_without_its_source_is_told(self):
        self.run_ok("link", "photos:v0", "chosen", "-a", "prod")
        self.run_ok("link", "photos:v1", "chosen")
        note = f"'{FULL}photos:v0', which v0 links, is not there"
        result = self.run_ok("copy", "--all-versions", "chosen", "there")
        self.assertEqual(result.err.count("links become versions of their own: " + note), 1)
        objects = self.run_ok("copy", "--all-versions", "chosen", "other", "--json").objects()
        self.assertEqual([(o["is_link"], o["note"]) for o in objects if o["type"] == "copy"],
                         2 * [(False, note)])
        self.assertEqual(objects[-1]["unlinked_versions"], 2)
        self.run_ok("-R", "there", "put", "photos", "-n", "chosen")
        self.run_ok("copy", "--all-artifacts", "third")
        self.run_ok("put", "photos/labels", "-n", "photos")
        self.run_ok("link", "photos:v2", "chosen")
        self.run_ok("delete", "photos:v2", "--yes")
        self.run_code(3, "copy", "--all-artifacts", "third",
                      told=f"'{FULL}photos:v2', which v2 links, is not there")

    def test_a_link_outlives_its_source(self):
        self.run_ok("link", "photos:v0", "chosen", "-a", "prod")
        self.run_ok("describe", "photos:v0", "said later")
        self.run_ok("delete", "--collection", "photos", "--yes")
        link = self.show("chosen:prod")
        self.assertEqual((link["source_is_gone"], link["description"], link["source_name"]),
                         (True, "first", "photos"))
        self.assertIn("(deleted)", self.run_ok("show", "chosen").out)
        self.run_ok("get", "chosen:prod", "copy")
        self.assertEqual((self.home / "copy/a.txt").read_text(), "one\n")
        self.run_ok("check")
        self.run_code(2, "tag", "chosen", "x", told="was deleted")
        self.run_ok("link", "chosen:prod", "other")
        self.assertEqual(self.show("other")["source_name"], "photos")

    def test_what_is_said_of_a_link_is_said_of_its_source(self):
        self.run_ok("link", "photos:v0", "chosen")
        self.run_ok("tag", "chosen", "good")
        self.run_ok("describe", "chosen", "new")
        self.run_ok("metadata", "chosen", '{"b": 2}', "--merge")
        self.run_ok("alias", "chosen", "mine")
        source = self.show("photos:v0")
        self.assertEqual((source["tags"], source["description"], source["metadata"],
                          source["aliases"]), (["good"], "new", {"a": 1, "b": 2}, ["best"]))
        link = self.show("chosen:mine")
        self.assertEqual((link["tags"], link["description"], link["metadata"], link["created_at"]),
                         (["good"], "new", {"a": 1, "b": 2}, source["created_at"]))
        self.run_ok("tag", "chosen", "good", "--remove")
        self.assertEqual(self.show("photos:v0")["tags"], [])
        self.assertEqual(self.kinds("chosen"), ["open", "link", "alias"])

    def test_portfolios_and_artifacts_are_told_apart(self):
        self.run_ok("link", "photos:v0", "chosen")
        self.run_code(2, "put", "photos", "-n", "chosen", told="is a portfolio")
        self.run_code(2, "copy", "photos", "--as", "chosen", told="is a portfolio")
        self.run_ok("export", "photos", "-o", "m.json")
        self.run_code(2, "import", "m.json", "-n", "chosen", told="is a portfolio")
        self.run_code(2, "link", "chosen", "photos", told="versions of its own")
        self.run_code(2, "ttl", "chosen", "3", told="portfolio")
        self.run_code(2, "ttl", "--collection", "chosen", "3", told="portfolio")
        self.run_ok("put", "photos", "-n", "model", "-t", "model")
        self.run_code(2, "link", "model", "chosen", told="type")
        self.run_code(2, "link", "photos:v0", "chosen", "-a", "v7")
        self.run_code(2, "link", "photos:v9", "fresh", told="v9")
        self.assertNotIn("fresh", self.run_ok("ls").out)

    def test_unlink_takes_only_the_link(self):
        self.run_ok("link", "photos:v0", "chosen", "-a", "prod")
        self.run_ok("link", "photos:v1", "chosen")
        self.run_code(2, "unlink", "chosen", told="which link?")
        self.run_code(2, "unlink", "photos:v0", told="no link")
        self.run_ok("unlink", "chosen:prod")
        self.assertEqual(self.versions("chosen"), ["v1"])
        self.run_code(2, "show", "chosen:prod")
        self.run_ok("delete", "chosen:v1", "--yes")
        self.assertEqual(self.versions("photos"), ["v0", "v1"])
        self.assertEqual(self.run_ok("link", "photos:v0", "chosen").out, FULL + "chosen:v2\n")
        self.run_code(2, "put", "photos", "-n", "chosen")
        self.run_ok("delete", "--collection", "chosen", "--yes")
        self.run_ok("put", "photos", "-n", "chosen")
        self.run_ok("check")

    def test_a_link_without_its_manifest_is_found(self):
        self.run_ok("link", "photos:v0", "chosen")
        self.run_ok("delete", "photos:v0", "--delete-aliases", "--yes")
        shutil.rmtree(self.repo / "manifests")
        (self.repo / "manifests").mkdir()
        found = self.run_code(1, "check", "--json").objects()
        self.assertEqual(sum("manifests/" in o.get("object", "") for o in found), 2)

    def test_of_an_artifact_as_a_whole(self):
        self.run_ok("describe", "--collection", "photos", "all of May")
        self.run_ok("tag", "--collection", "photos", "a b")
        self.run_ok("tag", "--collection", "photos", "c")
        self.run_ok("tag", "--collection", "photos", "c", "--remove")
        self.run_code(2, "tag", "--collection", "photos:v0", "x", told="--collection")
        self.run_code(2, "describe", "--collection", "photos:v0", "x", told="--collection")
        self.run_code(2, "tag", "--collection", "photos", "a!")
        seen = self.run_ok("ls", "--json").objects()[0]
        self.assertEqual((seen["description"], seen["tags"], seen["is_portfolio"]),
                         ("all of May", ["a b"], False))
        self.assertEqual(self.show("photos")["tags"], [])
        self.assertEqual(self.kinds("photos")[-4:], ["describe_collection"] + 3 * ["tag_collection"])

    def test_lineage_of_a_link_is_its_sources(self):
        self.run_ok("run", "start", "--id", "maker")
        self.environment["MUSTER_RUN"] = "maker"
        self.write("photos/a.txt", "three\n")
        self.run_ok("put", "photos", "-n", "photos")
        self.run_ok("link", "photos:v2", "chosen", "-a", "prod")
        self.run_ok("run", "start", "--id", "user")
        self.environment["MUSTER_RUN"] = "user"
        self.run_ok("get", "chosen:prod", "copy")
        del self.environment["MUSTER_RUN"]
        for gone in (False, True):
            with self.subTest(gone=gone):
                for version in ("chosen:prod",) if gone else ("photos:v2", "chosen:prod"):
                    self.assertIn("user", self.run_ok("used-by", version).out)
                    self.assertIn("maker", self.run_ok("logged-by", version).out)
                    drawn = self.run_ok("lineage", version).out
                    self.assertIn("user", drawn)
                    self.assertIn("photos:v2", drawn)
                self.run_ok("check")
                if not gone:
                    self.run_ok("delete", "photos:v2", "--yes")

    def test_older_programs_are_stopped_by_name(self):
        """What they do not know, they may not write behind: each new kind is one they do not know."""
        self.run_ok("link", "photos:v0", "chosen")
        events = sorted((self.repo / "collections").rglob("log/*.json"))
        kinds = {json.loads(path.read_text())["kind"] for path in events}
        self.assertEqual(kinds, {"open", "save", "link"})


if __name__ == "__main__":
    harness.main()
