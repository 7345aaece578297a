#!/usr/bin/env python3
"""A secret cannot be printed by accident: each line below must not compile.

    cloud_secret_print_test.py ROOT COMPILER
"""
import pathlib
import subprocess
import sys

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wformat=2", "-Werror",
         "-fsyntax-only", "-x", "c", "-"]
FRAME = """#include "io/cloud/secret.h"
void f(struct secret *secret, struct bytes *out);
void f(struct secret *secret, struct bytes *out)
{
	struct revealed revealed = secret_reveal(secret);

	(void)out;
	(void)revealed;
	%s
}
"""
REFUSED = [
    'muster_fail(NULL, MUSTER_E_IO, "%s", *secret);',
    'muster_fail(NULL, MUSTER_E_IO, "%s", secret);',
    'muster_fail(NULL, MUSTER_E_IO, "%s", secret->block);',
    'muster_fail(NULL, MUSTER_E_IO, "%s", secret->block->bytes);',
    'muster_fail(NULL, MUSTER_E_IO, "%.*s", VIEW_ARGS(*secret));',
    'muster_fail(NULL, MUSTER_E_IO, "%.*s", VIEW_ARGS(revealed));',
    'muster_fail(NULL, MUSTER_E_IO, "%s", revealed);',
    'bytes_append_view(out, revealed, NULL);',
    'bytes_append_text(out, secret, NULL);',
    'bytes_printf(out, NULL, "%s", secret_reveal(secret));',
]


def compiles(root, compiler, line):
    command = [*compiler, *FLAGS[:-3], f"-I{root}", f"-I{root}/include", *FLAGS[-3:]]
    return subprocess.run(command, input=FRAME % line, capture_output=True, text=True,
                          check=False).returncode == 0


def main():
    root = pathlib.Path(sys.argv[1])
    compiler = sys.argv[2:]
    wrong = [line for line in REFUSED if compiles(root, compiler, line)]
    if not compiles(root, compiler, "secret_release(secret);"):
        wrong.append("even a line that prints nothing is refused: this test proves nothing")
    for line in wrong:
        print("wrong:", line)
    print(f"{len(REFUSED)} lines, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
