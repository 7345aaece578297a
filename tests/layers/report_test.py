#!/usr/bin/env python3
"""Checks how tools/run_tests.py counts: what failed or was skipped must not look like a pass.

    report_test.py ROOT
"""
import pathlib
import sys
import tempfile

OK = "[       OK ] a\n"
RUNNING = "[==========] Running 3 test(s).\n" + OK
SKIPPED = "SKIP: no ring here\n[  SKIPPED ] b\n"
LISTED = "[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] b\n"

# status, message, output, then: passed, failed, skipped, and a text that must be told.
CASES = [
    ("run", "", RUNNING + OK + OK, (3, 0, 0), ""),
    ("run", "", "no cmocka program", (1, 0, 0), ""),
    ("run", "", RUNNING + SKIPPED + OK + LISTED, (2, 0, 1), "b: no ring here"),
    ("fail", "", RUNNING + SKIPPED + "[  FAILED  ] c\n" + LISTED +
     "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] c\n", (1, 1, 1), "x: failed"),
    ("fail", "Timeout", RUNNING, (1, 1, 0), "x: Timeout"),
    ("fail", "", "", (0, 1, 0), "x: failed"),
    ("notrun", "SKIP_RETURN_CODE=77", "SKIP: no server\n", (0, 0, 1), "x: no server"),
    ("notrun", "SKIP_RETURN_CODE=77", "77 of them failed\n", (0, 1, 0), "no line"),
    ("notrun", "Unable to find executable", "", (0, 1, 0), "Unable to find executable"),
    ("disabled", "", "Disabled", (0, 0, 1), "x: disabled"),
]


def judge(run_tests, folder, status, message, output):
    report = pathlib.Path(folder) / "report.xml"
    note = f'<failure message="{message}"/>' if message else ""
    report.write_text(f'<testsuite><testcase name="x" status="{status}">{note}'
                      f"<system-out>{output}</system-out></testcase></testsuite>")
    result = run_tests.Result("dev")
    run_tests.judge_report(result, report)
    return result


def main():
    sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "tools"))
    import run_tests

    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for status, message, output, expected, told in CASES:
            result = judge(run_tests, folder, status, message, output)
            counts = (result.passed, result.failed, result.skipped)
            names = " | ".join([line for line, _ in result.failures] + result.skips)
            shown = all(text == output for _, text in result.failures)
            if counts != expected or told not in names or not shown:
                wrong += 1
                print(f"{status} {message}: expected {expected} {told!r}, got {counts} {names!r}")
        broken = pathlib.Path(folder) / "broken.xml"
        broken.write_text("<testsuite><testcase")
        result = run_tests.Result("dev")
        run_tests.judge_report(result, broken)
        if result.failed != 1:
            wrong += 1
            print("a broken report is no failure")
    print(f"{len(CASES) + 1} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
