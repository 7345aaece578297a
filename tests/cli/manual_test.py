#!/usr/bin/env python3
"""The manual page: it has the commands and options that --help has; the examples of both work."""
import re
import shutil
import subprocess

import examples
import harness


def options_of_help(text):
    """{("-n", "--name"), (None, "--at"), ...}"""
    return {(match[1], match[2])
            for match in re.finditer(r"^  (?:(-\w), |    )(--[a-z0-9-]+)", text, re.MULTILINE)}


def options_of_manual(text):
    """The same from ".It Fl n , Fl -name Ar NAME"."""
    found = set()
    for line in re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE):
        names = re.findall(r"Fl (\S+)", line)
        short = [f"-{name}" for name in names if len(name) == 1]
        long = [f"-{name}" for name in names if len(name) > 1]
        found.add((short[0] if short else None, long[0]))
    return found


class Manual(examples.Examples):
    def setUp(self):
        super().setUp()
        self.page = (harness.ROOT / "docs/muster.1").read_text()

    def section(self, name):
        return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", self.page, re.DOTALL | re.MULTILINE)[1]

    def commands(self):
        """name -> text of its part."""
        parts = re.split(r"^\.Ss (\S+)\n", self.section("COMMANDS"), flags=re.MULTILINE)[1:]
        return dict(zip(parts[::2], parts[1::2]))

    def test_commands_are_those_of_help(self):
        overview = self.run_ok("help").out.split("Options of every command")[0]
        listed = re.findall(r"^  ([a-z-]+)  +\S", overview, re.MULTILINE)
        self.assertEqual(list(self.commands()), listed)

    def test_options_are_those_of_help(self):
        for name, text in self.commands().items():
            with self.subTest(name):
                help_text = self.run_ok("help", name).out.split("Options of every")[0]
                self.assertEqual(options_of_manual(text), options_of_help(help_text))
        self.assertEqual(options_of_manual(self.section("OPTIONS OF EVERY COMMAND")),
                         options_of_help(self.run_ok("help").out))

    def test_every_exit_code_is_explained(self):
        self.assertEqual(re.findall(r"^\.It (\d+)$", self.section("EXIT STATUS"), re.MULTILINE),
                         ["0", "1", "2", "3", "4", "5", "130"])

    def test_every_variable_is_explained(self):
        names = re.findall(r"(?:MUSTER|XDG)_[A-Z_]+", self.run_ok("help").out)
        for name in [*names, "NO_COLOR", "MUSTER_CACHE_DIR"]:
            self.assertIn(name, self.section("ENVIRONMENT"))

    def test_the_page_has_no_mistakes(self):
        if not shutil.which("groff"):
            self.skipTest("no groff here")
        done = subprocess.run(["groff", "-mandoc", "-ww", "-Tutf8", "-z",
                               harness.ROOT / "docs/muster.1"], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_examples_work(self):
        commands = examples.of_page(self.section("EXAMPLES"))
        self.assertGreater(len(commands), 20)
        used = {word for line in commands for word in re.findall(r"^muster (\w+)", line)}
        self.assertGreaterEqual(len(used), 12)
        self.run_examples(commands)

    def test_the_examples_of_help_work(self):
        material, places = self.home / "material", self.home
        material.mkdir()
        self.move_to(material)
        self.run_examples(examples.MATERIAL.strip().splitlines())
        for name in self.commands():
            commands = examples.of_help(self.run_ok("help", name).out)
            self.assertTrue(any(line.startswith(f"muster {name}") for line in commands), name)
            shutil.copytree(material, places / name, symlinks=True)
            self.move_to(places / name)
            before = dict(self.environment)
            self.environment.update(examples.ENVIRONMENT.get(name, {}))
            self.run_examples(examples.BEFORE.get(name, []) + commands)
            self.environment = before


if __name__ == "__main__":
    harness.main()
