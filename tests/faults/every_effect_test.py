#!/usr/bin/env python3
"""A put dies at every single effect on the store, before and after it: nothing is ever lost.

    every_effect_test.py PUT-DRIVER

After each death every version that was committed is whole, the same command goes on and makes the
version that the tree is, and that one is whole too. MUSTER_EFFECTS=3 tries each third effect.
"""
import os
import shutil
import sys

import effect_order
import faults


def prove_order(log):
    with open(log, encoding="utf-8") as lines:
        return effect_order.prove(lines)


def living_put(place):
    """A put that is left alone: its effects come in the right order."""
    log = place.folder / "log"
    log.unlink(missing_ok=True)
    report = place.put("--log", log)[1]
    effects = prove_order(log)
    assert len(effects) == report["effects"], (len(effects), report)
    return report, effects


def start_anew(place, repository, cache=None):
    for path in (place.repository, place.cache):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(repository, place.repository)
    if cache:
        shutil.copytree(cache, place.cache)


def die_at(place, at, when):
    """False when the put was over before."""
    code = place.put("--at", at, *when, codes=(0, faults.EXIT_STRUCK))[0]
    return code == faults.EXIT_STRUCK


def deaths(place, start, step, least):
    """Dies at each effect after another, each time from `start`, and yields (number, when). How many
    effects there are differs with which worker packs what: the end is only where three runs in a
    row were over before. At least `least` effects must have been met."""
    for when in ([], ["--after"]):
        at, survived, met = 1, 0, 0
        while survived < 3:
            start()
            if die_at(place, at, when):
                yield at, when
                survived, met = 0, at
            else:
                survived += 1
            at += step
        assert met >= least, (met, least)


def versions(place):
    """How many there are; a collection that was never made has none."""
    code, report = place.run("compare", place.tree, codes=(0, 1))
    return report["versions"] if code == 0 else 0


def a_death_at_any_effect_loses_nothing(place, empty, step):
    start_anew(place, empty)
    report, effects = living_put(place)
    assert any(e.kind == "sync" for e in effects)
    assert any(e.kind == "create" and effect_order.is_event(e.key) for e in effects)
    for at, when in deaths(place, lambda: start_anew(place, empty), step, len(effects) * 2 // 3):
        place.check()  # whatever was committed is whole
        before = versions(place)
        report, _ = living_put(place)
        assert report["is_new"] == (before == 0), (at, when, before, report)
        assert place.compare()["versions"] == 1
        place.check()
    return at


def a_second_version_is_as_safe(place, empty, step):
    """The same with a version before: that one is whole at all times."""
    start_anew(place, empty)
    living_put(place)
    first, cache = place.folder / "first", place.folder / "first-cache"
    shutil.copytree(place.repository, first)
    shutil.copytree(place.cache, cache)
    faults.write_files(place.tree, {"d0/f00": b"changed\n", "new": b"new\n"})
    for at, _ in deaths(place, lambda: start_anew(place, first, cache), step, 10):
        assert place.check()["manifests"] >= 1
        living_put(place)
        assert place.compare()["versions"] == 2
        assert place.check()["manifests"] == 2
    return at


def main():
    step = int(os.environ.get("MUSTER_EFFECTS", "1"))
    with faults.scratch() as folder:
        place = faults.Place(sys.argv[1], folder)
        faults.small_tree(place.tree)
        place.init()
        empty = place.folder / "empty"
        place.repository.rename(empty)
        for test in (a_death_at_any_effect_loses_nothing, a_second_version_is_as_safe):
            count = test(place, empty, step)
            print(f"ok: {test.__name__} ({count} effects)", flush=True)


if __name__ == "__main__":
    main()
