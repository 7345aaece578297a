#!/usr/bin/env python3
"""A draft made by several: every interleaving of two who add a part, two who finish and one who drops
it, each of which may die at any step, and who adds may be started again. docs/formats/drafts.md has
the protocol; engine/draft/stored_parts.c and stored_save.c are made of it.

    parts/<shard>   created if absent; then the seal is read
    seal            after it a part counts only if `final` names it
    final           created if absent, after the seal and the listing: the parts that count, and the
                    version they become; or that the draft was dropped
    the log         the version, unless it has one of this id

In every state that can be reached, and so whoever dies when: a part whose maker was told that it
counts is in the version, one whose maker was told that it came late is not, and none is there twice;
there is one version at most, and none of a draft that was dropped; one agent alone can bring the draft
to its end. Each rule is needed: without it there is a loss, whose steps are printed with -v.

Left out: objects and gc, that equal content makes no version, and local drafts, whose
parts take the next free number: they are added by one who waits for the answer.
"""
import functools
import sys
from collections import deque, namedtuple

from judge import judge

RULES = {
    "seal, then list": "the parts are listed once more after the seal",
    "create, then ask": "who adds reads the seal after its part is there",
    "ask": "who adds reads the seal",
    "who finds its part asks": "a shard that is tried again reads the seal, too",
    "a part is created once": "a shard that is tried again does not replace its part",
    "one key for a shard": "a shard that is tried again has the key that it had",
    "final is created once": "who comes second does not replace the final record",
    "what final says counts": "who comes second takes the parts of the one that is there",
    "the id is final's": "and the version's id",
    "an id is saved once": "who saves looks for a version of the id",
    "dropping seals": "who drops seals first",
}

World = namedtuple("World", "parts seal final log")  # parts: ((key, sha), ...); log: ((id, parts), ...)
Final = namedtuple("Final", "outcome id parts")
EMPTY = World((), False, None, ())


def sha_of(parts, key):
    return dict(parts).get(key)


class Adder:
    """Adds `shard`, and is started once more where it dies; "counts", "late" and "unsaid" are what it is
    told. `mine`: the part that it made or found."""

    def __init__(self, rules, name, shard):
        self.rules, self.name, self.shard = rules, name, shard

    def start(self):
        return {"pc": "look", "tries": 0, "told": "", "mine": None, "late": False, "asked": None}

    def moves(self, world, v):
        yield v["pc"], getattr(self, v["pc"])(world, dict(v))
        if not v["tries"]:
            yield "dies", (world, {**self.start(), "tries": 1})

    def key(self, v):
        again = v["tries"] and "one key for a shard" not in self.rules
        return self.shard + ("'" if again else "")

    def tell(self, v, told):
        """What does not matter any more is forgotten: fewer states."""
        key, counts = self.key(v), told == "counts"
        mine, late = (v["mine"], v["late"]) if counts else (None, False)
        v.clear()
        v.update(pc=None, told=told, key=key, mine=mine, late=late)

    def look(self, world, v):
        final = world.final
        v["pc"] = "create" if "create, then ask" in self.rules else "ask_before"
        if final and not sha_of(final.parts, self.key(v)):
            self.tell(v, "late")
        return world, v

    def ask_before(self, world, v):
        v.update(asked=world.seal, pc="create")
        return world, v

    def create(self, world, v):
        key, sha = self.key(v), "%s%d" % (self.name, v["tries"])
        found = sha_of(world.parts, key)
        v["pc"] = "ask"
        if found and "a part is created once" in self.rules:
            v["mine"] = (key, found)
            if "who finds its part asks" not in self.rules:
                self.tell(v, "counts")
            return world, v
        v.update(mine=(key, sha), late=world.final is not None)
        others = tuple(part for part in world.parts if part[0] != key)
        return world._replace(parts=tuple(sorted(others + ((key, sha),)))), v

    def ask(self, world, v):
        is_sealed = world.seal if v["asked"] is None else v["asked"]
        v["pc"] = "wait"
        if not is_sealed or "ask" not in self.rules:
            self.tell(v, "counts")
        return world, v

    def wait(self, world, v):
        if not world.final:
            self.tell(v, "unsaid")
        else:
            self.tell(v, "counts" if v["mine"] in world.final.parts else "late")
        return world, v


class Finisher:
    """Saves the draft. Content is made of `parts`, as they were when it looked."""

    def __init__(self, rules, name):
        self.rules, self.name = rules, name

    def start(self):
        return {"pc": "look", "told": "", "parts": (), "id": self.name, "seen": 0}

    def moves(self, world, v):
        yield v["pc"], getattr(self, v["pc"])(world, dict(v))

    def end(self, v, told):
        v.clear()
        v.update(pc=None, told=told)

    def look(self, world, v):
        final = world.final
        if not final:
            v.update(pc="make", parts=world.parts, id=self.name)
        elif final.outcome == "dropped":
            self.end(v, "dropped")
        else:
            v["pc"] = "read"
            if "what final says counts" in self.rules or not v["parts"]:
                v["parts"] = final.parts
            if "the id is final's" in self.rules:
                v["id"] = final.id
        return world, v

    def make(self, world, v):
        v["pc"] = "seal" if "seal, then list" in self.rules else "list"
        if not v["parts"]:
            self.end(v, "nothing")
        return world, v

    def seal(self, world, v):
        v["pc"] = "list" if "seal, then list" in self.rules else "final"
        return world._replace(seal=True), v

    def list(self, world, v):
        after = "final" if "seal, then list" in self.rules else "seal"
        v["pc"] = after if world.parts == v["parts"] else "look"
        return world, v

    def final(self, world, v):
        if world.final and "final is created once" in self.rules:
            v["pc"] = "look"
            return world, v
        v["pc"] = "save"
        return world._replace(final=Final("saved", v["id"], v["parts"])), v

    def read(self, world, v):
        """The parts that it names must be the ones that are there."""
        v["pc"] = "save"
        if not set(v["parts"]) <= set(world.parts):
            self.end(v, "broken")
        return world, v

    def save(self, world, v):
        v.update(pc="append", seen=len(world.log))
        if "an id is saved once" in self.rules and v["id"] in dict(world.log):
            self.end(v, "saved")
        return world, v

    def append(self, world, v):
        if len(world.log) != v["seen"]:
            v["pc"] = "save"
            return world, v
        world = world._replace(log=world.log + ((v["id"], v["parts"]),))
        self.end(v, "saved")
        return world, v


class Dropper:
    def __init__(self, rules):
        self.rules = rules

    def start(self):
        return {"pc": "seal" if "dropping seals" in self.rules else "final", "told": ""}

    def moves(self, world, v):
        yield v["pc"], getattr(self, v["pc"])(world, dict(v))

    def seal(self, world, v):
        v["pc"] = "final"
        return world._replace(seal=True), v

    def final(self, world, v):
        is_mine = not world.final or "final is created once" not in self.rules
        if is_mine:
            world = world._replace(final=Final("dropped", None, ()))
        v.update(pc=None, told="dropped" if world.final.outcome == "dropped" else "too late")
        return world, v


def complain_of_adder(world, adder, v):
    if v["told"] == "counts":
        if world.final and world.final.outcome == "saved" and v["mine"] not in world.final.parts:
            return "%s was told that its part counts, and final does not name it" % adder.name
        if any(v["mine"] not in parts for _, parts in world.log):
            return "%s was told that its part counts, and it is not in the version" % adder.name
        if v["late"] and world.final.outcome == "dropped":
            return "%s was told that its part counts, of a draft that was dropped" % adder.name
    if v["told"] == "late" and any(sha_of(parts, v["key"]) for _, parts in world.log):
        return "%s was told that its part came late, and it is in the version" % adder.name
    return None


def complain(world, agents, states):
    """What is wrong in this state, whoever goes on or dies; None: nothing."""
    if len(world.log) > 1:
        return "there are two versions"
    if world.log and world.final and world.final.outcome == "dropped":
        return "the draft was dropped, and there is a version"
    for _, parts in world.log:
        shards = [key.rstrip("'") for key, _ in parts]
        if len(shards) != len(set(shards)):
            return "a part is in the version twice"
    for agent, v in zip(agents, states):
        wrong = isinstance(agent, Adder) and complain_of_adder(world, agent, v)
        if wrong:
            return wrong
    return None


def blocked(world, rules):
    """Nobody alone can bring it to an end."""
    finisher = Finisher(rules, "last")
    v = finisher.start()
    for _ in range(20):
        if v["pc"] is None:
            is_good = v["told"] in ("saved", "dropped") or (v["told"] == "nothing" and not world.parts)
            return None if is_good else "the draft cannot be brought to an end: " + v["told"]
        _, (world, v) = next(finisher.moves(world, v))
    return "who finishes never ends"


def freeze(v):
    return frozenset(v.items())


def explore(agents, rules):
    """The first complaint and the steps to it, and how many states there are."""
    first = [agent.start() for agent in agents]
    begin = EMPTY, tuple(map(freeze, first))
    before, queue, judged = {begin: None}, deque([(begin, first)]), {}
    while queue:
        here, states = queue.popleft()
        world, frozen = here
        if world not in judged:
            judged[world] = blocked(world, rules)
        wrong = complain(world, agents, states) or judged[world]
        if wrong:
            steps = []
            while before[here]:
                here, label = before[here]
                steps.append(label)
            return wrong, steps[::-1], len(before)
        for i, agent in enumerate(agents):
            if states[i]["pc"] is None:
                continue
            for label, (next_world, v) in agent.moves(world, states[i]):
                key = next_world, frozen[:i] + (freeze(v),) + frozen[i + 1:]
                if key not in before:
                    before[key] = (here, "%s %d: %s" % (type(agent).__name__, i, label))
                    queue.append((key, states[:i] + [v] + states[i + 1:]))
    return None, [], len(before)


def scenarios(rules):
    """Few at once first: a loss is found, and read, the sooner."""
    def a(shard="a"):
        return Adder(rules, "A", shard)

    def b(shard="b"):
        return Adder(rules, "B", shard)

    first, second = Finisher(rules, "v1"), Finisher(rules, "v2")
    return {
        "one adds, one finishes": [a(), first],
        "one adds, one finishes, one drops": [a(), first, Dropper(rules)],
        "two add, one finishes": [a(), b(), first],
        "two add one shard, one finishes": [a(), b("a"), first],
        "one adds, two finish": [a(), first, second],
        "two add, two finish": [a(), b(), first, second],
        "two add, two finish, one drops": [a(), b(), first, second, Dropper(rules)],
    }


def main():
    return judge(RULES, lambda rules: {
        name: functools.partial(explore, agents, rules)
        for name, agents in scenarios(rules).items()})


if __name__ == "__main__":
    sys.exit(main())
