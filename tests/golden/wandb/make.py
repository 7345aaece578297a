#!/usr/bin/env python3
"""Writes the golden manifests of this folder, in the two forms that W&B's writers give them.

The Python form is json.dump(indent=4) itself; the Go form follows encoding/json: compact, keys in
the order of the struct, contents sorted by bytes, < > & U+2028 U+2029 escaped. Members of "extra"
keep their order in both.
"""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = {"version": 1, "storagePolicy": "wandb-storage-policy-v1"}
BIRTH = "QXJ0aWZhY3Q6NTI1MDk4"
HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
EMPTY = "1B2M2Y8AsgTpgAmY7PhCfg=="

EXAMPLE = {
    "data/a.bin": {"digest": HELLO, "birthArtifactID": BIRTH, "size": 5},
    "data/empty": {"digest": EMPTY, "birthArtifactID": BIRTH, "size": 0},
    "ref/obj.pb": {
        "digest": "781e5e245d69b566979b86e28d23f2c7",
        "ref": "s3://bkt/obj.pb",
        "size": 10,
        "extra": {"etag": "781e5e245d69b566979b86e28d23f2c7"},
    },
}

TEXTS = {
    " !\"#$%&'()*+,-.": {"digest": "<&>\u2028\u2029", "size": 1},
    "a\x01\x08\x09\x0a\x0c\x0d\x1f\x7fb": {"digest": "\"\\/", "size": 2},
    "caf\u00e9/\u65e5\u672c/\u20ac\u2027\u202a\ufffd": {"digest": "\u00ff", "size": 3},
    "long/" + "x" * 4000: {"digest": HELLO, "ref": "gs://b/" + "\u00e9" * 2000, "size": 0},
    "\U0001f600/\U0010ffff": {"digest": "\ud7ff\ue000\uffff", "size": (1 << 63) - 1},
}

EXTRA = {
    "file.xxh": {"digest": "tenBrQcbPn/Hec+qXlI4GA==", "size": 5, "extra": {"alg": "XXH128"}},
    "more.xxh": {"digest": "maoG0wFHmNhgAcMkRo1Jfw==", "size": 0, "extra": {"n": 1, "alg": "XXH128"}},
    "nested": {
        "digest": HELLO,
        "size": 5,
        "extra": {
            "list": [1, [], [[{}]], {"deep": {"er": ["\u00e9", "<&>", None, True, False]}}],
            "number": -1.5e-07,
            "whole": 123456789012345678901234567890,
            "": "",
        },
    },
    "ref": {"digest": "uri", "ref": "https://h/p?a=1&b=2#c", "size": 0, "extra": {"etag": "W/\"1\""}},
}


def python_form(contents, config):
    manifest = dict(HEADER, storagePolicyConfig=config, contents=contents)
    return json.dumps(manifest, indent=4).encode()


def go_entry(entry):
    out = {"digest": entry["digest"]}
    if "ref" in entry:
        out["ref"] = entry["ref"]
    out["size"] = entry.get("size", 0)
    if "birthArtifactID" in entry:
        out["birthArtifactID"] = entry["birthArtifactID"]
    out["skip_cache"] = False
    if "extra" in entry:
        out["extra"] = entry["extra"]
    return out


def go_form(contents, config):
    paths = sorted(contents, key=lambda path: path.encode())
    manifest = dict(HEADER, storagePolicyConfig=config)
    manifest["contents"] = {path: go_entry(contents[path]) for path in paths}
    text = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, "\\u%04x" % ord(char))
    return text.encode()


def main():
    v2 = {"storageLayout": "V2"}
    region = dict(v2, storageRegion="coreweave-us-<1>")
    cases = {"empty": ({}, v2), "example": (EXAMPLE, v2), "texts": (TEXTS, region), "extra": (EXTRA, v2)}
    for name, (contents, config) in cases.items():
        for form, write in (("go", go_form), ("python", python_form)):
            with open(os.path.join(HERE, "%s.%s.json" % (name, form)), "wb") as file:
                file.write(write(contents, config))


if __name__ == "__main__":
    main()
