"""What is measured: the rows of the table of goals, their programs, and what is good enough."""
import dataclasses

MIB = 1 << 20
TEN_MILLION = 10_000_000


@dataclasses.dataclass(frozen=True)
class Goal:
    """Answers (what was measured, as text; met or not) for the results of one row and cache; of
    goals that are ratios, also (the program, the ratio needed)."""

    text: str
    cache: str = "warm"
    at_files: int = 0  # with fewer files it can be missed, but not be met

    def judge(self, results):
        raise NotImplementedError


def named(results, name):
    return next((r for r in results if r["tool"] == name and "median_seconds" in r), None)


@dataclasses.dataclass(frozen=True)
class Faster(Goal):
    """So many times faster than a peer, or than the fastest of all peers (tool: None)."""

    times: float = 1.0
    tool: str = None

    def judge(self, results):
        peers = [r for r in results if "ratio" in r
                 and (r["tool"] == self.tool or (self.tool is None and r["kind"] == "peer"))]
        if not peers:
            return None
        best = min(peers, key=lambda r: r["ratio"])
        return (f"{best['ratio']:.2f} × ({best['tool']})", best["ratio"] >= self.times,
                best["tool"], self.times)


@dataclasses.dataclass(frozen=True)
class Within(Goal):
    """At most so many times what the system itself, or a peer, needs."""

    times: float = 1.0
    tool: str = None

    def judge(self, results):
        bound = named(results, self.tool)
        if not bound or not bound.get("ratio"):
            return None
        return (f"{1 / bound['ratio']:.2f} × {self.tool}", 1 / bound["ratio"] <= self.times,
                self.tool, 1 / self.times)


@dataclasses.dataclass(frozen=True)
class Seconds(Goal):
    limit: float = 0.0

    def judge(self, results):
        ours = named(results, "muster")
        if not ours:
            return None
        seconds = ours["median_seconds"]
        text = f"{seconds * 1000:.0f} ms" if self.limit < 1 else f"{seconds:.2f} s"
        return text, seconds <= self.limit


@dataclasses.dataclass(frozen=True)
class Memory(Goal):
    limit_bytes: int = 0

    def judge(self, results):
        ours = named(results, "muster")
        if not ours:
            return None
        return f"{ours['peak_bytes'] / MIB:.1f} MiB", ours["peak_bytes"] <= self.limit_bytes


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str  # {files}, {size}: of the corpus
    group: str
    job: str
    tools: tuple
    goals: tuple = ()
    caches: tuple = ("warm", "cold")
    needs: str = None  # a job that must have been done in the same place
    on_request: bool = False


def in_time(seconds):
    text = f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:g} s"
    return Seconds(f"≤ {text} at 10M", limit=seconds, at_files=TEN_MILLION)


def at_most(mebibytes):
    return Memory(f"≤ {mebibytes} MiB at 10M", limit_bytes=mebibytes * MIB, at_files=TEN_MILLION)


TITLES = {
    "digest": "MD5 of {files} %s", "put": "put {files} %s into a new repository",
    "again": "put {files} %s again, nothing changed",
    "verify": "verify {files} %s against the version",
    "check": "check all stored bytes of {files} %s", "get": "get {files} %s into a new directory"}


def on_request(group, what, caches, tools):
    """The rows of one group, which ask for much room or time."""
    return [Row(f"{job}-{group}", TITLES[job] % what, group, job, ("muster", *others),
                caches=caches, needs=None if job in ("digest", "put") else "put", on_request=True)
            for job, others in tools.items()]


BUCKET_GROUPS = ("bucket-large", "bucket-large-far", "bucket", "bucket-far")
BUCKET_TITLES = {"upload": "upload {files} files of {size} to a bucket%s",
                 "download": "download {files} files of {size} from a bucket%s"}


def in_bucket(group, times):
    """Up and down, beside the programs that store files as objects."""
    suffix = group.removeprefix("bucket")
    where = ", a round trip of 30 ms away" if "far" in group else ""
    return [Row(job + suffix, title % where, group, job, ("muster", "s5cmd", "rclone", "aws"),
                (Faster(f"≥ {times} × faster than the fastest", times=times),), caches=("warm",),
                needs="upload" if job == "download" else None, on_request=True)
            for job, title in BUCKET_TITLES.items()]


DIGESTERS = ("muster", "md5sum", "hashdeep", "rclone", "wandb", "b3sum", "xxhsum", "bare read")

ROWS = (
    Row("digest", "MD5 of {files} files of {size}", "small", "digest", DIGESTERS, (
        Faster("≥ 4 × faster than `md5sum -P2`", times=4, tool="md5sum"),
        Within("≤ 1.3 × bare open, read, close", times=1.3, tool="bare read"))),
    Row("put", "put {files} files of {size} into a new repository", "small", "put",
        ("muster", "restic", "borg", "kopia", "dvc", "wandb", "tar"), (
            Faster("≥ 6 × faster than restic", times=6, tool="restic"),)),
    Row("again", "put {files} files of {size} again, nothing changed", "small", "again",
        ("muster", "restic", "borg", "kopia", "dvc", "bfs", "bare walk"), (
            Within("≤ 1.5 × bare walk and stat", times=1.5, tool="bare walk"),
            Within("≤ 1 × bfs", times=1.0, tool="bfs")), needs="put"),
    Row("verify", "verify {files} files of {size} against the version", "small", "verify",
        ("muster", "md5sum", "rsync", "rclone", "bare read"), (
            Faster("≥ 3 × faster than the fastest", times=3),), needs="put"),
    Row("check", "check all stored bytes of {files} files of {size}", "small", "check",
        ("muster", "restic", "borg", "kopia"), (
            Faster("≥ 3 × faster than the fastest", times=3),), needs="put"),
    Row("get", "get {files} files of {size} into a new directory", "small", "get",
        ("muster", "restic", "borg", "tar", "bare write"), (
            Faster("≥ 3 × faster than restic", times=3, tool="restic"),
            Faster("≥ 1.5 × faster than `tar x`", times=1.5, tool="tar"),
            Within("≤ 1.5 × bare create, write, close", times=1.5, tool="bare write")),
        needs="put"),
    Row("digest-large", "MD5 of {files} files of {size}", "large", "digest",
        ("muster", "md5sum", "b3sum", "xxhsum", "bare read"), (
            Faster("≥ 3 × faster than `md5sum -P2`", times=3, tool="md5sum"),)),
    Row("digest-one-core", "MD5 of {files} files of {size}, one worker", "large",
        "digest_one_worker", ("muster", "md5sum")),
    Row("put-large", "put {files} files of {size} into a new repository", "large", "put",
        ("muster", "cp"), (
            Within("disk speed: ≤ 1.1 × `cp` and `sync`", times=1.1, tool="cp"),)),
    Row("put-many", "put {files} files of {size} into a new repository", "many", "put",
        ("muster", "bare walk"), (at_most(512),), caches=("warm",), on_request=True),
    Row("again-many", "put {files} files of {size} again, nothing changed", "many", "again",
        ("muster", "bare walk"), (at_most(512),), caches=("warm",), on_request=True),
    Row("get-many", "get {files} files of {size} into a new directory", "many", "get",
        ("muster",), (at_most(512),), caches=("warm",), on_request=True),
    Row("show", "show a version of {files} files", "many", "show", ("muster",),
        (in_time(0.030), at_most(16))),
    Row("ls", "ls of one directory of {files} files", "many", "ls", ("muster",),
        (in_time(0.030), at_most(16))),
    Row("cat", "cat of one of {files} files", "many", "cat", ("muster",),
        (in_time(0.030), at_most(16))),
    Row("diff-few", "diff of two versions of {files} files, 1,000 changes", "many", "diff_few",
        ("muster",), (in_time(0.100), at_most(256))),
    Row("diff-all", "diff of two versions of {files} files, nothing in common", "many", "diff_all",
        ("muster",), (in_time(5), at_most(256))),
    Row("edit-last", "one file of {files} changed in the last tenth, commit", "many", "edit_last",
        ("muster",), (in_time(1),)),
    Row("edit-first", "the first file of {files} changed, commit", "many", "edit_first",
        ("muster",), (in_time(2.5),)),
    Row("draft-last", "a draft of {files} files changes one in the last tenth, commit", "many",
        "draft_last", ("muster",), (in_time(1),)),
    Row("draft-first", "a draft of {files} files changes the first, commit", "many",
        "draft_first", ("muster",), (in_time(2.5),)),
    *on_request("mixed", "files of a median of {size}", caches=("cold",), tools={
        "put": ("bare read",), "again": ("bare walk",), "verify": ("bare read",), "check": (),
        "get": ()}),
    *on_request("names", "files of {size} in one directory", caches=("warm",), tools={
        "digest": ("md5sum", "bare read"), "put": ("tar",), "again": ("bfs", "bare walk"),
        "verify": ("md5sum", "bare read"), "get": ("tar", "bare write")}),
    *on_request("huge", "file of {size}", caches=("cold",), tools={
        "digest": ("md5sum", "xxhsum", "bare read"), "put": (), "verify": (), "check": ()}),
    *on_request("eight", "files of {size}", caches=("cold",), tools={
        "digest": ("md5sum", "xxhsum", "bare read"), "put": ("cp",), "verify": ("md5sum",),
        "check": (), "get": ()}),
    *in_bucket("bucket", 5), *in_bucket("bucket-large", 1),
    *in_bucket("bucket-far", 5), *in_bucket("bucket-large-far", 1),
)


def judge(row, cache, results, files):
    """Every goal of the row that this cache is for, with what was measured on so many files."""
    verdicts = []
    for goal in row.goals:
        if goal.cache == cache:
            text, met, *ratio = goal.judge(results) or ("no peer to measure against", None)
            if met and files < goal.at_files:
                met = None
            verdict = {"goal": goal.text, "measured": text, "met": met}
            if ratio:
                verdict["tool"], verdict["ratio_needed"] = ratio
            verdicts.append(verdict)
    return verdicts
