#!/usr/bin/env python3
"""The short form of every trouble of ./trouble.py, on one server; tools/soak is the long one.

    trouble_test.py NAME PROGRAM DELAY [SECONDS]     SECONDS: how long each outage lasts
"""
import shutil
import sys
import tempfile

import launch
import trouble

SKIP = 77
SEED = 20240507


class NeverAnswers:
    """A host that takes no connection, ever: each job ends with 4 and one message that names it,
    ten seconds after it began. Meanwhile others are troubled."""

    def __init__(self, lab):
        with lab.line() as through:
            self.host = f"127.0.0.1:{through.port}"
        (lab.folder / "lost").write_text("a")  # from here on nobody listens there
        self.jobs = [lab.start(*words, through=through) for words in (
            ("put", lab.folder / "lost", "-n", "lost"), ("get", "first", lab.folder / "no"),
            ("checkout", "first", lab.folder / "no"), ("check",), ("verify", "first", "--stored"),
            ("ls",))]

    def prove(self):
        for process in self.jobs:
            out, err = process.communicate(timeout=trouble.JOB_SECONDS)
            said = f"{process.args[1:]}: {process.returncode}: {out}{err}"
            trouble.must(process.returncode == 4, said)
            trouble.must(err.count(f"{self.host} has served nothing for 1") == 1, said)
            trouble.must("the same command" in err, said)


def all_troubles(lab, seconds):
    """What the program does by itself is the same everywhere: one server, the fastest, shows it."""
    is_first = lab.place.name == "versitygw"
    never = NeverAnswers(lab) if is_first else None
    lab.broken_line()
    if is_first:
        lab.race(lose=6)
        lab.all_cut()
        lab.killed_jobs()
    lab.outage("freeze", seconds, trouble.VERBS if is_first else ("get",))
    if lab.place.keeps_data:
        lab.outage("stop", seconds, trouble.VERBS if is_first else ("put",))
    lab.prove_sound()
    if never:
        never.prove()


def main():
    name, program, proxy = sys.argv[1:4]
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 1
    folder = tempfile.mkdtemp(prefix=f"muster-{name}.", dir=launch.scratch_parent())
    place = None
    try:
        place = trouble.Place(name, folder)
        lab = trouble.Lab(place, program, proxy, SEED)
        all_troubles(lab, seconds)
        for what, count in sorted(lab.counts.items()):
            print(f"{what}: {count}")
        return 0
    except launch.NotInstalled as why:
        print(f"SKIP: {name}: {why}", flush=True)
        return SKIP
    except trouble.Wrong as why:
        print(f"{name}: {why}", file=sys.stderr)
        return 1
    finally:
        if place:
            place.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
