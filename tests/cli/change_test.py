#!/usr/bin/env python3
"""alias, tag, describe, metadata, delete: what is said of versions."""
import harness
from harness import MusterTest, Terminal


class Change(MusterTest):
    def setUp(self):
        super().setUp()
        self.put_photos("--metadata", '{"a": 1, "b": 2}')
        self.write("photos/a.txt", "two\n")
        self.run_ok("put", "photos", "-n", "photos")

    def show(self, version="photos"):
        return self.run_ok("show", version, "--json").objects()[0]

    def versions(self):
        return [v["version"] for v in self.run_ok("ls", "--versions", "photos", "--json").objects()
                if v["type"] == "version"]

    def test_an_alias_moves_and_goes(self):
        self.run_ok("alias", "photos:v0", "best", told="best")
        self.assertEqual(self.show("photos:best")["version"], "v0")
        self.run_ok("alias", "photos:v1", "best")
        self.assertEqual(self.show("photos:best")["version"], "v1")
        self.run_ok("alias", "photos:v1", "best", "--remove")
        self.run_code(2, "show", "photos:best")

    def test_bad_aliases_and_tags_are_refused(self):
        for alias in ("v3", "a/b", "a:b", "", "x" * 129):
            with self.subTest(alias):
                self.run_code(2, "alias", "photos", alias)
        for tag in ("a!", "", "x" * 129, "a,b"):
            with self.subTest(tag):
                self.run_code(2, "tag", "photos", tag)
        self.run_code(2, "alias", "nosuch:v0", "x", told="nosuch")

    def test_a_tag_comes_and_goes(self):
        self.run_ok("tag", "photos", "a b")
        self.assertEqual(self.show()["tags"], ["a b"])
        self.run_ok("tag", "photos", "a b", "--remove")
        self.assertEqual(self.show()["tags"], [])

    def test_a_description_is_set_and_removed(self):
        self.run_ok("describe", "photos", "what it is")
        self.assertEqual(self.show()["description"], "what it is")
        self.run_ok("describe", "photos", "")
        self.assertEqual(self.show()["description"], "")

    def test_metadata_is_printed_replaced_and_merged(self):
        self.assertEqual(self.run_ok("metadata", "photos:v0").out, '{"a":1,"b":2}\n')
        self.run_ok("metadata", "photos:v0", '{"b": null, "c": [1.50]}', "--merge")
        self.assertEqual(self.run_ok("metadata", "photos:v0").out, '{"a":1,"c":[1.50]}\n')
        self.write("new.json", '{"x": "y"}')
        self.run_ok("metadata", "photos:v0", "@new.json")
        self.assertEqual(self.run_ok("metadata", "photos:v0").out, '{"x":"y"}\n')
        for bad in ("[]", "{", "1", '{"a": 1e999}', "@nowhere", '{"a":1,"a":2}'):
            with self.subTest(bad):
                self.run_code(2, "metadata", "photos:v0", bad)
        self.write("nul.json", b'{"a": "\0"}')
        self.run_code(2, "metadata", "photos:v0", "@nul.json", told="NUL")

    def test_delete_needs_yes_where_nobody_can_be_asked(self):
        self.run_code(2, "delete", "photos:v0", told="--yes")
        self.assertEqual(self.versions(), ["v0", "v1"])
        self.run_ok("delete", "photos:v0", "--yes", told="deleted tester/uncategorized/photos:v0")
        self.assertEqual(self.versions(), ["v1"])
        self.run_code(2, "show", "photos:v0")

    def test_a_version_with_aliases_is_deleted_only_with_them(self):
        self.run_ok("alias", "photos:v0", "best")
        self.run_code(2, "delete", "photos:v0", "-y",
                      told="--delete-aliases deletes them, too")
        self.run_ok("delete", "photos:v0", "-y", "--delete-aliases")
        self.assertEqual(self.versions(), ["v1"])

    def test_a_collection_is_deleted_as_a_whole(self):
        self.run_ok("delete", "--collection", "photos", "--yes")
        self.assertEqual(self.run_ok("ls").out, "")
        self.assertEqual(self.run_ok("put", "photos", "-n", "photos").out,
                         "tester/uncategorized/photos:v0\n")

    def test_a_version_number_is_not_used_again(self):
        self.run_ok("delete", "photos:v1", "--yes", "--delete-aliases")
        self.write("photos/a.txt", "three\n")
        self.assertEqual(self.run_ok("put", "photos", "-n", "photos").out,
                         "tester/uncategorized/photos:v2\n")

    def test_on_a_terminal_it_asks(self):
        for answer, code, left in (("n\n", 2, ["v0", "v1"]), ("\n", 2, ["v0", "v1"]),
                                   ("\x04", 2, ["v0", "v1"]), ("y\n", 0, ["v1"])):
            with self.subTest(answer):
                terminal = Terminal(self, "delete", "photos:v0")
                terminal.read_until("Delete tester/uncategorized/photos:v0 (3 files, 16 B)? [y/N] ")
                terminal.type(answer)
                self.assertEqual(terminal.finish(), code, terminal.output)
                self.assertEqual(self.versions(), left)
        terminal = Terminal(self, "delete", "--collection", "photos")
        terminal.read_until("with all its versions (1)? [y/N] ").type("yes\n")
        self.assertEqual(terminal.finish(), 0)


if __name__ == "__main__":
    harness.main()
