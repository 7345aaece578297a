#!/usr/bin/env python3
"""ttl, expire: how long versions live, and which of them stay."""
import json
import os
import re
import time

import harness
from harness import MusterTest, Terminal

DAY_S = 24 * 60 * 60


class Lives(MusterTest):
    def setUp(self):
        super().setUp()
        for content in ("one", "two", "three", "four"):
            self.write("photos/a.txt", content)
            self.run_ok("put", "photos", "-n", "photos")

    def show(self, version):
        return self.run_ok("show", version, "--json").objects()[0]

    def versions(self):
        return [v["version"] for v in self.run_ok("ls", "--versions", "photos", "--json").objects()
                if v["type"] == "version"]

    def event(self, text):
        """The event of the collection's log that has this in it."""
        return next(path for path in (self.repo / "collections").rglob("log/*.json")
                    if text in path.read_text())

    def age(self, path, days, also_store=True):
        """As if the last event had been made so long ago, by its writer's clock and the store's."""
        then = time.time() - days * DAY_S
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(then))
        text = re.sub(r'"time": "[^"]*"', f'"time": "{stamp}"', path.read_text())
        before = path.stat()
        path.chmod(0o644)
        path.write_text(text)
        times = (then, then) if also_store else (before.st_atime, before.st_mtime)
        os.utime(path, times)

    # --- ttl

    def test_a_version_has_its_own_ttl_or_the_artifacts_or_none(self):
        self.assertEqual(self.show("photos:v0")["ttl"], "inherit")
        self.assertNotIn("expires_at", self.show("photos:v0"))
        self.run_ok("ttl", "photos:v0", "7", told="photos:v0 now lives for 7 days")
        self.run_ok("ttl", "photos:v1", "disabled", told="photos:v1 now lives without end")
        self.run_ok("ttl", "--collection", "photos", "1",
                    told="versions of photos without a ttl of their own now live for 1 day\n")
        found = [(v["ttl"], v.get("ttl_days")) for v in map(self.show, (
            "photos:v0", "photos:v1", "photos:v2"))]
        self.assertEqual(found, [("days", 7), ("disabled", None), ("inherit", 1)])
        self.assertIs(self.show("photos:v2")["is_expired"], False)
        self.run_ok("ttl", "photos:v0", "inherit", told="as long as the artifact's default says")
        self.assertEqual(self.show("photos:v0")["ttl_days"], 1)
        self.assertEqual(self.run_ok("ls", "--json").objects()[0]["default_ttl_days"], 1)
        self.run_ok("ttl", "--collection", "photos", "disabled", told="live without end")
        self.assertNotIn("ttl_days", self.show("photos:v0"))
        log = self.run_ok("log", "photos").out
        for told in ("v0 lives for 7 days", "v1 lives without end",
                     "versions without a ttl of their own live for 1 day",
                     "v0 lives as long as the artifact's default says",
                     "versions without a ttl of their own live without end"):
            self.assertIn(told, log)
        self.run_ok("check")

    def test_a_put_says_how_long_its_version_lives(self):
        self.write("photos/a.txt", "five")
        self.run_ok("put", "photos", "-n", "photos", "--ttl", "3")
        self.assertEqual(self.show("photos")["ttl_days"], 3)
        for bad in ("0", "36501", "-1", "x", ""):
            self.run_code(2, "put", "photos", "-n", "photos", "--ttl", bad)

    def test_what_is_no_ttl_is_refused(self):
        for bad in ("0", "-1", "36501", "1.5", "7d", "", "never", "9" * 30):
            with self.subTest(bad):
                self.run_code(2, "ttl", "photos:v0", "--", bad)
        self.run_code(2, "ttl", "photos:v9", "1", told="v9")
        self.run_code(2, "ttl", "nosuch", "1", told="nosuch")
        self.run_code(2, "ttl", "--collection", "photos:v0", "1", told="one version")
        self.run_code(2, "ttl", "--collection", "photos", "inherit", told="nothing to inherit")
        self.assertNotIn("ttl_days", self.show("photos:v0"))

    def test_a_version_whose_time_is_over_is_marked_and_stays(self):
        self.age(self.event('"version": 3'), 10)
        self.run_ok("ttl", "photos:v3", "7")
        self.run_ok("ttl", "photos:v2", "7")
        lines = self.run_ok("ls", "--versions", "photos").out.splitlines()
        self.assertRegex(lines[4], r"v3 .* EXPIRED 20..-..-.. ..:..:..$")
        self.assertRegex(lines[3], r"v2 .* expires 20..-..-.. ..:..:..$")
        self.assertRegex(lines[2], r"v1 .*\d$")
        self.assertRegex(self.run_ok("show", "photos").out, r"ttl +7 days\nEXPIRED +20")
        self.assertRegex(self.run_ok("show", "photos:v2").out, r"ttl +7 days\nexpires +20")
        self.assertIs(self.show("photos")["is_expired"], True)
        self.assertEqual(self.run_ok("cat", "photos", "a.txt").out, "four")
        self.run_ok("ttl", "photos", "disabled")
        self.assertNotIn("EXPIRED", self.run_ok("show", "photos").out)

    def test_a_writer_whose_clock_is_behind_ends_no_version_early(self):
        self.age(self.event('"version": 3'), 10, also_store=False)
        self.run_ok("ttl", "photos:v3", "7")
        self.assertTrue(self.show("photos")["created_at"] < self.show("photos:v2")["created_at"])
        self.assertIs(self.show("photos")["is_expired"], False)

    def test_a_copy_lives_as_long_but_inherits_from_its_own_artifact(self):
        self.run_ok("ttl", "photos:v0", "7")
        self.run_ok("ttl", "photos:v1", "disabled")
        self.run_ok("ttl", "--collection", "photos", "90")
        self.run_ok("copy", "--all-versions", "photos", "other")
        found = [(v["ttl"], v.get("ttl_days")) for v in self.run_ok(
            "-R", "other", "ls", "--versions", "photos", "--json").objects()[:3]]
        self.assertEqual(found, [("days", 7), ("disabled", None), ("inherit", None)])
        self.run_ok("-R", "other", "check")

    # --- expire

    def actions(self, *arguments):
        return [(o["version"], o["action"], o["kept_by"])
                for o in self.run_ok("expire", "photos", *arguments, "--json").objects()[:-1]]

    def test_what_no_rule_keeps_is_deleted_and_the_rest_told(self):
        self.run_ok("alias", "photos:v0", "best")
        planned = [("v1", "delete", []), ("v2", "delete", []), ("v0", "keep", ["aliased"]),
                   ("v3", "keep", ["latest", "last"])]
        self.assertEqual(self.actions("--keep-last", "1", "--dry-run"), planned)
        self.assertEqual(self.versions(), ["v0", "v1", "v2", "v3"])
        done = self.run_ok("expire", "photos", "--keep-last", "1", "--yes")
        self.assertEqual([line.split()[0] for line in done.out.splitlines()],
                         ["VERSION", "v1", "v2", "v0", "v3"])
        for told in ("  deleted\n", "  stays: has aliases\n", "  stays: latest, keep-last\n"):
            self.assertIn(told, done.out)
        self.assertEqual(self.versions(), ["v0", "v3"])
        self.assertEqual(self.actions("--keep-last", "1"), planned[2:])  # nothing to ask about
        self.assertEqual(self.actions("--keep-daily", "1", "--delete-aliases", "--yes"),
                         [("v0", "delete", []), ("v3", "keep", ["latest", "daily"])])
        self.run_code(2, "show", "photos:best")
        self.run_ok("check")

    def test_days_are_those_of_the_versions(self):
        self.age(self.event('"version": 3'), 400)
        self.assertEqual(self.actions("--keep-daily", "9", "--dry-run"),
                         [("v0", "delete", []), ("v1", "delete", []), ("v2", "keep", ["daily"]),
                          ("v3", "keep", ["latest", "daily"])])

    def test_a_rule_is_needed_and_must_make_sense(self):
        self.run_code(2, "expire", "photos", "--yes", told="needs a rule")
        self.run_code(2, "expire", "photos", "--delete-aliases", "--yes", told="needs a rule")
        self.run_code(2, "expire", "photos", "--keep-aliased", "--delete-aliases", "--yes",
                      told="exclude each other")
        for bad in ("0", "-1", "x"):
            self.run_code(2, "expire", "photos", "--keep-last", bad, "--yes")
        self.run_code(2, "expire", "photos:v0", "--keep-last", "1", "--yes", told="names one")
        self.run_code(2, "expire", "nosuch", "--keep-last", "1", "--yes", told="nosuch")
        self.assertEqual(self.versions(), ["v0", "v1", "v2", "v3"])
        self.run_ok("expire", "photos", "--keep-aliased", "--yes")
        self.assertEqual(self.versions(), ["v3"])

    def test_it_asks_first(self):
        rule = ("--keep-last", "2")
        self.run_code(2, "expire", "photos", *rule, told="2 versions of 'photos'")
        for answer, code, left in (("n\n", 2, 4), ("\x04", 2, 4), ("y\n", 0, 2)):
            with self.subTest(answer):
                terminal = Terminal(self, "expire", "photos", *rule)
                terminal.read_until("Delete 2 of 4 versions of photos (6 B)? [y/N] ")
                terminal.type(answer)
                self.assertEqual(terminal.finish(), code, terminal.output)
                self.assertEqual(len(self.versions()), left)

    def test_nothing_is_deleted_behind_an_event_that_is_not_understood(self):
        last = self.event('"version": 3')
        event = json.loads(last.read_text())
        event["later"] = 1
        event = {"muster": event.pop("muster"), "must_understand": True, **event}
        last.chmod(0o644)
        last.write_text(json.dumps(event) + "\n")
        self.run_code(4, "expire", "photos", "--keep-last", "1", "--yes")
        self.run_code(4, "ttl", "photos", "1")
        self.assertEqual(self.versions(), ["v0", "v1", "v2", "v3"])


if __name__ == "__main__":
    harness.main()
