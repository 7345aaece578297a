#!/usr/bin/env python3
"""plan, put --shard, merge: one version made by many processes."""
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess

import harness
from harness import MusterTest


class Shards(MusterTest):
    def setUp(self):
        super().setUp()
        (self.home / "bin").mkdir()
        (self.home / "bin/muster").symlink_to(harness.PROGRAM)
        self.environment["PATH"] = f"{self.home}/bin:{self.environment['PATH']}"

    def make_tree(self, count=400):
        choose = random.Random(7)
        for i in range(count):
            name = choose.choice(["a'b", "a b", "x", "x-y", "x.z", "\u00e9"])
            self.write(f"tree/d{choose.randrange(12):02}/{name}/file {i:04}",
                       f"{choose.randrange(100)}" * choose.randrange(300))
        self.write("tree/large", choose.randbytes(5 << 20))

    def plan(self, count, *more, source="tree", name="sharded"):
        lines = self.run_ok("plan", "--shards", str(count), source, "-n", name, *more,
                            "--json").objects()
        return [o for o in lines if o["type"] == "shard"]

    def start(self, shard):
        return subprocess.Popen(["sh", "-c", shard["command"] + " -q"], cwd=self.home,
                                env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run_all(self, shards):
        """All at once."""
        running = [self.start(shard) for shard in shards]
        for process in running:
            _, err = process.communicate(timeout=harness.TIMEOUT_S)
            self.assertEqual(process.returncode, 0, err)

    def what(self, version):
        found = self.run_ok("show", version, "--json").objects()[0]
        return {k: found[k] for k in ("digest", "root", "entry_count", "size_bytes")}

    def test_sixty_four_processes_make_the_version_of_a_single_put(self):
        self.make_tree(2000)
        shards = self.plan(64)
        self.assertEqual(len(shards), 64)
        self.run_all(shards)
        self.assertEqual(self.run_ok("merge", shards[0]["draft"]).out,
                         "tester/uncategorized/sharded:v0\n")
        self.run_ok("put", "tree", "-n", "single")
        self.assertEqual(self.what("sharded"), self.what("single"))
        self.run_ok("get", "sharded", "back", "-q")
        self.assert_same_tree("tree", "back")
        self.run_ok("check")

    def test_ranges_meet_and_cover_all(self):
        self.make_tree()
        shards = self.plan(10)
        self.assertEqual((shards[0]["begin"], shards[-1]["end"]), ("", ""))
        for before, after in zip(shards, shards[1:]):
            self.assertEqual(before["end"], after["begin"])
        self.assertEqual(sum(s["file_count"] for s in shards), 401)

    def test_the_printed_lines_are_commands(self):
        self.make_tree()
        lines = self.run_ok("plan", "--shards", "3", "tree", "-n", "sharded", "--exclude", "*'b",
                            "--at", "it's=tree/large", told="muster merge").out
        done = subprocess.run(["sh", "-e"], input=lines, cwd=self.home, env=self.environment,
                              text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.run_ok("merge", lines.split("--draft ")[1].split()[0])
        self.run_ok("put", "tree", "-n", "single", "--exclude", "*'b", "--at", "it's=tree/large")
        self.assertEqual(self.what("sharded"), self.what("single"))

    def run_in_shell(self, line):
        done = subprocess.run(["sh", "-ec", line], cwd=self.home, env=self.environment, text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_schedulers_of_the_guide_run_a_plan(self):
        """Word for word, with as many processes as shards."""
        guide = (pathlib.Path(harness.ROOT) / "docs/user-guide.md").read_text("utf-8")
        self.make_tree(2000)
        self.run_ok("put", "tree", "-n", "single")
        for name in ("parallel", "xargs"):
            line = re.search(rf"^{name} .*<shards.txt", guide, re.MULTILINE)[0]
            with self.subTest(line):
                if not shutil.which(name):
                    self.skipTest(f"no {name} here")
                shards = self.run_ok("plan", "--shards", "64", "tree", "-n", name).out
                (self.home / "shards.txt").write_text(shards, encoding="utf-8")
                self.run_in_shell(re.sub(r"(-j|-P) 8", r"\1 64", line))
                self.run_ok("merge", shards.split("--draft ")[1].split()[0])
                self.assertEqual(self.what(name), self.what("single"))

    def test_a_missing_shard_is_named_and_may_come_later(self):
        self.make_tree()
        shards = self.plan(4)
        self.run_all([shards[0], shards[2], shards[3]])
        self.run_code(5, "merge", shards[0]["draft"], told="1 of 4 shards is missing, the first "
                      "is shard 1")
        self.run_all([shards[1]])
        self.run_ok("merge", shards[0]["draft"])

    def test_a_shard_is_done_once_and_told_when_it_is_late(self):
        self.make_tree()
        shards = self.plan(3)
        self.run_all(shards)
        draft = shards[0]["draft"]
        self.run_ok("put", "tree", "--draft", draft, "--shard", "1", told="was there already")
        found = self.run_ok("draft", "show", draft, "--json").objects()[0]
        self.assertEqual((found["part_count"], found["shard_count"]), (3, 3))
        self.run_ok("merge", draft)
        self.run_ok("merge", draft, told="it was saved before")
        self.run_ok("put", "tree", "--draft", draft, "--shard", "1", told="was there already")
        self.run_code(5, "put", "tree", "--draft", draft, "--shard", "3", told="was finished")
        self.assertEqual(self.what("sharded:v0"), self.what("sharded"))

    def test_shards_without_a_plan_have_names(self):
        draft = self.run_ok("draft", "new", "-n", "free", "--empty").out.strip()
        for name in ("one", "two"):
            self.write(f"{name}/{name}.txt", name)
            self.write(f"{name}/both.txt", "equal")
        self.run_ok("put", "one", "--draft", draft, "--shard", "node 1")
        self.run_ok("put", "two", "--draft", draft, "--shard", "node 2")
        self.run_ok("merge", draft)
        self.assertEqual(self.run_ok("ls", "free").out.split(), ["both.txt", "one.txt", "two.txt"])

    def test_who_tries_a_shard_again_that_came_late_is_told(self):
        """Its part is there, made by one who died: the draft was finished without it."""
        draft = self.run_ok("draft", "new", "-n", "free", "--empty").out.strip()
        for name in ("one", "two"):
            self.write(f"{name}/{name}.txt", name)
            self.run_ok("put", name, "--draft", draft, "--shard", name)
        records = self.repo / "drafts" / draft
        record = {"muster": "draft 1", "draft": draft, "time": "2026-12-01T00:00:00.000Z"}
        (records / "seal.json").write_text(json.dumps({**record, "kind": "seal"}))
        named = hashlib.sha256((records / "parts/one.json").read_bytes()).hexdigest()
        (records / "final.json").write_text(json.dumps({
            **record, "kind": "final", "outcome": "saved", "version_id": "1" * 32,
            "parts": [{"shard": "one", "sha256": named}]}))
        self.run_ok("put", "one", "--draft", draft, "--shard", "one", told="was there already")
        self.run_code(5, "put", "two", "--draft", draft, "--shard", "two", told="was finished")
        self.run_ok("merge", draft)
        self.assertEqual(self.run_ok("ls", "free").out.split(), ["one.txt"])

    def test_the_next_night_reads_only_what_changed(self):
        self.make_tree(60)
        self.settle()
        self.run_all(shards := self.plan(3))
        self.run_ok("merge", shards[0]["draft"])
        self.write("tree/d00/new", "new")
        read = 0
        for shard in self.plan(3, "--like", "sharded:v0"):
            line = subprocess.run(["sh", "-c", shard["command"] + " --json"], cwd=self.home,
                                  env=self.environment, capture_output=True, text=True,
                                  check=True).stdout
            read += json.loads(line.splitlines()[-1])["read_files"]
        self.assertEqual(read, 1)
        self.run_ok("merge", shard["draft"])
        self.run_ok("put", "tree", "-n", "sharded", told="no version was made")

    def test_shards_may_add_to_a_version(self):
        self.put_photos()
        self.make_tree(50)
        shards = self.plan(3, "--onto", "latest", name="photos")
        self.run_all(shards)
        self.run_ok("merge", shards[0]["draft"])
        self.run_ok("put", "tree", "-n", "photos", "--onto", "v0", told="no version was made")

    def test_a_note_of_a_uri_is_in_one_shard(self):
        self.make_tree(20)
        shards = self.plan(4, "--at", "d05/note=other://x/y")
        self.run_all(shards)
        self.run_ok("merge", shards[0]["draft"])
        self.run_ok("put", "tree", "--at", "d05/note=other://x/y", "-n", "single")
        self.assertEqual(self.what("sharded"), self.what("single"))

    def test_an_entry_of_another_version_is_in_one_shard(self):
        self.put_photos()
        self.make_tree(20)
        more = ("--at", "d05/kept=muster://photos:v0/a.txt", "--at", "d06/all=muster://photos:v0")
        shards = self.plan(4, *more)
        self.run_all(shards)
        self.run_ok("merge", shards[0]["draft"])
        self.run_ok("put", "tree", *more, "-n", "single")
        self.assertEqual(self.what("sharded"), self.what("single"))
        self.run_ok("check")

    def test_a_run_has_made_what_it_merged(self):
        self.make_tree(10)
        self.run_all(shards := self.plan(2))
        run = self.run_ok("run", "start").out.strip()
        self.run_ok("merge", shards[0]["draft"], environment={"MUSTER_RUN": run})
        self.assertIn(run, self.run_ok("logged-by", "sharded").out)

    def test_mistakes_are_told(self):
        self.make_tree(5)
        draft = self.plan(2)[0]["draft"]
        for arguments, told in (
                (("plan", "tree", "-n", "x"), "--shards N"),
                (("plan", "--shards", "0", "tree", "-n", "x"), "--shards"),
                (("plan", "--shards", "3", "tree"), "-n NAME"),
                (("plan", "--shards", "3", "-n", "x"), "nothing to put"),
                (("plan", "--shards", "3", "tree", "-n", "x", "--files-from", "-"), "standard input"),
                (("plan", "--shards", "3", "tree", "-n", "x", "--like", "nosuch"), "no artifact"),
                (("put", "tree", "--draft", draft), "belong together"),
                (("put", "tree", "--shard", "1"), "belong together"),
                (("put", "tree", "-n", "x", "--draft", draft, "--shard", "1"), "was said when"),
                (("put", "tree", "--draft", draft, "--shard", "7"), "no shard '7'"),
                (("put", "tree", "--draft", draft, "--shard", ""), "1 to 128 bytes"),
                (("draft", "add", draft, "tree"), "made in shards"),
                (("draft", "rm", draft, "large"), "made in shards"),
                (("merge",), "ID"),
                (("merge", "0" * 32), "there is no draft"),
        ):
            with self.subTest(arguments):
                self.run_code(2, *arguments, told=told)
        self.assertFalse(os.path.exists(self.home / "x"))


if __name__ == "__main__":
    harness.main()
