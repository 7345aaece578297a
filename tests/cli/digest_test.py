#!/usr/bin/env python3
"""digest: digests of files as W&B and as md5sum have them."""
import hashlib
import os
import shutil
import subprocess

import harness
from harness import MusterTest


class Digest(MusterTest):
    def setUp(self):
        super().setUp()
        self.make_photos()

    def test_entries_and_the_digest_of_all_are_printed(self):
        self.assertEqual(self.run_ok("digest", "photos").out,
                         "W79aUjKOdDmubnGd/nEiAA==         4 B  a.txt\n"
                         "2ESyAVFGLG0ZqEDBTy/8kA==         6 B  labels/b.csv\n"
                         "2ESyAVFGLG0ZqEDBTy/8kA==         6 B  labels/c.csv\n"
                         "artifact digest " + self.summary("photos"))

    def summary(self, *arguments):
        return self.run_ok("digest", "--summary", *arguments).out

    def test_the_digest_is_that_of_a_version(self):
        self.run_ok("put", "photos", "-n", "photos")
        version = self.run_ok("show", "photos", "--json").objects()[0]
        self.assertEqual(self.summary("photos"), version["digest"] + "\n")

    def test_no_repository_is_needed_or_made(self):
        self.run_ok("digest", "photos")
        self.assertFalse(self.repo.exists())

    def test_algorithms_and_patterns_matter(self):
        all_digests = {self.summary("photos"), self.summary("photos", "--algorithm", "xxh128"),
                       self.summary("photos", "--exclude", "labels/")}
        self.assertEqual(len(all_digests), 3)
        self.write("hello.txt", "hello")
        self.assertIn("tenBrQcbPn/Hec+qXlI4GA==",
                      self.run_ok("digest", "--algorithm", "xxh128", "hello.txt").out)

    def test_failed_items_are_exit_code_3(self):
        os.symlink("nowhere", self.home / "photos/broken")
        result = self.run_code(3, "digest", "photos", told="'broken'")
        self.assertIn("a.txt", result.out)


class Sums(MusterTest):
    def setUp(self):
        super().setUp()
        self.make_photos()
        self.write("photos/back\\slash\nfeed", "odd")
        self.write("single.bin", "single")

    def md5sum(self):
        if not shutil.which("md5sum"):
            self.skipTest("no md5sum here")
        command = "find photos -type f -print0 | sort -z | xargs -0 md5sum; md5sum single.bin"
        done = subprocess.run(["bash", "-c", command], cwd=self.home, capture_output=True,
                              env={**self.environment, "LC_ALL": "C"}, check=True)
        return done.stdout

    def test_lines_are_those_of_md5sum(self):
        done = self.run_raw("digest", "--md5sum", "photos/", "single.bin")
        self.assertEqual(done.stdout, self.md5sum())

    def test_lists_of_md5sum_are_checked(self):
        (self.home / "list").write_bytes(self.md5sum())
        result = self.run_ok("digest", "-c", "list")
        self.assertEqual(result.out.count(": OK\n"), 5)
        self.assertEqual(self.run_ok("-q", "digest", "-c", "list").out, "")

    def test_a_difference_or_a_missing_file_is_exit_code_1(self):
        sums = self.run_raw("digest", "--md5sum", "photos", "single.bin").stdout
        self.write("photos/a.txt", "oNe\n")
        os.unlink(self.home / "single.bin")
        result = self.run_code(1, "digest", "-c", "-", stdin=sums.decode())
        self.assertIn("photos/a.txt: FAILED\n", result.out)
        self.assertIn("single.bin: FAILED: there is no such file\n", result.out)
        self.assertEqual(result.out.count(": OK\n"), 3)
        self.assertRegex(result.err, r"mismatch +1\n")
        self.assertRegex(result.err, r"missing +1\n")

    def test_long_lists_and_paths_anywhere_work(self):
        for i in range(600):
            self.write(f"many/{i}", str(i))
        sums = self.run_ok("digest", "--md5sum", self.home / "many").out
        sums += self.run_ok("digest", "--md5sum", "./photos/../many").out
        self.assertEqual(self.run_ok("digest", "-c", "-", stdin=sums).out.count(": OK\n"), 1200)

    def test_xxh128_lists_are_checked_too(self):
        self.write("hello", "hello")
        self.run_ok("digest", "-c", "-", "--algorithm", "xxh128",
                    stdin="b5e9c1ad071b3e7fc779cfaa5e523818  hello\n")
        self.run_code(1, "digest", "-c", "-", stdin="b5e9c1ad071b3e7fc779cfaa5e523818  hello\n")

    def test_a_damaged_list_does_not_pass(self):
        good = "5bbf5a52328e7439ae6e719dfe712200  photos/a.txt\n"
        for text, told in (("", "no lines"), ("# only a comment\n", "no lines"),
                           (good + "nonsense\n", "line 2"), (good + good[1:], "line 2"),
                           ("\\" + good.replace("a.txt", "a\\q"), "line 1")):
            with self.subTest(text):
                result = self.run_code(2, "digest", "-c", "-", stdin=text, told=told)
                self.assertEqual(result.out, "")


class Etag(MusterTest):
    def test_the_etag_of_parts_is_the_md5_of_their_md5s(self):
        data = bytes(range(256)) * 8192
        self.write("model", data)
        parts = [hashlib.md5(data[at:at + (1 << 20)]).digest() for at in range(0, len(data), 1 << 20)]
        expected = f"{hashlib.md5(b''.join(parts)).hexdigest()}-{len(parts)}"
        self.assertEqual(self.run_ok("etag", "--part-size", "1MiB", "model").out,
                         f"{expected}  model\n")
        self.assertEqual(self.run_ok("etag", "model").out, f"{hashlib.md5(data).hexdigest()}  model\n")
        told = self.run_ok("etag", "model", "--multipart", "--json").objects()[0]
        self.assertEqual((told["path"], told["part_count"]), ("model", 1))

    def test_one_bad_file_does_not_hide_the_others(self):
        self.write("model", b"x")
        run = self.run_code(3, "etag", "nowhere", "model", told="nowhere")
        self.assertIn("  model\n", run.out)
        self.run_code(2, "etag", "nowhere", told="nowhere")
        self.run_code(2, "etag", "s3://bucket/x", told="s3://bucket/x")
        self.run_code(2, "etag")


if __name__ == "__main__":
    harness.main()
