"""Where muster's rules for names, paths and metadata differ from those of W&B's SDK, on purpose.

Each is told in docs/wandb-compatibility.md under its title; rules_test.py finds every one of them,
and none beside them.
"""
import json
import re

DEPTH_MAX = 64
METADATA_MAX_BYTES = 1 << 20


class Difference:
    def __init__(self, title, kinds, says, holds):
        self.title, self.kinds, self.says, self.holds = title, set(kinds.split()), says, holds

    def explains(self, kind, value, ours):
        return kind in self.kinds and ours == self.says and bool(self.holds(value))


def has_control(text):
    return any(ord(char) < 0x20 or ord(char) == 0x7f for char in text)


def alias_of(address):
    return address.partition(":")[2]


def has_empty_part(address):
    left, colon, alias = address.partition(":")
    return any(not part for part in left.split("/")[:-1]) or (colon and not alias)


def is_bad_entity(address):
    parts = address.partition(":")[0].split("/")
    return len(parts) == 3 and (set("\\#?%") & set(parts[0]) or len(parts[0]) > 128)


def repeats_a_key(text):
    objects = []  # the outermost one comes last
    try:
        json.loads(text, object_pairs_hook=objects.append)
    except (ValueError, RecursionError):
        return False
    return bool(objects) and len(dict(objects[-1])) < len(objects[-1])


def depth_of(text):
    depth = deepest = 0
    for char in re.sub(r'"(\\.|[^"\\])*"', "", text):
        depth += (char in "[{") - (char in "]}")
        deepest = max(deepest, depth)
    return deepest


def is_other_document(text):
    """Nothing, null, or JSON text within a JSON text."""
    if text == "" or text.strip() == "null":
        return True
    try:
        return isinstance(json.loads(text), str)
    except (ValueError, RecursionError):
        return False


DIFFERENCES = [
    Difference("A line feed at the end of a name", "name", "no", lambda text: text.endswith("\n")),
    Difference("Control characters", "type alias project address", "no", has_control),
    Difference("Empty types and aliases", "type alias", "no", lambda text: text == ""),
    Difference("Empty parts of an address", "address", "no", has_empty_part),
    Difference("Aliases that nothing can have", "address", "no",
               lambda text: set("/:") & set(alias_of(text)) or len(alias_of(text)) > 128),
    Difference("Entities", "address", "no", is_bad_entity),
    Difference("Digits that are not ASCII's", "alias", "yes",
               lambda text: text[1:].isnumeric() and not text.isascii()),
    Difference("Tags beyond ASCII", "tag", "yes", lambda text: not text.isascii()),
    Difference("NUL in a path", "path", "no", lambda text: "\0" in text),
    Difference("Long paths", "path", "no", lambda text: len(text.encode()) > 4096),
    Difference("NaN in metadata", "metadata", "no", lambda text: re.search(r"\bNaN\b", text)),
    Difference("A key twice in metadata", "metadata", "no", repeats_a_key),
    Difference("Metadata that is no object", "metadata", "no", is_other_document),
    Difference("Large metadata", "metadata", "no",
               lambda text: len(text.encode()) > METADATA_MAX_BYTES or depth_of(text) > DEPTH_MAX),
]
