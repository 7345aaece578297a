#!/usr/bin/env python3
"""Twelve processes put twelve trees into one collection of one repository at once: twelve versions.

    many_writers_test.py PUT-DRIVER
"""
import json
import subprocess
import sys

import faults

WRITERS = 12
SHARED = {f"shared/{i}": f"shared {i}\n".encode() for i in range(50)}


def make_trees(place):
    trees = [place.folder / f"tree{i}" for i in range(WRITERS)]
    for i, tree in enumerate(trees):
        faults.write_files(tree, SHARED)
        faults.write_files(tree, {f"own/{i}-{k}": f"{i} {k}\n".encode() for k in range(20 + i)})
        faults.write_files(tree, {"large": bytes([i]) * (faults.LARGE + i)})
    return trees


def put_all(place, trees):
    started = [subprocess.Popen([place.driver, "put", place.repository, tree, place.cache],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for tree in trees]
    reports = []
    for process in started:
        out, err = process.communicate()
        assert process.returncode == 0, (out, err)
        reports.append(json.loads(out.splitlines()[-1]))
    return reports


def main():
    with faults.scratch() as folder:
        place = faults.Place(sys.argv[1], folder)
        place.init()
        trees = make_trees(place)
        reports = put_all(place, trees)
        assert all(report["is_new"] for report in reports), reports
        assert sorted(report["version"] for report in reports) == list(range(WRITERS)), reports
        last = max(range(WRITERS), key=lambda i: reports[i]["version"])
        assert place.compare(trees[last])["versions"] == WRITERS
        report = place.check()
        assert report["manifests"] == WRITERS, report
        # The same once more, at once: the latest is equal to one tree only, so eleven or twelve
        # new versions follow, and none is lost.
        again = put_all(place, trees)
        new = [report for report in again if report["is_new"]]
        assert len(new) >= WRITERS - 1, again
        assert place.check()["manifests"] == WRITERS + len(new)
    print(f"ok: {WRITERS} writers, {WRITERS + len(new)} versions")


if __name__ == "__main__":
    main()
