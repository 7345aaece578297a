#!/usr/bin/env python3
"""cache: what of buckets is kept. (With a bucket: tests/servers/job.py.)"""
import os

import harness
from harness import MusterTest


class Cache(MusterTest):
    def setUp(self):
        super().setUp()
        self.place = self.home / "kept"
        self.where = {"MUSTER_CACHE_DIR": str(self.place)}

    def cache(self, *arguments, **options):
        return self.run_ok("cache", *arguments, environment=self.where, **options)

    def info(self):
        return self.cache("info", "--json").objects()[0]

    def test_a_cache_that_is_not_there_is_empty(self):
        told = self.info()
        self.assertEqual(told["type"], "cache")
        self.assertEqual(told["directory"], str(self.place / "blobs"))
        self.assertEqual(told["size_bytes"], 0)
        self.assertNotIn("oldest_use", told)
        self.assertGreater(told["limit_bytes"], 0)
        self.assertLessEqual(told["limit_bytes"], 10 << 30)
        self.assertIn("segments      0\n", self.cache("info").out)
        self.assertEqual(self.cache("clean").out, "reclaimed 0 B\n")
        self.assertFalse(self.place.exists())

    def test_the_limit_is_what_was_asked_for(self):
        self.assertEqual(self.cache("info", "--json", "--cache-size", "2GiB").objects()[0]
                         ["limit_bytes"], 2 << 30)
        self.where["MUSTER_CACHE_SIZE"] = "50GiB"
        self.assertEqual(self.info()["limit_bytes"], 50 << 30)

    def test_clean_removes_leftovers_and_leaves_what_is_not_its_own(self):
        self.write("kept/blobs/tmp/.tmp-1-2", "x" * 1000)
        self.write("kept/blobs/notes", "mine")
        told = self.info()
        self.assertEqual((told["temporary_count"], told["temporary_bytes"]), (1, 1000))
        self.assertIn("in progress", self.cache("info").out)
        self.assertEqual(self.cache("clean", "--dry-run").out,
                         "would reclaim 1000 B\n")
        self.assertEqual(self.info()["temporary_count"], 1)
        told = self.cache("clean", "--json").objects()[-1]
        self.assertEqual((told["type"], told["freed_bytes"], told["freed_temporaries"],
                          told["left_bytes"]), ("summary", 1000, 1, 0))
        self.assertEqual(os.listdir(self.place / "blobs/tmp"), [])
        self.assertTrue((self.place / "blobs/notes").exists())

    def test_wrong_usage_says_what_is_right(self):
        for arguments, told in (((), "info is missing"),
                                (("list",), "neither 'info' nor 'clean'"),
                                (("info", "more"), "'more' is too much"),
                                (("info", "--dry-run"), "belongs to cache clean"),
                                (("clean", "much"), "'much' is not a size"),
                                (("clean", "--cache-size", "1GiB"), "muster cache clean 2GiB"),
                                (("info", "--cache-size", "0"), "'0' is less than 1.0 MiB")):
            with self.subTest(arguments):
                self.run_code(2, "cache", *arguments, told=told)
        self.run_code(2, "cache", "info", environment={"MUSTER_CACHE_SIZE": "big"},
                      told="MUSTER_CACHE_SIZE: 'big' is not a size")

    def test_a_local_repository_has_none(self):
        self.put_photos()
        self.run_ok("get", "photos", "out", environment=self.where)
        self.assertEqual(self.run_ok("cat", "photos", "a.txt", "--cache-size", "1GiB",
                                     environment=self.where).out, "one\n")
        self.assertFalse((self.place / "blobs").exists())
        summary = self.run_ok("checkout", "photos", "co", "--skip-cache", "--json").objects()[-1]
        self.assertEqual(summary["cache_hit_blobs"], 0)


if __name__ == "__main__":
    harness.main()
