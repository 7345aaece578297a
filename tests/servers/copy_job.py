#!/usr/bin/env python3
"""Copies from a directory through a bucket of each server, one behind the other, and back.

    copy_job.py PROGRAM SERVE NAME...     starts each server with tests/servers/serve
"""
import os
import pathlib
import sys
import tempfile

URLS = "MUSTER_COPY_URLS"  # of the servers that are up


def start_next(program, serve, names):
    """Becomes this program again, beside one server more."""
    os.execv(sys.executable, [sys.executable, "-B", serve, names[0], "-", "--", sys.executable,
                              "-B", __file__, program, serve, *names[1:]])


class Chain:
    def __init__(self, job, urls):
        self.job, self.local = job, str(job.folder / "local")
        self.places = [self.local, *urls, str(job.folder / "back")]

    def init(self):
        for place in self.places:
            self.job.run("-R", place, "init", place)

    def copy_on(self, *what):
        """From each place to the next; the summaries."""
        return [self.job.summary("-R", a, "copy", *what, b)
                for a, b in zip(self.places, self.places[1:])]

    def assert_all_equal(self, version):
        shown = [self.job.summary_of(place, version) for place in self.places]
        assert all(s == shown[0] for s in shown), shown

    def check(self):
        for place in self.places[1:]:
            self.job.run("-R", place, "check")


def main():
    import job as servers  # wants a server to be up

    class Job(servers.Job):
        def summary_of(self, place, version):
            shown = self.run("-R", place, "show", version, "--json").splitlines()[0]
            return [servers.json.loads(shown)[m] for m in ("digest", "root", "description")]

    with tempfile.TemporaryDirectory(prefix="muster-copy-") as folder:
        job = Job(sys.argv[1], folder)
        tree = job.folder / "tree"
        chain = Chain(job, os.environ[URLS].split())
        chain.init()
        servers.make_tree(tree, 500)
        job.run("-R", chain.local, "put", tree, "-n", "data", "--description", "first")
        for summary in chain.copy_on("data:v0"):
            assert summary["new_versions"] == 1, summary
            assert summary["read_bytes"] >= 20 << 20, summary
        servers.edit_tree(tree)
        job.run("-R", chain.local, "put", tree, "-n", "data", "-a", "best")
        for summary in chain.copy_on("--all-versions", "data"):
            assert (summary["new_versions"], summary["present_versions"]) == (1, 1), summary
            assert summary["read_bytes"] == len("changed") + len("new"), summary
        for summary in chain.copy_on("--all-artifacts"):
            assert (summary["new_versions"], summary["read_bytes"]) == (0, 0), summary
        for summary in chain.copy_on("data", "--as", "again"):  # by the index of each
            assert (summary["new_versions"], summary["read_bytes"]) == (1, 0), summary
        for version in ("data:v0", "data:best"):
            chain.assert_all_equal(version)
        chain.check()
        job.run("-R", chain.places[-1], "checkout", "data:best", job.folder / "out")
        job.assert_equal(tree, job.folder / "out")


if __name__ == "__main__":
    if "MUSTER_TEST_URL" in os.environ:
        os.environ[URLS] = f"{os.environ.get(URLS, '')} {os.environ.pop('MUSTER_TEST_URL')}".strip()
    if sys.argv[3:]:
        start_next(sys.argv[1], sys.argv[2], sys.argv[3:])
    os.environ["MUSTER_TEST_URL"] = os.environ[URLS].split()[-1]
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    main()
