"""Runs commands and measures them; sums up many runs of one."""
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess


@dataclasses.dataclass
class Command:
    argv: list
    cwd: str = None
    ok: tuple = (0,)  # exit codes that are no failure


class Meter:
    """Runs commands through the program `meter`, which is smaller than what it measures."""

    def __init__(self, program, folder, path):
        self.program = str(program)
        self.result = pathlib.Path(folder, "meter.json")
        self.stderr = pathlib.Path(folder, "stderr.log")
        self.path = path

    def run(self, commands, environment):
        """One run of all commands, one after the other: what they took together."""
        total = {"seconds": 0.0, "processor_seconds": 0.0, "peak_bytes": 0}
        for command in commands:
            one = self.run_one(command, environment)
            total["seconds"] += one["seconds"]
            total["processor_seconds"] += one["user_seconds"] + one["system_seconds"]
            total["peak_bytes"] = max(total["peak_bytes"], one["peak_bytes"])
            if one["code"] not in command.ok:
                total["failed"] = (f"exit code {one['code']}: {' '.join(map(str, command.argv))}: "
                                   f"{self.last_words()}")
                break
        return total

    def run_one(self, command, environment):
        self.result.unlink(missing_ok=True)
        with open(self.stderr, "wb") as stderr:
            subprocess.run([self.program, str(self.result), *map(str, command.argv)],
                           cwd=command.cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=stderr, check=False,
                           env={**os.environ, "PATH": self.path, **environment})
        return json.loads(self.result.read_text(encoding="ascii"))

    def last_words(self):
        lines = self.stderr.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "(said nothing)"


def summarize(runs):
    """Median and spread of the runs that did not fail."""
    good = [run for run in runs if "failed" not in run]
    summary = {"runs": runs, "failed": len(runs) - len(good)}
    if good:
        seconds = [run["seconds"] for run in good]
        summary["median_seconds"] = statistics.median(seconds)
        summary["min_seconds"] = min(seconds)
        summary["max_seconds"] = max(seconds)
        summary["median_processor_seconds"] = statistics.median(
            run["processor_seconds"] for run in good)
        summary["median_flush_seconds"] = statistics.median(run["flush_seconds"] for run in good)
        summary["peak_bytes"] = max(run["peak_bytes"] for run in good)
    return summary


def add_ratios(results):
    """ratio: how many times the time of muster a program takes for the same work."""
    ours = next((r["median_seconds"] for r in results
                 if r["kind"] == "muster" and "median_seconds" in r), None)
    for result in results:
        if ours and "median_seconds" in result:
            result["ratio"] = result["median_seconds"] / ours
