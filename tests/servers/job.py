#!/usr/bin/env python3
"""The main job, and a race of writers, with a repository on the server that tests/servers/serve has
started.

    job.py PROGRAM [FILES]
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

WRITERS = 12


class Job:
    """How a program is run on the repository that the environment's MUSTER_TEST_URL names."""

    def __init__(self, program, folder, environment=None):
        self.program, self.folder = program, pathlib.Path(folder)
        environment = environment or os.environ
        self.environment = {**environment, "MUSTER_REPO": environment["MUSTER_TEST_URL"],
                            "HOME": str(folder), "MUSTER_ENTITY": "tester",
                            "XDG_CACHE_HOME": f"{folder}/cache"}

    def start(self, *arguments):
        return subprocess.Popen([self.program, *map(str, arguments)], env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, code=0, stderr=False):
        process = self.start(*arguments)
        out, err = process.communicate()
        assert process.returncode == code, f"{arguments}: {process.returncode}: {out}{err}"
        return err if stderr else out

    def summary(self, *arguments):
        return json.loads(self.run(*arguments, "--json").splitlines()[-1])

    def assert_equal(self, a, b):
        subprocess.run(["diff", "-r", str(a), str(b)], check=True)


def make_tree(root, files, seed=1):
    content = random.Random(seed)
    for i in range(files):
        path = root / f"d{i // 100:03}" / f"f{i:05}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.randbytes(content.randrange(8192)))
    (root / "empty").write_bytes(b"")
    (root / "large").write_bytes(content.randbytes(20 << 20))  # in parts
    (root / "with spaces & \u00fcml\u00e4uts").write_text("x")


def edit_tree(root):
    (root / "d000/f00000").write_text("changed")
    (root / "d000/f00001").unlink()
    (root / "new").write_text("new")


def prove_told(cloud):
    """What the summary tells of requests is more than the least that there must have been."""
    kinds = {kind["kind"]: kind for kind in cloud["kinds"]}
    assert cloud["sent_bytes"] > 20 << 20 and cloud["bytes_per_s"] > 0, cloud
    assert kinds["write"]["served_bytes"] > 20 << 20, cloud
    assert kinds["small"]["served"] > 5 and 0 < kinds["small"]["median_us"], cloud
    assert all(kind["median_us"] <= kind["p99_us"] for kind in cloud["kinds"]), cloud
    assert max(kind["at_once"] for kind in cloud["kinds"]) <= cloud["at_once"], cloud
    assert sum(kind["served"] for kind in cloud["kinds"]) <= cloud["requests"], cloud


def prove_table(text):
    """-v shows the same as lines of one width, and nothing beyond a terminal's 80 columns."""
    lines = [line for line in text.splitlines() if line.startswith("   ")]
    begin = next(i for i, line in enumerate(lines) if line.split()[0] == "KIND")
    assert {len(line) for line in lines[begin:]} == {len(lines[begin])}, lines
    assert max(map(len, lines[begin - 2:])) < 80, lines


def the_main_job(job, files):
    tree, copy = job.folder / "tree", job.folder / "copy"
    make_tree(tree, files)
    first = job.summary("put", tree, "-n", "data")
    assert first["version"] == "tester/uncategorized/data:v0", first
    prove_told(first["cloud"])
    edit_tree(tree)
    second = job.summary("put", tree, "-n", "data")
    assert second["version"] == "tester/uncategorized/data:v1", second
    assert second["read_files"] <= files + 4, second  # stats of files that are young are not trusted
    assert job.summary("diff", "data:v0", "data:v0")["type"] == "summary"
    drift = [json.loads(line) for line in
             job.run("diff", "data:v0", "data:v1", "--json", code=1).splitlines()]
    assert sorted(o["path"] for o in drift if "path" in o) == ["d000/f00000", "d000/f00001", "new"]
    prove_table(job.run("checkout", "data:v1", copy, "-v", stderr=True))
    job.assert_equal(tree, copy)
    job.run("verify", "data:v1", copy)
    job.run("check")
    rolled = job.summary("check", "--budget", "1MiB", "--max-age", "30")
    assert 0 < rolled["read_packs"] < rolled["pack_count"] and not rolled["unread_packs"], rolled
    job.run("get", "data:v0", job.folder / "old")
    assert (job.folder / "old/d000/f00001").exists()
    assert job.run("cat", "data:v1", "new") == "new"


def segments(job):
    return sorted(path for path in (job.folder / "cache/muster/blobs/packs").iterdir())


def what_was_fetched_is_kept(job):
    job.run("cache", "clean")
    first = job.summary("get", "data:v1", job.folder / "first")
    files = first["entry_count"]
    assert first["cache_hit_blobs"] == 0 and first["cache_added_blobs"] == files, first
    second = job.summary("get", "data:v1", job.folder / "second")
    assert second["cache_hit_blobs"] == files and second["cache_added_blobs"] == 0, second
    job.assert_equal(job.folder / "first", job.folder / "second")
    assert job.run("cat", "data:v1", "new", "--cache-size", "1GiB") == "new"
    skipped = job.summary("checkout", "data:v1", job.folder / "third", "--skip-cache")
    assert skipped["cache_hit_blobs"] == 0 and skipped["cache_added_blobs"] == 0, skipped
    for segment in segments(job):  # every byte but the first is wrong
        with open(segment, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(1)
            file.write(bytes(size - 1))
    damaged = job.summary("get", "data:v1", job.folder / "fourth")
    assert damaged["cache_damaged_segments"] > 0, damaged
    job.assert_equal(job.folder / "first", job.folder / "fourth")
    healed = job.summary("get", "data:v1", job.folder / "fifth")
    assert healed["cache_hit_blobs"] == files and healed["cache_damaged_segments"] == 0, healed
    before = json.loads(job.run("cache", "info", "--json").splitlines()[0])
    cleaned = job.summary("cache", "clean")
    assert cleaned["freed_bytes"] == before["size_bytes"] > 20 << 20, cleaned
    assert segments(job) == []


def no_writer_loses(job):
    writers = []
    for i in range(WRITERS):
        tree = job.folder / f"writer{i}"
        tree.mkdir()
        (tree / "who").write_text(str(i))
        writers.append(job.start("put", tree, "-n", "raced"))
    for writer in writers:
        out, err = writer.communicate()
        assert writer.returncode == 0, out + err
    seen = {job.run("cat", f"raced:v{i}", "who") for i in range(WRITERS)}
    assert seen == {str(i) for i in range(WRITERS)}, seen
    job.run("cat", f"raced:v{WRITERS}", "who", code=2)


def a_draft_is_a_version(job):
    """Over several commands: what it makes is what a put of the same files makes."""
    tree = job.folder / "drafted"
    (tree / "sub").mkdir(parents=True)
    for name in ("a", "sub/b", "sub/c"):
        (tree / name).write_text(name)
    draft = job.run("draft", "new", "-n", "drafted").strip()
    job.run("draft", "add", draft, tree, "--at", f"gone={tree}/a")
    job.run("draft", "rm", draft, "gone", "sub/b")
    saved = job.summary("draft", "save", draft[:8])
    (tree / "sub/b").unlink()
    put = job.summary("put", tree, "-n", "drafted")
    assert saved["is_new"] and not put["is_new"], put
    assert saved["digest"] == put["digest"] and saved["root"] == put["root"], (saved, put)
    job.run("draft", "add", draft, tree, code=5)
    dropped = job.run("draft", "new", "-n", "drafted").strip()
    job.run("draft", "rm", dropped, "a")
    job.run("draft", "drop", dropped)
    job.run("verify", "drafted", tree)


def shards_are_one_version(job):
    tree = job.folder / "tree"
    plan = [json.loads(line) for line in
            job.run("plan", tree, "-n", "sharded", "--shards", "4", "--json").splitlines()]
    shards = [o for o in plan if o["type"] == "shard"]
    draft = plan[-1]["draft"]
    running = [job.start("put", tree, "--draft", draft, "--shard", shard["shard"])
               for shard in shards + shards[:1]]  # one is begun twice
    for put in running:
        out, err = put.communicate()
        assert put.returncode == 0, out + err
    merged = job.summary("merge", draft)
    whole = job.summary("put", tree, "-n", "sharded")
    assert not whole["is_new"] and whole["root"] == merged["root"], (merged, whole)


def names_lead_on(job):
    """Links hold what they link, and a renamed collection is found under its new name alone."""
    job.run("link", "drafted:v0", "model-registry/chosen", "-a", "best")
    job.run("rename", "drafted", "called")
    job.run("show", "drafted", code=2)
    job.run("delete", "called", "--collection", "--yes")
    assert job.run("cat", "model-registry/chosen:best", "sub/c") == "sub/c"
    job.run("unlink", "model-registry/chosen:best")
    job.run("check")


def main():
    with tempfile.TemporaryDirectory(prefix="muster-job-") as folder:
        job = Job(sys.argv[1], folder)
        job.run("put", "/nowhere", "-n", "data", code=2)  # no put makes a repository there
        job.run("init")
        job.run("init", code=2)
        the_main_job(job, int(sys.argv[2]) if len(sys.argv) > 2 else 500)
        what_was_fetched_is_kept(job)
        no_writer_loses(job)
        a_draft_is_a_version(job)
        shards_are_one_version(job)
        names_lead_on(job)


if __name__ == "__main__":
    main()
