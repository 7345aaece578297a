#!/usr/bin/env python3
"""Asks a running server what it can do, and compares that with what is known of it.

    tests/servers/serve NAME DIR -- tests/servers/capabilities.py OUT.json [--update]

capabilities.json beside this file says for each server what was seen when it was last looked at, so
that a new release which does otherwise is noticed. A null there is reported and not compared: what
changes from run to run. OUT.json gets what this run saw; --update writes it into the table.
"""
import json
import os
import pathlib
import sys

import launch

TABLE = pathlib.Path(__file__).resolve().parent / "capabilities.json"
KINDS = ((launch.S3Server, launch.s3), (launch.FakeGcs, launch.gcs), (launch.Azurite, launch.azure))


def connect(name):
    """The server of the environment as its recipe describes it, and the module that knows it."""
    recipe = launch.SERVERS[name]
    server = recipe("/nowhere", "/nowhere")
    server.port = int(os.environ["MUSTER_TEST_ENDPOINT"].rpartition(":")[2])
    module = next(module for kind, module in KINDS if issubclass(recipe, kind))
    return server.client(), module


def differences(known, found):
    """A line for each capability that is not as known."""
    for key in sorted(known.keys() | found.keys()):
        if key not in known:
            yield f"{key}: new: {found[key]}"
        elif key not in found:
            yield f"{key}: was {known[key]}, and was not looked at"
        elif known[key] is not None and known[key] != found[key]:
            yield f"{key}: was {known[key]}, is {found[key]}"


def table_text(table):
    """JSON with one capability a line."""
    servers = []
    for name in sorted(table):
        lines = [f"  {json.dumps(key)}: {json.dumps(table[name][key])}"
                 for key in sorted(table[name])]
        servers.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(servers) + "\n}\n"


def update(name, found):
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    loose = {key for key, value in table.get(name, {}).items() if value is None}
    table[name] = {key: None if key in loose else value for key, value in found.items()}
    TABLE.write_text(table_text(table))


def main():
    name = os.environ.get("MUSTER_TEST_SERVER")
    if not name or len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    client, module = connect(name)
    found = module.probe(client)
    text = table_text({name: found})
    pathlib.Path(sys.argv[1]).write_text(text)
    print(text, end="")
    if "--update" in sys.argv[2:]:
        update(name, found)
        return 0
    known = json.loads(TABLE.read_text()).get(name, {}) if TABLE.exists() else {}
    lines = list(differences(known, found))
    for line in lines:
        print(f"{name}: {line}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
