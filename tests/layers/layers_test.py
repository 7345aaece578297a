#!/usr/bin/env python3
"""Checks that the tree is the architecture: every include points down, pure code stays pure, and
banned functions are not called.

    layers_test.py ROOT          check the sources below ROOT
    layers_test.py --self-test   check that each rule can fail
"""
import pathlib
import re
import sys

LONG_FILE_LINES = 500

# layer -> the layers it may include; the public headers are told apart below.
LAYERS = {
    "base": {"base"},
    "artifact": {"artifact", "base"},
    "planners": {"planners", "artifact", "base"},
    "io": {"io", "artifact", "base"},
    "engine": {"engine", "planners", "io", "artifact", "base"},
    "api": {"api", "engine", "planners", "io", "artifact", "base"},
    "cli": {"cli", "base"},
    "include": set(),
}
# Who may include which public headers. They hold plain data and functions: engine takes a job's
# options and gives its report as they are; below it only errors are common.
PUBLIC_FOR_ALL = {"muster/error.h"}
PUBLIC_READERS = {"engine", "api", "cli", "include"}

PURE = {"artifact", "planners"}
IMPURE_HEADERS = re.compile(
    r"^(fcntl|unistd|dirent|pthread|threads|time|signal|poll|netdb|aio|ftw|glob|fts|spawn|syslog|"
    r"semaphore|sched|liburing|termios|pwd|grp|locale)\.h$|^(sys|linux|net|netinet|arpa|curl)/"
    r"(?!types\.h$)")
IMPURE_CALLS = {
    "fopen", "fdopen", "fread", "fwrite", "fprintf", "vfprintf", "fputs", "fputc", "getenv",
    "secure_getenv", "time", "clock", "clock_gettime", "gettimeofday", "rand", "random",
    "getrandom", "system", "popen",
}
BANNED_CALLS = {
    "strcpy", "strcat", "sprintf", "vsprintf", "gets", "atoi", "atol", "atoll", "atof", "strtok",
    "alloca",
}
# Libraries never print or exit: only cli/ talks to people.
SPEAKING_CALLS = {"printf", "vprintf", "puts", "putchar", "perror", "exit", "_exit", "quick_exit"}
SILENT = set(LAYERS) - {"cli"}

SEARCHED = [*LAYERS, "tests", "bench"]
TOKENS = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(")
BARE_REALLOC = re.compile(r"([\w.\->\[\]]+)\s*=\s*(?:\([^()]*\)\s*)?realloc\s*\(\s*([\w.\->\[\]]+)\s*,")


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return TOKENS.sub(lambda m: m[0] if m[0][0] in "\"'" else blank(m[0]), text)


def without_strings(text):
    return TOKENS.sub(lambda m: m[0][0] + blank(m[0][1:-1]) + m[0][-1], text)


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.errors = []
        self.warnings = []
        self.files = 0

    def check(self):
        for top in SEARCHED:
            for path in sorted((self.root / top).rglob("*.[ch]")):
                self.check_file(path, path.relative_to(self.root).parts[0])
        return self

    def check_file(self, path, layer):
        text = path.read_text(encoding="utf-8", errors="replace")
        name = path.relative_to(self.root)
        code = without_comments(text)
        self.files += 1
        if text.count("\n") > LONG_FILE_LINES:
            self.warnings.append(f"{name}: {text.count(chr(10))} lines, one file is one idea")
        if layer in LAYERS:
            for match in INCLUDE.finditer(code):
                self.check_include(f"{name}:{line_of(code, match)}", layer, match[1], match[2])
        self.check_calls(name, layer, without_strings(code))

    def check_include(self, where, layer, quote, header):
        if quote == "<":
            if layer in PURE and IMPURE_HEADERS.search(header):
                self.errors.append(f"{where}: {layer} is pure, <{header}> is not")
            if (self.root / header).exists() or (self.root / "include" / header).exists():
                self.errors.append(f"{where}: <{header}> is our own, write it in quotes")
            return
        top = header.split("/")[0]
        if top == "muster":
            if layer not in PUBLIC_READERS and header not in PUBLIC_FOR_ALL:
                self.errors.append(f"{where}: {layer} may not include the public '{header}'")
        elif "/" not in header or top in (".", ".."):
            self.errors.append(f"{where}: '{header}' is not written from the root")
        elif top not in LAYERS[layer]:
            self.errors.append(f"{where}: {layer} may not include '{header}'")

    def check_calls(self, name, layer, code):
        for match in CALL.finditer(code):
            where = f"{name}:{line_of(code, match)}"
            if match[1] in BANNED_CALLS:
                self.errors.append(f"{where}: {match[1]}() is banned")
            if layer in PURE and match[1] in IMPURE_CALLS:
                self.errors.append(f"{where}: {layer} is pure, {match[1]}() is not")
            if layer in SILENT and match[1] in SPEAKING_CALLS:
                self.errors.append(f"{where}: {match[1]}(): only cli prints and exits")
        for match in BARE_REALLOC.finditer(code):
            if match[1] == match[2]:
                where = f"{name}:{line_of(code, match)}"
                self.errors.append(f"{where}: a failed realloc() loses '{match[1]}'")


def line_of(text, match):
    return text.count("\n", 0, match.start()) + 1


# Each rule once: a file that breaks it, and what the checker must say; None: nothing.
SELF_TEST = [
    ("base/a.c", '#include "base/b.h"\n#include "muster/error.h"\n#include <unistd.h>\n', None),
    ("base/a.c", '#include "artifact/entry.h"\n', "base/a.c:1: base may not include"),
    ("artifact/a.h", '\n#include "io/tree/walk.h"\n', "artifact/a.h:2: artifact may not include"),
    ("planners/a.c", '#include "io/store/store.h"\n', "planners may not include"),
    ("planners/a.c", '#include "artifact/entry.h"\n#include <stdio.h>\n', None),
    ("io/a.c", '#include "planners/diff.h"\n', "io may not include"),
    ("io/a.c", '#include "engine/job.h"\n', "io may not include"),
    ("engine/a.c", '#include "io/a.h"\n#include "planners/a.h"\n', None),
    ("engine/a.c", '#include "api/artifact.h"\n', "engine may not include"),
    ("engine/a.h", '#include "muster/put.h"\n', None),
    ("io/a.c", '#include "muster/put.h"\n', "may not include the public"),
    ("api/a.c", '#include "cli/progress.h"\n', "api may not include"),
    ("cli/a.c", '#include "muster/artifact.h"\n#include "base/bytes.h"\nint f(void) '
     '{ return printf("x"); }\n', None),
    ("cli/a.c", '#include "engine/job.h"\n', "cli may not include"),
    ("include/muster/a.h", '#include "muster/error.h"\n', None),
    ("include/muster/a.h", '#include "base/error.h"\n', "include may not include"),
    ("io/a.c", '#include "a.h"\n', "not written from the root"),
    ("io/a.c", '#include "../base/a.h"\n', "not written from the root"),
    ("base/error.h", '#include <base/error.h>\n', "write it in quotes"),
    ("artifact/a.c", "#include <fcntl.h>\n", "<fcntl.h> is not"),
    ("artifact/a.c", "#include <sys/stat.h>\n", "<sys/stat.h> is not"),
    ("artifact/a.c", "#include <sys/types.h>\n", None),
    ("planners/a.c", "# include <pthread.h>\n", "<pthread.h> is not"),
    ("planners/a.c", "#include <time.h>\n", "<time.h> is not"),
    ("planners/a.c", "long f(void) { return time(0); }\n", "time() is not"),
    ("planners/a.c", "long f(struct s *s) { return s->time(0) + s->x.time(1); }\n", None),
    ("artifact/a.c", '/* #include <fcntl.h> */\n// #include "io/a.h"\n', None),
    ("base/a.c", "/* strcpy(a, b) */\nchar *s = \"strcpy(a, b)\"; // gets(x)\n", None),
    ("base/a.c", "int f(void)\n{\n\tstrcpy(a, b);\n}\n", "base/a.c:3: strcpy() is banned"),
    ("tests/a.c", "int f(void) { return atoi (s); }\n", "atoi() is banned"),
    ("bench/a.c", "int f(void) { strtok(s, x); sprintf(s, x); }\n", "sprintf() is banned"),
    ("base/a.c", "int f(void) { return strtok_r(a, b, c) + my_sprintf(a); }\n", None),
    ("base/a.c", "void f(void) { exit(1); }\n", "only cli prints and exits"),
    ("io/a.c", "void f(void) { b->ptr = realloc(b->ptr, 9); }\n", "loses 'b->ptr'"),
    ("io/a.c", "void f(void) { p = realloc(b->ptr, 9); }\n", None),
]


def self_test():
    import tempfile

    wrong = 0
    for number, (name, text, expected) in enumerate(SELF_TEST):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
            errors = Checker(root).check().errors
        told = any(expected in error for error in errors) if expected else not errors
        if not told:
            wrong += 1
            print(f"case {number} ({name}): expected {expected!r}, got {errors}")
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "base").mkdir()
        (pathlib.Path(root) / "base/long.c").write_text("\n" * (LONG_FILE_LINES + 1))
        if not Checker(root).check().warnings:
            wrong += 1
            print("a long file is not listed")
    print(f"{len(SELF_TEST) + 1} cases, {wrong} wrong")
    return 1 if wrong else 0


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    if sys.argv[1] == "--self-test":
        return self_test()
    checker = Checker(sys.argv[1]).check()
    for warning in checker.warnings:
        print("warning:", warning)
    for error in checker.errors:
        print("error:", error)
    print(f"{checker.files} files, {len(checker.errors)} errors, {len(checker.warnings)} warnings")
    return 1 if checker.errors or not checker.files else 0


if __name__ == "__main__":
    sys.exit(main())
