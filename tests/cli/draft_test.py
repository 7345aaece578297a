#!/usr/bin/env python3
"""draft: a version made over several commands."""
import harness
from harness import MusterTest


class Draft(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos()

    def new(self, *options):
        return self.run_ok("draft", "new", "-n", "photos", *options).out.strip()

    def paths(self, version):
        return self.run_ok("ls", "--recursive", version).out.split()

    def test_what_was_added_and_removed_is_the_version(self):
        draft = self.new("-a", "best", "--description", "made slowly")
        self.assertRegex(draft, r"^[0-9a-f]{32}$")
        self.write("new/x.txt", "new")
        self.write("c.csv", "replaced")
        self.run_ok("draft", "add", draft[:6], "new", "--at", "labels/c.csv=c.csv")
        self.run_ok("draft", "rm", draft, "a.txt")
        result = self.run_ok("draft", "save", draft, told="made a new version")
        self.assertEqual(result.out, "tester/uncategorized/photos:v1\n")
        self.assertEqual(self.paths("photos"), ["labels/b.csv", "labels/c.csv", "x.txt"])
        self.assertEqual(self.run_ok("cat", "photos:best", "labels/c.csv").out, "replaced")
        self.assertIn("made slowly", self.run_ok("show", "photos").out)
        self.run_ok("check")

    def test_it_is_the_version_that_a_put_of_the_tree_makes(self):
        draft = self.new()
        self.write("photos/deep/er/file", "more")
        (self.home / "photos/a.txt").unlink()
        self.run_ok("draft", "add", draft, "photos")
        self.run_ok("draft", "rm", draft, "a.txt")
        self.run_ok("draft", "save", draft)
        self.run_ok("put", "photos", "-n", "photos", told="no version was made")

    def test_a_directory_is_removed_with_all_beneath(self):
        draft = self.new()
        self.run_ok("draft", "rm", draft, "labels/")
        self.run_ok("draft", "save", draft)
        self.assertEqual(self.paths("photos"), ["a.txt"])

    def test_a_path_that_is_not_there_removes_nothing(self):
        draft = self.new()
        self.run_code(2, "draft", "rm", draft, "a.txt", "nosuch", told="'nosuch' is not there")
        self.assertEqual(self.show(draft)["part_count"], 0)

    def show(self, draft):
        return self.run_ok("draft", "show", draft, "--json").objects()[0]

    def test_two_drafts_of_one_base_are_both_saved_and_the_second_is_told(self):
        first, second = self.new(), self.new()
        self.write("1.txt")
        self.write("2.txt")
        self.run_ok("draft", "add", first, "1.txt")
        self.run_ok("draft", "add", second, "2.txt")
        self.assertNotIn("warning", self.run_ok("draft", "save", first).err)
        self.run_ok("draft", "save", second, told="v0, was no longer the latest")
        self.assertIn("1.txt", self.paths("photos:v1"))
        self.assertNotIn("1.txt", self.paths("photos:v2"))
        self.assertIn("2.txt", self.paths("photos:v2"))

    def test_a_saved_draft_is_over(self):
        draft = self.new()
        self.write("x.txt")
        self.run_ok("draft", "add", draft, "x.txt")
        self.run_ok("draft", "save", draft)
        self.run_ok("draft", "save", draft, told="it was saved before, as v1")
        self.run_code(5, "draft", "add", draft, "x.txt", told="it takes no more parts")
        self.run_code(5, "draft", "rm", draft, "a.txt", told="it takes no more parts")
        self.run_code(5, "draft", "drop", draft, told="cannot be dropped")
        self.assertEqual((self.show(draft)["state"], self.show(draft)["version"]), ("saved", "v1"))
        self.run_ok("draft", "list", told="no drafts")
        self.assertIn(draft[:8], self.run_ok("draft", "list", "--all").out)

    def test_a_dropped_draft_is_over(self):
        draft = self.new()
        self.run_ok("draft", "drop", draft)
        self.run_ok("draft", "drop", draft)
        self.run_code(5, "draft", "save", draft, told="it was dropped")
        self.run_ok("draft", "list", told="no drafts")

    def test_one_begins_with_nothing_or_with_an_older_version(self):
        self.write("x.txt")
        self.run_ok("put", "x.txt", "-n", "photos")
        old, empty = self.new("--onto", "photos:v0"), self.new("--empty")
        for draft in (old, empty):
            self.run_ok("draft", "add", draft, "--at", "y=x.txt")
            self.run_ok("draft", "save", draft)
        self.assertEqual(self.paths("photos:v2"), ["a.txt", "labels/b.csv", "labels/c.csv", "y"])
        self.assertEqual(self.paths("photos:v3"), ["y"])
        self.assertNotIn("base", self.show(empty))
        self.run_code(2, "draft", "save", self.new("--empty"), told="nothing was added")

    def test_a_draft_makes_an_artifact(self):
        self.write("x.txt")
        draft = self.run_ok("draft", "new", "-n", "fresh", "-t", "model").out.strip()
        self.run_code(2, "show", "fresh")
        self.run_ok("draft", "add", draft, "x.txt")
        self.run_ok("draft", "save", draft)
        self.assertEqual(self.run_ok("show", "fresh", "--json").objects()[0]["artifact_type"],
                         "model")

    def test_a_draft_without_changes_makes_no_version(self):
        draft = self.new()
        self.run_ok("draft", "add", draft, "photos")
        self.run_ok("draft", "save", draft, told="no version was made")
        self.assertEqual(self.show(draft)["state"], "saved")
        self.run_ok("draft", "save", draft, told="no version was made")
        self.write("photos/a.txt", "another one")
        self.run_ok("put", "photos", "-n", "photos")
        self.run_code(5, "draft", "save", draft, told="was saved before")
        self.run_code(2, "show", "photos:v2")

    def test_a_file_beneath_a_file_is_refused_and_can_be_mended(self):
        draft = self.new()
        self.write("x.txt")
        self.run_ok("draft", "add", draft, "--at", "a.txt/x=x.txt")
        self.run_code(2, "draft", "save", draft, told="'a.txt' is a file")
        self.run_ok("draft", "rm", draft, "a.txt/x")
        self.run_ok("draft", "add", draft, "--at", "b/x=x.txt")
        self.run_ok("draft", "save", draft)
        self.assertIn("b/x", self.paths("photos"))

    def test_only_what_is_new_is_read(self):
        self.settle()
        self.run_ok("put", "photos", "-n", "photos")
        self.write("photos/z.txt", "z")
        draft = self.new()
        summary = self.run_ok("draft", "add", draft, "photos", "--json").objects()[-1]
        self.assertEqual((summary["read_files"], summary["entry_count"]), (1, 1))

    def test_a_draft_whose_base_was_deleted_can_be_dropped_and_that_is_all(self):
        draft, saved = self.new(), self.new()
        self.write("x.txt")
        for one in (draft, saved):
            self.run_ok("draft", "add", one, "x.txt")
        self.run_ok("draft", "save", saved)
        self.run_ok("delete", "photos:v0", "--yes")
        for arguments in (("add", draft, "x.txt"), ("rm", draft, "x.txt"), ("save", draft)):
            self.run_code(2, "draft", *arguments, told="its base, v0 of 'photos', was deleted")
        self.assertEqual((self.show(draft)["state"], self.show(saved)["state"]), ("open", "saved"))
        listed = self.run_ok("draft", "list", "--all").out
        self.assertIn(draft[:8], listed)
        self.assertIn(saved[:8], listed)
        self.run_ok("draft", "drop", draft)
        self.run_ok("draft", "list", told="no drafts")

    def check(self):
        found = self.run_ok("check", "--json").objects()[-1]
        return found["draft_count"], found["unreferenced_objects"]

    def test_what_an_open_draft_needs_is_no_waste(self):
        self.assertEqual(self.check(), (0, 0))
        draft = self.new()
        self.write("x.txt", "stored for the draft")
        self.run_ok("draft", "add", draft, "x.txt")
        self.run_ok("draft", "rm", draft, "labels")
        self.assertEqual(self.check(), (1, 0))
        self.assertIn("drafts", self.run_ok("check", told="the repository is sound").err)
        self.run_ok("draft", "drop", draft)
        self.assertEqual(self.check(), (1, 3))  # a pack, and what was added and removed

    def test_what_the_version_of_a_draft_took_over_is_no_waste(self):
        draft = self.new()
        self.write("x.txt", "stored for the draft")
        self.run_ok("draft", "add", draft, "x.txt")
        self.run_ok("draft", "save", draft)
        self.assertEqual(self.check(), (1, 1))  # the manifest of its part

    def test_what_a_draft_loses_names_it_and_the_part(self):
        draft = self.new()
        self.write("x.txt", "stored for the draft")
        before = set((self.repo / "manifests").rglob("*.manifest"))
        self.run_ok("draft", "add", draft, "x.txt")
        manifest, = set((self.repo / "manifests").rglob("*.manifest")) - before
        manifest.unlink()
        result = self.run_code(1, "check", told="the repository is damaged: 1 finding")
        self.assertEqual(result.out, f"{manifest.relative_to(self.repo)}: part 000001 of draft "
                         f"{draft[:8]} needs it: it is missing\n")

    def test_a_part_that_is_lost_is_found(self):
        draft = self.new()
        self.write("x.txt")
        self.run_ok("draft", "add", draft, "x.txt")
        self.run_ok("draft", "save", draft)
        part = f"drafts/{draft}/parts/000001.json"
        (self.repo / part).unlink()
        self.assertIn(f"{part}: it is missing: 'drafts/{draft}/final.json' names it",
                      self.run_code(1, "check").out)

    def test_mistakes_are_told(self):
        draft = self.new()
        self.run_ok("link", "photos:v0", "chosen")
        for arguments, told in (
                (("draft", "new", "-n", "chosen"), "is a portfolio"),
                (("draft", "save"), "name the draft"),
                (("draft", "fold", draft), "none of new, add"),
                (("draft", "show", draft, "x"), "too much"),
                (("draft", "show", "abc"), "4 digits"),
                (("draft", "show", "zzzz"), "is no draft"),
                (("draft", "show", "0" * 32), "there is no draft"),
                (("draft", "add", draft), "nothing to put"),
                (("draft", "rm", draft), "name what to remove"),
                (("draft", "rm", draft, "../x"), "Invalid artifact path"),
                (("draft", "new"), "-n NAME"),
                (("draft", "new", "-n", "photos", "--onto", "v9"), "no version"),
                (("draft", "new", "-n", "photos", "--onto", "v0", "--empty"), "exclude each other"),
        ):
            with self.subTest(arguments):
                self.run_code(2, *arguments, told=told)

    def test_files_that_cannot_be_read_add_nothing_unless_it_is_asked_for(self):
        draft = self.new()
        self.write("bad/one")
        (self.home / "bad/two").symlink_to("nowhere")
        self.run_code(3, "draft", "add", draft, "bad", told="nothing was added")
        self.assertEqual(self.show(draft)["part_count"], 0)
        self.run_code(3, "draft", "add", draft, "bad", "--commit-partial", told="were added")
        self.assertEqual(self.show(draft)["added_count"], 1)


if __name__ == "__main__":
    harness.main()
