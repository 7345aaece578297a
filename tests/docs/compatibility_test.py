#!/usr/bin/env python3
"""docs/wandb-compatibility.md: has every name that users know, and what it names is there.

    compatibility_test.py MUSTER ROOT BUILD [unittest arguments]
"""
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import wandb_names

PROGRAM = ROOT = BUILD = None
CELLS = 5  # name, C, command, what is different, shown by


def page():
    return (ROOT / "docs/wandb-compatibility.md").read_text(encoding="utf-8")


def table_rows():
    """Cells of the rows that begin with a name."""
    for line in page().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == CELLS:
            yield cells


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


@functools.cache
def headers():
    return "\n".join(path.read_text(encoding="utf-8")
                     for path in sorted((ROOT / "include/muster").glob("*.h")))


@functools.cache
def help_of(command):
    done = subprocess.run([PROGRAM, "help", command], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@functools.cache
def tests():
    """Name -> command of every test of ctest."""
    done = subprocess.run(["ctest", "--show-only=json-v1"], cwd=BUILD, capture_output=True,
                          text=True, check=True)
    return {test["name"]: test.get("command", []) for test in json.loads(done.stdout)["tests"]}


def source_of(test):
    """The file that its cases are in."""
    for word in tests()[test]:
        if word.endswith("_test.py"):
            return pathlib.Path(word)
    found = list((ROOT / "tests").rglob(f"{test}.c"))
    return found[0] if len(found) == 1 else None


def has_case(test, case):
    source = source_of(test)
    text = source.read_text(encoding="utf-8") if source else ""
    return bool(re.search(rf"def {case}\(|static void {case}\(void \*\*", text))


class Compatibility(unittest.TestCase):
    def test_every_name_has_one_row(self):
        self.assertEqual(sorted(cells[0].strip("`") for cells in table_rows()),
                         sorted(wandb_names.rows()))

    def test_what_the_sdk_has_besides_is_told(self):
        for name in wandb_names.BESIDES | wandb_names.BESIDES_PARAMETERS:
            self.assertTrue(f"`{name}`" in page(), f"'{name}' is not told")

    def test_what_is_left_out_is_told_and_nothing_else(self):
        self.assertEqual(sorted(cells[0].strip("`") for cells in table_rows()
                                if any("not yet" in cell for cell in cells)),
                         sorted(wandb_names.NOT_YET))

    def test_every_other_row_says_how_and_what_shows_it(self):
        for name, c, command, difference, shown in table_rows():
            with self.subTest(name):
                if name.strip("`") in wandb_names.NOT_YET + wandb_names.WITHOUT:
                    self.assertTrue(difference)
                else:
                    self.assertTrue(quoted(c) or quoted(command))
                    self.assertTrue(quoted(shown))

    def test_what_c_names_is_in_the_headers(self):
        for name in sorted(set(re.findall(r"\bmuster_[a-z0-9_]+\b", page()))):
            with self.subTest(name):
                self.assertRegex(headers(), rf"\b{name}\b")

    def test_commands_and_their_options_are_there(self):
        for cells in table_rows():
            for command in re.findall(r"`muster ([^`]+)`", " ".join(cells)):
                name, *words = command.split()
                with self.subTest(command):
                    text = help_of(name)
                    self.assertTrue(text, "there is no such command")
                    for option in (word for word in words if word.startswith("-")):
                        self.assertRegex(text, rf"(?<![\w-]){option}\b")

    def test_tests_are_there(self):
        for name, _, _, _, shown in table_rows():
            for text in quoted(shown):
                with self.subTest(name, test=text):
                    test, _, case = text.partition("::")
                    self.assertIn(test, tests())
                    if case:
                        self.assertTrue(has_case(test, case), "there is no such case")


def main():
    global PROGRAM, ROOT, BUILD
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    PROGRAM, ROOT, BUILD = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])


if __name__ == "__main__":
    main()
