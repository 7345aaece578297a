#!/usr/bin/env python3
"""Completion in real shells: what is offered is put on the line, and read as the shell reads it."""
import pathlib
import re
import shutil
import socket
import subprocess

import harness
from harness import MusterTest, Terminal

SHELLS = ("bash", "zsh", "fish")
OPTION = re.compile(r"^  (?:(-\w), |    )--([a-z0-9-]+)", re.MULTILINE)


def needs(shell):
    """Says which shell is missing, by name."""
    def wrap(test):
        def run(self):
            if not shutil.which(shell):
                self.skipTest(f"no {shell} here")
            test(self)
        return run
    return wrap


class CompletionTest(MusterTest):
    def setUp(self):
        super().setUp()
        (self.home / "bin").mkdir()
        (self.home / "bin/muster").symlink_to(harness.PROGRAM)
        self.environment.update(PATH=f"{self.home}/bin:{self.environment['PATH']}",
                                MUSTER_REPO=str(self.home / "repo"), LANG="C.UTF-8")
        for shell in SHELLS:
            self.write(f"scripts/muster.{shell}", self.run_ok("completion", shell).out)

    def script(self, shell):
        return (self.home / f"scripts/muster.{shell}").read_text()

    def make_names(self):
        """photos with v0, v1, latest, best and "so good"; phones in another project; sets."""
        self.make_photos()
        self.run_ok("put", "photos", "-n", "photos", "-a", "best", "-a", "so good")
        self.write("photos/new.txt", "new\n")
        self.run_ok("put", "photos", "-n", "photos")
        self.run_ok("put", "photos", "-n", "sets")
        self.run_ok("put", "photos", "-n", "other place/phones")
        self.run_ok("-R", "elsewhere", "put", "photos", "-n", "far")


class Scripts(CompletionTest):
    def commands(self):
        text = self.run_ok("help").out.split("Options of every command")[0]
        return re.findall(r"^  ([a-z-]+)  +\S", text, re.MULTILINE)

    def part_of(self, shell, command):
        """What the script says of a command's own options."""
        text = self.script(shell)
        if shell == "bash":
            return re.search(rf"^\t{command}\) options='(.*)' ;;$", text, re.MULTILINE)[1] + " "
        if shell == "zsh":
            return re.search(rf"^\t\({command}\) specs=\(\n(.*?)^\t\t\) ;;$", text,
                             re.MULTILINE | re.DOTALL)[1]
        return "\n".join(re.findall(rf"^.*'__muster_is_command {command}'.*$", text,
                                    re.MULTILINE)) + "\n"

    def spellings(self, shell, letter, name):
        if shell == "bash":
            return [f" --{name} "] + ([f" {letter} "] if letter else [])
        if shell == "zsh":
            return [rf"--{name}=?\["] + ([rf"{letter}\+?\["] if letter else [])
        return [f" -l {name} "] + ([f" -s {letter[1]} "] if letter else [])

    def assert_has(self, shell, part, help_text):
        options = OPTION.findall(help_text)
        for letter, name in options:
            for spelling in self.spellings(shell, letter, name):
                self.assertRegex(part, spelling)
        return len(options)

    def test_every_command_and_option_of_help_is_in_each_script(self):
        commands = self.commands()
        self.assertGreater(len(commands), 20)
        count = 0
        for shell in SHELLS:
            for command in commands:
                with self.subTest(f"{shell}: {command}"):
                    text = self.run_ok("help", command).out
                    count += self.assert_has(shell, self.part_of(shell, command)
                                             if "\nOptions:\n" in text else "", text)
        self.assertGreater(count, 3 * 50)

    def test_the_options_of_every_command_are_in_each_script(self):
        places = {"bash": r"options\+='(.*)'\n", "zsh": r"specs\+=\(\n(.*?)^\t\)\n",
                  "fish": r"(.*)"}
        for shell in SHELLS:
            with self.subTest(shell):
                part = re.search(places[shell], self.script(shell), re.MULTILINE | re.DOTALL)[1]
                self.assertGreater(self.assert_has(shell, part.split("'\n}")[0] + " ",
                                                   self.run_ok("help").out), 10)

    def test_every_command_is_offered_by_each_script(self):
        for command in self.commands():
            self.assertRegex(self.script("bash"), rf"commands='.*\b{command}\b.*'\n")
            self.assertIn(f"\n\t'{command}:", self.script("zsh"))
            self.assertIn(f"'__muster_is_word \"\" 0' -f -a {command} -d ", self.script("fish"))

    def check_syntax(self, shell):
        done = subprocess.run([shell, "-n", self.home / f"scripts/muster.{shell}"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bash_takes_the_syntax(self):
        self.check_syntax("bash")

    @needs("zsh")
    def test_zsh_takes_the_syntax(self):
        self.check_syntax("zsh")

    @needs("fish")
    def test_fish_takes_the_syntax(self):
        self.check_syntax("fish")

    def test_an_install_puts_them_where_the_shells_look(self):
        build = pathlib.Path(harness.PROGRAM).parents[1]
        if not (build / "CMakeCache.txt").exists() or not shutil.which("cmake"):
            self.skipTest("no build tree here")
        subprocess.run(["cmake", "--install", build, "--prefix", self.home / "usr"], check=True,
                       stdout=subprocess.DEVNULL)
        for shell, path in (("bash", "bash-completion/completions/muster"),
                            ("zsh", "zsh/site-functions/_muster"),
                            ("fish", "fish/vendor_completions.d/muster.fish")):
            self.assertEqual((self.home / "usr/share" / path).read_text(), self.script(shell))

    def test_another_shell_is_wrong_usage(self):
        self.run_code(2, "completion", "tcsh", told="no script for 'tcsh'")
        self.run_code(2, "completion", "bash", "x", told="'x' is too much")
        self.run_code(2, "completion", told="bash|zsh|fish is missing")


class Names(CompletionTest):
    def names(self, kind, word, *more):
        return sorted(self.run_ok("completion", kind, word, *more).out.splitlines())

    def test_artifacts_are_written_as_short_as_they_may_be(self):
        self.make_names()
        self.assertEqual(self.names("artifacts", ""), ["other place/phones", "photos", "sets"])
        self.assertEqual(self.names("artifacts", "ph"), ["photos"])
        self.assertEqual(self.names("artifacts", "tester/u"),
                         ["tester/uncategorized/photos", "tester/uncategorized/sets"])
        self.assertEqual(self.names("artifacts", "", "--project", "other place"),
                         ["phones", "uncategorized/photos", "uncategorized/sets"])
        self.assertEqual(self.names("artifacts", "photos:"), [])

    def test_versions_of_one_artifact(self):
        self.make_names()
        self.assertEqual(self.names("versions", "photos:"),
                         ["photos:best", "photos:latest", "photos:so good", "photos:v0",
                          "photos:v1"])
        self.assertEqual(self.names("versions", "photos:v"), ["photos:v0", "photos:v1"])
        self.assertEqual(self.names("versions", "set"), ["sets", "sets:latest", "sets:v0"])
        self.assertEqual(self.names("versions", ""), ["other place/phones", "photos", "sets"])

    def test_a_store_that_does_not_answer_is_given_up(self):
        with socket.create_server(("127.0.0.1", 0)) as server:  # connects, and says nothing
            result = self.run_any("completion", "versions", "", "-R", "s3://bucket/x", environment={
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
                "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "x"})
        self.assertEqual((result.code, result.out, result.err), (4, "", ""))

    def test_no_repository_is_made(self):
        self.assertEqual(self.run_code(2, "completion", "versions", "").out, "")
        self.assertFalse((self.home / "repo").exists())


class Typed:
    """Cases that hold in every shell: the line up to the cursor, and what continues it."""
    CASES = [
        ("muster pu", ["put"]),
        ("muster help che", ["check", "checkout"]),
        ("muster -q --repo x che", ["check", "checkout"]),
        ("muster put --comm", ["--commit-partial"]),
        ("muster put --progress ", ["auto", "json", "none", "plain"]),
        ("muster digest --algorithm m", ["md5"]),
        ("muster completion ", ["bash", "fish", "zsh"]),
        ("muster cache ", ["clean", "info"]),
        ("muster put x -n ph", ["photos"]),
        ("muster get ph", ["photos", "photos:best", "photos:latest", "photos:so good",
                           "photos:v0", "photos:v1"]),
        ("muster get photos:be", ["photos:best"]),
        ("muster get photos:v", ["photos:v0", "photos:v1"]),
        ("muster show photos:s", ["photos:so good"]),
        ("muster show o", ["other place/phones", "other place/phones:latest",
                           "other place/phones:v0"]),
        ("muster -R elsewhere log ", ["far"]),
        ("muster log --repo=elsewhere ", ["far"]),
        ("muster -qRelsewhere log f", ["far"]),
        ("muster log -qR ~/elsewhere f", ["far"]),
        ("muster checkout photos new-", ["new-dir/"]),
        ("muster put new-", ["new-dir/", "new-file"]),
        ("muster put x -n x --files-from new-f", ["new-file"]),
        ("muster import new-f", ["new-file"]),
        ("muster put x --metadata @new-f", ["@new-file"]),
    ]

    def make_all(self):
        self.make_names()
        self.write("new-file")
        (self.home / "new-dir").mkdir()
        self.run_ok("log", "photos")

    def check_all(self, complete, cases):
        self.make_all()
        for line, expected in cases:
            with self.subTest(line):
                self.assertEqual(sorted(complete(line)), expected)


class Interactive(CompletionTest, Typed):
    """bash and zsh: a key puts all that is offered on the line; `show` tells how it was read."""
    SHOW = "show() { printf '%s\\0' \"$@\" >~/shown; echo SHOWN; }"
    SETUP = {
        "bash": ["source scripts/muster.bash", "bind '\"\\C-xa\": insert-completions'"],
        "zsh": ["fpath=(~/functions $fpath)", "autoload -U compinit; compinit -u -D",
                "zle -C all-matches complete-word _generic", "bindkey '^Xa' all-matches",
                "zstyle ':completion:all-matches::::' completer _all_matches _complete",
                "zstyle ':completion:all-matches:*' insert yes"],
    }
    TABS = [  # keys, and the last word that they make
        ("muster pu\t", "put"),
        ("muster checkout photos:v\t0 new-d\t", "new-dir/"),
        ("muster show 'photos:so\t", "photos:so good"),
        ("muster show photos:so\\ g\t", "photos:so good"),
        ("muster put --failures=new-f\t", "--failures=new-file"),
        ("muster put --at x=new-f\t", "x=new-file"),
        ("muster diff new-d\t", "new-dir/"),
    ]
    COMMAND = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}

    def start(self, shell):
        self.write("functions/_muster", self.script("zsh"))
        self.shell = Terminal(self, *self.COMMAND[shell], program=shell, columns=500,
                              environment={"PS1": "ready>", "PS2": "more>"})
        self.shell.read_until("ready>")
        for line in [*self.SETUP[shell], self.SHOW, "show"]:
            self.shell.type(line + "\n")
        self.wait_shown()

    def wait_shown(self):
        """Until the shell has run `show`, and reads keys again."""
        while not re.search(r"[\r\n]SHOWN\r.*ready>", self.shell.output, re.DOTALL):
            self.assertTrue(self.shell.read(), self.shell.output)
        self.shell.output = ""

    def type_and_show(self, keys):
        """The words that the line has in the end, as the shell reads them."""
        self.shell.type(f"{keys}\x01show \n")
        self.wait_shown()
        return (self.home / "shown").read_bytes().decode().split("\0")[:-1]

    def complete(self, line):
        """What the shell puts in place of the last word."""
        begin = line[:line.rindex(" ") + 1]
        return self.type_and_show(line + "\x18a")[begin.count(" "):]

    def check_line(self, complete, cases):
        """This key puts no slash behind directories."""
        self.check_all(complete, [(line, [word.rstrip("/") for word in expected])
                                  for line, expected in cases])

    def complete_in_bash(self, line):
        """Readline replaces what follows a colon, so it puts only that in the line again."""
        first, *others = self.complete(line)
        return [first, *(line.split()[-1].rpartition(":")[0] + ":" + word
                         if ":" in line.split()[-1] else word for word in others)]

    def test_bash(self):
        self.start("bash")
        self.check_line(self.complete_in_bash, self.CASES + [
            ("muster put --progress=a", ["--progress=auto"]),
            ("muster put x --name=ph", ["--name=photos"]),
        ])

    @needs("zsh")
    def test_zsh(self):
        self.start("zsh")
        self.check_line(self.complete, self.CASES)

    def test_tab_in_bash(self):
        """As it is typed: one thing is completed with a space, a directory with a slash."""
        self.start("bash")
        self.make_all()
        strange = "it's \"$(touch x)\" `touch y` \\"
        self.run_ok("alias", "sets:v0", strange)
        for line, expected in self.TABS + [(f"muster show {begin}sets:i\t", f"sets:{strange}")
                                           for begin in ("", '"', "'")]:
            with self.subTest(line):
                self.assertEqual(self.type_and_show(line)[-1], expected)
        self.assertFalse((self.home / "x").exists() or (self.home / "y").exists())


class Fish(CompletionTest, Typed):
    def complete(self, line):
        done = subprocess.run(["fish", "--no-config", "-c",
                               "source scripts/muster.fish; complete -C $argv[1]", line],
                              cwd=self.home, env=self.environment, capture_output=True, text=True,
                              timeout=harness.TIMEOUT_S, check=False)
        self.assertEqual(done.stderr, "")
        return [text.split("\t")[0] for text in done.stdout.splitlines()]

    @needs("fish")
    def test_fish(self):
        self.check_all(self.complete, self.CASES)

    @needs("fish")
    def test_fish_shows_help_beside_an_option(self):
        done = subprocess.run(["fish", "--no-config", "-c",
                               "source scripts/muster.fish; complete -C 'muster put --reh'"],
                              cwd=self.home, env=self.environment, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stdout, "--rehash\tread every file, also those that seem unchanged\n")


if __name__ == "__main__":
    harness.main()
