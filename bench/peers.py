"""The programs that bench/run measures: how each does each job.

A job method answers a list of steps, each a Command, which together are timed; None when the
program has no such job. `repo` and `target` are paths of this round; the corpus is only read.
"""
import dataclasses
import shutil

JOBS = {
    "digest": "digests of all files, nothing stored",
    "put": "into a new repository (or copy)",
    "again": "put again, nothing changed",
    "verify": "the corpus against what was put, every byte read",
    "stored": "all stored bytes against their digests",
    "get": "into a new directory",
}


@dataclasses.dataclass
class Command:
    argv: list
    cwd: str = None
    ok: tuple = (0,)  # exit codes that are no failure


class Tool:
    """One program under test. `home` gets its caches and settings, new in each round."""

    name = ""
    program = ""
    version_argument = "--version"

    def __init__(self, options):
        self.options = options
        self.threads = str(options.threads)

    def found(self):
        return shutil.which(self.program) is not None

    def version_command(self):
        return [self.program, self.version_argument]

    def environment(self, home):
        return {"HOME": str(home), "XDG_CACHE_HOME": f"{home}/cache", "XDG_DATA_HOME": f"{home}/data",
                "XDG_CONFIG_HOME": f"{home}/config"}

    def prepare(self, repo):
        """Untimed commands that come before put."""
        return []

    def digest(self, corpus):
        return None

    def put(self, corpus, repo):
        return None

    def again(self, corpus, repo):
        return None

    def verify(self, corpus, repo):
        return None

    def stored(self, repo):
        return None

    def get(self, corpus, repo, target):
        return None


class Muster(Tool):
    name = "muster"

    def __init__(self, options):
        super().__init__(options)
        self.program = str(options.muster)

    def command(self, repo, *argv):
        return [Command([self.program, "-q", "--progress", "none", "-R", str(repo), *argv])]

    def prepare(self, repo):
        return self.command(repo, "init", str(repo))

    def digest(self, corpus):
        return [Command([self.program, "-q", "--progress", "none", "digest", str(corpus)])]

    def put(self, corpus, repo):
        return self.command(repo, "put", str(corpus), "-n", "bench")

    again = put

    def verify(self, corpus, repo):
        return self.command(repo, "verify", "bench", str(corpus))

    def stored(self, repo):
        return self.command(repo, "verify", "bench", "--stored")

    def get(self, corpus, repo, target):
        return self.command(repo, "get", "bench", str(target))


class Restic(Tool):
    name = program = "restic"
    version_argument = "version"

    def environment(self, home):
        return {**super().environment(home), "RESTIC_PASSWORD": "bench",
                "RESTIC_CACHE_DIR": f"{home}/cache/restic"}

    def command(self, repo, *argv, cwd=None):
        return [Command([self.program, "-q", "-r", str(repo), *argv], cwd=cwd)]

    def prepare(self, repo):
        return self.command(repo, "init")

    def put(self, corpus, repo):
        return self.command(repo, "backup", ".", cwd=str(corpus))

    again = put

    def stored(self, repo):
        return self.command(repo, "check", "--read-data")

    def get(self, corpus, repo, target):
        return self.command(repo, "restore", "latest", "--target", str(target))


class Borg(Tool):
    """Without encryption and compression: nothing but the common work."""

    name = program = "borg"

    def environment(self, home):
        return {**super().environment(home), "BORG_BASE_DIR": str(home),
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}

    def prepare(self, repo):
        return [Command([self.program, "init", "-e", "none", str(repo)])]

    def put(self, corpus, repo, archive="first"):
        return [Command([self.program, "create", "-C", "none", f"{repo}::{archive}", "."],
                        cwd=str(corpus))]

    def again(self, corpus, repo):
        return self.put(corpus, repo, "second")

    def stored(self, repo):
        return [Command([self.program, "check", "--verify-data", str(repo)])]

    def get(self, corpus, repo, target):
        return [Command(["mkdir", str(target)]),
                Command([self.program, "extract", f"{repo}::first"], cwd=str(target))]


class Rclone(Tool):
    name = program = "rclone"

    def command(self, *argv):
        return [Command([self.program, "-q", "--config", "", "--checkers", self.threads,
                         "--transfers", self.threads, *argv])]

    def digest(self, corpus):
        return self.command("md5sum", str(corpus))

    def put(self, corpus, repo):
        return self.command("copy", str(corpus), str(repo))

    again = put

    def verify(self, corpus, repo):
        return self.command("check", str(corpus), str(repo))

    def get(self, corpus, repo, target):
        return self.command("copy", str(repo), str(target))


class Rsync(Tool):
    name = program = "rsync"

    def put(self, corpus, repo):
        return [Command([self.program, "-rt", f"{corpus}/", f"{repo}/"])]

    again = put

    def verify(self, corpus, repo):
        return [Command([self.program, "-rcn", "--itemize-changes", f"{corpus}/", f"{repo}/"])]

    def get(self, corpus, repo, target):
        return [Command([self.program, "-rt", f"{repo}/", f"{target}/"])]


class Tar(Tool):
    name = program = "tar"

    def put(self, corpus, repo):
        return [Command([self.program, "-cf", str(repo), "-C", str(corpus), "."])]

    def get(self, corpus, repo, target):
        return [Command(["mkdir", str(target)]),
                Command([self.program, "-xf", str(repo), "-C", str(target)])]


class Md5sum(Tool):
    """find | xargs -P md5sum; `verify` of a tree costs it the same."""

    name = program = "md5sum"
    many = 'find . -type f -print0 | xargs -0 -n 256 -P "$1" md5sum'

    def digest(self, corpus):
        return [Command(["sh", "-c", self.many, "sh", self.threads], cwd=str(corpus))]

    def verify(self, corpus, repo):
        return self.digest(corpus)


class Find(Tool):
    """One thread that walks and stats: what `again` cannot be much faster than."""

    name = program = "find"

    def again(self, corpus, repo):
        return [Command([self.program, "-L", str(corpus), "-type", "f", "-size", "+1k"])]


TOOLS = [Muster, Md5sum, Restic, Borg, Rclone, Rsync, Tar, Find]
