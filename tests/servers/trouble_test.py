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
# A host that never served is given up after ten seconds.
LOST = "has served nothing for 1"


def a_host_that_never_answers_ends_every_job(lab):
    """No connection, ever: each job ends with 4 and one message, within seconds."""
    tree = lab.folder / "lost"
    tree.mkdir()
    (tree / "a").write_text("a")
    with lab.line() as through:
        lab.place.server.freeze()  # whoever connects is taken in, and hears nothing
        through.process.terminate()  # and from here on nobody is
        through.process.wait()
        jobs = [lab.start(*words, through=through) for words in (
            ("put", tree, "-n", "lost"), ("get", "first", lab.folder / "no"),
            ("checkout", "first", lab.folder / "no"), ("check",), ("verify", "first", "--stored"),
            ("ls",))]
        for process in jobs:
            out, err = process.communicate(timeout=trouble.JOB_SECONDS)
            said = f"{process.args[1:]}: {process.returncode}: {out}{err}"
            trouble.must(process.returncode == 4, said)
            trouble.must(f"127.0.0.1:{through.port} {LOST}" in err, said)
            trouble.must("the same command" in err, said)
        lab.place.server.thaw()


def all_troubles(lab, seconds):
    lab.race(lose=6)
    lab.broken_line()
    lab.all_cut()
    lab.killed_jobs()
    lab.outage("freeze", seconds)
    if lab.place.keeps_data:
        lab.outage("stop", seconds)
    lab.prove_sound()
    if lab.place.name == "versitygw":  # ten seconds that say nothing of a server
        a_host_that_never_answers_ends_every_job(lab)


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
