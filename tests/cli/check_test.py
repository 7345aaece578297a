#!/usr/bin/env python3
"""check, night after night: --budget, --max-age, and what is kept of it."""
import base64
import shutil

import harness
from harness import MusterTest


class Check(MusterTest):
    def setUp(self):
        super().setUp()
        for i in range(4):
            self.write("photos/a.txt", f"content {i}\n")
            self.run_ok("put", "photos", "-n", "photos")

    def check(self, *more, code=0):
        return self.run_code(code, "check", *more, "--json").objects()[-1]

    def packs(self):
        return sorted(path for path in (self.repo / "packs").rglob("*") if path.is_file())

    def state(self):
        return next((self.home / ".cache/muster/checked").iterdir())

    def flip(self, path):
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[20] ^= 1
        path.write_bytes(data)

    def test_a_round_takes_as_many_nights_as_it_needs(self):
        self.assertEqual(len(self.packs()), 4)
        found = [self.check("--budget", "1") for _ in range(5)]
        self.assertEqual([f["read_packs"] for f in found], [1, 1, 1, 1, 1])
        self.assertEqual([f["unread_packs"] for f in found], [3, 2, 1, 0, 0])
        self.assertEqual([f["began_anew"] for f in found], [True] + 4 * [False])
        self.assertEqual({f["manifest_count"] for f in found}, {4})
        self.assertEqual(found[0]["stored_bytes"], sum(p.stat().st_size for p in self.packs()))

    def test_people_read_how_far_it_is(self):
        self.assertIn("the repository is sound\n", self.run_ok("check").err)
        self.state().unlink()
        told = self.run_ok("check", "--budget", "1").err
        for text in ("the repository is sound, as far as it was read",
                     "no earlier check is known here: the first round begins",
                     "read 1 of 4 packs; 3 have not been read by a check of this machine yet"):
            self.assertIn(text, told)
        told = self.run_ok("check", "--max-age", "30", "--budget", "1GiB").err
        self.assertIn("read 4 of 4 packs; each was read within", told)
        self.assertNotIn("first round", told)

    def test_a_budget_that_is_too_small_is_told(self):
        found = self.check("--budget", "1", "--max-age", "2")
        self.assertTrue(found["is_budget_too_small"])
        self.assertEqual(found["daily_bytes"], (found["stored_bytes"] + 1) // 2)
        told = self.run_ok("check", "--budget", "1", "--max-age", "2").err
        self.assertIn("the budget is too small to read all every 2 days: that takes ", told)
        self.assertFalse(self.check("--budget", "1MiB", "--max-age", "2")["is_budget_too_small"])

    def test_overdue_packs_are_a_difference(self):
        """As if all had been seen three days ago, and never read since."""
        self.check("--budget", "1")
        data = bytearray(self.state().read_bytes())
        for i in range(4):
            at = 40 + i * 48 + 24
            for field in range(3):
                begin = at + 8 * field
                ms = int.from_bytes(data[begin:begin + 8], "little")
                if ms:
                    data[begin:begin + 8] = (ms - 3 * 86400 * 1000).to_bytes(8, "little")
        self.state().write_bytes(self.seal(data))
        found = self.check("--budget", "1", "--max-age", "2", code=1)
        self.assertEqual((found["overdue_packs"], found["finding_count"]), (3, 0))
        self.assertGreater(found["oldest_age_s"], 2 * 86400)
        self.run_code(1, "check", "--budget", "1", "--max-age", "2",
                      told="2 packs were not read for more than 2 days")

    def seal(self, data):
        """With the checksum that is right: of the program itself, from its own digests."""
        body = bytes(data[:-16])
        self.write("body", body)
        result = self.run_ok("digest", "body", "--algorithm", "xxh128", "--json").objects()
        digest = next(o["digest"] for o in result if o["type"] == "entry")
        return body + base64.b64decode(digest)

    def test_a_broken_pack_is_told_every_night(self):
        self.check("--budget", "1MiB")
        pack = self.packs()[2]
        self.flip(pack)
        key = str(pack.relative_to(self.repo))
        self.run_code(1, "check", "--budget", "1MiB")
        for budget in ("1", "1MiB", "1"):
            result = self.run_code(1, "check", "--budget", budget)
            self.assertIn(key, result.out)
        self.assertIn("they were not read again", self.run_code(1, "check", "--budget", "1").out)
        self.flip(pack)
        self.run_ok("check", "--budget", "1MiB")
        self.run_ok("check", "--budget", "1")

    def test_a_damaged_state_is_told_and_begins_anew(self):
        self.check("--budget", "1MiB")
        self.flip(self.state())
        found = self.check("--budget", "1")
        self.assertEqual((found["began_anew"], found["unread_packs"]), (True, 3))
        self.assertIn("another repository", found["state_problem"])
        self.state().write_bytes(b"short")
        self.run_ok("check", "--budget", "1",
                    told="muster: warning: what was known of earlier checks is lost, so they begin "
                         "anew: '")

    def test_without_a_place_for_the_state_it_does_not_roll(self):
        bare = {"MUSTER_CACHE_DIR": "/dev/null/nowhere"}
        self.run_ok("check", environment=bare)
        self.run_code(4, "check", "--budget", "1", environment=bare,
                      told="keep when packs were read: make '/dev/null/nowhere/checked/")

    def test_wrong_numbers_are_refused(self):
        for arguments in (["--budget", "0"], ["--budget", "x"], ["--max-age", "0"],
                          ["--max-age", "36501"]):
            self.run_code(2, "check", *arguments)

    def test_another_place_of_the_same_repository_is_another_one(self):
        """Bytes are proved where they lie, not by the repository's id."""
        self.check()
        shutil.copytree(self.repo, self.home / "twin")
        self.assertEqual(self.check("-R", "twin", "--budget", "1")["unread_packs"], 3)
        self.assertEqual(self.check("--budget", "1")["unread_packs"], 0)


if __name__ == "__main__":
    harness.main()
