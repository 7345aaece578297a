"""The programs that are measured: how each does each job.

A job is a method that takes a Place and answers the Commands that are timed; what it does itself
(make a directory, a list) is not. The corpus is only read. Every program is given what makes it
fast: no compression (contents are random), as many threads as there are processors.
"""
import dataclasses
import pathlib
import shutil

from lib import machine
from lib.measure import Command

LIB = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Place:
    """Where a program works in one round: `home` is new, and its own."""

    home: pathlib.Path
    corpus: object  # corpora.Tree
    copies: pathlib.Path = None  # where copies are written; None: at home
    url: str = None  # of a prefix in a bucket, which is its own too
    settings: dict = dataclasses.field(default_factory=dict)  # more for the environment

    @property
    def repo(self):
        return self.home / "repo"

    @property
    def copy(self):
        return (self.copies or self.home) / "copy"


class Tool:
    name = ""
    kind = "peer"  # or muster; floor: the least that the system asks; other: another algorithm
    note = ""  # what a reader must know to compare it
    notes = {}  # where that is another thing for a job
    program = ""
    version_argument = "--version"

    def __init__(self, context):
        self.context = context
        self.threads = str(context.threads)

    def path(self):
        """The program as it is found, or None."""
        return shutil.which(self.program, path=self.context.path)

    def version(self):
        return machine.said_by([self.path(), self.version_argument])

    def note_on(self, job):
        return self.notes.get(job, self.note)

    def environment(self, place):
        home = place.home
        return {"HOME": str(home), "XDG_CACHE_HOME": f"{home}/cache", "TMPDIR": str(home),
                "XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config"}

    def prepare(self, place):
        """Untimed commands that come before `put`."""
        return []

    def many(self, command, place):
        """A program that takes files by name, on all of the corpus and all processors."""
        return [Command(["sh", "-c", f'find . -type f -print0 | xargs -0 -n 2000 -P "$1" {command}',
                         "sh", self.threads], cwd=str(place.corpus.path))]


class Muster(Tool):
    name = "muster"
    kind = "muster"

    def path(self):
        program = self.context.build / "cli/muster"
        return str(program) if program.exists() else None

    def environment(self, place):
        return {**super().environment(place), "MUSTER_ENTITY": "bench",
                "MUSTER_REPO": str(place.repo)}

    def command(self, *argv, ok=(0,)):
        return [Command([self.path(), "-q", "--progress", "none", *map(str, argv)], ok=ok)]

    def prepare(self, place):
        return self.command("init", place.repo)

    def digest(self, place):
        return self.command("digest", place.corpus.path)

    def digest_one_worker(self, place):
        return self.command("-j", "1", "digest", place.corpus.path)

    def put(self, place):
        return self.command("put", place.corpus.path, "-n", "bench")

    again = put

    def verify(self, place):
        return self.command("verify", "bench", place.corpus.path)

    def check(self, place):
        return self.command("check")

    def get(self, place):
        return self.command("get", "bench", place.copy)

    # With a version of very many files: `bench` has v0 and v1, `other` shares nothing with them.

    def show(self, place):
        return self.command("show", "bench:v1")

    def ls(self, place):
        folder = pathlib.PurePath(place.corpus.path_at(0.5)).parent
        return self.command("ls", "-l", "bench:v1", folder)

    def cat(self, place):
        return self.command("cat", "bench:v1", place.corpus.path_at(0.5))

    def diff_few(self, place):
        return self.command("diff", "--summary", "bench:v0", "bench:v1", ok=(1,))

    def diff_all(self, place):
        return self.command("diff", "--summary", "bench:v0", "other:v0", ok=(1,))

    def changed_at(self, place, fraction):
        """NAME=PATH that makes content that no version had one of the version's files."""
        changed = place.home / "changed.dat"
        self.context.edits += 1
        changed.write_text(f"edit {self.context.edits}\n", encoding="ascii")
        return f"{place.corpus.path_at(fraction)}={changed}"

    def edit_at(self, place, fraction):
        return self.command("put", "-n", "bench", "--onto", "latest", "--at",
                            self.changed_at(place, fraction))

    def edit_last(self, place):
        return self.edit_at(place, 0.95)

    def edit_first(self, place):
        return self.edit_at(place, 0.0)

    def draft_at(self, place, fraction):
        """Three commands, from nothing to the version: an id goes from each to the next."""
        return [Command(["sh", "-ec", 'id=$("$0" -q draft new -n bench) && '
                         '"$0" -q draft add "$id" --at "$1" && "$0" -q draft save "$id"',
                         self.path(), self.changed_at(place, fraction)])]

    def draft_last(self, place):
        return self.draft_at(place, 0.95)

    def draft_first(self, place):
        return self.draft_at(place, 0.0)


class Restic(Tool):
    name = program = "restic"
    version_argument = "version"

    def environment(self, place):
        return {**super().environment(place), "RESTIC_PASSWORD": "bench",
                "RESTIC_CACHE_DIR": f"{place.home}/cache/restic"}

    def command(self, place, *argv, cwd=None):
        return [Command([self.program, "-q", "-r", str(place.repo), *argv], cwd=cwd)]

    def prepare(self, place):
        return self.command(place, "init")

    def put(self, place):
        return self.command(place, "backup", "--compression", "off", ".",
                            cwd=str(place.corpus.path))

    again = put

    def check(self, place):
        return self.command(place, "check", "--read-data")

    def get(self, place):
        return self.command(place, "restore", "latest", "--target", str(place.copy))


class Borg(Tool):
    name = program = "borg"
    note = "no encryption"

    def environment(self, place):
        return {**super().environment(place), "BORG_BASE_DIR": str(place.home),
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}

    def prepare(self, place):
        return [Command([self.program, "init", "-e", "none", str(place.repo)])]

    def create(self, place, archive):
        return [Command([self.program, "create", "-C", "none", f"{place.repo}::{archive}", "."],
                        cwd=str(place.corpus.path))]

    def put(self, place):
        return self.create(place, "first")

    def again(self, place):
        return self.create(place, "second")

    def check(self, place):
        return [Command([self.program, "check", "--verify-data", str(place.repo)])]

    def get(self, place):
        place.copy.mkdir()
        return [Command([self.program, "extract", f"{place.repo}::first"], cwd=str(place.copy))]


class Kopia(Tool):
    name = program = "kopia"

    def environment(self, place):
        return {**super().environment(place), "KOPIA_PASSWORD": "bench",
                "KOPIA_CONFIG_PATH": f"{place.home}/kopia.config",
                "KOPIA_CACHE_DIRECTORY": f"{place.home}/cache/kopia",
                "KOPIA_CHECK_FOR_UPDATES": "false"}

    def prepare(self, place):
        place.repo.mkdir()
        return [Command([self.program, "repository", "create", "filesystem", "--path",
                         str(place.repo)])]

    def put(self, place):
        return [Command([self.program, "snapshot", "create", "--parallel", self.threads,
                         str(place.corpus.path)])]

    again = put

    def check(self, place):
        return [Command([self.program, "snapshot", "verify", "--verify-files-percent", "100",
                         "--parallel", self.threads])]


class Dvc(Tool):
    name = program = "dvc"
    note = "files linked, not copied, into its cache"

    def environment(self, place):
        return {**super().environment(place), "DVC_NO_ANALYTICS": "1",
                "DVC_SITE_CACHE_DIR": f"{place.home}/cache/dvc"}

    def command(self, place, *argv):
        return Command([self.program, *argv], cwd=str(place.repo))

    def prepare(self, place):
        """It moves the files that it is given into its cache: it gets a copy of the corpus."""
        place.repo.mkdir()
        return [self.command(place, "init", "-q", "--no-scm"),
                self.command(place, "config", "cache.type", "hardlink"),
                Command(["cp", "-r", str(place.corpus.path), str(place.repo / "data")])]

    def put(self, place):
        return [self.command(place, "add", "-q", "data")]

    again = put


class Wandb(Tool):
    name = program = "wandb"
    note = "digests and manifest only: stores nothing"

    def environment(self, place):
        return {**super().environment(place), "WANDB_MODE": "offline", "WANDB_SILENT": "true",
                "WANDB_DIR": str(place.home), "WANDB_CACHE_DIR": f"{place.home}/cache",
                "WANDB_DATA_DIR": f"{place.home}/data"}

    def digest(self, place):
        python = pathlib.Path(self.path()).parent / "python3"
        return [Command([str(python), str(LIB / "wandb_digest.py"), str(place.corpus.path)])]

    put = digest


class Md5sum(Tool):
    name = program = "md5sum"
    note = "a process for each processor"
    notes = {"digest_one_worker": "one process"}

    def digest(self, place):
        return self.many("md5sum", place)

    def digest_one_worker(self, place):
        return [Command(["sh", "-c", "find . -type f -exec md5sum {} +"],
                        cwd=str(place.corpus.path))]

    def verify(self, place):
        lists = map(str, place.corpus.md5_lists(self.context.threads))
        all_lists = 'printf "%s\\0" "$@" | xargs -0 -n 1 -P "$#" md5sum --quiet -c'
        return [Command(["sh", "-c", all_lists, "sh", *lists], cwd=str(place.corpus.path))]


class B3sum(Tool):
    name = program = "b3sum"
    kind = "other"
    note = "BLAKE3, not MD5"

    def digest(self, place):
        return self.many("b3sum --num-threads 1", place)


class Xxhsum(Tool):
    name = program = "xxhsum"
    kind = "other"
    note = "XXH3-128, not MD5"

    def digest(self, place):
        return self.many("xxhsum -H2", place)


class Hashdeep(Tool):
    name = program = "hashdeep"
    version_argument = "-V"

    def digest(self, place):
        return [Command([self.program, "-c", "md5", "-r", "-j", self.threads, "."],
                        cwd=str(place.corpus.path))]


class Rclone(Tool):
    name = program = "rclone"
    notes = {"verify": "reads two trees"}
    version_argument = "version"

    def command(self, *argv):
        return [Command([self.program, "-q", "--config", "", "--checkers", self.threads, *argv])]

    def digest(self, place):
        return self.command("hashsum", "MD5", str(place.corpus.path))

    def verify(self, place):
        return self.command("check", str(place.corpus.path), str(place.corpus.twin()))


class Rsync(Tool):
    name = program = "rsync"
    note = "reads two trees"

    def verify(self, place):
        return [Command([self.program, "-rcn", "--itemize-changes", f"{place.corpus.path}/",
                         f"{place.corpus.twin()}/"])]


class Tar(Tool):
    name = program = "tar"
    kind = "floor"
    note = "no digests"
    notes = {"put": "and sync; no digests"}  # muster waits for the disk before it commits

    def put(self, place):
        return [Command([self.program, "-cf", str(place.repo), "-C", str(place.corpus.path), "."]),
                Command(["sync", "-f", str(place.repo)])]

    def get(self, place):
        place.copy.mkdir()
        return [Command([self.program, "-xf", str(place.repo), "-C", str(place.copy)])]


class Cp(Tool):
    name = program = "cp"
    kind = "floor"
    note = "and sync; no digests"

    def put(self, place):
        return [Command([self.program, "-r", str(place.corpus.path), str(place.repo)]),
                Command(["sync", "-f", str(place.repo)])]


class Bfs(Tool):
    name = program = "bfs"
    note = "finds and stats, no more"

    def again(self, place):
        return [Command([self.program, str(place.corpus.path), "-size", "+1k"])]


class Floor(Tool):
    """The bare system calls, by bench/floor.c."""

    kind = "floor"
    verb = ""

    def path(self):
        program = self.context.build / "bench/floor"
        return str(program) if program.exists() else None

    def version(self):
        return "bench/floor.c"

    def on_corpus(self, place):
        return [Command([self.path(), self.verb, str(place.corpus.path), self.threads])]


class WalkFloor(Floor):
    name, verb = "bare walk", "walk"
    note = "parallel readdir and stat"
    again = put = Floor.on_corpus


class ReadFloor(Floor):
    name, verb = "bare read", "read"
    note = "parallel readdir, open, read, close"
    digest = put = verify = Floor.on_corpus


class WriteFloor(Floor):
    name, verb = "bare write", "write"
    note = "parallel create, write, close"

    def get(self, place):
        tree = place.corpus
        return [Command([self.path(), "write", str(place.copy), self.threads, str(tree.files),
                         str(tree.median_bytes), str(tree.fanout or tree.files)])]


KINDS = [Muster, Md5sum, Hashdeep, Rclone, Rsync, Restic, Borg, Kopia, Dvc, Wandb, Bfs, B3sum,
         Xxhsum, Tar, Cp, WalkFloor, ReadFloor, WriteFloor]


def make_all(context):
    return [kind(context) for kind in KINDS]
