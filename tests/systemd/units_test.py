#!/usr/bin/env python3
"""The units of systemd: where they are installed, what systemd says of them, and what they run."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import harness
from harness import MusterTest

UNITS = os.environ["MUSTER_UNITS"]
CMAKE = os.environ["MUSTER_CMAKE"]


def settings(text):
    """[(name, value)] of a unit, in order."""
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


class Units(MusterTest):
    def setUp(self):
        super().setUp()
        self.prefix = self.home / "prefix"
        done = subprocess.run([CMAKE, "--install", UNITS, "--prefix", self.prefix],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        (self.prefix / "bin").mkdir()
        (self.prefix / "bin/muster").symlink_to(harness.PROGRAM)
        self.service = (self.prefix / "lib/systemd/user/muster-check@.service").read_text()

    def test_both_managers_have_them(self):
        found = {str(path.relative_to(self.prefix / "lib/systemd"))
                 for path in (self.prefix / "lib/systemd").rglob("*") if path.is_file()}
        self.assertEqual(found, {"system/muster-check@.service", "system/muster-check@.timer",
                                 "system/muster-check@.service.d/hardening.conf",
                                 "user/muster-check@.service", "user/muster-check@.timer"})

    # --- systemd's opinion

    def analyze(self, *arguments):
        done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                              check=False, env={**self.environment, "XDG_RUNTIME_DIR": str(self.home),
                                                "SYSTEMD_UNIT_PATH":
                                                f"{self.prefix}/lib/systemd/system:"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("muster", done.stderr)

    def instances(self, manager):
        """Files of an instance each: what is verified is not a template."""
        for kind in ("service", "timer"):
            directory = self.prefix / "lib/systemd" / manager
            yield shutil.copy(directory / f"muster-check@.{kind}",
                              directory / f"muster-check@photos.{kind}")

    def test_systemd_finds_no_mistake(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        self.analyze("verify", "--man=no", *self.instances("system"))
        self.analyze("verify", "--man=no", "--user", *self.instances("user"))

    def test_it_may_do_little(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        service = next(self.instances("system"))
        # 10 is a service that may do all; of root, with a network, 3 is little.
        self.analyze("security", "--offline=true", "--threshold=30", service)

    # --- the line that is run

    def specifiers(self, text):
        places = {"C": self.home / "cache", "S": self.home / "state", "E": self.home / "etc",
                  "i": "photos", "%": "%"}
        return re.sub(r"%(.)", lambda m: str(places[m[1]]), text)

    def environment_of_unit(self):
        """As systemd makes it: Environment=, then the files."""
        found = dict(self.environment)
        for name, value in settings(self.service):
            value = self.specifiers(value)
            if name == "Environment":
                for word in shlex.split(value):
                    found.update([word.split("=", 1)])
            elif name == "EnvironmentFile":
                for line in pathlib.Path(value).read_text().splitlines():
                    if line.strip() and not line.startswith("#"):
                        key, text = line.strip().split("=", 1)
                        found[key] = " ".join(shlex.split(text)) if '"' in text else text
        return found

    def make_directories(self):
        """As StateDirectory= and CacheDirectory= say."""
        for name in ("state", "cache"):
            (self.home / name / "muster").mkdir(parents=True)

    def run_unit(self, **more):
        """ExecStart= as systemd runs it: $NAME is split into words, ${NAME} is not."""
        environment = {**self.environment_of_unit(), **more}
        line = dict(settings(self.service))["ExecStart"]
        words = []
        for word in shlex.split(self.specifiers(line)):
            if re.fullmatch(r"\$\w+", word):
                words += environment[word[1:]].split()
            else:
                words.append(re.sub(r"\$\{(\w+)\}", lambda m: environment[m[1]], word))
        self.assertTrue(os.path.isabs(words[0]))
        return subprocess.run(words, env=environment, capture_output=True, text=True, cwd="/",
                              timeout=harness.TIMEOUT_S, check=False)

    def configuration(self):
        """The example of the user's guide, for the repository of this test."""
        guide = (harness.ROOT / "docs/user-guide.md").read_text()
        example = re.search(r"^# /etc/muster/photos.conf\n(.*?)^```", guide,
                            re.MULTILINE | re.DOTALL)[1]
        names = re.findall(r"^(MUSTER_\w+)=", example, re.MULTILINE)
        self.assertEqual(names, ["MUSTER_REPO", "MUSTER_CHECK", "MUSTER_METRICS"])
        example = re.sub("^MUSTER_REPO=.*", f"MUSTER_REPO={self.repo}", example, flags=re.M)
        return re.sub("^MUSTER_METRICS=.*", f"MUSTER_METRICS={self.home}/check.prom", example,
                      flags=re.M)

    def test_what_it_runs_checks_and_tells(self):
        self.put_photos()
        self.make_directories()
        self.write("etc/muster/photos.conf", self.configuration())
        done = self.run_unit()
        self.assertEqual(done.returncode, 0, done.stderr)
        text = (self.home / "check.prom").read_text()
        self.assertIn(f'muster_success{{command="check",repository="{self.repo}"}} 1\n', text)
        self.assertIn("muster_read_packs{", text)
        self.assertTrue(any((self.home / "cache/muster/checked").iterdir()))
        pack = next((self.repo / "packs").rglob("*-*"))
        pack.chmod(0o644)
        data = bytearray(pack.read_bytes())
        data[20] ^= 1
        pack.write_bytes(data)
        done = self.run_unit()
        self.assertEqual(done.returncode, 1, done.stderr)
        text = (self.home / "check.prom").read_text()
        self.assertRegex(text, r"muster_success\{.*\} 0\n")
        self.assertRegex(text, r"muster_findings\{.*\} 1\n")
        self.assertIn("muster_last_success_timestamp_seconds{", text)

    def test_without_more_than_a_repository_it_has_good_defaults(self):
        self.put_photos()
        self.make_directories()
        self.write("etc/muster/photos.conf", f"MUSTER_REPO={self.repo}\n")
        done = self.run_unit()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.home / "state/muster/check-photos.prom").exists())


if __name__ == "__main__":
    harness.main()
