#!/usr/bin/env python3
"""A rename, a link and an unlink die at every single effect on the store, before and after it.

    every_change_test.py PUT-DRIVER CHANGE-DRIVER

After each death the repository is sound, every name means what it meant or what it shall mean, and
the same command again brings it to the end. tests/models/rename.py tries what several do at once.
"""
import shutil
import sys

import faults

E_NAME = 17  # enum muster_code: it is not there


def meant(names, logs):
    """What can be told apart: ids of what is new are random, and a new artifact without versions is
    none yet."""
    return {name: {**found, "log": found["log"] if found["log"] in logs else "new"}
            for name, found in names.items() if found["versions"]}


class Changes:
    """A repository, and one of the states that it began with."""

    def __init__(self, driver, place):
        self.driver, self.place = driver, place

    def run(self, command, *argv, codes=(0,)):
        return self.place.run(command, *argv, codes=codes, driver=self.driver)

    def names(self):
        """name -> its log, its versions with what they link, its aliases."""
        return self.run("names")[1]

    def start(self, state):
        shutil.rmtree(self.place.repository, ignore_errors=True)
        shutil.copytree(state, self.place.repository)

    def make_state(self, name, state=None, *changes):
        """What the changes make of a state."""
        if state:
            self.start(state)
        for change in changes:
            self.run(*change)
        made = self.place.folder / name
        shutil.copytree(self.place.repository, made)
        return made

    def end_of(self, state, change):
        self.start(state)
        self.run(*change)
        return self.names()


def die_at(changes, change, at, when):
    """False when it was over before."""
    return changes.run(*change, "--at", at, *when, codes=(0, faults.EXIT_STRUCK))[0] != 0


def repeat(changes, change, is_done):
    """What was done already may be told so: the old name is no name any more, the link is gone."""
    code, report = changes.run(*change, codes=(0, 1))
    assert code == 0 or is_done and report["code"] == E_NAME, (change, is_done, report)


def deaths(changes, state, change):
    """Dies at each effect of `change`; returns how often."""
    changes.start(state)
    names, found = changes.names(), []
    logs = {name["log"] for name in names.values()}
    before = meant(names, logs)
    end = meant(changes.end_of(state, change), logs)
    assert before != end, change
    for when in ([], ["--after"]):
        at = 1
        while True:
            changes.start(state)
            if not die_at(changes, change, at, when):
                break
            changes.place.check()
            now = meant(changes.names(), logs)
            assert now in (before, end), (change, at, when, now)
            found.append(now == end)
            repeat(changes, change, now == end)
            assert meant(changes.names(), logs) == end, (change, at, when)
            changes.place.check()
            at += 1
    assert {True, False} == set(found), (change, found)
    return len(found)


def the_other_name_is_free(changes, state, takers):
    """Whichever of its two names a renamer that died has left it with: the other one can be had, by
    a new artifact and by one that is called otherwise."""
    at = 1
    while True:
        for when in ([], ["--after"]):
            for taker in takers:
                changes.start(state)
                if not die_at(changes, ("rename", "images", "pictures"), at, when):
                    return
                before = changes.names()
                (free,) = {"images", "pictures"} - set(before)
                changes.run(*taker, free)
                after = changes.names()
                assert free in after, (at, when, taker, after)
                stays = {name: found for name, found in after.items() if name != free}
                assert stays == {name: found for name, found in before.items()
                                 if name not in taker}, (at, when, taker)
                changes.place.check()
        at += 1


def main():
    with faults.scratch() as folder:
        place = faults.Place(sys.argv[1], folder)
        changes = Changes(sys.argv[2], place)
        faults.write_files(place.tree, {"a": b"one\n"})
        place.init()
        for content in (b"one\n", b"two\n"):
            faults.write_files(place.tree, {"a": content})
            place.put("--name", "images")
        images = changes.make_state("images")
        linked = changes.make_state("linked", images, ("link", "images", 1, "chosen", "prod"),
                                    ("link", "images", 0, "chosen", "old"))
        for state, *change in (
                (images, "rename", "images", "pictures"),
                (linked, "rename", "chosen", "selected"),
                (images, "link", "images", 1, "chosen", "prod"),
                (linked, "link", "images", 0, "chosen", "prod"),  # an alias of the link moves
                (linked, "link", "chosen", 1, "others", "prod"),
                (linked, "unlink", "chosen", 0)):
            count = deaths(changes, state, change)
            print(f"ok: {' '.join(map(str, change))}: {count} deaths", flush=True)
        the_other_name_is_free(changes, linked, (("make",), ("rename", "chosen")))
        print("ok: the other name is free")


if __name__ == "__main__":
    main()
