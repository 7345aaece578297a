#!/usr/bin/env python3
"""rename: an artifact is called otherwise."""
import subprocess

import harness
from harness import MusterTest

PROCESSES = 12


class Rename(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos("-a", "best")

    def show(self, version, *more):
        return self.run_ok(*more, "show", version, "--json").objects()[0]

    def names(self):
        return sorted(o["project"] + "/" + o["name"] for o in self.run_ok("ls", "--json").objects()
                      if o["type"] == "collection")

    def test_all_goes_with_it(self):
        self.run_ok("tag", "photos", "good")
        before = self.show("photos")
        self.run_ok("rename", "photos", "pictures", told="photos is called pictures now")
        self.assertEqual(self.show("pictures:best"), {**before, "name": "pictures"})
        self.run_code(2, "show", "photos", told="photos")
        self.assertEqual(self.names(), ["uncategorized/pictures"])
        self.write("photos/a.txt", "two\n")
        self.assertIn("pictures:v1", self.run_ok("put", "photos", "-n", "pictures").out)
        log = self.run_ok("log", "pictures").out
        self.assertIn("renamed: it is 'tester/uncategorized/pictures' now", log)
        self.assertIn("'photos' of type", log)
        self.run_ok("check")

    def test_the_old_name_is_free(self):
        self.run_ok("rename", "photos", "pictures")
        self.write("photos/a.txt", "another\n")
        self.assertIn("photos:v0", self.run_ok("put", "photos", "-n", "photos", "-t", "model").out)
        self.assertEqual(self.names(), ["uncategorized/photos", "uncategorized/pictures"])
        self.run_code(2, "rename", "pictures", "photos", told="there is an artifact 'photos'")
        self.run_ok("rename", "photos", "snaps")
        self.run_ok("rename", "pictures", "photos")
        self.assertEqual(self.show("photos:best")["version"], "v0")
        self.run_ok("check")

    def test_it_moves_to_another_project(self):
        self.run_ok("rename", "photos", "archive/photos")
        self.assertEqual(self.names(), ["archive/photos"])
        self.run_ok("rename", "archive/photos", "team/old/pictures")
        self.assertEqual(self.show("team/old/pictures:best")["entity"], "team")
        self.run_ok("rename", "team/old/pictures", "same-place")
        self.assertEqual(self.show("team/old/same-place")["name"], "same-place")

    def test_wrong_names_are_refused(self):
        for arguments in (("photos:v0", "x"), ("photos", "x:v0"), ("photos", "a b"), ("photos", ""),
                          ("photos",), ("nosuch", "x"), ("photos", "a/b/c/d")):
            with self.subTest(arguments):
                self.run_code(2, "rename", *arguments)
        self.run_ok("put", "photos", "-n", "sources", "-t", "code")
        self.run_code(2, "rename", "sources", "source-x", told="reserved")
        self.assertEqual(self.names(), ["uncategorized/photos", "uncategorized/sources"])
        self.run_ok("rename", "photos", "photos")

    def test_links_find_what_was_renamed(self):
        self.run_ok("link", "photos:best", "chosen", "-a", "prod")
        self.run_ok("rename", "photos", "pictures")
        self.run_ok("rename", "chosen", "model-registry/Detector")
        link = self.show("model-registry/Detector:prod")
        self.assertEqual((link["source_name"], link["source_is_gone"]), ("pictures", False))
        self.run_ok("tag", "model-registry/Detector:prod", "good")
        self.assertEqual(self.show("pictures:best")["tags"], ["good"])
        self.assertIn("link to tester/uncategorized/photos:v0",
                      self.run_ok("log", "model-registry/Detector").out)

    def test_a_copy_takes_the_new_name(self):
        self.run_ok("rename", "photos", "pictures")
        self.run_ok("copy", "--all-artifacts", "other")
        self.assertEqual(self.show("pictures", "-R", "other")["aliases"], ["latest", "best"])
        self.run_code(2, "-R", "other", "show", "photos")
        self.run_ok("-R", "other", "check")

    def test_processes_that_rename_at_once_leave_one_name(self):
        running = [subprocess.Popen([harness.PROGRAM, "rename", "photos", f"p{i}"], cwd=self.home,
                                    env=self.environment, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for i in range(PROCESSES)]
        codes = [process.wait(timeout=60) for process in running]
        self.assertIn(0, codes)
        self.assertEqual(len(self.names()), 1)
        self.run_ok("check")


if __name__ == "__main__":
    harness.main()
