"""Runs rows: round after round, program after program, so that noise meets all of them alike."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from lib import buckets, corpora, machine, measure, peers, rows

KEEP_FILES = 1000  # a tree of more is not deleted before the end, see Bench.discard
# A round of a group writes at most so many copies of its corpus.
COPIES = {"small": 12, "large": 3, "names": 4, "huge": 1.1, "eight": 3.1,
          **dict.fromkeys(rows.BUCKET_GROUPS, 5)}
ONCE = ("mixed", "names", "huge", "eight")  # one round: they take long by themselves
MIXED = ("--sigma", "1", "--max", "1M", "--empty-percent", "1", "--large", "10")


@dataclasses.dataclass
class Context:
    """What every part needs to know."""

    build: pathlib.Path
    work: pathlib.Path
    path: str  # where programs are looked for
    threads: int
    edits: int = 0  # so that no two edits are alike


def tell(text):
    print(f"   {text}", file=sys.stderr, flush=True)


def format_size(size_bytes):
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:g} {name}"
    return f"{size_bytes} bytes"


class Bench:
    """All that is measured in one run. `options` are those of bench/run."""

    def __init__(self, options, make_tools=peers.make_all):
        self.options = options
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="muster-bench-", dir=options.work))
        self.file_system = machine.file_system_of(self.work)
        path = os.environ["PATH"]
        if getattr(options, "peers", None):
            path = f"{options.peers}/bin:{options.peers}/venv/bin:{path}"
        self.context = Context(options.build, self.work, path, options.threads)
        self.meter = measure.Meter(options.build / "bench/meter", self.work, path)
        self.tools = make_tools(self.context)
        self.bucket_tools = buckets.make_all(self.context)
        everyone = self.tools + self.bucket_tools
        self.chosen = getattr(options, "tools", None) or [tool.name for tool in everyone]
        self.skipped = {tool.name: f"no {tool.program or tool.name} found"
                        for tool in everyone if not tool.path()}
        self.runs = {}  # (row name, cache, tool name) -> list of runs
        self.prepared = {}  # home -> jobs done there
        self.corpora = {}  # row name -> description of its corpus
        self.notes = []
        self.complete = True

    # --- which tools ---

    def kinds_of(self, row):
        return self.bucket_tools if row.group in rows.BUCKET_GROUPS else self.tools

    def tools_of(self, row):
        """The chosen tools of a row that are here. muster, or two of them, is in every row."""
        return [tool for tool in self.kinds_of(row) if tool.name not in self.skipped
                and (tool.kind == "muster"
                     or (tool.name in row.tools and tool.name in self.chosen))]

    def caches(self):
        caches = ["warm", "cold"] if self.options.cache == "both" else [self.options.cache]
        if "cold" in caches and (self.file_system == "tmpfs" or not machine.can_drop_caches()):
            caches.remove("cold")
            self.note("cold runs left out: " + ("a file system in memory is never cold"
                      if self.file_system == "tmpfs" else "only root drops the kernel's caches"))
        return caches

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            tell(text)

    # --- places ---

    def make_place(self, tool, folder, tree, copies=None):
        home = folder / tool.name.replace(" ", "-")
        home.mkdir(parents=True)
        self.prepared[home] = set()
        return peers.Place(home, tree, copies)

    def require(self, tool, place, job):
        """Untimed: what must have been done in this place before."""
        done = self.prepared[place.home]
        if job in done:
            return
        if not done:
            self.run_untimed(tool, place, tool.prepare(place))
        done.add(job)
        if job != "prepare" and hasattr(tool, job):
            self.run_untimed(tool, place, getattr(tool, job)(place))

    def run_untimed(self, tool, place, commands):
        run = self.meter.run(commands, tool.environment(place))
        if "failed" in run:
            raise RuntimeError(f"{tool.name}: {run['failed']}")

    def discard(self, folder):
        """Removes what has few files. ext4 is slow to create files soon after a mass delete: it
        searches past every inode that was deleted lately. Trees therefore stay to the end."""
        for entry in folder.iterdir():
            count = sum(len(names) for _, _, names in os.walk(entry))
            if count < KEEP_FILES or self.file_system == "tmpfs":
                shutil.rmtree(entry)

    # --- runs ---

    def time(self, row, cache, tool, place, reads_corpus):
        """One measured run; True unless it failed."""
        try:
            self.require(tool, place, "prepare")
            if row.needs:
                self.require(tool, place, row.needs)
            commands = getattr(tool, row.job)(place)
            if reads_corpus and cache == "warm":
                place.corpus.read()
            machine.flush(self.work)
            if cache == "cold":
                machine.drop_caches()
                tool.version()  # the program itself is no part of the question
            run = self.meter.run(commands, tool.environment(place))
            if row.job in ("get", "download") and "failed" not in run:
                run.update(self.missing_in(place))
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            run = {"failed": str(error)}
        if "failed" not in run:
            run["flush_seconds"] = machine.flush(self.work)
            self.prepared[place.home].add(row.job)
        runs = self.runs.setdefault((row.name, cache, tool.name), [])
        runs.append(run)
        tell(f"{row.name} {cache} {len(runs)} {tool.name}: "
             + run.get("failed", f"{run.get('seconds', 0):.3f} s"))

    def missing_in(self, place):
        """A fast copy that is not whole is no copy."""
        count = sum(len(names) for _, _, names in os.walk(place.copy))
        if count == place.corpus.files:
            return {}
        return {"failed": f"wrote {count} of {place.corpus.files} files"}

    def is_tired_of(self, row, cache, tool):
        """Programs that take very long are not run again, nor those that fail."""
        runs = self.runs.get((row.name, cache, tool.name), [])
        return any("failed" in run or run["seconds"] > self.options.patience for run in runs)

    def run_round(self, chosen, cache, number, places, reads_corpus):
        for row in chosen:
            tools = self.tools_of(row)
            first = number % len(tools) if tools else 0
            for tool in tools[first:] + tools[:first]:
                if not self.is_tired_of(row, cache, tool):
                    self.time(row, cache, tool, places(tool), reads_corpus)

    def has_room(self, group, tree):
        needed = (tree.bytes + tree.files * 4608) * COPIES[group]  # a block and an inode at least
        if shutil.disk_usage(self.work).free > needed:
            return True
        self.note(f"rounds of {group} files left out: no room for {needed / (1 << 30):.1f} GiB")
        return False

    def run_chain(self, chosen, tree):
        """Rows that build on each other; every round begins with new places."""
        self.describe_corpus(chosen, tree.make())
        group = chosen[0].group
        for cache in self.caches():
            rows_now = [row for row in chosen if cache in row.caches]
            rounds = 1 if group in ONCE else self.options.rounds
            for number in range(rounds if rows_now else 0):
                if not self.has_room(group, tree):
                    break
                folder = self.work / f"{group}-{cache}-{number}"
                made = {}

                def place_of(tool, made=made, folder=folder):
                    if tool.name not in made:
                        made[tool.name] = self.make_place(tool, folder, tree)
                    return made[tool.name]

                self.run_round(rows_now, cache, number, place_of, True)
                if folder.exists():
                    self.discard(folder)

    def run_bucket(self, chosen, tree, far):
        """As run_chain, but warm, with a prefix of the bucket for each program and round."""
        group = chosen[0].group
        self.describe_corpus(chosen, tree.make())
        with buckets.wire(self.context.build, far) as settings:
            for number in range(self.options.rounds):
                if not self.has_room(group, tree):
                    break
                root = f"{self.options.bucket.rstrip('/')}/{self.work.name}-{group}-{number}"
                for tool in {tool.name: tool for row in chosen
                             for tool in self.tools_of(row)}.values():
                    folder = self.work / f"{group}-{number}"
                    place = self.make_place(tool, folder, tree)
                    place.url, place.settings = f"{root}-{tool.name}", settings
                    for row in chosen:
                        if tool in self.tools_of(row) and not self.is_tired_of(row, "warm", tool):
                            self.time(row, "warm", tool, place, True)
                    buckets.empty(place.url, self.context.path)
                    self.discard(folder)

    def run_many(self, chosen):
        """Rows on versions of very many files, which are made once."""
        with corpora.image(self.work, 3 * self.options.many) as folder:
            tree = corpora.Tree(self.context, folder / "many", self.options.many, 10,
                                fanout=1000).make()
            self.describe_corpus(chosen, tree)
            tools = {tool.name: tool for row in chosen for tool in self.tools_of(row)}
            places = {name: self.make_place(tool, self.work / "many-places", tree, folder)
                      for name, tool in tools.items()}
            for job, rounds in (("put", 1), ("again", self.options.rounds), ("get", 1)):
                for number in range(rounds):
                    self.run_round([row for row in chosen if row.job == job], "warm", number,
                                   lambda tool: places[tool.name], False)
            queries = [row for row in chosen if row.job not in ("put", "again", "get")]
            if queries:
                self.make_versions(places, tree, folder, queries)
            for cache in self.caches():
                for number in range(self.options.rounds):
                    self.run_round([row for row in queries if cache in row.caches], cache, number,
                                   lambda tool: places[tool.name], False)

    def make_versions(self, places, tree, folder, queries):
        """`bench` v0 and v1, and `other`, which has no file in common with them."""
        musters = [tool for tool in self.tools if tool.kind == "muster"]
        for tool in musters:
            self.require(tool, places[tool.name], "put")
        tree.edit("--median", "10", "--change", str(min(1000, tree.files // 4)))
        other = None
        if any(row.job == "diff_all" for row in queries):
            other = corpora.Tree(self.context, folder / "other", tree.files, 10, "--scatter",
                                 seed=2, fanout=1000).make()
        for tool in musters:
            place = places[tool.name]
            self.run_untimed(tool, place, tool.put(place))
            if other:
                self.run_untimed(tool, place, tool.command("put", other.path, "-n", "other"))

    def run_mixed(self, chosen):
        """More than the memory holds. The tree goes before the copy of it comes: of three of them
        a disk may have no room."""
        mixed = self.options.mixed
        last = [row for row in chosen if row.job == "get"]
        places = {}
        with corpora.image(self.work, mixed, mixed * (64 << 10) + (4 << 30)) as folder:
            tree = corpora.Tree(self.context, folder / "mixed", mixed, 16 << 10, *MIXED).make()
            self.describe_corpus(chosen, tree)
            for tool in {tool.name: tool for row in chosen for tool in self.tools_of(row)}.values():
                places[tool.name] = self.make_place(tool, self.work / "mixed-places", tree)
            self.run_round([row for row in chosen if row not in last], "cold", 0,
                           lambda tool: places[tool.name], False)
            if last:
                self.require_put(last, places)
        self.run_round(last, "cold", 0, lambda tool: places[tool.name], False)

    def require_put(self, chosen, places):
        for row in chosen:
            for tool in self.tools_of(row):
                self.require(tool, places[tool.name], row.needs)

    def describe_corpus(self, chosen, tree):
        for row in chosen:
            self.corpora[row.name] = tree.describe()

    def run_group(self, group, chosen):
        options = self.options
        if group == "many":
            self.run_many(chosen)
        elif group == "mixed":
            self.run_mixed(chosen)
        elif group in rows.BUCKET_GROUPS:
            if not options.bucket:
                raise RuntimeError("they need --bucket")
            size = ((options.large_files, options.large_bytes) if "large" in group
                    else (options.files, 4096))
            self.run_bucket(chosen, corpora.Tree(self.context, self.work / group, *size),
                            "far" in group)
        else:
            files, size_bytes, fanout = {
                "small": (options.files, 4096, corpora.FANOUT),
                "large": (options.large_files, options.large_bytes, corpora.FANOUT),
                "names": (options.names, 100, 0),
                "huge": (1, options.huge_bytes, corpora.FANOUT),
                "eight": (8, options.huge_bytes // 10, corpora.FANOUT)}[group]
            self.run_chain(chosen, corpora.Tree(self.context, self.work / group, files, size_bytes,
                                                fanout=fanout))

    def run_all(self):
        # Those that leave most behind come last.
        for group in ("large", "eight", "huge", "many", "mixed", *rows.BUCKET_GROUPS, "small",
                      "names"):
            chosen = [row for row in rows.ROWS
                      if row.name in self.options.rows and row.group == group]
            try:
                if chosen:
                    self.run_group(group, chosen)
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                self.complete = False
                self.note(f"{', '.join(row.name for row in chosen)} ended early: {error}")

    # --- results ---

    def results(self):
        """As the JSON has them: one object for each row and cache."""
        measured = []
        for row in rows.ROWS:
            for cache in ("warm", "cold"):
                results = [{"tool": tool.name, "kind": tool.kind, "note": tool.note_on(row.job),
                            **measure.summarize(self.runs[row.name, cache, tool.name])}
                           for tool in self.kinds_of(row)
                           if (row.name, cache, tool.name) in self.runs]
                if not results:
                    continue
                measure.add_ratios(results)
                corpus = self.corpora[row.name]
                title = row.title.format(files=f"{corpus['files']:,}",
                                         size=format_size(corpus["median_bytes"]))
                measured.append({"row": row.name, "title": title, "cache": cache,
                                 "corpus": corpus, "results": results,
                                 "goals": rows.judge(row, cache, results, corpus["files"])})
        return measured

    def versions(self):
        used = {name for _, _, name in self.runs}
        return {tool.name: tool.version() for tool in self.tools + self.bucket_tools
                if tool.name in used}

    def close(self):
        if self.options.keep:
            tell(f"kept: {self.work}")
        else:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.work)
