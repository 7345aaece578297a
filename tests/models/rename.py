#!/usr/bin/env python3
"""Renaming a collection: every interleaving of renamers, creators and a deleter, each of which may die
at any step. Decision 0023 has the protocol; engine/repository/collection_rename.c and
collection_name.c are made of it.

A name's log says who may have the name, the collection's log says what it is called:

    names/<new>/log         claim (C, after)        "after": the last event of C that settles claims
    collections/<C>/log     rename (new)            the commit, only if nothing settled since `after`
    names/<old>/log         release

What a name is bound to is
    valid    the collection is called so (or was never opened: its creation goes on)
    pending  a claim, and nothing was settled since: it may still be committed
    void     anything else: it can never become valid again
Whoever wants a name that is pending makes it void first, by `stay` in the collection's log: so claim
against claim is decided where the commit is. Only what is void is released.

In every state that can be reached, and so whoever dies when: each living collection has its name, and
one agent alone can take every name that means nothing. Each rule is needed: without it there is a loss,
whose steps are printed with -v.
"""
import functools
import sys
from collections import deque

from judge import judge

RULES = ("stay", "settled", "claim first", "release void only", "release last")


def bound(log):
    """(collection, after) of the last binding; after 0: by `name`. None: free."""
    return log[-1][1:] if log and log[-1][0] == "bind" else None


def fold(log):
    """What a collection is called, the last event that settles claims, and whether it is closed."""
    name, settled = None, 0
    for number, event in enumerate(log, 1):
        if event[0] == "called":
            name = event[1]
        if event[0] in ("called", "stay"):
            settled = number
    return name, settled, bool(log) and log[-1][0] == "close"


def verdict(world, name, binding):
    collection, after = binding
    log = world[collection]
    called, settled, closed = fold(log)
    if not log:
        return "valid"
    if closed:
        return "void"
    if called == name:
        return "valid"
    return "pending" if after and after == settled else "void"


def append(world, log, length, event):
    """Create if absent: None where somebody else has that number."""
    if len(world[log]) != length:
        return None
    return {**world, log: world[log] + (event,)}


class Agent:
    """A program of small steps; a step reads one log, or creates one event."""

    def __init__(self, rules):
        self.rules = rules

    # A step: (world, vars) -> (world, vars). vars["pc"] None: at its end.
    def step(self, world, v):
        return getattr(self, v["pc"])(world, dict(v))

    # --- settle: who has the name v["want"]? Goes on at v["free"] or v["taken"] --------------------
    def settle(self, world, v):
        v["length"], v["binding"] = len(world[v["want"]]), bound(world[v["want"]])
        v["pc"] = "judge" if v["binding"] else v["free"]
        return world, v

    def judge(self, world, v):
        v["verdict"] = verdict(world, v["want"], v["binding"])
        v["seen"] = len(world[v["binding"][0]])
        if v["verdict"] == "pending" and "stay" not in self.rules:
            v["verdict"] = "void"
        v["pc"] = {"valid": v["taken"], "pending": "void_claim", "void": "release"}[v["verdict"]]
        return world, v

    def void_claim(self, world, v):
        done = append(world, v["binding"][0], v["seen"], ("stay",))
        v["pc"] = "judge"
        return done or world, v

    def release(self, world, v):
        done = append(world, v["want"], v["length"], ("release",))
        v["pc"] = "settle"
        return done or world, v

    # --- tidy: release the name v["want"] if what it is bound to is void ---------------------------
    def tidy(self, world, v):
        v["length"], v["binding"] = len(world[v["want"]]), bound(world[v["want"]])
        v["pc"] = "tidy_judge" if v["binding"] and v["binding"][0] == v["whose"] else None
        return world, v

    def tidy_judge(self, world, v):
        is_void = verdict(world, v["want"], v["binding"]) == "void"
        if "release void only" not in self.rules:
            is_void = fold(world[v["whose"]])[0] != v["want"]
        v["pc"] = "tidy_release" if is_void else None
        return world, v

    def tidy_release(self, world, v):
        done = append(world, v["want"], v["length"], ("release",))
        v["pc"] = None if done else "tidy"
        return done or world, v


class Renamer(Agent):
    def __init__(self, rules, collection, news):
        super().__init__(rules)
        self.collection, self.news = collection, news

    def start(self):
        return {"pc": "begin", "turn": 0, "result": ""}

    def step(self, world, v):
        world, v = super().step(world, v)
        if v["pc"] is None and v["result"] == "renamed" and v["turn"] + 1 < len(self.news):
            v = {"pc": "begin", "turn": v["turn"] + 1, "result": ""}
        return world, v

    def begin(self, world, v):
        old, v["after"], closed = fold(world[self.collection])
        v.update(old=old, want=self.news[v["turn"]], whose=self.collection, taken="refuse")
        v["free"] = "claim"
        if "release last" not in self.rules:
            v.update(want=old, free="early", taken="early")
        v["pc"] = None if closed else "settle"
        if "claim first" not in self.rules:
            v["free"] = "commit"
        return world, v

    def early(self, world, v):  # without "release last": the old name goes before the commit
        done = append(world, v["old"], len(world[v["old"]]), ("release",))
        v.update(want=self.news[v["turn"]], free="claim", taken="refuse", pc="settle")
        return done or world, v

    def refuse(self, world, v):
        v.update(pc=None, result="taken")
        return world, v

    def claim(self, world, v):
        done = append(world, v["want"], v["length"], ("bind", self.collection, v["after"]))
        v["pc"] = "commit" if done else "settle"
        if "claim first" not in self.rules:
            v["pc"] = None if done else "settle"
        return done or world, v

    def commit(self, world, v):
        log = world[self.collection]
        _, settled, closed = fold(log)
        if closed or ("settled" in self.rules and settled != v["after"]):
            v.update(pc="tidy", result="lost")
            return world, v
        v["seen"], v["pc"] = len(log), "create"
        return world, v

    def create(self, world, v):
        done = append(world, self.collection, v["seen"], ("called", v["want"]))
        if not done:
            v["pc"] = "commit"
            return world, v
        v["result"] = "renamed"
        if "claim first" not in self.rules:
            v["pc"], v["length"] = "claim", len(world[v["want"]])
        else:
            v["want"], v["pc"] = v["old"], "tidy"
        return done, v


class Creator(Agent):
    def __init__(self, rules, name, collection):
        super().__init__(rules)
        self.name, self.collection = name, collection

    def start(self):
        return {"pc": "settle", "want": self.name, "free": "bind", "taken": "refuse", "result": ""}

    def refuse(self, world, v):
        v.update(pc=None, result="taken")
        return world, v

    def bind(self, world, v):
        done = append(world, self.name, v["length"], ("bind", self.collection, 0))
        v["pc"] = "open" if done else "settle"
        return done or world, v

    def open(self, world, v):
        done = append(world, self.collection, 0, ("called", self.name))
        v.update(pc=None, result="made")
        return done or world, v


class Deleter(Agent):
    def __init__(self, rules, collection):
        super().__init__(rules)
        self.collection = collection

    def start(self):
        return {"pc": "look", "result": ""}

    def look(self, world, v):
        v["seen"] = len(world[self.collection])
        v["pc"] = None if fold(world[self.collection])[2] else "close"
        return world, v

    def close(self, world, v):
        done = append(world, self.collection, v["seen"], ("close",))
        v.update(pc="tidy" if done else "look", whose=self.collection)
        if done:
            v["want"] = fold(done[self.collection])[0]
        return done or world, v


def run_alone(agent, world):
    v = agent.start()
    for _ in range(100):
        if v["pc"] is None:
            return world, v["result"]
        world, v = agent.step(world, v)
    return world, "never ends"


def complain(world, names):
    """What is wrong in this state, whoever goes on or dies; None: nothing."""
    for collection, log in world.items():
        if collection in names or not log or fold(log)[2]:
            continue
        called = fold(log)[0]
        binding = bound(world[called])
        if not binding or binding[0] != collection:
            return "%s is called %s, which means %s" % (collection, called, binding)
    return None


def blocked(world, names):
    """A name that means nothing, and that nobody could take."""
    for name in names:
        binding = bound(world[name])
        means = bool(binding) and verdict(world, name, binding) == "valid"
        after, result = run_alone(Creator(RULES, name, "new"), {**world, "new": ()})
        if result != ("taken" if means else "made") or complain(after, names):
            return "%s cannot be taken: %s" % (name, result)
    return None


def freeze(world, agents):
    return (tuple(sorted(world.items())), tuple(tuple(sorted(v.items())) for v in agents))


def explore(world, agents, names):
    """The first complaint and the steps to it, and how many states there are."""
    first = [agent.start() for agent in agents]
    before = {freeze(world, first): None}
    queue, judged = deque([(world, first)]), {}
    while queue:
        world, states = queue.popleft()
        here, logs = freeze(world, states), tuple(sorted(world.items()))
        if logs not in judged:
            judged[logs] = complain(world, names) or blocked(world, names)
        if judged[logs]:
            steps = []
            while before[here]:
                here, label = before[here]
                steps.append(label)
            return judged[logs], steps[::-1], len(before)
        for i, agent in enumerate(agents):
            if states[i]["pc"] is None:
                continue
            next_world, v = agent.step(world, states[i])
            next_states = states[:i] + [v] + states[i + 1:]
            key = freeze(next_world, next_states)
            if key not in before:
                before[key] = (here, "%s %d: %s" % (type(agent).__name__, i, states[i]["pc"]))
                queue.append((next_world, next_states))
    return None, [], len(before)


NAMES = ("A", "B", "E")


def scenarios(rules):
    """C is called A; D, where it is there, is called E."""
    c = {"A": (("bind", "C", 0),), "B": (), "E": (), "C": (("called", "A"),)}
    cd = {**c, "E": (("bind", "D", 0),), "D": (("called", "E"),)}
    n = {**c, "N": (), "M": ()}
    return {
        "one renamed twice at once, a creator": (
            n, [Renamer(rules, "C", ["B"]), Renamer(rules, "C", ["E"]), Creator(rules, "B", "N")]),
        "to one name, and a creator of it": (
            {**cd, "N": ()},
            [Renamer(rules, "C", ["B"]), Renamer(rules, "D", ["B"]), Creator(rules, "B", "N")]),
        "there and back, and creators of both": (
            n, [Renamer(rules, "C", ["B", "A"]), Creator(rules, "A", "N"), Creator(rules, "B", "M")]),
        "there and back, twice": (
            c, [Renamer(rules, "C", ["B", "A"]), Renamer(rules, "C", ["B", "A"])]),
        "they swap": (
            cd, [Renamer(rules, "C", ["E"]), Renamer(rules, "D", ["A"]), Renamer(rules, "C", ["B"])]),
        "renamed and deleted, and a creator": (
            n, [Renamer(rules, "C", ["B"]), Deleter(rules, "C"), Creator(rules, "B", "N")]),
    }


def main():
    return judge(RULES, lambda rules: {
        name: functools.partial(explore, world, agents, NAMES)
        for name, (world, agents) in scenarios(rules).items()})


if __name__ == "__main__":
    sys.exit(main())
