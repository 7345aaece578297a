"""Trees to measure on, made by bench/corpus, and an image for very many tiny files."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess

FANOUT = 100  # files in a directory, bench/corpus's default


class Tree:
    """One tree of files, and what some programs need beside it: made once, when first wanted."""

    def __init__(self, context, path, files, median_bytes, *argv, seed=1, fanout=FANOUT):
        self.context, self.path = context, pathlib.Path(path)
        self.files, self.median_bytes, self.fanout = files, median_bytes, fanout
        self.argv = ["--files", str(files), "--median", str(median_bytes), "--dirs-fanout",
                     str(fanout), "--seed", str(seed), "--threads", str(context.threads), *argv]
        self.bytes = None

    def describe(self):
        return {"files": self.files, "bytes": self.bytes, "median_bytes": self.median_bytes}

    def generate(self, path):
        done = subprocess.run([str(self.context.build / "bench/corpus"), str(path), *self.argv],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["bytes"]

    def make(self):
        if self.bytes is None:
            self.bytes = self.generate(self.path)
        return self

    def edit(self, *argv):
        """Changes some files; the lists of what changed lie beside the tree."""
        subprocess.run([str(self.context.build / "bench/corpus"), "--edit", str(self.path), *argv],
                       check=True, stdout=subprocess.DEVNULL)

    def read(self):
        """All of it once, so that it is in the page cache as far as it fits."""
        subprocess.run([str(self.context.build / "bench/floor"), "read", str(self.path),
                        str(self.context.threads)], check=True)

    def beside(self, suffix):
        return self.path.with_name(self.path.name + suffix)

    def twin(self):
        """An equal tree elsewhere, with the same times: for programs that compare two trees."""
        twin = self.beside(".twin")
        if not twin.exists():
            subprocess.run(["cp", "-r", "--preserve=timestamps", str(self.path), str(twin)],
                           check=True)
        return twin

    def md5_lists(self, count):
        """Lists of all digests as md5sum makes them, in parts of equal size."""
        if not self.beside(".md5.0").exists():
            digest_all = "find . -type f -print0 | xargs -0 -n 256 md5sum"
            done = subprocess.run(["sh", "-c", digest_all], cwd=self.path, check=True,
                                  capture_output=True, text=True)
            lines = done.stdout.splitlines(keepends=True)
            for part in range(count):
                self.beside(f".md5.{part}").write_text("".join(lines[part::count]),
                                                       encoding="utf-8")
        return [self.beside(f".md5.{part}") for part in range(count)]

    def path_at(self, fraction):
        """The path of a file about so far in the order of all paths."""
        folder = self.path
        while True:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
            folder = folder / names[min(int(len(names) * fraction), len(names) - 1)]
            if not folder.is_dir():
                return str(folder.relative_to(self.path))


@contextlib.contextmanager
def image(folder, inodes, data_bytes=0):
    """An ext4 image that keeps tiny files in their inodes, mounted; or `folder`, without root. It
    goes at once, where to delete its files would take minutes."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        yield folder
        return
    file, mount = folder / "image", folder / "mount"
    inodes += inodes // 50 + 10000  # directories, and what edits add
    groups = max(inodes // 32768, data_bytes // (120 << 20)) + 2  # 32,768 inodes each at most
    with open(file, "wb") as new:  # a hole: what is not used takes no room
        new.truncate(groups * (128 << 20))
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "inline_data,^has_journal", "-I",
                    "256", "-N", str(inodes), str(file)], check=True)
    mount.mkdir()
    mounted = subprocess.run(["mount", "-o", "loop,noatime,noinit_itable", str(file), str(mount)],
                             capture_output=True, check=False).returncode == 0
    if not mounted:
        file.unlink()
    try:
        yield mount if mounted else folder
    finally:
        if mounted:
            subprocess.run(["umount", str(mount)], check=True)
            file.unlink()
        mount.rmdir()
