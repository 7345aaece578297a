#!/usr/bin/env python3
"""Reads a log of effects (io/store/fault.h) and proves its order, by the log alone.

    effect_order.py LOG        fails and says why, where an event could outlive what it reaches
    effect_order.py --self-test

An object is durable after the end of a sync that began after the end of its finish. An event
that reaches objects may begin to be created only when every object that was finished before is
durable; an index file may
be finished only when every pack that was finished before it was begun is durable. A create makes
its own object durable when it ends.
"""
import sys


class Effect:
    """One effect: where in the log it began and ended (None: it never did)."""

    def __init__(self, number, kind, key, begin):
        self.number, self.kind, self.key, self.begin = number, kind, key, begin
        self.end, self.code = None, None


def parse(lines):
    """The effects of each process in the log; numbers begin anew with each."""
    effects, running = [], {}
    for at, line in enumerate(lines):
        number, phase, kind, code, *key = line.rstrip("\n").split(" ")
        number, key = int(number), " ".join(key)
        if phase == "begin":
            running[number] = Effect(number, kind, key, at)
            effects.append(running[number])
        else:
            effect = running.pop(number)
            assert effect.kind == kind and effect.key == key, line
            effect.end, effect.code = at, code
    return effects


def is_event(key):
    return "/log/" in key and key.endswith(".json")


def reaches_objects(key):
    """What a name means, and that a collection begins, says nothing of packs or manifests."""
    begins = key.startswith("collections/") and key.endswith("/log/0000000001.json")
    return is_event(key) and not key.startswith("names/") and not begins


def sync_between(syncs, after, before):
    return any(after < sync.begin and sync.end < before for sync in syncs)


def violations(effects):
    """What could be lost though something durable needs it."""
    syncs = [e for e in effects if e.kind == "sync" and e.end is not None and e.code == "ok"]
    finished = [e for e in effects
                if e.kind == "write_finish" and e.end is not None and e.code == "ok"]
    begun = {e.key: e.begin for e in effects if e.kind == "write_begin"}
    for effect in effects:
        if effect.kind == "create" and reaches_objects(effect.key):
            needed = [e for e in finished if e.end < effect.begin]
        elif effect.kind == "write_finish" and effect.key.startswith("index/"):
            needed = [e for e in finished
                      if e.key.startswith("packs/") and e.end < begun[effect.key]]
        else:
            continue
        for e in needed:
            if not sync_between(syncs, e.end, effect.begin):
                yield f"'{effect.key}' (effect {effect.number}) may outlive '{e.key}' " \
                      f"(effect {e.number}): no sync between them"


def prove(lines):
    """The effects, where their order is right."""
    effects = parse(lines)
    found = list(violations(effects))
    assert not found, "\n".join(found)
    return effects


def self_test():
    pack = ["1 begin write_begin ok packs/a", "1 end write_begin ok packs/a",
            "2 begin write_finish ok packs/a", "2 end write_finish ok packs/a"]
    sync = ["{0} begin sync ok ", "{0} end sync ok "]
    event = ["9 begin create ok collections/c/log/0000000002.json",
             "9 end create ok collections/c/log/0000000002.json"]
    numbered = [line.format(3) for line in sync]
    assert len(prove(pack + numbered + event)) == 4
    assert prove(numbered + event + pack)
    for key in ("names/e/p/n/log/0000000001.json", "collections/c/log/0000000001.json"):
        assert prove(pack + [line.replace("collections/c/log/0000000002.json", key)
                             for line in event])
    bad = [pack + event,                                     # never synced
           pack[:3] + numbered + pack[3:] + event,           # the sync was too early
           pack + numbered[:1] + event + numbered[1:],       # or not at its end
           pack + [numbered[0], "3 end sync io "] + event]   # or it failed
    for lines in bad:
        assert list(violations(parse(lines))), lines
    index = ["4 begin write_begin ok index/i", "4 end write_begin ok index/i",
             "5 begin write_finish ok index/i", "5 end write_finish ok index/i"]
    assert list(violations(parse(pack + index)))
    assert prove(pack + numbered + index)


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    with open(sys.argv[1], encoding="utf-8") as log:
        print(f"{len(prove(log))} effects in order")


if __name__ == "__main__":
    main()
