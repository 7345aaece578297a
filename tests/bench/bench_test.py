#!/usr/bin/env python3
"""Checks that the corpus generator keeps its promises, and that the harness measures.

    bench_test.py ROOT BUILD-DIRECTORY
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

FILES = 600


class Bench:
    def __init__(self, root, build, work):
        self.root, self.build, self.work = map(pathlib.Path, (root, build, work))
        self.program = self.build / "bench/corpus"

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
    flat = bench.generate("flat", "--dirs-fanout", 0, "--threads", 1)
    assert not any("/" in path for path in flat)
    assert flat == bench.generate("flat-by-many", "--dirs-fanout", 0, "--threads", 5)


def large_files_lie_among_small_ones(bench):
    sizes = [len(data) for _, data in sorted(bench.generate(
        "large", "--large", 3, "--large-bytes", "1M", "--max", "4K").items())]
    assert sorted(sizes)[-3:] == [1 << 20] * 3 and sorted(sizes)[-4] <= 4096
    assert (1 << 20) not in sizes[:FILES // 6], "evenly spread"


def sizes_are_what_was_asked(bench):
    for name, argv in (("tiny", ("--median", 10)), ("fixed", ("--median", "40K", "--max", 99))):
        bench.corpus(bench.work / name, "--files", 50, *argv)
        sizes = {len(data) for data in read_tree(bench.work / name).values()}
        assert sizes == {10 if name == "tiny" else 40 << 10}, sizes
    report = bench.corpus(bench.work / "holes", "--files", 2, "--median", "1G", "--sparse")
    assert report["bytes"] == 2 << 30
    files = [path.stat() for path in (bench.work / "holes").rglob("*.dat")]
    assert all(file.st_size == 1 << 30 and file.st_blocks < 1000 for file in files)


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


SMALL = ("--files", 200, "--many", 2000, "--large-bytes", 100_000, "--cache", "warm")
RUN_FIELDS = {"seconds", "processor_seconds", "peak_bytes", "flush_seconds"}
RESULT_FIELDS = {"tool", "kind", "note", "runs", "failed", "median_seconds", "min_seconds",
                 "max_seconds", "median_processor_seconds", "median_flush_seconds", "peak_bytes",
                 "ratio"}


def a_run_with_muster_alone_has_all_rows_and_fields(bench):
    result = bench.work / "result.json"
    bench.script("run", "--build", bench.build, "--work", bench.work, "--tools", "muster",
                 "--rounds", 1, *SMALL, "--out", result)
    report = json.loads(result.read_text(encoding="utf-8"))
    assert {"time", "commit", "machine", "options", "versions", "skipped", "notes"} <= set(report)
    assert report["machine"].keys() >= {"processor", "processors", "memory_bytes", "kernel",
                                        "file_system", "vectors"}, report["machine"]
    assert set(report["versions"]) == {"muster"} and report["complete"]
    listed = {line.split()[0] for line in bench.script("run", "--list").splitlines()
              if not line.startswith(" ") and "(on request)" not in line}
    assert {row["row"] for row in report["rows"]} == listed, listed
    for row in report["rows"]:
        assert row["cache"] == "warm" and row["goals"] is not None and row["corpus"]["bytes"]
        for one in row["results"]:
            assert one["kind"] == "muster" and not one["failed"], one
            assert RESULT_FIELDS <= set(one), RESULT_FIELDS - set(one)
            assert all(RUN_FIELDS == set(run) and run["seconds"] > 0 for run in one["runs"])
    assert sorted(path.name for path in bench.work.iterdir()) == ["result.json"], "left behind"


def the_document_keeps_what_was_written_by_hand(bench):
    result, document = bench.work / "result.json", bench.work / "performance.md"
    bench.script("run", "--build", bench.build, "--work", bench.work, "--rows", "again,digest",
                 "--tools", "muster,bare walk", "--rounds", 2, *SMALL, "--out", result)
    make = ("run", "--from", result, "--document", document, "--plots", bench.work / "charts")
    bench.script(*make)
    first = document.read_text(encoding="utf-8")
    assert "(charts/ratios-warm.svg)" in first and "bare walk" in first
    charts = list((bench.work / "charts").glob("*.svg"))
    assert len(charts) == 3 and all(xml.etree.ElementTree.parse(chart) for chart in charts)
    document.write_text(f"by hand\n{first}why\n", encoding="utf-8")
    bench.script(*make)
    assert document.read_text(encoding="utf-8") == f"by hand\n{first}why\n"


def plant(report, factor):
    """Five runs of each result, near each other, and so many times slower."""
    for row in report["rows"]:
        for one in row["results"]:
            one["runs"] = [{"seconds": factor * (1 + number / 100)} for number in range(5)]
            one["median_seconds"] = factor * 1.02
    return json.dumps(report)


def compare_finds_a_planted_difference(bench):
    before, after, near = (bench.work / f"{name}.json" for name in ("before", "after", "near"))
    bench.script("run", "--build", bench.build, "--work", bench.work, "--rows", "digest",
                 "--tools", "muster", "--rounds", 1, *SMALL, "--out", before)
    report = json.loads(before.read_text(encoding="utf-8"))
    for path, factor in ((before, 1), (after, 1.2), (near, 1.005)):
        path.write_text(plant(report, factor), encoding="utf-8")
    assert "slower, TOO SLOW" in bench.script("compare", before, after, "--fail-above", 1.1, code=1)
    assert "faster" in bench.script("compare", after, before, "--fail-above", 1.1)
    assert "noise" in bench.script("compare", before, near, "--fail-above", 1.001)


def compare_finds_the_slower_of_two_builds(bench):
    slow = bench.work / "slow"
    (slow / "cli").mkdir(parents=True)
    os.symlink(bench.build / "bench", slow / "bench")
    wrapper = slow / "cli/muster"
    wrapper.write_text(f'#!/bin/sh\nsleep 0.3\nexec "{bench.build}/cli/muster" "$@"\n',
                       encoding="utf-8")
    wrapper.chmod(0o755)
    told = bench.script("compare", bench.build, slow, "--work", bench.work, "--rows", "digest",
                        "--rounds", 5, *SMALL)
    assert "slower" in told, told


def main():
    wrong = 0
    tests = [
        same_seed_gives_the_same_tree_whatever_the_threads,
        contents_differ_unless_duplicates_are_wanted,
        all_files_lie_in_one_folder_when_asked,
        large_files_lie_among_small_ones,
        sizes_are_what_was_asked,
        an_edit_does_what_its_lists_say,
        bad_arguments_are_refused,
        a_run_with_muster_alone_has_all_rows_and_fields,
        the_document_keeps_what_was_written_by_hand,
        compare_finds_a_planted_difference,
        compare_finds_the_slower_of_two_builds,
    ]
    # In memory where that can be: how fast this machine's disk is does not matter here.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for test in tests:
        with tempfile.TemporaryDirectory(dir=memory) as work:
            try:
                test(Bench(sys.argv[1], sys.argv[2], work))
                print("ok", test.__name__)
            except AssertionError as error:
                wrong += 1
                print("FAILED", test.__name__, error)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
