"""Examples of the documents, run as a person would: each a line in a shell on a terminal, who says
yes when asked."""
import re
import shutil

import harness
from harness import MusterTest, Terminal

# What an example names and a test cannot have, and what stands for it.
PLACES = ((r"s3://(my-)?bucket/", r"buckets/\1bucket/"), (r"(?<![\w.~])/(backup|data)/", r"root/\1/"))
DRAFT = re.compile(r"\b5e1f2a09[0-9a-f]*")


class Examples(MusterTest):
    def setUp(self):
        super().setUp()
        self.programs = self.home / "bin"
        self.programs.mkdir()
        (self.programs / "muster").symlink_to(harness.PROGRAM)
        self.program("parallel", "exec sh")
        self.environment["PATH"] = f"{self.programs}:{self.environment['PATH']}"

    def program(self, name, script):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def newest_draft(self):
        return [o["id"] for o in self.run_ok("draft", "list", "--all", "--json").objects()
                if o["type"] == "draft"][0]

    def translate(self, command):
        for place, stands_for in PLACES:
            command = re.sub(place, stands_for, command)
        return DRAFT.sub(lambda _: self.newest_draft(), command)

    def shell_of(self, command):
        """What is written for a shell of its own is run by it."""
        if "completion zsh" in command:
            return ("zsh", "-c", "autoload -U compinit; compinit -u; " + command)
        return ("bash" if "<(" in command else "sh", "-c", command)

    def run_examples(self, commands):
        for command in commands:
            with self.subTest(command):
                shell, *arguments = self.shell_of(self.translate(command))
                if not shutil.which(shell):
                    continue
                terminal = Terminal(self, *arguments, program=shutil.which(shell))
                terminal.type("y\n")
                code = terminal.finish()
                differs = code == 1 and re.match(r"muster diff\b", command)
                self.assertTrue(code == 0 or differs, f"exit code {code}: {terminal.output}")

    def move_to(self, home):
        """The home from now on."""
        self.home = home
        self.environment["HOME"] = str(home)
        self.repo = home / ".local/share/muster"


# What the examples of --help speak of: four versions of photos, the last one as the directory is.
MATERIAL = r"""
mkdir -p photos/labels photos/2019 work/labels more-photos data buckets/bucket buckets/my-bucket
mkdir -p root/backup root/data .config/fish/completions .local/share/bash-completion/completions
echo one >photos/a.txt; echo two >photos/README.txt; echo cat,1 >photos/labels/may.csv
echo old >photos/2019/b.txt; echo cover >photos/cover.jpg
echo dog,1 >work/labels/june.csv; echo more >more-photos/c.txt; echo x >data/x
echo weights >model.bin; echo others >weights.bin; echo a.txt >failed.txt
muster put photos -n photos
for i in 1 2; do echo $i >>photos/a.txt; muster put photos -n photos; done
echo 3 >>photos/a.txt; muster put photos -n photos -a best
muster export photos -o wandb_manifest.json
muster run start --id 8fk2l0aa
MUSTER_RUN=8fk2l0aa muster get photos:v0 in
MUSTER_RUN=8fk2l0aa muster put model.bin -n model -t model
muster link photos:v0 chosen
muster link photos:best model-registry/Detector -a production
"""

# What the examples of one command need besides: of the environment, and done before.
ENVIRONMENT = {"run": {"MUSTER_RUN": "8fk2l0aa"}}
BEFORE = {"merge": ["muster plan --shards 2 photos -n sharded >shards.txt", "parallel <shards.txt"]}


def of_help(text):
    """The examples that --help tells."""
    return [line.strip() for line in text.split("\nExamples:\n")[1].splitlines() if line.strip()]


def of_page(section):
    """The examples of a page in mdoc."""
    return [line[2:].replace(r"\e", "\\").replace(r"\-", "-").replace(r"\&", "")
            for line in section.splitlines() if line.startswith("$ ")]
