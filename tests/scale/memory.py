#!/usr/bin/env python3
"""Does the memory of any job grow with the number of files? Peak memory at two sizes, compared.

    memory.py MUSTER TINY-FILES [--sizes 1000000 4000000] [--work DIR] [--memory SIZE] [-j N]

Trees of distinct files of 10 bytes in an ext4 image; every job of the program over each of them.
Fails where a job takes more than 16 MiB more for the largest tree than for the smallest.
"""
import argparse
import shutil
import subprocess
import sys

import scale

LIMIT_BYTES = 16 * scale.MIB


def change_some(tree):
    """Ten files of every tenth directory get other bytes, so that a diff has something to tell."""
    for directory in sorted(tree.iterdir())[::10]:
        for path in sorted(directory.iterdir())[:10]:
            path.write_bytes(b"0123456789x")


def jobs(muster, tree, out, folder, options):
    """(name, run) of every job, in an order in which each finds what it needs."""
    manifest = folder / "manifest.json"
    put = [*options, "put", tree, "-n", "tree"]
    yield "put", muster(*put)
    yield "put, no change", muster(*put)
    change_some(tree)
    yield "put, some changed", muster(*put)
    yield "diff", muster(*options, "diff", "--summary", "tree:v0", "tree:v1", codes=(1,))
    yield "ls", muster(*options, "-q", "ls", "tree", wants_json=False)
    yield "export", muster(*options, "export", "tree", "-o", manifest, wants_json=False)
    yield "import", muster(*options, "import", manifest, "-n", "imported")
    manifest.unlink()
    yield "get", muster(*options, "get", "tree", out)
    yield "verify", muster(*options, "verify", "tree", out)
    yield "verify --stored", muster(*options, "verify", "tree", "--stored")
    yield "checkout, no change", muster(*options, "checkout", "tree", out, "--overwrite")
    yield "check --quick", muster(*options, "check", "--quick")
    yield "check", muster(*options, "check")


def measure_size(arguments, options, count):
    """Peak memory and time of each job with `count` files."""
    with scale.work_folder(arguments.work) as folder, \
            scale.inline_image(folder, 2 * count) as image:
        muster = scale.Muster(arguments.muster, folder)
        subprocess.run([arguments.tiny_files, image / "tree", str(count)], check=True)
        results = {}
        for name, run in jobs(muster, image / "tree", image / "out", muster.folder, options):
            results[name] = run
            print(f"{count:>10,} {name:<20}{run.peak_bytes / scale.MIB:>9.1f} MiB"
                  f"{run.seconds:>9.1f} s", flush=True)
        shutil.rmtree(muster.repository)
        return results


def print_table(sizes, measured):
    print("\n" + f"{'peak memory, MiB':<22}" + "".join(f"{size:>12,}" for size in sizes)
          + f"{'more':>10}")
    worst = 0
    for name in measured[0]:
        peaks = [results[name].peak_bytes for results in measured]
        more = peaks[-1] - peaks[0]
        worst = max(worst, more)
        print(f"{name:<22}" + "".join(f"{peak / scale.MIB:>12.1f}" for peak in peaks)
              + f"{more / scale.MIB:>10.1f}")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("muster")
    parser.add_argument("tiny_files")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 4_000_000])
    parser.add_argument("--work", metavar="DIR", help="where there is room (default: $TMPDIR)")
    parser.add_argument("--memory", default="256MiB", help="given to every job")
    parser.add_argument("-j", default="2", help="workers of every job")
    arguments = parser.parse_args()
    options = ["--memory", arguments.memory, "-j", arguments.j]
    measured = [measure_size(arguments, options, size) for size in arguments.sizes]
    worst = print_table(arguments.sizes, measured)
    if worst > LIMIT_BYTES:
        print(f"a job takes {worst / scale.MIB:.1f} MiB more for more files")
        sys.exit(1)


if __name__ == "__main__":
    main()
