#!/usr/bin/env python3
"""What may be a name, a type, an alias, a tag, a project, a path, metadata, an address: muster's
verdicts (the program `verdicts`) and those of W&B's SDK.

    rules_test.py VERDICTS ROOT [unittest arguments]
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import unittest

import sdk
from differences import DIFFERENCES

PROGRAM = ROOT = None
RANDOM_VALUES = 4000  # of each kind
SEED = 20261130


# --- the SDK's verdicts: what the value becomes; an exception is a refusal

def judge_name(value, _):
    sdk.wandb.Artifact(value, type="dataset")
    return value


def judge_type(value, name):
    """As the constructor asks, and as a change of an artifact's type does."""
    from wandb.sdk.artifacts import _validators
    _validators.validate_artifact_types(value)
    return _validators.validate_artifact_type(value, name)


def judge_alias(value, _):
    """As the setter asks, and as the server is asked. A version is no user's alias."""
    from wandb.sdk.artifacts._generated.input_types import ArtifactAliasInput
    from wandb.sdk.artifacts._validators import validate_aliases
    from wandb.util import alias_is_version_index
    ArtifactAliasInput(artifactCollectionName="c", alias=value)
    if alias_is_version_index(value):
        raise ValueError("a version")
    return validate_aliases(value)[0]


def judge_tag(value, _):
    from wandb.sdk.artifacts._generated.input_types import TagInput
    from wandb.sdk.artifacts._validators import validate_tags
    TagInput(tagName=value)
    return validate_tags(value)[0]


def judge_project(value, _):
    from wandb.sdk.artifacts._validators import validate_project_name
    return validate_project_name(value)


def judge_path(value, _):
    """As add_file() asks: what is left of it is judged when it becomes an entry. A path that has
    no UTF-8 comes no further than to the digest."""
    from wandb.sdk.artifacts._validators import validate_artifact_path
    from wandb.sdk.lib.paths import LogicalPath
    path = str(validate_artifact_path(LogicalPath(value)))
    path.encode()
    return path


def judge_metadata(value, _):
    from wandb.sdk.artifacts._validators import validate_metadata
    return validate_metadata(value)


def judge_address(value, _):
    """[[entity/]project/]name[:alias]; what is given of it must be good by itself."""
    from wandb.sdk.artifacts._validators import ArtifactPath, validate_project_name
    path = ArtifactPath.from_str(value)
    name, _, alias = path.name.partition(":")
    judge_name(name, None)
    if path.project:
        validate_project_name(path.project)
    return "".join(f"{part or ''}\0" for part in (path.prefix, path.project, name, alias))


KINDS = {"name": judge_name, "type": judge_type, "alias": judge_alias, "tag": judge_tag,
         "project": judge_project, "path": judge_path, "metadata": judge_metadata,
         "address": judge_address}

# --- values: those of W&B's own tests, the edges of each rule, and random ones made of their pieces

LENGTHS = ["x" * count for count in (1, 112, 113, 114, 127, 128, 129, 300)] + [
    "é" * count for count in (64, 127, 128, 129)]
NAMES = LENGTHS + [
    "", "a", "-", ".", "..", "_", "My-data_set.2", "a b", " a", "a ", "a/b", "a:b", "a\\b", "a@b",
    "é", "a\n", "a\n\n", "\n", "\na", "a\r", "a\tb", "a\0b", "٣", "ａ", "a\u200b", "a#b", "a?b",
    "a%b", "a%", "\x7f", "v1", "latest", "v", "v0", "v12", "v007", "V1", "1", "v1a", "v-1", "v²",
    "v٣", "v½", "v1²", "v18446744073709551616", "my-project", "my-project-?", "my-project-\n",
    "my-?:/-project", "wandb", "wandb-", "wandb-registry", "wandb-registry-", "wandb-registry-a",
    "wandb-registry-" + "a" * 113, "wandb-registry-" + "a" * 114, "wandb-registry-" + "a" * 128,
    "wandb-registry--", "WANDB-REGISTRY-", "model-registry", "a  b", "a   b-c_d 1", "- -", "a.b",
    "日本 語", "a\u00a0b", "a😀", "😀", "²", "a\u0301", "ß", "_ _", "a, b"]
TYPES = NAMES + ["dataset", "model", "job", "jobs", "run_table", "code", "wandbtype", "wandb-x",
                 "wandb-invalid", "Job", "job ", "my type (1)"]
PATHS = LENGTHS + [
    "", "/", ".", "./", "./.", "..", "../a", "a/..", "a/../b", "a/b", "a//b", "a/./b", "a/b/", 
    "a//", "/a", "//a", "///a", "./a", ".//./a/.", "...", "a/...", "..a", "a..", "a/..b", " ",
    "a\nb",
    "~",
    "~/a", "C:", "C:x", "c:/x", "C:\\x", "C:..", "1:x", "é:x", "ab:c", "a:b", ":", ":a", "x/C:y",
    "./C:x", "C:/../x", "\\", "\\x", "\\\\host\\share", "\\\\host\\share\\x", "//host/share/x",
    "\\\\?\\C:\\x", "a\\b", "a\\", "a\\..", "a\\..\\b", "..\\a", "a/..\\b", "a\\../b", "a\\.\\b",
    "a/\\b", "./\\b", ".\\a", "con", "a\0b", "\0", "a" * 4096, "a" * 4097, "é" * 2048, "é" * 2049,
    ("x" * 255 + "/") * 16 + "y", "%2e%2e/a", "a%00", "\ud800", "a/\udcff", "😀/\uffff",
    "\u2024."]
ADDRESSES = [
    "name", "project/name", "entity/project/name", "entity/project/name:v0", "project/name:v0",
    "name:alias/with/slashes", "path/with/too/many/parts", "name:v0", "name:", ":v0", ":", "", "/",
    "//", "/name", "project/", "a//b", "/a/b", "a/b/", "a/b/c/d", "name:a:b", "na me", "a/na me",
    "a b/name", "e/p?/name", "e%/p/name", "wandb-registry-/name", "wandb-registry-m/name:best",
    "name:" + "x" * 128, "name:" + "x" * 129, "name\n", "name:v0\n", "p\n/name", "é/é/name"]
METADATA = [
    "", "{}", " {} ", "{}{}", "{} x", "{", "null", " null", "[]", "1", '"x"', '"{}"', "true", "nul",
    '{"a":1}', '{"a":1,}', '{"a" 1}', "{'a':1}", '{"a":1,"a":2}', '{"a":{"b":1,"b":2}}', '{"":0}',
    '{"a":NaN}', '{"a":[NaN]}', '{"a":Infinity}', '{"a":-Infinity}', '{"a":1e999}', '{"a":-1e999}',
    '{"a":1e308}', '{"a":1e-400}', '{"a":01}', '{"a":+1}', '{"a":-0}', '{"a":.5}', '{"a":5.}',
    '{"a":1E+2}', '{"a":123456789012345678901234567890}', '{"a":0.1}',
    '{"a":"\\u00e9\\ud83d\\ude00"}',
    '{"a":"\\ud800"}', '{"a":"\\udc00\\ud800"}', '{"a":"\\x"}', '{"a":"\x01"}', '{"a":"\t"}',
    "{1:2}",
    '{"a":"\x7f\u2028<&>"}', "\ufeff{}", "{}\n", "\n\t\r {}", "\x0b{}", "\u00a0{}",
    '{"a":true,"b":null}',
    "{" + ",".join(f'"{i}":{i}' for i in range(100)) + "}",
    "{" + ",".join(f'"{i}":{i}' for i in range(101)) + "}",
    '{"a":{' + ",".join(f'"{i}":{i}' for i in range(300)) + "}}",
    '{"a":' * 63 + "{}" + "}" * 63, '{"a":' * 64 + "{}" + "}" * 64,
    '{"a":' + "[" * 63 + "]" * 63 + "}", '{"a":' + "[" * 100 + "]" * 100 + "}",
    '{"a":"' + "x" * 1000000 + '"}', '{"a":"' + "x" * (1 << 20) + '"}', "/* */{}", "{}//"]
TABLE = {"name": NAMES, "type": TYPES, "alias": NAMES, "tag": NAMES, "project": NAMES,
         "path": PATHS, "metadata": METADATA, "address": ADDRESSES}
# A type is judged for a name.
TYPE_NAMES = ("name", "run-name", "source-name", "run_", "my-run-1")

LETTERS = list("aZ09-_. /:\\#?%\n\r\t\0\x7f@~+") + [
    "é", "ß", "²", "٣", "日", "😀", "\u00a0", "\u2028", "\u0301", "v1", "v", "wandb-", "job",
    "run_table", "wandb-registry-", "..", "./", "C:", "x" * 60]
JSON_PIECES = ["{", "}", "[", "]", ":", ",", '"', '"a"', '"b"', "1", "-0.5", "1e5", "null", "true",
               "NaN", " ", "\\n", '{"a":1}', '"k":', "é", '"\\u0041"']


def random_text(chance, pieces):
    return "".join(chance.choice(pieces) for _ in range(chance.choice((1, 2, 3, 4, 6, 10))))


def mutate(chance, text, pieces):
    """A value of the table, with a piece put in, or a part left out."""
    at = chance.randrange(len(text) + 1)
    return text[:at] + (chance.choice(pieces) if chance.random() < 0.6 else "") + text[
        at + chance.randrange(3):]


def values_of(kind):
    """The table, then random values."""
    chance = random.Random(f"{SEED} {kind}")
    pieces = JSON_PIECES if kind == "metadata" else LETTERS
    short = [value for value in TABLE[kind] if len(value) < 2000]
    yield from TABLE[kind]
    for _ in range(RANDOM_VALUES // 2):
        yield random_text(chance, pieces)
        yield mutate(chance, chance.choice(short), pieces)


def as_hex(text):
    return text.encode("utf-8", "surrogatepass").hex()


def ask_muster(cases):
    """[(kind, value, other)] -> [(verdict, what it becomes or the message)]"""
    lines = "".join(f"{kind}\t{as_hex(value)}\t{as_hex(other)}\n" for kind, value, other in cases)
    done = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, check=True)
    answers = [line.split("\t", 1) for line in done.stdout.split("\n")[:-1]]
    assert len(answers) == len(cases)
    return [(verdict, bytes.fromhex(rest).decode() if verdict == "yes" else rest)
            for verdict, rest in answers]


def ask_sdk(kind, value, other):
    try:
        return "yes", KINDS[kind](value, other)
    except (ValueError, TypeError) as error:  # pydantic's and UnicodeEncodeError are ValueErrors
        return "no", str(error)


class Rules(unittest.TestCase):
    def judge(self, kind, value, other, ours, seen):
        theirs = ask_sdk(kind, value, other)
        shown = f"{kind} {value[:200]!r} for {other!r}: muster {ours}, W&B {theirs}"[:1000]
        if ours[0] != theirs[0]:
            reasons = [each for each in DIFFERENCES if each.explains(kind, value, ours[0])]
            self.assertTrue(reasons, shown)
            if len(reasons) == 1:
                seen.add(reasons[0].title)
        elif ours[0] == "yes":
            became = json.loads(ours[1]) if kind == "metadata" else ours[1]
            self.assertEqual(became, theirs[1], shown)
        return ours[0]

    def test_verdicts_are_those_of_wandb(self):
        seen = set()
        for kind in KINDS:
            with self.subTest(kind):
                cases = [(kind, value, other) for value in values_of(kind)
                         for other in (TYPE_NAMES if kind == "type" else [""])]
                verdicts = [self.judge(*case, ours, seen)
                            for case, ours in zip(cases, ask_muster(cases))]
                # Neither all good nor all bad: else the values would show nothing.
                self.assertGreater(min(verdicts.count("yes"), verdicts.count("no")), 20)
        self.assertEqual(seen, {each.title for each in DIFFERENCES}, "differences that are none")

    def test_every_letter_of_python_may_be_in_a_tag(self):
        letters = [chr(code) for code in range(0x80, 0x110000)
                   if not 0xd800 <= code < 0xe000 and ask_sdk("tag", chr(code), "")[0] == "yes"]
        self.assertGreater(len(letters), 100000)
        answers = ask_muster([("tag", letter, "") for letter in letters])
        self.assertEqual([hex(ord(letter)) for letter, (verdict, _) in zip(letters, answers)
                          if verdict != "yes"], [])

    def test_every_difference_is_documented(self):
        text = (ROOT / "docs/wandb-compatibility.md").read_text(encoding="utf-8")
        for each in DIFFERENCES:
            self.assertIn(f"**{each.title}**", text)


def main():
    global PROGRAM, ROOT
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAM, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])


if __name__ == "__main__":
    sdk.enter()
    main()
