#!/usr/bin/env python3
"""What a file costs each command: system calls, bytes moved, allocations. Nothing is timed.

    files_test.py MUSTER COUNT_CALLS COUNT_ALLOCATIONS small|ring|large

A command runs on two trees, of which the second has more files; the difference of the counts,
divided by the difference in files, is what a file costs: what a run costs by itself cancels out.
Budgets are upper bounds, so low that one call more for each file breaks them. Who makes a command
cheaper lowers its line.
"""
import random
import sys

import measured

# In the order in which they run: each finds what those before it left.
PUT = ("put", "{tree}", "-n", "data")
COMMANDS = {
    # Whether a repository can be relied on is tried out once, by calls of no fixed number.
    "prepare": ("put", "--at", "reference=elsewhere://object", "-n", "other"),
    "put, first": PUT,
    "put, unchanged": PUT,
    "put, all read again": (*PUT, "--rehash"),
    "put, one changed": PUT,
    "verify": ("verify", "data", "{tree}"),
    "digest": ("digest", "{tree}"),
    "get, new directory": ("get", "data:v0", "{copy}"),
    "get, all there": ("get", "data:v0", "{copy}"),
    "checkout, all there": ("checkout", "data:v0", "{copy}"),
    "check": ("check",),
    "verify --stored": ("verify", "data", "--stored"),
    "diff of versions": ("diff", "data:v0", "data:v1"),
    "diff of a directory": ("diff", "data:v0", "{tree}"),
    "ls": ("ls", "data"),
}
EXIT_CODES = {"diff of versions": (1,), "diff of a directory": (1,)}  # they differ

# Columns: calls by what they are for (measured.GROUPS); mem is mmap(2) and its like; other is all
# else but waiting, which differs from run to run; rd/B and wr/B are bytes read and written for each
# byte of the files; alloc is malloc(3) and its like, libraries included.
COLUMNS = ("open", "close", "stat", "read", "write", "list", "ring", "memory", "other",
           "read_bytes", "written_bytes", "allocations")

# Files of 4 KiB, a hundred to a directory, MUSTER_READER=plain. The hundredths are
#   open, close  1 a directory that is opened            list   2 a directory
#   read         a leaf, a block of the stat cache, a stretch of a pack: 1 for some hundred files
#   write        6 for 17 files each that go to a pack; leaves, the journal of the stat cache
#   mem          the heap grows by what is on its way at once, until that is used again
#   other, open  directories of packs and of copies, which are made and get their names
#   rd/B, wr/B   for each file 40 bytes of a pack's directory, 30 of an index, 20 to 50 of a leaf, 80
#                of a stat cache
#   alloc        no file has one of its own: up to six a batch (here: a directory), two a leaf
SMALL = """
                       open close  stat  read write  list  ring   mem other  rd/B  wr/B alloc
# One stat by the walk; one by the reader, behind the last byte: has the file changed meanwhile?
put, first             1.03  1.02  2.01  1.01  0.07  0.03  0.00  0.05  0.05  1.01  1.05  0.07
# No file is opened. Read are the stat cache and the base.
put, unchanged         0.02  0.02  1.01  0.01  0.01  0.03  0.00  0.05  0.01  0.03  0.01  0.07
put, one changed       0.02  0.02  1.01  0.02  0.01  0.03  0.00  0.05  0.02  0.05  0.01  0.07
# As the first; and each blob is looked up in the index: 64 bytes of the filter (of each index, where
# there are several), then 3 KiB.
put, all read again    1.02  1.02  2.01  3.02  0.01  0.03  0.00  0.05  0.01  2.60  0.02  0.07

# The stat is the walk's.
verify                 1.02  1.02  1.01  1.01  0.01  0.03  0.00  0.05  0.01  1.02  0.01  0.06
# The walk's, and the reader's.
digest                 1.02  1.02  2.01  1.01  0.01  0.03  0.00  0.05  0.01  1.01  0.02  0.06

# The stat goes to the stat cache, so that neither put nor verify --quick need read the copy.
get, new directory     1.03  1.03  1.01  0.02  1.01  0.01  0.00  0.05  0.03  1.05  1.03  0.04
get, all there         0.01  0.01  1.01  0.01  0.01  0.01  0.00  0.05  0.01  0.03  0.01  0.02
# Once by the walk, and once by name before it is left as it is.
checkout, all there    0.02  0.02  2.02  0.02  0.01  0.03  0.00  0.05  0.02  0.05  0.03  0.06

check                  0.01  0.01  0.01  0.01  0.01  0.01  0.00  0.05  0.01  1.05  0.01  0.02
verify --stored        0.01  0.01  0.01  0.02  0.01  0.01  0.00  0.05  0.01  1.04  0.01  0.03
# Leaves that both have are not read.
diff of versions       0.01  0.01  0.01  0.01  0.01  0.01  0.00  0.05  0.01  0.01  0.01  0.01
diff of a directory    1.02  1.02  2.01  1.01  0.01  0.03  0.00  0.05  0.01  1.02  0.01  0.06
ls                     0.01  0.01  0.01  0.01  0.02  0.01  0.00  0.05  0.01  0.02  0.02  0.03
"""

# The same with MUSTER_READER=ring: opens and reads are the kernel's, 128 at a time, which takes
# some 0.06 calls a file; the stat more asks what a descriptor is before it is read (decision 0007).
RING = """
                       open close  stat  read write  list  ring   mem other  rd/B  wr/B alloc
put, first             0.03  1.02  3.01  0.01  0.07  0.03  0.15  0.05  0.05  0.02  1.05  0.07
verify                 0.02  1.02  2.01  0.01  0.01  0.03  0.15  0.05  0.01  0.02  0.01  0.06
digest                 0.02  1.02  3.01  0.01  0.01  0.03  0.15  0.05  0.01  0.01  0.02  0.06
diff of a directory    0.02  1.02  3.01  0.01  0.01  0.03  0.15  0.05  0.01  0.02  0.02  0.06
"""

# Files of 4.25 MiB, nearly: 17 chunks of 256 KiB, and a read that finds the end. Each is looked at by the
# walk, when it is open, and when it was read; the kernel is told that it is read in order. Each byte
# is moved once. Buffers are the run's, not the chunk's: no allocation for each of them. What is
# divided by eight files only has tenths from the run itself, by who takes which file.
LARGE = """
                       open close  stat  read write  list  ring   mem other  rd/B  wr/B alloc
# Each has a pack of its own: it is opened, synced, renamed, and seen in the listing of packs.
put, first              2.6   2.6   4.6  20.6  19.6   0.6   0.0   4.0   3.6  1.01  1.01  24.0
put, unchanged          0.6   0.6   2.6   0.6   0.6   0.6   0.0   4.0   0.6  0.01  0.01  10.0
# Looked up, found, and not written.
put, all read again     1.6   1.6   4.6  24.6   1.6   0.6   0.0   4.0   1.6  1.01  0.01  16.0
verify                  1.6   1.6   3.6  18.6   0.6   0.6   0.0   4.0   1.6  1.01  0.01  10.0
digest                  1.6   1.6   3.6  18.6   0.6   0.6   0.0   4.0   1.6  1.01  0.01  10.0
# The pack, the copy, and the directory in which the copy gets its name.
get, new directory      3.6   3.6   3.6  19.6  17.6   0.6   0.0   4.0   1.6  1.01  1.01  18.0
get, all there          0.6   0.6   1.6   0.6   0.6   0.6   0.0   4.0   0.6  0.01  0.01  10.0
checkout, all there     0.6   0.6   2.6   0.6   0.6   0.6   0.0   4.0   0.6  0.01  0.01  10.0
# The directory, header and padding of its pack, too.
check                   1.6   1.6   2.6  21.6   0.6   0.6   0.0   4.0   0.6  1.01  0.01  16.0
verify --stored         1.6   1.6   1.6  19.6   0.6   0.6   0.0   4.0   0.6  1.01  0.01  16.0
diff of versions        0.6   0.6   0.6   0.6   0.6   0.6   0.0   4.0   0.6  0.01  0.01  10.0
"""


class Tree(measured.Place):
    """Files of random bytes in directories of a hundred."""

    def __init__(self, folder, file_count, file_bytes):
        super().__init__(folder)
        self.root = folder / "tree"
        self.words["{tree}"] = self.root
        self.file_count, self.total_bytes = file_count, 0
        content = random.Random(file_count)
        for i in range(file_count):
            path = self.root / f"d{i // 100:03}" / f"f{i:06}"
            path.parent.mkdir(parents=True, exist_ok=True)
            # A large one that is as long as another which is stored by then would be read twice.
            self.total_bytes += path.write_bytes(content.randbytes(file_bytes - i % 16))

    def change_one(self):
        (self.root / "d000" / "f000000").write_bytes(b"changed\n")


def cost_of(few, many, more_files, more_bytes):
    """What a file costs; bytes: what a byte of it costs."""
    return {key: (many[key] - few[key]) / (more_bytes if key.endswith("_bytes") else more_files)
            for key in COLUMNS}


def run(counter, text, file_counts, file_bytes):
    table = measured.Table(text, COLUMNS)
    with measured.scratch(counter) as folder:
        few, many = (Tree(folder / str(count), count, file_bytes) for count in file_counts)
        for name, words in COMMANDS.items():
            if name == "put, one changed":
                few.change_one()
                many.change_one()
            counts = [counter.count(tree, words, EXIT_CODES.get(name, (0,)))
                      for tree in (few, many)]
            if name in table.budgets:
                table.judge(name, cost_of(*counts, many.file_count - few.file_count,
                                          many.total_bytes - few.total_bytes))
    return table.finish()


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    *programs, kind = sys.argv[1:]
    if kind == "large":
        return run(measured.Counter(*programs), LARGE, (4, 12), 17 << 18)
    if kind == "ring":
        return run(measured.Counter(*programs, "ring"), RING, (1000, 3000), 4096)
    return run(measured.Counter(*programs), SMALL, (1000, 3000), 4096)


if __name__ == "__main__":
    sys.exit(main())
