#!/usr/bin/env python3
"""Configures, builds and tests presets, and tells the result. Called by tools/test.

The last line is `N passed, N failed, N skipped`, counted in test cases; the exit code is 1 when
anything failed. Logs stay in build/logs/.
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
DEFAULT_PRESETS = ["dev", "asan", "tsan", "fuzz"]
BUILD_ONLY = {"release", "tidy"}

# Which ctest labels a preset runs. `static` reads sources only, so once per run is enough.
# ThreadSanitizer adds nothing to the pure layers and to the replay of a corpus by one thread.
LABELS = {"fuzz": "fuzz"}
LEFT_OUT = {"tsan": ["pure", "fuzz"]}
# Real servers on loopback are looked at once, by programs that no preset changes.
SERVERS_PRESET = "dev"
# On a fresh machine 4 minutes, most of it compiling; later runs find all in a cache.
SERVERS_SECONDS = 900


class Result:
    """What one preset gave: test programs, and the cases in them."""

    def __init__(self, preset):
        self.preset = preset
        self.programs = self.passed = self.failed = self.skipped = 0
        self.seconds = 0.0
        self.failures = []  # names with a cause, and what was printed
        self.skips = []

    def fail(self, name, cause, cases=1, output=""):
        self.failed += cases
        self.failures.append((f"{self.preset}: {name}: {cause}", output))

    def skip(self, name, reason, cases=1):
        self.skipped += cases
        self.skips.append(f"{self.preset}: {name}: {reason}")


def run(command, log, **options):
    """Run with the output in a log file; returns the exit code and the text."""
    with open(log, "w+", encoding="utf-8", errors="replace") as file:
        code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.STDOUT, check=False, **options).returncode
        file.seek(0)
        return code, file.read()


def show_end(text, lines=60):
    for line in text.splitlines()[-lines:]:
        print("    " + line)


def sanitizer_probe(preset):
    """How to start programs of this preset: a command prefix, or None when they cannot run here.

    Older sanitizer run-times abort when the kernel places mappings with more random bits than
    they expect; without randomised addresses they work.
    """
    flag = {"asan": "address", "fuzz": "address", "tsan": "thread"}.get(preset)
    if not flag:
        return [], ""
    compiler = "clang" if preset == "fuzz" else "cc"
    source, program = LOGS / f"probe-{preset}.c", LOGS / f"probe-{preset}"
    source.write_text("int main(void)\n{\n\treturn 0;\n}\n")
    log = LOGS / f"{preset}-probe.log"
    code, text = run([compiler, f"-fsanitize={flag}", "-o", str(program), str(source)], log)
    if code:
        return None, "cannot build with -fsanitize=" + flag + ": " + last_line(text)
    for prefix in ([], ["setarch", os.uname().machine, "-R"]):
        try:
            # Failures are random with the addresses: a few runs must all pass.
            if all(run(prefix + [str(program)], log)[0] == 0 for _ in range(12)):
                return prefix, ""
        except FileNotFoundError:
            continue
    return None, f"programs built with -fsanitize={flag} do not start here"


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def build(result, options):
    """Configure and build; False (and a failure) when that does not work."""
    preset = result.preset
    definitions = ["-DMUSTER_TESTS=ON"]
    if preset == "fuzz":
        definitions.append(f"-DMUSTER_FUZZ_SECONDS={options.fuzz_seconds}")
    # A missing executable must be a build failure, so `all` is built, but for fuzz its own set.
    target = ["--target", "fuzzers"] if preset == "fuzz" else []
    steps = [
        ("configure", ["cmake", "--preset", preset, *definitions]),
        ("build", ["cmake", "--build", str(ROOT / "build" / preset), "-j", str(options.jobs),
                   *target]),
    ]
    for step, command in steps:
        code, text = run(command, LOGS / f"{preset}-{step}.log")
        if code:
            cause = f"exit code {code}, see build/logs/{preset}-{step}.log"
            result.fail(step, cause, output=text)
            return False
    return True


def count_cases(output):
    """Cases that a cmocka program reports: (run, failed, names of skipped), or None."""
    ran = sum(int(n) for n in re.findall(r"\[=+\] (?:\S+: )?Running (\d+) test", output))
    if not ran:
        return None
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] (?:\S+: )?(\d+) test", output))
    # Each name stands twice: after its case and in the list at the end.
    skipped = dict.fromkeys(re.findall(r"^\[  SKIPPED \] (\w+)\s*$", output, re.MULTILINE))
    return ran, failed, list(skipped)


def skip_reason(output):
    match = re.search(r"^SKIP: *(.+)$", output, re.MULTILINE)
    return match.group(1) if match else ""


def judge_case(result, case):
    """Add one ctest test of a JUnit report to the result."""
    name, status = case.get("name"), case.get("status")
    output = case.findtext("system-out") or ""
    cases = count_cases(output)
    result.programs += 1
    if status == "run":
        ran, _, skipped = cases or (1, 0, [])
        for skipped_name in skipped:
            result.skip(f"{name}: {skipped_name}", skip_reason(output) or "without a reason")
        result.passed += ran - len(skipped)
        return
    message = " ".join(node.get("message", "") for node in case if node.get("message"))
    if status == "notrun" and "SKIP_RETURN_CODE" in message and skip_reason(output):
        result.skip(name, skip_reason(output))
    elif status == "notrun" and "SKIP_RETURN_CODE" in message:
        # The code alone is no skip: a program in which as many cases fail may return it too.
        result.fail(name, "the exit code of a skip, but no line 'SKIP: reason'", output=output)
    elif status == "disabled":
        result.skip(name, "disabled")
    else:
        ran, failed, skipped = cases or (1, 1, [])
        failed = max(failed, 1)
        result.fail(name, message.strip() or "failed", failed, output)
        for skipped_name in skipped:
            result.skip(f"{name}: {skipped_name}", skip_reason(output) or "without a reason")
        # After a crash nobody knows what the cases that did not run would have said.
        finished = len(re.findall(r"^\[       OK \]", output, re.MULTILINE))
        result.passed += min(finished, ran - failed)


def judge_report(result, junit):
    """Add every test of a JUnit file. A missing file is judged by the exit code of ctest."""
    if not junit.exists():
        return
    try:
        report = xml.etree.ElementTree.parse(junit).getroot()
    except xml.etree.ElementTree.ParseError as error:
        result.fail("ctest", f"{junit.name} cannot be read: {error}")
        return
    for case in report.iter("testcase"):
        judge_case(result, case)


def run_ctest(result, options, prefix, with_static):
    preset = result.preset
    junit = LOGS / f"{preset}.xml"
    junit.unlink(missing_ok=True)
    exclude = [*LEFT_OUT.get(preset, [])]
    exclude += [] if options.slow else ["slow"]
    exclude += [] if with_static else ["static"]
    exclude += [] if preset == SERVERS_PRESET and options.servers else ["servers"]
    command = [*prefix, "ctest", "--test-dir", str(ROOT / "build" / preset), "-j",
               str(options.jobs), "--no-tests=ignore",
               "--test-output-size-passed", "4000000", "--test-output-size-failed", "4000000",
               "--output-junit", str(junit)]
    if preset in LABELS:
        command += ["-L", f"^{LABELS[preset]}$"]
    if exclude:
        command += ["-LE", "^(" + "|".join(exclude) + ")$"]
    code, text = run(command, LOGS / f"{preset}-ctest.log")
    judge_report(result, junit)
    if code and not result.failed:
        result.fail("ctest", f"exit code {code}: {last_line(text)}", output=text)


def install_servers(seconds=SERVERS_SECONDS):
    """Brings the servers that can be had in time. Tests of those that are missing are skips."""
    print(f"== servers: installing what is missing, at most {seconds} s", flush=True)
    with subprocess.Popen([ROOT / "tests" / "servers" / "install"], stdin=subprocess.DEVNULL,
                          start_new_session=True) as install:
        try:
            code = install.wait(timeout=seconds)
        except BaseException as error:
            # An interrupt must end it too: it has a session of its own.
            os.killpg(install.pid, signal.SIGTERM)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            print(f"servers: not all were there after {seconds} s; the next run goes on")
            return
    if code:
        print(f"servers: tests/servers/install returned {code}")


def test_preset(preset, options, with_static):
    result = Result(preset)
    begin = time.monotonic()
    print(f"== {preset}: building", flush=True)
    prefix, reason = sanitizer_probe(preset)
    if prefix is None:
        result.skip("all tests", reason)
    elif build(result, options):
        if preset in BUILD_ONLY:
            result.programs = result.passed = 1  # the build is the test
        else:
            print(f"== {preset}: testing", flush=True)
            run_ctest(result, options, prefix, with_static)
    result.seconds = time.monotonic() - begin
    return result


def print_report(results):
    print(f"\n{'preset':<10}{'programs':>9}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for result in results:
        print(f"{result.preset:<10}{result.programs:>9}{result.passed:>8}{result.failed:>8}"
              f"{result.skipped:>9}{result.seconds:>9.1f}")
    for line in sum((r.skips for r in results), []):
        print(f"skipped  {line}")
    for line, output in sum((r.failures for r in results), []):
        print(f"FAILED  {line}")
        show_end(output)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/test", description=__doc__)
    parser.add_argument("presets", nargs="*", metavar="preset",
                        help="dev asan tsan fuzz (default: these), release, tidy")
    parser.add_argument("--quick", action="store_true", help="only the preset dev")
    parser.add_argument("--slow", action="store_true", help="the tests labelled slow too")
    parser.add_argument("--no-servers", dest="servers", action="store_false",
                        help="neither install nor look at the real servers of tests/servers")
    parser.add_argument("--fuzz-seconds", type=int, default=10, metavar="S",
                        help="how long each fuzz target runs (default: 10)")
    parser.add_argument("-j", "--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        help="parallel builds and tests (default: processors)")
    options = parser.parse_args()
    known = [*DEFAULT_PRESETS, *sorted(BUILD_ONLY)]
    for preset in options.presets:
        if preset not in known:
            parser.error(f"unknown preset '{preset}': one of {' '.join(known)}")
    if options.quick and options.presets:
        parser.error("--quick is the preset dev: name presets or give --quick")
    if not options.presets:
        options.presets = ["dev"] if options.quick else DEFAULT_PRESETS
    return options


def main():
    options = parse_arguments()
    LOGS.mkdir(parents=True, exist_ok=True)
    groups = [preset for preset in options.presets if preset in ("fuzz", "tidy")]
    if groups and subprocess.run([ROOT / "tools" / "install-packages", *groups]).returncode:
        return 1
    if options.servers and SERVERS_PRESET in options.presets:
        install_servers()
    results = []
    for preset in options.presets:
        results.append(test_preset(preset, options, with_static=not results))
    print_report(results)
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    if not passed and not failed:
        print("nothing was tested")
    print(f"\n{passed} passed, {failed} failed, {sum(r.skipped for r in results)} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
