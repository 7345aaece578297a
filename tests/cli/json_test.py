#!/usr/bin/env python3
"""--json: every line of every command is an object that docs/json-output.md describes, and the
schemas that are made of it."""
import json
import os
import re
import subprocess
import sys

import harness
from harness import MusterTest

try:
    import jsonschema
except ImportError:
    jsonschema = None

WRITE_BYTES = {"cat", "completion", "export", "help"}  # they refuse --json


class Json(MusterTest):
    def setUp(self):
        super().setUp()
        if not jsonschema:
            self.skipTest("no python3-jsonschema here")
        self.schemas = {path.stem: json.loads(path.read_text())
                        for path in (harness.ROOT / "docs/schemas").glob("*.json")}
        self.seen, self.commands = set(), set()

    def validate(self, found, schema):
        error = jsonschema.exceptions.best_match(
            jsonschema.Draft202012Validator(schema).iter_errors(found))
        if error:
            self.fail(f"{error.message}\nat {list(error.absolute_path)} of {found}")

    def check_object(self, found, arguments=(), code=None):
        self.assertIn(found.get("type"), self.schemas, found)
        self.seen.add(found["type"])
        schema = self.schemas[found["type"]]
        self.validate(found, schema)
        if found["type"] == "summary" and code not in (None, 2):
            self.validate_summary(found, schema, arguments)

    def validate_summary(self, found, schema, arguments):
        """A command that did its work has all members that are told of it: of the names of tables,
        "put --dry-run" stands before "put"."""
        best = None
        for name in schema["$defs"]:
            for words in (form.split() for form in name.split(" and ")):
                if words[0] == arguments[0] and set(words) <= set(arguments) and \
                        len(words) > (best[0] if best else 0):
                    best = len(words), name
        if best:
            self.validate(found, {"$ref": "#/$defs/" + best[1].replace(" ", "%20"),
                                  "$defs": schema["$defs"]})

    def run_json(self, code, *arguments, **options):
        result = self.run_code(code, *arguments, "--json", **options)
        objects = result.objects()
        for found in objects:
            self.check_object(found, arguments, code)
        self.commands.add(arguments[0])
        self.assertEqual([o["type"] for o in objects].count("summary"), 1)
        self.assertEqual(objects[-1]["type"], "summary")
        self.assertEqual(objects[-1]["exit_code"], code)
        return objects

    def test_the_schemas_are_those_of_the_document(self):
        done = subprocess.run([sys.executable, "-B", harness.ROOT / "tools/json-schemas",
                               "--check"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for schema in self.schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_command_prints_what_is_documented(self):
        self.make_photos()
        self.run_json(0, "init", "other", "--digest", "xxh128")
        summary = self.run_json(0, "put", "photos", "-n", "photos", "-a", "x", "--tag", "t",
                                "--description", "d", "--metadata", '{"a": {"b": null}}')[-1]
        self.assertEqual((summary["version"], summary["is_new"], summary["entry_count"]),
                         ("tester/uncategorized/photos:v0", True, 3))
        self.run_json(0, "put", "photos", "-n", "photos", "--dry-run")
        self.assertFalse(self.run_json(0, "put", "photos", "-n", "photos")[-1]["is_new"])
        self.run_json(0, "put", f"file://{self.home}/photos", "-n", "references")
        self.assertEqual(self.run_json(0, "ls")[0]["type"], "collection")
        self.assertEqual(self.run_json(0, "ls", "--versions", "photos")[0]["aliases"].sort(),
                         ["latest", "x"].sort())
        entries = self.run_json(0, "ls", "photos")
        self.assertEqual([(e["path"], e["is_directory"]) for e in entries[:-1]],
                         [("a.txt", False), ("labels", True)])
        self.run_json(0, "ls", "references", "--recursive")
        self.run_json(0, "show", "photos")
        self.run_json(0, "log", "photos")
        self.run_json(0, "metadata", "photos")
        self.run_json(0, "alias", "photos:v0", "y")
        self.run_json(0, "tag", "photos:v0", "z")
        self.run_json(0, "describe", "photos:v0", "z")
        self.run_json(0, "metadata", "photos:v0", "{}")
        self.run_json(0, "ttl", "photos:v0", "30")
        self.run_json(0, "ttl", "--collection", "photos", "90")
        self.run_json(0, "show", "photos")
        self.run_json(0, "ls")
        shards = self.run_json(0, "plan", "--shards", "2", "photos", "-n", "sharded")
        self.assertEqual([o["type"] for o in shards], ["shard", "shard", "summary"])
        draft = shards[0]["draft"]
        for shard in "01":
            self.run_json(0, "put", "photos", "--draft", draft, "--shard", shard)
        self.run_json(0, "merge", draft)
        draft = self.run_json(0, "draft", "new", "-n", "drafted")[0]["id"]
        self.run_json(0, "draft", "add", draft, "photos")
        self.run_json(0, "draft", "rm", draft, "labels")
        self.assertEqual([o["type"] for o in self.run_json(0, "draft", "show", draft)],
                         ["draft", "draft_part", "draft_part", "summary"])
        self.run_json(0, "draft", "list")
        self.run_json(0, "draft", "save", draft)
        self.run_json(0, "draft", "list", "--all")
        self.run_json(0, "expire", "photos", "--keep-last", "1", "--dry-run")
        self.run_json(0, "get", "photos", "copy")
        self.run_json(0, "checkout", "photos", "exact")
        self.run_json(0, "checkout", "photos", "exact", "--dry-run")
        self.run_json(0, "verify", "photos", "photos")
        self.run_json(0, "verify", "photos", "--stored")
        self.run_json(0, "check")
        self.run_json(0, "check", "--budget", "1MiB", "--max-age", "30")
        self.run_json(0, "digest", "photos")
        self.run_json(0, "etag", "photos/a.txt")
        self.run_json(0, "cache", "info")
        self.write(".cache/muster/blobs/tmp/.tmp-1")
        self.run_json(0, "cache", "clean")
        sums = self.run_ok("digest", "--md5sum", "photos").out
        self.run_json(0, "digest", "-c", "-", stdin=sums)
        self.run_json(0, "diff", "photos", "./photos")
        self.run_ok("export", "photos", "-o", "m.json")
        self.run_json(0, "import", "m.json", "-n", "back", "--from", "photos")
        run = self.run_json(0, "run", "start", "--name", "n", "--config", '{"a": 1}')[0]["id"]
        for arguments in (("get", "photos", "copy"), ("put", "photos", "-n", "made")):
            self.run_json(0, *arguments, environment={"MUSTER_RUN": run})
        self.run_json(0, "run", "config", '{"b": 2}', run)
        self.run_json(0, "run", "show", run)
        self.run_json(0, "run", "finish", run)
        self.run_json(0, "run", "list")
        self.run_json(0, "used-by", "photos")
        self.run_json(0, "logged-by", "made")
        self.run_json(0, "lineage", "made")
        self.run_json(0, "copy", "photos", "third")
        self.run_json(0, "copy", "--all-artifacts", "third")
        self.run_json(0, "delete", "back:v0", "--yes", "--delete-aliases")

        self.write("photos/a.txt", "changed, and longer\n")
        self.write("photos/extra")
        os.symlink("nowhere", self.home / "photos/broken")
        self.run_json(3, "put", "photos", "-n", "photos")
        os.unlink(self.home / "photos/broken")
        kinds = {o["kind"] for o in self.run_json(1, "verify", "photos", "photos")[:-1]}
        self.assertEqual(kinds, {"changed", "extra"})
        kinds = {o["kind"] for o in self.run_json(1, "diff", "photos", "./photos")[:-1]}
        self.assertEqual(kinds, {"added", "modified"})
        self.run_json(1, "digest", "-c", "-", stdin=sums)
        self.assertEqual([o["type"] for o in self.run_json(2, "show", "nosuch")],
                         ["error", "summary"])
        next((self.repo / "packs").rglob("*.pack")).unlink()
        self.run_json(1, "check")
        self.assertEqual(self.seen, set(self.schemas) - {"progress"})
        listed = re.findall(r"^  ([a-z][a-z-]+)  +\S", self.run_ok("help").out.split(
            "Options of every command")[0], re.MULTILINE)
        self.assertEqual(self.commands, set(listed) - WRITE_BYTES)

    def test_wrong_usage_is_an_error_object_too(self):
        for arguments in (("--json", "pat"), ("--json",), ("--json", "ls", "--nosuch"),
                          ("cat", "a", "b")):
            with self.subTest(arguments):
                objects = self.run_json(2, *arguments) if arguments[0] == "cat" else \
                    self.run_code(2, *arguments).objects()
                self.assertEqual([o["type"] for o in objects], ["error", "summary"])
                for found in objects:
                    self.check_object(found)

    def test_progress_goes_to_standard_error(self):
        self.make_photos()
        result = self.run_ok("put", "photos", "-n", "photos", "--progress", "json", "-q")
        last = result.err.splitlines()[-1]
        objects = harness.Result(0, last, "").objects()
        self.check_object(objects[0])
        self.assertEqual((objects[0]["final"], objects[0]["done_files"],
                          objects[0]["total_files"]), (True, 3, 3))


if __name__ == "__main__":
    harness.main()
