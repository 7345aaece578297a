#!/usr/bin/env python3
"""An installed copy: its files, the symbols of its libraries, and the example programs built
against it with pkg-config and with CMake.

    install_test.py BUILD ROOT COMPILER LIBDIR [unittest arguments]
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, ROOT, COMPILER, LIBDIR = (*map(pathlib.Path, sys.argv[1:3]), *sys.argv[3:5])
EXAMPLES = ("create_artifact", "download_artifact", "list_manifest")
COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
FUNCTION = re.compile(r"\b(muster_\w+)\s*\(")


def output(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def declared(header):
    """The functions that a header declares."""
    text = COMMENTS.sub(" ", header.read_text())
    text = re.sub(r"^\s*#.*(\\\n.*)*|^MUSTER_DECLARE_\w+$", "", text, flags=re.MULTILINE)
    while re.search(r"\{[^{}]*\}", text):
        text = re.sub(r"\{[^{}]*\}", " ", text)
    statements = (each.strip() for each in text.split(";"))
    return {FUNCTION.search(each)[1] for each in statements
            if FUNCTION.search(each) and not each.startswith("typedef")}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="muster-install-"))
        # Moved behind its back: nothing installed may name the place that it was told.
        output("cmake", "--install", BUILD, "--prefix", cls.place / "told")
        (cls.place / "told").rename(cls.place / "usr")
        cls.usr = cls.place / "usr"
        cls.lib = cls.usr / LIBDIR
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(cls.lib / "pkgconfig"),
                           "LD_LIBRARY_PATH": str(cls.lib), "HOME": str(cls.place)}
        for name in ("MUSTER_REPO", "MUSTER_ENTITY", "MUSTER_PROJECT", "MUSTER_CACHE_DIR",
                     "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            cls.environment.pop(name, None)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def functions(self):
        return set().union(*map(declared, (self.usr / "include/muster").glob("*.h")))

    def test_headers_are_all_there(self):
        names = {path.name for path in (ROOT / "include/muster").glob("*.h")}
        self.assertEqual(names, {path.name for path in (self.usr / "include/muster").iterdir()})

    def test_the_shared_library_has_what_the_headers_declare_and_nothing_else(self):
        lines = output("nm", "-D", "--defined-only", self.lib / "libmuster.so").splitlines()
        self.assertGreater(len(self.functions()), 50)
        self.assertEqual({line.split()[-1].split("@")[0] for line in lines}, self.functions())

    def test_the_static_library_has_what_the_headers_declare_and_nothing_else(self):
        lines = output("nm", "-g", "--defined-only", self.lib / "libmuster.a").splitlines()
        symbols = {line.split()[-1] for line in lines if len(line.split()) == 3}
        self.assertEqual(symbols, self.functions())

    def test_the_shared_library_has_its_soname(self):
        dynamic = output("readelf", "-d", self.lib / "libmuster.so")
        self.assertIn("Library soname: [libmuster.so.0]", dynamic)
        self.assertTrue((self.lib / "libmuster.so.0").exists())
        self.assertNotIn("curl", dynamic)  # loaded when it is needed
        self.assertNotIn("RUNPATH", dynamic)

    def test_the_program_has_its_page_and_works(self):
        self.assertIn("muster", output(self.usr / "bin/muster", "--version"))
        self.assertTrue((self.usr / "share/man/man1/muster.1").exists())

    # --- example programs ---

    def use(self, programs):
        """What a user does with the three of them."""
        work = pathlib.Path(tempfile.mkdtemp(dir=self.place))
        environment = {**self.environment, "MUSTER_REPO": str(work / "repo"),
                       "MUSTER_CACHE_DIR": str(work / "cache")}

        def run(name, *arguments):
            return output(programs / name, *arguments, cwd=work, env=environment)

        (work / "dataset.h5").write_text("hello")
        self.assertEqual(run("create_artifact"), "example_artifact:v0\n")
        self.assertEqual(run("create_artifact"), "example_artifact:v0\n")
        directory = pathlib.Path(run("download_artifact").rstrip("\n"))
        self.assertEqual(directory.name, "example_artifact:v0")
        self.assertEqual((work / directory / "training_dataset").read_text(), "hello")
        self.assertEqual(run("list_manifest", "example_artifact:latest"),
                         "XUFAKrxLKna5cZ2REBfFkg==            5 training_dataset\n")
        with self.assertRaisesRegex(AssertionError, "has no version 'v7'"):
            run("list_manifest", "example_artifact:v7")

    def pkg_config(self, *options):
        return output("pkg-config", *options, "muster", env=self.environment).split()

    def compile_examples(self, into, *flags):
        into.mkdir()
        for name in EXAMPLES:
            output(COMPILER, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                   ROOT / "examples" / f"{name}.c", "-o", into / name, *flags)

    def test_examples_with_pkg_config(self):
        programs = self.place / "shared"
        self.compile_examples(programs, *self.pkg_config("--cflags", "--libs"))
        self.assertIn("libmuster.so.0", output("readelf", "-d", programs / "list_manifest"))
        self.use(programs)

    def test_examples_with_pkg_config_static(self):
        programs = self.place / "static"
        words = [str(self.lib / "libmuster.a") if word == "-lmuster" else word
                 for word in self.pkg_config("--static", "--cflags", "--libs")]
        self.compile_examples(programs, *words)
        self.assertNotIn("libmuster", output("readelf", "-d", programs / "list_manifest"))
        self.use(programs)

    def build_with_cmake(self, into, *options):
        output("cmake", "-S", ROOT / "examples", "-B", into, f"-DCMAKE_PREFIX_PATH={self.usr}",
               f"-DCMAKE_C_COMPILER={COMPILER}", *options, env=self.environment)
        output("cmake", "--build", into, env=self.environment)

    def test_examples_with_cmake(self):
        programs = self.place / "cmake-shared"
        self.build_with_cmake(programs)
        self.assertIn("libmuster.so.0", output("readelf", "-d", programs / "list_manifest"))
        self.use(programs)

    def test_examples_with_cmake_static(self):
        programs = self.place / "cmake-static"
        self.build_with_cmake(programs, "-DMUSTER_STATIC=ON")
        self.assertNotIn("libmuster", output("readelf", "-d", programs / "list_manifest"))
        self.use(programs)

    def test_a_program_in_cxx(self):
        compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
        if not compiler:
            self.skipTest("there is no compiler for C++")
        source = self.place / "program.cc"
        source.write_text("#include <muster/muster.h>\n#include <cstdio>\n"
                          "int main()\n{\n\tmuster_progress progress{};\n"
                          "\tprogress.cancel = true;\n"
                          "\treturn std::puts(muster_version_text()) < 0;\n}\n")
        for standard in ("c++11", "c++17", "c++20"):
            output(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Werror", source, "-o",
                   self.place / "program", *self.pkg_config("--cflags", "--libs"))
            self.assertRegex(output(self.place / "program", env=self.environment),
                             r"^\d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
