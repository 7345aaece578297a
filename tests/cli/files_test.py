#!/usr/bin/env python3
"""get, checkout, verify, check: files out of a repository, and held against it."""
import os
import shutil
import subprocess

import harness
from harness import MusterTest


class Files(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos()

    def put_again(self):
        """v1: another a.txt, no c.csv, a new file."""
        shutil.copytree(self.home / "photos", self.home / "old")
        self.write("photos/a.txt", "two, and longer\n")
        self.write("photos/new/n.txt", "n\n")
        os.unlink(self.home / "photos/labels/c.csv")
        self.run_ok("put", "photos", "-n", "photos")


class Get(Files):
    def test_files_come_into_a_new_directory(self):
        result = self.run_ok("get", "photos", "copy")
        self.assert_same_tree("copy", "photos")
        self.assertIn("copy", result.out)
        self.assertRegex(result.err, r"written files +3\n")

    def test_the_default_directory_has_the_version_in_its_name(self):
        self.assertTrue(self.run_ok("get", "photos").out.endswith("artifacts/photos:v0\n"))
        self.assert_same_tree("artifacts/photos:v0", "photos")

    def test_other_files_stay_and_equal_ones_are_kept(self):
        self.write("copy/mine.txt", "mine")
        self.write("copy/a.txt", "one\n")
        result = self.run_ok("get", "photos", "copy")
        self.assertRegex(result.err, r"there already +1\n")
        self.assertEqual(self.tree("copy").pop("mine.txt"), b"mine")

    def test_files_that_differ_fail_unless_overwrite(self):
        self.write("copy/a.txt", "mine")
        self.run_code(3, "get", "photos", "copy", "--failures", "failed", told="'a.txt'")
        self.assertEqual((self.home / "failed").read_text(), "a.txt\n")
        self.assertEqual((self.home / "copy/a.txt").read_text(), "mine")
        self.run_ok("get", "photos", "copy", "--overwrite")
        self.assert_same_tree("copy", "photos")

    def test_a_directory_in_the_place_of_a_file_is_told(self):
        (self.home / "copy/a.txt").mkdir(parents=True)
        for options in ((), ("--overwrite",)):
            self.run_code(3, "get", "photos", "copy", *options,
                          told="failed: 'a.txt': a directory is there, which no option replaces")
        self.assertTrue((self.home / "copy/a.txt").is_dir())

    def test_one_is_told_as_one(self):
        self.write("copy/a.txt", "mine")
        self.run_code(3, "get", "photos", "copy", told="1 of 3 entries failed\n")
        self.run_code(3, "get", "photos", "copy", "--path-prefix", "a.txt",
                      told="1 of 1 entry failed\n")
        self.run_code(1, "verify", "photos", "copy", "--exclude", "labels/",
                      told="1 difference from the version\n")

    def test_only_what_is_wanted_comes(self):
        for number, (arguments, expected) in enumerate((
                (("--path-prefix", "labels"), ["labels/b.csv", "labels/c.csv"]),
                (("--path-prefix", "a.txt"), ["a.txt"]),
                (("--exclude", "labels/"), ["a.txt"]),
                (("--include", "b.*"), ["labels/b.csv"]))):
            with self.subTest(arguments):
                self.run_ok("get", "photos", f"copy{number}", *arguments)
                self.assertEqual(sorted(self.tree(f"copy{number}")), expected)

    def test_an_unknown_version_makes_no_directory(self):
        self.run_code(2, "get", "photos:v9", "copy", told="v9")
        self.assertFalse((self.home / "copy").exists())

    def test_damaged_bytes_never_get_their_name(self):
        for pack in (self.repo / "packs").rglob("*.pack"):
            os.chmod(pack, 0o600)
            data = pack.read_bytes()
            pack.write_bytes(data.replace(b"one\n", b"oNe\n"))
        result = self.run_any("get", "photos", "copy")
        self.assertIn(result.code, (3, 4), result)
        self.assertNotIn("a.txt", self.tree("copy") if (self.home / "copy").exists() else {})


class Checkout(Files):
    def test_a_directory_becomes_exactly_the_version(self):
        self.put_again()
        self.run_ok("checkout", "photos:v0", "copy")
        self.assert_same_tree("copy", "old")
        self.run_ok("checkout", "photos", "copy")
        self.assert_same_tree("copy", "photos")
        self.assertFalse((self.home / "copy/labels/c.csv").exists())

    def test_files_of_others_stop_it_before_the_first_change(self):
        self.write("copy/mine.txt", "mine")
        self.run_code(2, "checkout", "photos", "copy", told="mine.txt")
        self.assertEqual(list(self.tree("copy")), ["mine.txt"])
        self.run_ok("checkout", "photos", "copy", "--delete")
        self.assert_same_tree("copy", "photos")

    def test_changed_files_need_overwrite_and_may_be_kept_aside(self):
        self.run_ok("checkout", "photos", "copy")
        self.write("copy/a.txt", "changed, and longer")
        self.run_code(2, "checkout", "photos", "copy", told="a.txt")
        self.run_ok("checkout", "photos", "copy", "--overwrite", "--backup-dir", "aside")
        self.assert_same_tree("copy", "photos")
        self.assertIn(b"changed, and longer", self.tree("aside").values())

    def test_a_refusal_names_the_option_that_helps(self):
        """For each way of being in the way: what the message advises, and no less, does it."""
        replace, delete = ("--overwrite",), ("--delete",)
        self.put_again()  # a.txt is another one, labels/c.csv goes, new/n.txt comes
        for name, command, advice, options in (
                ("changed, replaced", "echo mine >>copy/a.txt",
                 "--overwrite is needed to replace 1 changed file ('a.txt')", replace),
                ("changed, removed", "echo mine >>copy/labels/c.csv",
                 "--delete is needed to delete 1 changed file ('labels/c.csv')", delete),
                ("foreign, in the way", "mkdir copy/new; echo mine >copy/new/n.txt",
                 "--overwrite is needed to replace 1 file that no checkout wrote ('new/n.txt')",
                 replace),
                ("a link in the way", "mkdir copy/new; ln -s nowhere copy/new/n.txt",
                 "--overwrite is needed to replace 1 file that no checkout wrote ('new/n.txt')",
                 replace),
                ("foreign, beside", "echo mine >copy/mine",
                 "--delete is needed to delete 1 file that no checkout wrote ('mine')", delete),
                ("a file where a directory should be", "echo mine >copy/new",
                 "--delete is needed to delete 1 file that no checkout wrote ('new')", delete),
                ("a directory where a file should be",
                 "mkdir -p copy/new/n.txt; echo mine >copy/new/n.txt/mine",
                 "--delete is needed to delete 1 file that no checkout wrote ('new/n.txt/mine')",
                 delete),
                ("a link where a directory should be", "ln -s ../old copy/new",
                 "--delete is needed to delete 1 file that no checkout wrote ('new')", delete),
                ("all", "for f in a.txt labels/c.csv mine; do echo mine >>copy/$f; done",
                 "--overwrite and --delete are needed, to replace 1 changed file ('a.txt') and to "
                 "delete 1 changed file ('labels/c.csv') and 1 file that no checkout wrote ('mine')",
                 replace + delete)):
            with self.subTest(name):
                shutil.rmtree(self.home / "copy", ignore_errors=True)
                self.run_ok("checkout", "photos:v0", "copy")
                subprocess.run(command, shell=True, cwd=self.home, check=True)
                before = self.tree("copy")
                for useless in ((), *((o,) for o in replace + delete if (o,) != options)):
                    self.run_code(2, "checkout", "photos", "copy", *useless,
                                  told="nothing was changed: ")
                self.run_code(2, "checkout", "photos", "copy", told=f": {advice}\n")
                self.assertEqual(self.tree("copy"), before)
                self.run_ok("checkout", "photos", "copy", *options)
                self.assert_same_tree("copy", "photos")

    def test_too_many_deletions_are_refused(self):
        for i in range(3):
            self.write(f"copy/mine{i}", "mine")
        self.run_code(2, "checkout", "photos", "copy", "--delete", "--max-delete", "2",
                      told="3 files would be deleted, more than --max-delete 2")
        self.assertEqual(len(self.tree("copy")), 3)
        self.run_ok("checkout", "photos", "copy", "--delete", "--max-delete", "3")

    def test_a_dry_run_changes_nothing(self):
        result = self.run_ok("checkout", "photos", "copy", "--dry-run", told="dry run")
        self.assertRegex(result.err, r"written files +3\n")
        self.assertFalse((self.home / "copy").exists())

    def test_dangerous_places_are_refused(self):
        for place in ("/", self.home, self.repo, self.repo / "packs", self.home / ".local",
                      "/proc"):
            with self.subTest(place):
                self.run_code(2, "checkout", "photos", place, "--delete", "--overwrite")
        self.run_ok("verify", "photos", "photos")

    def test_links_that_lead_out_are_not_followed(self):
        self.write("outside/b.csv", "outside")
        (self.home / "copy").mkdir()
        os.symlink(self.home / "outside", self.home / "copy/labels")
        self.run_any("checkout", "photos", "copy", "--delete", "--overwrite")
        self.assertEqual(self.tree("outside"), {"b.csv": b"outside"})


class Verify(Files):
    def test_an_equal_directory_is_exit_code_0(self):
        result = self.run_ok("verify", "photos", "photos", told="photos: as the version says (3 files checked)\n")
        self.assertEqual(result.out, "")
        self.assertRegex(result.err, r"checked files +3\n")
        self.run_ok("verify", "photos", "photos", "--quick")

    def test_all_drift_is_told(self):
        self.write("photos/a.txt", "oNe\n")
        self.write("photos/extra.txt")
        os.unlink(self.home / "photos/labels/b.csv")
        result = self.run_code(1, "verify", "photos", "photos", told="3 differences")
        self.assertEqual(sorted(result.out.splitlines()),
                         ["changed     a.txt", "extra       extra.txt", "missing     labels/b.csv"])
        self.run_ok("verify", "photos", "photos", "--exclude", "labels/", "--exclude", "*.txt")

    def test_what_cannot_be_read_is_exit_code_3(self):
        os.unlink(self.home / "photos/a.txt")
        os.symlink("a.txt", self.home / "photos/a.txt")  # a loop
        result = self.run_code(3, "verify", "photos", "photos")
        self.assertIn("unreadable  a.txt: ", result.out)

    def test_stored_bytes_are_verified(self):
        self.run_ok("verify", "photos", "--stored")
        self.run_ok("verify", "photos", "--stored", "--quick")
        for pack in (self.repo / "packs").rglob("*.pack"):
            os.chmod(pack, 0o600)
            pack.write_bytes(pack.read_bytes().replace(b"one\n", b"oNe\n"))
        result = self.run_any("verify", "photos", "--stored")
        self.assertIn(result.code, (1, 3), result)
        self.assertIn("a.txt", result.out)

    def test_the_content_root_is_held_against_one_kept_elsewhere(self):
        root = self.run_ok("show", "photos", "--json").objects()[0]["root"]
        self.run_ok("verify", "photos", "photos", "--root", root)
        self.run_code(4, "verify", "photos", "photos", "--root", "0" * 64, told="root")


class VerifyReferences(Files):
    """References are not looked at: nothing may sound as if they were."""

    def verify(self, told, *more):
        for arguments in (("copy",), ("--stored",)):
            with self.subTest(arguments):
                subject = "copy" if arguments == ("copy",) else "the stored bytes"
                self.run_ok("verify", "some", *arguments, *more, told=f"{subject}: {told}\n")
                summary = self.run_ok("verify", "some", *arguments, *more,
                                      "--json").objects()[-1]
        return summary

    def test_only_references_is_nothing_checked(self):
        self.run_ok("put", f"file://{self.home}/photos", "-n", "some")
        self.run_ok("get", "some", "copy")
        summary = self.verify("nothing was checked; 3 references were not checked")
        self.assertEqual((summary["checked_files"], summary["skipped_references"],
                          summary["is_complete"]), (0, 3, False))
        self.verify("nothing was checked; 1 reference was not checked", "--exclude", "labels/")

    def test_some_references_are_told_beside_what_was_checked(self):
        self.run_ok("put", "--at", "own=photos/labels", "--at",
                    f"theirs=file://{self.home}/photos", "-n", "some")
        self.run_ok("get", "some", "copy")
        summary = self.verify(
            "as the version says (2 files checked); 3 references were not checked")
        self.assertEqual((summary["checked_files"], summary["is_complete"]), (2, False))
        os.unlink(self.home / "copy/own/b.csv")
        self.run_code(1, "verify", "some", "copy", told="copy: 1 difference from the version; "
                      "3 references were not checked\n")

    def test_no_references_is_complete(self):
        result = self.run_ok("verify", "photos", "photos", "--json").objects()[-1]
        self.assertIs(result["is_complete"], True)
        self.run_ok("verify", "photos", "--stored", "--exclude", "*",
                    told="the stored bytes: nothing was checked, no file is wanted\n")

    def test_skipped_references_of_a_get_are_told(self):
        self.run_ok("put", f"file://{self.home}/photos", "-n", "some")
        os.unlink(self.home / "photos/a.txt")
        self.run_ok("get", "some", "copy", "--allow-missing-references",
                    told="skipped 1 reference whose bytes cannot be had\n")


class Check(Files):
    def test_a_sound_repository_is_exit_code_0(self):
        self.put_again()
        result = self.run_ok("check", told="the repository is sound")
        self.assertEqual(result.out, "")
        self.assertRegex(result.err, r"findings +0\n")
        self.run_ok("check", "--quick")

    def test_every_kind_of_damage_is_found_and_named(self):
        objects = [path for path in self.repo.rglob("*")
                   if path.suffix in (".pack", ".index", ".manifest", ".leaves")]
        self.assertGreaterEqual(len(objects), 3)
        for path in objects:
            data = path.read_bytes()
            os.chmod(path, 0o600)
            for name, damaged in (("cut", data[:len(data) // 2]), ("gone", None),
                                  ("flipped", data[:9] + bytes([data[9] ^ 1]) + data[10:])):
                with self.subTest(f"{path.suffix} {name}"):
                    if damaged is None:
                        path.unlink()
                    else:
                        path.write_bytes(damaged)
                    result = self.run_any("check")
                    self.assertIn(result.code, (1, 4), result)
                    session = path.stem.split("-")[0]  # a lost index is missed by its packs
                    self.assertIn(session, result.out + result.err)
                path.write_bytes(data)
        self.run_ok("check")

    def test_a_broken_chain_of_events_is_found(self):
        logs = sorted((self.repo / "collections").rglob("*.json"))
        self.assertTrue(logs)
        os.chmod(logs[0], 0o600)
        logs[0].write_bytes(logs[0].read_bytes().replace(b"photos", b"phOtos"))
        result = self.run_any("check")
        self.assertIn(result.code, (1, 4), result)


class Forms(MusterTest):
    """Whatever form of hashing and of reading is forced: the same answers."""

    def setUp(self):
        super().setUp()
        self.names = []
        for i in range(400):
            self.add(f"many/d{i // 20:02}/f{i:03}", 64 * (i % 130) + i % 3)
        for i in range(4):
            self.add(f"large/l{i}", (5 << 20) + 64 * i + i)
        self.run_ok("put", "tree", "-n", "tree")

    def add(self, name, size):
        path = self.home / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((name * (size // len(name) + 1)).encode()[:size])
        self.names.append(name)

    def forms(self):
        for reader in ("plain", "ring", "auto"):
            yield {"MUSTER_READER": reader}
        for cpu in ("scalar", "sse2", "avx2", "avx512", "neon", "best"):
            form = {"MUSTER_CPU": cpu}
            probe = self.run_any("digest", "--summary", "tree/large/l0", environment=form)
            if "this machine has no" not in probe.err:
                yield form

    def change(self):
        """What changes in `tree`; how verify tells it."""
        drift = []
        for name in self.names[::97] + ["large/l1"]:
            path = self.home / "tree" / name
            data = bytearray(path.read_bytes())
            if not data:
                continue
            data[-1] ^= 1
            path.write_bytes(data)
            drift.append(f"changed     {name}")
        for name in ("many/d03/f063", "large/l3"):
            os.unlink(self.home / "tree" / name)
            drift.append(f"missing     {name}")
        return sorted(drift)

    def test_digests(self):
        told = {self.run_ok("digest", "tree", "--algorithm", algorithm, environment=form).out
                for form in self.forms() for algorithm in ("md5", "xxh128")}
        self.assertEqual(len(told), 2)

    def test_a_directory_is_verified(self):
        for form in self.forms():
            self.run_ok("verify", "tree", "tree", environment=form, told="404 files")
        drift = self.change()
        for form in self.forms():
            with self.subTest(form):
                result = self.run_code(1, "verify", "tree", "tree", environment=form)
                self.assertEqual(sorted(result.out.splitlines()), drift)
        for options in (("-j", "1"), ("--memory", "64M"), ("-j", "8", "--memory", "64M")):
            with self.subTest(options):
                result = self.run_code(1, "verify", "tree", "tree", *options)
                self.assertEqual(sorted(result.out.splitlines()), drift)

    def test_stored_bytes_are_checked(self):
        for form in self.forms():
            for command in (("check",), ("check", "--quick"),
                            ("verify", "tree", "--stored", "--quick")):
                self.run_ok(*command, environment=form)
        hit = 0
        for pack in (self.repo / "packs").rglob("*.pack"):
            data = bytearray(pack.read_bytes())
            for name in (b"large/l2", b"many/d07/f150"):
                at = data.find(name * 3)
                if at >= 0:
                    data[at] ^= 1
                    hit += 1
            os.chmod(pack, 0o600)
            pack.write_bytes(data)
        self.assertEqual(hit, 2)
        for form in self.forms():
            with self.subTest(form):
                result = self.run_code(1, "verify", "tree", "--stored", environment=form)
                self.assertEqual(sorted(line.split(":")[0] for line in result.out.splitlines()),
                                 ["changed     large/l2", "changed     many/d07/f150"])
                result = self.run_any("check", environment=form)
                self.assertEqual((result.code, result.out.count("another checksum")), (1, 2),
                                 result)

    def test_what_is_there_is_kept_or_replaced(self):
        whole = self.tree("tree")
        self.change()
        for form in self.forms():
            for command in ("get", "checkout"):
                with self.subTest(command, form=form):
                    shutil.rmtree(self.home / "copy", ignore_errors=True)
                    shutil.copytree(self.home / "tree", self.home / "copy")
                    result = self.run_ok(command, "tree", "copy", "--overwrite",
                                         environment=form)
                    self.assertEqual(self.tree("copy"), whole)
                    self.assertRegex(result.err, r"there already +397\n")

    def test_a_manifest_is_imported(self):
        self.run_ok("export", "tree", "-o", "m.json")
        for form in self.forms():
            with self.subTest(form):
                shutil.rmtree(self.home / "other", ignore_errors=True)
                self.run_ok("-R", "other", "import", "m.json", "-n", "back", "--from", "tree",
                            environment=form)
                self.run_ok("-R", "other", "verify", "back", "tree")

    def test_a_form_that_is_none_is_refused(self):
        for name in ("MUSTER_CPU", "MUSTER_READER"):
            for command in (("verify", "tree", "tree"), ("digest", "tree"), ("check",),
                            ("get", "tree", "copy"), ("checkout", "tree", "copy"),
                            ("diff", "tree", "./tree")):
                with self.subTest(name, command=command):
                    self.run_code(2, *command, environment={name: "abacus"}, told="'abacus'")


class Damage(Files):
    def test_a_damaged_manifest_is_exit_code_4_for_everyone(self):
        for path in [*self.repo.rglob("*.manifest")]:
            os.chmod(path, 0o600)
            path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
        for arguments in (("ls", "photos"), ("get", "photos", "copy"), ("cat", "photos", "a.txt"),
                          ("export", "photos"), ("verify", "photos", "photos"),
                          ("diff", "photos", "./photos")):
            with self.subTest(arguments[0]):
                self.run_code(4, *arguments, told="muster: ")

    def test_a_directory_that_is_no_repository_is_told(self):
        self.write("other/file")
        self.run_code(2, "-R", "other", "ls", told="other")
        self.run_code(2, "-R", "other", "put", "photos", "-n", "x", told="other")
        self.assertEqual(self.tree("other"), {"file": b"x\n"})


if __name__ == "__main__":
    harness.main()
