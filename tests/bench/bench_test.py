#!/usr/bin/env python3
"""Checks that the corpus generator keeps its promises, and that the harness measures.

    bench_test.py ROOT CORPUS-PROGRAM
"""
import json
import pathlib
import subprocess
import sys
import tempfile

FILES = 600


class Bench:
    def __init__(self, root, program, work):
        self.root, self.program, self.work = pathlib.Path(root), program, pathlib.Path(work)

    def corpus(self, *argv, code=0):
        done = subprocess.run([self.program, *map(str, argv)], capture_output=True, text=True,
                              check=False)
        assert done.returncode == code, f"{argv}: {done.returncode}: {done.stderr}"
        return json.loads(done.stdout) if code == 0 else done.stderr

    def generate(self, name, *argv):
        target = self.work / name
        report = self.corpus(target, "--files", FILES, "--median", 500, "--sigma", 1,
                             "--dirs-fanout", 8, "--empty-percent", 2, *argv)
        tree = read_tree(target)
        assert report["files"] == len(tree) == FILES, report
        assert report["bytes"] == sum(map(len, tree.values())), report
        return tree

    def script(self, name, *argv, code=0):
        done = subprocess.run([self.root / "bench" / name, *map(str, argv)], capture_output=True,
                              text=True, check=False)
        assert done.returncode == code, f"{name} {argv}: {done.returncode}: {done.stderr}"
        return done.stdout


def read_tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def same_seed_gives_the_same_tree_whatever_the_threads(bench):
    first = bench.generate("one", "--threads", 1)
    assert first == bench.generate("many", "--threads", 7)
    assert first != bench.generate("other", "--seed", 2)
    assert first.keys() != bench.generate("scattered", "--scatter").keys()


def contents_differ_unless_duplicates_are_wanted(bench):
    full = [data for data in bench.generate("distinct").values() if data]
    assert FILES * 0.9 < len(full) < FILES, len(full)
    assert len(set(full)) == len(full)
    repeated = [data for data in bench.generate("repeated", "--duplicates", 50).values() if data]
    assert len(set(repeated)) < len(repeated) * 0.8, len(set(repeated))


def all_files_lie_in_one_folder_when_asked(bench):
    assert not any("/" in path for path in bench.generate("flat", "--dirs-fanout", 0))


def an_edit_does_what_its_lists_say(bench):
    before = bench.generate("edited")
    folder = bench.work / "edited"
    bench.corpus("--edit", f"{folder}/", "--change", 20, "--add", 5, "--delete", 7, "--seed", 3)
    after = read_tree(folder)
    lists = {kind: (bench.work / f"edited.{kind}").read_text().splitlines()
             for kind in ("changed", "added", "deleted")}
    assert sorted(after.keys() - before.keys()) == lists["added"] and len(lists["added"]) == 5
    assert sorted(before.keys() - after.keys()) == lists["deleted"] and len(lists["deleted"]) == 7
    assert sorted(path for path in before.keys() & after.keys()
                  if before[path] != after[path]) == lists["changed"] and len(lists["changed"]) == 20
    assert len({data for data in after.values() if data}) == sum(map(bool, after.values()))


def bad_arguments_are_refused(bench):
    small = bench.work / "small"
    bench.corpus(small, "--files", 3)
    for argv, code, reason in [
        ([small, "--files", 3], 1, "not empty"),
        ([small], 2, "--files"),
        ([small, "--files", "3x"], 2, "number"),
        ([small, "--files", "-3"], 2, "number"),
        ([small, "--files", 9, "--dirs-fanout", 1], 2, "at least 2"),
        (["--edit", small, "--delete", 4], 1, "only 3 files"),
        (["--edit", bench.work / "none", "--delete", 4], 1, "none"),
    ]:
        told = bench.corpus(*argv, code=code)
        assert reason in told, f"{argv}: {told}"


def the_harness_measures_and_compares(bench):
    bench.generate("measured")
    result, slower = bench.work / "result.json", bench.work / "slower.json"
    bench.script("run", bench.work / "measured", "--tools", "tar,find,md5sum", "--runs", 2,
                 "--json", result)
    report = json.loads(result.read_text())
    measured = {(row["job"], row["tool"]) for row in report["results"]
                if row["median_seconds"] > 0 and not row["failed"] and len(row["runs"]) == 2}
    assert measured >= {("put", "tar"), ("get", "tar"), ("again", "find"), ("digest", "md5sum")}
    assert report["corpus"]["files"] == FILES
    bench.script("compare", result, result)
    for row in report["results"]:
        row["tool"] = "muster"
    result.write_text(json.dumps(report))
    for row in report["results"]:
        for key in ("median_seconds", "min_seconds", "max_seconds"):
            row[key] *= 100
    slower.write_text(json.dumps(report))
    assert "slower, TOO SLOW" in bench.script("compare", result, slower, "--fail-above", 1.1, code=1)
    assert "faster" in bench.script("compare", slower, result, "--fail-above", 1.1)


def main():
    wrong = 0
    tests = [
        same_seed_gives_the_same_tree_whatever_the_threads,
        contents_differ_unless_duplicates_are_wanted,
        all_files_lie_in_one_folder_when_asked,
        an_edit_does_what_its_lists_say,
        bad_arguments_are_refused,
        the_harness_measures_and_compares,
    ]
    for test in tests:
        with tempfile.TemporaryDirectory() as work:
            try:
                test(Bench(sys.argv[1], sys.argv[2], work))
                print("ok", test.__name__)
            except AssertionError as error:
                wrong += 1
                print("FAILED", test.__name__, error)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
