#!/usr/bin/env python3
"""What a command takes follows from the change and not from the size of the version.

    versions_test.py MUSTER COUNT_CALLS COUNT_ALLOCATIONS

Two versions, the second three times the first: references with long URIs, so that few entries make
a leaf, and leaves are many. `ls --recursive` reads each leaf once, which tells how many there are.
"""
import json
import sys

import measured

FEW, MANY = 10000, 30000

# In the order in which they run.
LEAVES = ("ls", "--recursive", "data:v0")
PUT = ("-n", "data", "--onto", "v0")
COMMANDS = {
    # Whether a repository can be relied on is tried out once, by calls of no fixed number.
    "prepare": ("put", "--at", "reference=elsewhere://object", "-n", "other"),
    "import": ("import", "{manifest}", "-n", "data"),
    "ls --recursive": LEAVES,
    "export": ("export", "data:v0"),
    "put, in front": ("put", "--at", "{front}", *PUT),
    "put, at the end": ("put", "--at", "{end}", *PUT),
    "put, nothing new": ("put", "--at", "{end}", "-n", "data", "--onto", "latest"),
    "diff": ("diff", "data:v0", "data:v1"),
    "show": ("show", "data:v0"),
    "log": ("log", "data"),
    "cat": ("cat", "data:latest", "z"),
    "ls DIRECTORY": ("ls", "data:v0", "d0049"),
    "alias": ("alias", "data:v0", "best"),
    "tag": ("tag", "data:v0", "seen"),
    "describe": ("describe", "data:v0", "text"),
}

# What a leaf more costs, one of 26 entries and 15 KB: calls that read, that write, all others but those
# for memory; bytes for each byte of the leaf (its content, as `ls` reads it); allocations.
COLUMNS = ("read", "write", "rest", "read_bytes", "written_bytes", "allocations")
REST = ("open", "close", "stat", "list", "other")
BUDGETS = """
                    read  write   rest   rd/B   wr/B  alloc
import              0.05   0.30   0.02   1.50   1.50   4.00
ls --recursive      1.01   0.01   0.02   1.01   0.05   4.00
export              1.01   0.50   0.02   1.01   1.50   4.00
# From the block of the change on each leaf is digested. Written are the records of leaves.
put, in front       1.02   0.01   0.02   1.02   0.02   4.00
# That block is the last: of 256 leaves at most, which is a third of the leaves more.
put, at the end     0.34   0.01   0.02   0.34   0.02   1.00
put, nothing new    0.34   0.01   0.02   0.34   0.01   1.00
# The manifest's last part at most, which tells of each block in some hundred bytes.
diff                0.01   0.01   0.02   0.01   0.01   0.01
show                0.01   0.01   0.02   0.01   0.01   0.01
log                 0.01   0.01   0.02   0.01   0.01   0.01
cat                 0.01   0.01   0.02   0.01   0.01   0.01
ls DIRECTORY        0.01   0.01   0.02   0.01   0.01   0.02
alias               0.01   0.01   0.02   0.01   0.01   0.01
tag                 0.01   0.01   0.02   0.01   0.01   0.01
describe            0.01   0.01   0.02   0.01   0.01   0.01
"""


class Version(measured.Place):
    def __init__(self, folder, entry_count):
        super().__init__(folder)
        self.words.update({"{manifest}": folder / "manifest.json",
                           "{front}": f"a={folder / 'new'}", "{end}": f"z={folder / 'new'}"})
        (folder / "new").write_bytes(b"new\n")
        contents = {f"d{i // 200:04}/f{i:06}": {"digest": f"etag-{i}", "size": i,
                                                "ref": f"elsewhere://{i:0690}"}
                    for i in range(entry_count)}
        self.words["{manifest}"].write_text(json.dumps({
            "version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": {},
            "contents": contents}), encoding="utf-8")


def growth(few, many):
    """What the second version takes more than the first."""
    more = {key: many[key] - few[key] for key in (*COLUMNS, *REST)}
    more["rest"] = sum(more[key] for key in REST)
    return more


def run(counter):
    with measured.scratch(counter) as folder:
        versions = [Version(folder / str(count), count) for count in (FEW, MANY)]
        return {name: growth(*(counter.count(version, words, (1,) if name == "diff" else (0,))
                               for version in versions))
                for name, words in COMMANDS.items()}


def cost_of(more, leaves):
    """For each leaf, and for each byte of leaves."""
    return {key: more[key] / leaves["read_bytes" if key.endswith("_bytes") else "read"]
            for key in COLUMNS}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    all_more = run(measured.Counter(*sys.argv[1:]))
    leaves = all_more["ls --recursive"]
    assert leaves["read"] > 600, leaves
    table = measured.Table(BUDGETS, COLUMNS)
    for name in table.budgets:
        table.judge(name, cost_of(all_more[name], leaves))
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
