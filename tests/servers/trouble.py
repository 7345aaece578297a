"""What may befall jobs on a store, and the proof that nothing came of it.

A place is where a repository lies: a server of ./launch.py, or a directory ("local"). A lab is a
repository there, and rounds are its methods: each does jobs, brings them into trouble, and proves
that they finish, that bytes are equal, that versions are in order, none lost and none twice, and
that what is left behind belongs to sessions that have ended or were killed.

Trouble comes when something has been done: when so many answers have passed the line. Only how long
an outage lasts is time. What is chosen follows from a seed; how threads and processes run does not.
"""
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import job
import launch
import line
import s3

WRITERS = 12
VERBS = ("put", "get", "checkout")
JOB_SECONDS = 300  # what any job may take: more says that it hangs
UNEXPECTED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "http_proxy", "HTTP_PROXY",
              "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "MUSTER_REPO")


class Wrong(Exception):
    """A proof failed; the text says what."""


def must(is_so, what):
    if not is_so:
        raise Wrong(what)


class Place:
    """A server that runs, or a directory. NotInstalled and Failed as in ./launch.py."""

    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder)
        self.server = None
        if name == "local":
            self.environment = {"MUSTER_TEST_URL": str(self.folder / "repository")}
            return
        self.server = launch.SERVERS[name](launch.default_directory(), self.folder)
        try:
            self.server.open()
        except BaseException:
            self.server.close()
            raise
        self.environment = {**self.server.environment(), "NO_PROXY": "*", "no_proxy": "*"}

    def close(self):
        if self.server:
            self.server.close()

    @property
    def takes_parts_again(self):
        """fake-gcs puts bytes of an upload that are sent again behind those that it has; muster
        sees that the object is too long, and refuses."""
        return self.name != "fake-gcs"

    @property
    def keeps_data(self):
        return bool(self.server) and self.server.KEEPS_DATA

    def records(self, known):
        """Keys and texts of all records of sessions, but of those that are known."""
        if not self.server:
            root = pathlib.Path(self.environment["MUSTER_TEST_URL"])
            for path in root.glob("sessions/*/*.json"):
                if path.parent.name not in known:
                    yield path.parent.name, path.read_text()
            return
        client = self.server.client()
        for key in client.list_all(f"{launch.REPOSITORY}/sessions/")[0]:
            session = key.split("/")[2]
            if session not in known:
                yield session, self.read(client, key)

    @staticmethod
    def read(client, key):
        reply = client.get(key)
        must(reply.status == 200, f"read {key}: {reply.status}")
        return reply.body.decode()

    def uploads(self):
        """Keys of unfinished uploads, where a server can list them."""
        client = self.server.client() if self.server else None
        if not isinstance(client, s3.Client):
            return []
        reply = client.call("GET", query={"uploads": "", "max-uploads": "1000"})
        must(reply.status == 200, f"list uploads: {reply.status}")
        return [text.split("</Key>")[0] for text in reply.body.decode().split("<Key>")[1:]]


class Lab:
    """A repository at a place, and the troubles that its jobs meet."""

    def __init__(self, place, program, proxy, seed):
        self.place, self.proxy = place, str(proxy)
        self.random = random.Random(seed)
        self.counts = collections.Counter()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jobs-", dir=place.folder))
        environment = {k: v for k, v in os.environ.items() if k not in UNEXPECTED}
        self.job = job.Job(str(program), str(self.folder), {**environment, **place.environment})
        self.serial, self.ended, self.killed = 0, set(), 0
        self.run("init")
        self.usual = self.measure()

    # Jobs.

    def start(self, *words, through=None):
        environment = self.job.environment
        return subprocess.Popen(
            [self.job.program, *map(str, words)], stdin=subprocess.DEVNULL,
            env=through.environment(environment) if through else environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=launch.die_with_parent)

    def finish(self, process, codes=(0,)):
        try:
            out, err = process.communicate(timeout=JOB_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Wrong(f"{process.args[1:]} hangs: {out}{err}") from None
        must(process.returncode in codes, f"{process.args[1:]}: {process.returncode}: {out}{err}")
        return out

    def run(self, *words, through=None):
        return self.finish(self.start(*words, through=through))

    def line(self, **faults):
        return line.Line(self.proxy, self.place.server.port,
                         seed=self.random.randrange(1 << 32), **faults)

    def new_name(self, kind):
        self.serial += 1
        return f"{kind}{self.serial}"

    def new_tree(self):
        """Small files, some that are packs of their own, and mostly one in parts."""
        root = self.folder / self.new_name("tree")
        for i in range(120):
            path = root / f"d{i // 40}" / f"f{i:03}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.random.randbytes(self.random.randrange(9000)))
        for i in range(3):
            (root / f"middle{i}").write_bytes(self.random.randbytes(5 << 20))
        large_bytes = (18 if self.place.takes_parts_again else 6) << 20
        (root / "large").write_bytes(self.random.randbytes(large_bytes))
        return root

    def words(self, verb, name, tree):
        """A job, and the directory that it makes equal to the tree (NULL: none)."""
        if verb == "put":
            return ("put", tree, "-n", name), None
        target = self.folder / self.new_name("copy")
        return (verb, f"{name}:v0", target), target

    def measure(self):
        """Answers and seconds that each job takes when all is well."""
        usual, tree, name = {}, self.new_tree(), self.new_name("usual")
        (self.folder / "first").write_text("")
        self.run("put", self.folder / "first", "-n", "first")  # proves once that the store creates
        for verb in VERBS:
            words, target = self.words(verb, name, tree)
            begin = time.monotonic()
            if self.place.server:
                with self.line() as through:
                    self.run(*words, through=through)
                usual[verb] = (through.answers, time.monotonic() - begin)
            else:
                self.run(*words)
                usual[verb] = (0, time.monotonic() - begin)
            self.drop(target)
        self.drop(tree)
        return usual

    def some_answers(self, verb):
        """A moment within such a job."""
        return self.random.randrange(1, max(2, self.usual[verb][0] * 3 // 4))

    @staticmethod
    def drop(path):
        if path:
            shutil.rmtree(path)

    # Proofs.

    def prove_equal(self, tree, copy):
        done = subprocess.run(["diff", "-r", str(tree), str(copy)], capture_output=True, text=True,
                              check=False)
        must(done.returncode == 0, f"{copy} differs from {tree}: {done.stdout}{done.stderr}")

    def saves(self, name):
        lines = [json.loads(text) for text in self.run("log", name, "--json").splitlines()]
        return [each for each in lines if each.get("kind") == "save"]

    def prove_sound(self):
        """check finds nothing, and what is left is no living session's."""
        summary = json.loads(self.run("check", "--json").splitlines()[-1])
        must(summary["finding_count"] == 0, f"check finds {summary}")
        sessions = set()
        for session, text in self.place.records(self.ended):
            sessions.add(session)
            if json.loads(text)["kind"] == "end":
                self.ended.add(session)
        alive = sessions - self.ended
        must(len(alive) <= self.killed, f"{len(alive)} sessions have not ended, {self.killed} jobs "
             f"were killed: {sorted(alive)}")
        for key in self.place.uploads():
            session = key.split("/")[-1].split("-")[0]
            must(session in self.ended | alive, f"the upload of {key} is of no session")
            self.counts["uploads left"] += session in self.ended

    # Rounds.

    def race(self, **faults):
        """Twelve writers commit to one collection at once."""
        name, trees = self.new_name("raced"), []
        for i in range(WRITERS):
            trees.append(self.folder / self.new_name("writer"))
            trees[i].mkdir()
            (trees[i] / "who").write_text(str(i))
        through = self.line(**faults) if self.place.server else None
        try:
            writers = [self.start("put", tree, "-n", name, through=through) for tree in trees]
            for writer in writers:
                self.finish(writer)
        finally:
            self.close_line(through)
        saves = self.saves(name)
        numbers = [each["version_number"] for each in saves]
        must(numbers == list(range(WRITERS)), f"versions of {name} are {numbers}")
        must(len({each["session"] for each in saves}) == WRITERS, "a session saved twice")
        who = sorted(int(self.run("cat", f"{name}:v{i}", "who")) for i in range(WRITERS))
        must(who == list(range(WRITERS)), f"writers of {name} are {who}")
        for tree in trees:
            self.drop(tree)
        self.counts["races"] += 1

    def close_line(self, through):
        if through:
            through.__exit__()
            self.counts["cuts"] += through.cut
            self.counts["lost answers"] += through.lost

    def each_job(self, trouble):
        """put, get and checkout of one new tree, each with `trouble(verb, words)`."""
        tree, name = self.new_tree(), self.new_name("data")
        for verb in VERBS:
            words, target = self.words(verb, name, tree)
            trouble(verb, words)
            if target:
                self.prove_equal(tree, target)
                self.drop(target)
        must([each["version_number"] for each in self.saves(name)] == [0], f"versions of {name}")
        self.drop(tree)

    def broken_line(self, cut=1000, lose=6):
        """Connections are cut at any moment, and answers are lost after they were given.

        A part of 8 MiB is some 400 chunks: where most parts do not get through, no patience helps.
        """
        def trouble(_verb, words):
            through = self.line(cut=cut, lose=lose)
            try:
                self.run(*words, through=through)
            finally:
                self.close_line(through)
        self.each_job(trouble)
        self.counts["broken lines"] += 1

    def all_cut(self, times=3):
        """All connections are cut at once, again and again."""
        def trouble(verb, words):
            with self.line() as through:
                process = self.start(*words, through=through)
                for _ in range(times):
                    if not through.wait_for(through.answers + self.some_answers(verb) // times + 1,
                                            process):
                        break
                    through.reset_all()
                    self.counts["all cut"] += 1
                self.finish(process)
        self.each_job(trouble)

    def outage(self, how, seconds, verbs=VERBS):
        """The server hangs (`freeze`), or ends and comes back (`stop`), for so long."""
        back = {"freeze": self.place.server.thaw, "stop": self.place.server.start}[how]

        def trouble(verb, words):
            with self.line() as through:
                process = self.start(*words, through=through)
                if verb in verbs and through.wait_for(self.some_answers(verb), process):
                    getattr(self.place.server, how)()
                    try:
                        time.sleep(seconds)  # this is the outage, nobody is waited for
                    finally:
                        back()
                    self.counts[f"{how} of a server"] += 1
                self.finish(process)
        self.each_job(trouble)

    def kill_at_random(self, verb, words, number):
        """Ends a job by a signal, somewhere on its way; true: it was hit."""
        if not self.place.server:
            process = self.start(*words)
            try:
                process.wait(self.random.uniform(0, self.usual[verb][1]))
            except subprocess.TimeoutExpired:
                process.send_signal(number)
            self.finish(process, (0, 130, -number))
            return process.returncode != 0
        with self.line() as through:
            process = self.start(*words, through=through)
            if through.wait_for(self.some_answers(verb), process):
                process.send_signal(number)
            self.finish(process, (0, 130, -number))
        return process.returncode != 0

    def killed_jobs(self):
        """A job is killed or interrupted, and the same command again finishes it."""
        def trouble(verb, words):
            for number in self.random.sample((signal.SIGKILL, signal.SIGINT, signal.SIGKILL), 2):
                was_hit = self.kill_at_random(verb, words, number)
                self.killed += was_hit and verb == "put"
                self.counts["kills" if number == signal.SIGKILL else "interrupts"] += was_hit
                if not was_hit:
                    break
            if verb != "get" or was_hit:
                self.run(*words)
        self.each_job(trouble)
