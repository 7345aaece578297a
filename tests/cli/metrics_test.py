#!/usr/bin/env python3
"""--metrics: what Prometheus reads of a run, whatever became of it."""
import os
import re
import stat
import time

import harness
from harness import MusterTest

LINE = re.compile(r'(muster_[a-z_]+)\{command="(\w+)"(?:,repository="((?:[^"\\\n]|\\.)*)")?\} '
                  r"(\d+(?:\.\d{3})?)")
SUFFIXES = ("_count", "_sum", "_bucket", "_total")  # they mean other kinds than a gauge
OF_ALL = {"success", "exit_code", "duration_seconds", "last_run_timestamp_seconds",
          "last_success_timestamp_seconds", "peak_memory_bytes"}
NO_METRICS = {"exit_code", "elapsed_ms", "lanes_busy_percent", "peak_memory_bytes", "is_committed",
              "dry_run", "is_complete", "began_anew"}
NO_METRICS |= {f"cache_{name}" for name in (
    "hit_blobs", "hit_bytes", "added_blobs", "added_bytes", "evicted_bytes", "damaged_segments")}


def read_documented(root):
    """{key of the summary: name of the metric} of docs/user-guide.md, and the names of all."""
    guide = (root / "docs/user-guide.md").read_text()
    part = guide.split("## Every night")[1].split("\n## ")[0]
    return set(re.findall(r"`muster_([a-z_]+)`", part))


class Metrics(MusterTest):
    def setUp(self):
        super().setUp()
        self.documented = read_documented(harness.ROOT)

    def read(self, path="m.prom"):
        """{name without muster_: value}; every line must be as Prometheus wants it."""
        text = (self.home / path).read_text()
        self.assertTrue(text.endswith("\n"))
        found = {}
        lines = text.splitlines()
        self.assertEqual(len(lines) % 3, 0)
        for at in range(0, len(lines), 3):
            sample = LINE.fullmatch(lines[at + 2])
            self.assertTrue(sample, lines[at + 2])
            name = sample[1]
            self.assertRegex(lines[at], rf"^# HELP {name} \S.*\.$")
            self.assertEqual(lines[at + 1], f"# TYPE {name} gauge")
            self.assertNotIn(name, found)
            self.assertFalse(name.endswith(SUFFIXES), name)
            self.labels = (sample[2], sample[3])
            found[name] = float(sample[4])
        found = {name.removeprefix("muster_"): value for name, value in found.items()}
        self.assertLessEqual(OF_ALL - {"last_success_timestamp_seconds"}, set(found))
        self.assertLessEqual(set(found), self.documented)
        return found

    def run_metrics(self, code, *arguments):
        """The metrics have every number of the summary, under the documented name."""
        summary = self.run_code(code, *arguments, "--json", "--metrics", "m.prom").objects()[-1]
        found = self.read()
        self.assertEqual(self.labels[0], arguments[0])
        self.assertEqual(found["exit_code"], code)
        self.assertEqual(found["success"], code == 0)
        numbers = sorted(float(value) for key, value in summary.items()
                         if isinstance(value, (bool, int)) and key not in NO_METRICS)
        self.assertEqual(sorted(value for key, value in found.items() if key not in OF_ALL),
                         numbers, summary)
        return found

    def test_every_job_has_its_numbers(self):
        self.make_photos()
        found = self.run_metrics(0, "put", "photos", "-n", "photos")
        self.assertEqual((found["entries"], found["read_files"], found["new_version"]), (3, 3, 1))
        self.assertEqual(self.labels[1], str(self.repo))
        self.assertEqual(self.run_metrics(0, "get", "photos", "out")["written_files"], 3)
        self.assertEqual(self.run_metrics(0, "checkout", "photos", "work")["written_files"], 3)
        self.assertEqual(self.run_metrics(0, "verify", "photos", "photos")["checked_files"], 3)
        found = self.run_metrics(0, "check", "--budget", "1MiB", "--max-age", "30")
        self.assertEqual((found["findings"], found["packs"], found["read_packs"]), (0, 1, 1))
        self.assertEqual(self.run_metrics(0, "copy", "photos", "twin")["new_versions"], 1)
        self.run_ok("export", "photos", "-o", "m.json")
        self.assertEqual(self.run_metrics(0, "import", "m.json", "-n", "again")["entries"], 3)
        self.write("photos/a.txt", "two\n")
        self.run_ok("put", "photos", "-n", "photos")
        found = self.run_metrics(1, "verify", "photos:v0", "photos")
        self.assertEqual((found["changed_files"], found["success"]), (1, 0))
        found = self.run_metrics(0, "expire", "photos", "--keep-last", "1", "--yes")
        self.assertEqual((found["deleted_versions"], found["kept_versions"]), (1, 1))

    def test_the_last_success_is_carried_over(self):
        self.put_photos()
        begin = time.time()
        first = self.run_metrics(0, "check")
        self.assertAlmostEqual(first["last_success_timestamp_seconds"], begin, delta=60)
        self.assertEqual(first["last_success_timestamp_seconds"],
                         first["last_run_timestamp_seconds"])
        for arguments in (["check", "--max-age", "99999"], ["check", "-R", "nowhere"]):
            self.run_any("--metrics", "m.prom", *arguments)
            found = self.read()
            self.assertEqual(found["exit_code"], 2)
            self.assertEqual(found["last_success_timestamp_seconds"],
                             first["last_success_timestamp_seconds"])
            self.assertGreaterEqual(found["last_run_timestamp_seconds"],
                                    first["last_run_timestamp_seconds"])

    def test_what_never_succeeded_has_no_success(self):
        for before in ("", "x\n", "muster_last_success_timestamp_seconds{} 1e9\n",
                       "muster_last_success_timestamp_seconds{} 99999999999999999999.000\n",
                       "muster_last_success_timestamp_seconds{"):
            self.write("m.prom", before)
            self.run_code(2, "check", "--metrics", "m.prom")
            self.assertNotIn("last_success_timestamp_seconds", self.read())

    def test_it_is_replaced_as_a_whole(self):
        self.put_photos()
        self.write("m.prom", "x" * 100000)
        (self.home / "link.prom").hardlink_to(self.home / "m.prom")
        self.run_ok("check", "--metrics", "m.prom")
        self.read()
        self.assertEqual((self.home / "link.prom").read_text(), "x" * 100000)
        self.assertEqual(stat.S_IMODE((self.home / "m.prom").stat().st_mode),
                         0o666 & ~self.umask())
        self.assertEqual([p.name for p in self.home.glob("*.tmp")], [])

    def umask(self):
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_names_are_escaped(self):
        name = 'we"ird\\ \n\u00e9'
        self.make_photos()
        self.run_ok("put", "photos", "-n", "photos", "-R", name, "--metrics", "m.prom")
        self.read()
        self.assertEqual(self.labels[1], f'{self.home}/we\\"ird\\\\\\\\ \\\\x0a\u00e9')

    def test_a_file_that_cannot_be_written_is_an_error(self):
        self.put_photos()
        self.run_code(4, "check", "--metrics", "nowhere/m.prom",
                      told="muster: --metrics: make 'nowhere/m.prom': No such file")
        self.run_ok("check", "--help", "--metrics", "nowhere/m.prom")


if __name__ == "__main__":
    harness.main()
