#!/usr/bin/env python3
"""Runs, lineage, and entries of other versions, with a repository on the server that
tests/servers/serve has started.

    lineage_job.py PROGRAM
"""
import json
import sys
import tempfile

import job as servers


class Job(servers.Job):
    def in_run(self, run, *arguments):
        self.environment["MUSTER_RUN"] = run
        try:
            return self.run(*arguments)
        finally:
            del self.environment["MUSTER_RUN"]

    def objects(self, *arguments):
        return [json.loads(line) for line in self.run(*arguments, "--json").splitlines()]

    def ids(self, *arguments):
        return [o["id"] for o in self.objects(*arguments) if o["type"] == "run"]


def runs_and_lineage(job, tree):
    for run in ("ingest", "train"):
        assert job.run("run", "start", "--id", run, "--config", '{"a": 1}').strip() == run
    job.run("run", "start", "--id", "train", code=2)  # created if absent
    job.in_run("ingest", "put", tree, "-n", "data")
    for _ in range(2):
        job.in_run("train", "get", "data", job.folder / "got")
    (job.folder / "model").write_text("weights")
    job.in_run("train", "put", job.folder / "model", "-n", "model")
    job.run("run", "config", '{"b": 2}', "train")
    job.run("run", "finish", "train")
    assert job.objects("run", "show", "train")[0]["config"] == {"a": 1, "b": 2}
    assert job.ids("used-by", "data") == ["train"]
    assert job.ids("logged-by", "data") == ["ingest"]
    assert job.ids("run", "list") in (["train", "ingest"], ["ingest", "train"])
    kinds = [o["type"] for o in job.objects("lineage", "model")]
    assert (kinds.count("lineage_node"), kinds.count("lineage_edge")) == (4, 3), kinds


def entries_of_other_versions(job, tree):
    name = "with spaces & \u00fcml\u00e4uts"
    summary = job.summary("put", "muster://data:v0/d000", "--at", "big=muster://data:v0/large",
                          "--at", f"odd=muster://data:v0/{name}", "-n", "carried")
    assert (summary["carried_entries"], summary["packed_bytes"]) == (102, 0), summary
    job.run("delete", "--collection", "data", "--yes")
    job.run("get", "carried", job.folder / "carried", "--skip-cache")
    for here, there in (("big", "large"), ("odd", name), ("f00007", "d000/f00007")):
        assert (job.folder / "carried" / here).read_bytes() == (tree / there).read_bytes(), here
    job.run("verify", "carried", "--stored")
    assert job.run("cat", "carried", "odd") == "x"
    job.run("check")


def main():
    with tempfile.TemporaryDirectory(prefix="muster-lineage-") as folder:
        job = Job(sys.argv[1], folder)
        tree = job.folder / "tree"
        servers.make_tree(tree, 150)
        job.run("init")
        runs_and_lineage(job, tree)
        entries_of_other_versions(job, tree)


if __name__ == "__main__":
    main()
