"""Trees of files whose names and order are easily got wrong: by hand, and at random from a seed."""
import random

TREES = {
    "nothing": {},
    "one file": {"file1.txt": "hello"},
    # By code point, not by UTF-16 unit; by whole paths, not by component.
    "order": {"a.txt": "1", "B.txt": "2", "é.txt": "3", "a/b": "4", "a-b": "5",
              "\U0001f600": "6", "\uff5e": "7"},
    "more order": {path: path for path in (
        "a b/x", "a!/x", "a-/x", "a.b", "a/b/c", "a0", "ab", "a\u0301", "\u00e1", "Z", "_", "~",
        "\u0100/x", "\u0100-x", "\U00010000", "\ue000", "\ud7ff", "\uffee")},
    "spaces": {" ": "1", "  x": "2", "a b/ c /d ": "3", "\u00a0": "4", "\u3000/\u2003": "5"},
    "percent": {"%": "1", "%41": "2", "100%/a%2Fb": "3", "%%": "4", "a%00": "5"},
    "uri": {"#": "1", "a#b/c?d": "2", "?": "3", "a&b=c;d": "4", "http:": "5", "~user": "6"},
    "quotes": {"'": "1", '"': "2", "`x`": "3", "a'b/\"c\"": "4", "$x": "5", "*": "6"},
    "json": {"<&>": "1", "\u2028/\u2029": "2", "\x7f": "3", "tab\there": "4", "line\nfeed": "5",
             "\x01": "6", "\ufffd": "7", "\ufeff": "8"},
    "empty files": {"e": "", "d/e": "", "d/f": "not"},
    "equal files": {"x/1": "same", "x/2": "same", "y": "same"},
    "hidden": {".h": "1", ".d/.e": "2", "..a": "3", "...": "4", "a..b": "5", "x/..y/z": "6"},
    "dots": {"a.": "1", "b./c": "2", ".../x": "3"},
    "deep": {"/".join(["d"] * 60) + "/f": "1", "/".join(f"level-{i}" for i in range(40)): "2"},
    "long": {"n" * 255: "1", "/".join("x" * 200 for _ in range(10)): "2", "é" * 127: "3"},
    "wide": {f"{i % 7}/{i * 7919 % 1000:03}": str(i % 50) for i in range(700)},
    "sizes": {str(size): "z" * size for size in (
        1, 55, 56, 63, 64, 65, 240, 241, 1024, 4096, 65535, 65536, 1048577, 4194304, 4194305)},
    "colon": {"ab:c": "1", "1:b": "2", "x/a:b": "3", ":": "4", "::": "5", "é:x": "6"},
    "backslash": {"a\\b": "1", "x/\\y": "2", "a\\": "3", "a\\.b": "4"},
}

PIECES = list("aAbz09-_.~!@$^&()+=,;[]{} \t\n\x01\x7f%#?'\"\\:") + [
    "%20", "..", "\u00e9", "e\u0301", "\u0130", "\u03c3", "\u4e2d", "\ud7ff", "\ue000", "\uff5e",
    "\uffff", "\U00010000", "\U0001f600", "\U0010ffff", "\u2028"]


def random_name(chance):
    while True:
        name = "".join(chance.choice(PIECES) for _ in range(chance.choice((1, 1, 2, 3, 5, 9))))
        if name not in (".", ".."):
            return name


def random_tree(seed, is_wanted):
    """Up to 60 files whose paths are wanted."""
    chance = random.Random(seed)
    tree, directories = {}, {""}
    for _ in range(chance.randrange(1, 60)):
        path = chance.choice(sorted(directories)) + random_name(chance)
        if path in tree or path + "/" in directories or not is_wanted(path):
            continue
        if chance.random() < 0.3 and path.count("/") < 8:
            directories.add(path + "/")
        else:
            tree[path] = "".join(chance.choice("ab\n") for _ in range(chance.choice((0, 1, 5, 90))))
    return tree
