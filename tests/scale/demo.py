#!/usr/bin/env python3
"""The main job at the size it is made for: ingest half a million files, edit some, ingest again.

    demo.py MUSTER TINY-FILES [--files 500000] [--edits 1000] [--adds 500] [--deletes 500]
            [--copy "/usr/share /usr/include"] [--work DIR] [--repo URL]

The tree is copies of real files, some of them edited, and generated small files. Proves: every
byte is read once; the second put opens what changed and nothing else; diff names exactly the
changes; both versions come back as they were (diff -r); check finds nothing.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess

import scale

COPIES = 2  # of the real files: the second with edits in one of ten
READ_LIMIT = 1.02


def copy_real_files(source, target, wanted, edit):
    """Copies regular files until `wanted` are there; how many."""
    count = 0
    for folder, folders, names in os.walk(source):
        folders.sort()
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if count == wanted or path.is_symlink() or not path.is_file():
                continue
            copy = target / path.relative_to(source)
            try:
                copy.relative_to(target).as_posix().encode("utf-8")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            except (UnicodeEncodeError, PermissionError):
                continue
            if edit and count % 10 == 0:
                with open(copy, "ab") as file:
                    file.write(b"edited\n")
            count += 1
    return count


def make_tree(tree, arguments):
    count = 0
    for copy in range(COPIES):
        for source in arguments.copy.split():
            target = tree / f"copy{copy}" / source.strip("/").replace("/", "-")
            count += copy_real_files(pathlib.Path(source), target,
                                     (arguments.files - count) // 2, copy == 1)
    left = arguments.files - count
    subprocess.run([arguments.tiny_files, tree / "generated", str(left)], check=True)
    return left


def remove(tree, path):
    """The file and the directories that it leaves empty: a version has no empty ones."""
    path.unlink()
    for parent in path.parents:
        if parent == tree or any(parent.iterdir()):
            break
        parent.rmdir()


def edit_tree(tree, arguments, rng):
    """Changes, additions and deletions: the paths of each."""
    files = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    chosen = rng.sample(files, arguments.edits + arguments.deletes)
    changed, deleted = chosen[:arguments.edits], chosen[arguments.edits:]
    for path in changed:
        with open(tree / path, "ab") as file:
            file.write(b"changed for the second version\n")
    for path in deleted:
        remove(tree, tree / path)
    added = [f"new/{i % 7}/{i:04}" for i in range(arguments.adds)]
    for path in added:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(f"new file {path}\n", encoding="utf-8")
    return set(changed), set(added), set(deleted)


def tree_bytes(tree):
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())


def expect_equal(a, b):
    subprocess.run(["diff", "-r", str(a), str(b)], check=True)


def tell(name, run, more=""):
    print(f"{name:<24}{run.seconds:>8.1f} s{run.peak_bytes / scale.MIB:>9.1f} MiB  {more}",
          flush=True)


def first_put(muster, tree, arguments):
    size = tree_bytes(tree)
    run = muster("put", tree, "-n", "demo")
    summary = run.summary()
    assert summary["entry_count"] == summary["read_files"] == arguments.files, summary
    assert summary["read_bytes"] == size, (summary, size)
    if run.read_chars is not None and size > 100 * scale.MIB:
        assert run.read_chars <= size * READ_LIMIT, (run.read_chars, size)
    tell("put", run, f"{size / scale.MIB:,.0f} MiB in {arguments.files:,} files; "
                     f"{(run.read_chars or 0) / size:.4f} of them read by system calls")
    run = muster("put", tree, "-n", "demo")
    summary = run.summary()
    assert not summary["is_new"] and summary["read_files"] == 0, summary
    tell("put, no change", run)


def second_put(muster, tree, arguments):
    changed, added, deleted = edit_tree(tree, arguments, random.Random(3))
    run = muster("put", tree, "-n", "demo")
    summary = run.summary()
    assert summary["is_new"], summary
    assert summary["read_files"] == len(changed) + len(added), summary
    tell("put, edited", run, f"{summary['read_files']:,} files opened")
    run = muster("diff", "demo:v0", "demo:v1", codes=(1,))
    found = {"modified": set(), "added": set(), "removed": set()}
    for line in run.out.splitlines():
        record = scale.json.loads(line)
        if record["type"] == "change":
            found[record["kind"]].add(record["path"])
    assert found == {"modified": changed, "added": added, "removed": deleted}, found
    tell("diff", run, f"{len(changed) + len(added) + len(deleted):,} changes, all right")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("muster")
    parser.add_argument("tiny_files")
    parser.add_argument("--files", type=int, default=500_000)
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--adds", type=int, default=500)
    parser.add_argument("--deletes", type=int, default=500)
    parser.add_argument("--copy", default="/usr/share /usr/include")
    parser.add_argument("--work", metavar="DIR", help="where there is room (default: $TMPDIR)")
    parser.add_argument("--repo", metavar="URL", help="a prefix of a bucket: "
                        "tests/servers/serve NAME - -- sh -c '... --repo $MUSTER_TEST_URL'")
    arguments = parser.parse_args()
    with scale.work_folder(arguments.work) as folder:
        muster = scale.Muster(arguments.muster, folder, arguments.repo)
        if arguments.repo:
            tell("init", muster("init"))
        tree, first, second = (muster.folder / name for name in ("tree", "first", "second"))
        tree.mkdir()
        generated = make_tree(tree, arguments)
        print(f"{arguments.files:,} files, {generated:,} of them generated", flush=True)
        first_put(muster, tree, arguments)
        tell("checkout v0", muster("checkout", "demo:v0", first))
        expect_equal(tree, first)
        second_put(muster, tree, arguments)
        tell("checkout v1", muster("checkout", "demo:v1", second))
        expect_equal(tree, second)
        tell("checkout v1 over v0", muster("checkout", "demo:v1", first))
        expect_equal(second, first)
        tell("checkout v0 back", muster("checkout", "demo:v0", first))
        run = muster("verify", "demo:v0", first)
        tell("verify v0", run)
        run = muster("check")
        assert run.summary()["finding_count"] == 0, run.out
        tell("check", run)


if __name__ == "__main__":
    main()
