"""Results for people: a table, charts, and the measured part of docs/performance.md."""
import pathlib

from lib import plot

BEGIN = "<!-- measured: written by bench/run --document; do not edit up to the end -->"
END = "<!-- measured: end -->"
MIB = 1 << 20


def seconds_text(seconds):
    if seconds < 0.1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"


def spread_text(result):
    low, high = result["min_seconds"], result["max_seconds"]
    factor, digits = (1000, 1) if result["median_seconds"] < 0.1 else (1, 2)
    return f"{low * factor:.{digits}f} .. {high * factor:.{digits}f}"


def ratio_text(result):
    if result["kind"] == "muster":
        return ""
    return f"{result['ratio']:.2f}" if "ratio" in result else "-"


def counted(result):
    return len(result["runs"]) - result["failed"]


def verdict_text(met):
    return {True: "met", False: "missed", None: "open"}[met]


# --- for the terminal ---

def table(report):
    lines = []
    for row in report["rows"]:
        lines.append(f"{row['row']}, {row['cache']}: {row['title']}")
        lines.append(f"   {'program':<12}{'median':>10}{'min .. max':>18}{'processor':>12}"
                     f"{'peak MiB':>10}{'runs':>6}{'ratio':>9}  note")
        lines += [table_line(result) for result in row["results"]]
        lines += [f"   {verdict_text(goal['met'])}: {goal['goal']}: {goal['measured']}"
                  for goal in row["goals"]]
        lines.append("")
    lines.append("ratio: time of the program / time of muster")
    return "\n".join(lines + report["notes"]
                     + [f"skipped: {name}: {why}" for name, why in report["skipped"].items()])


def table_line(result):
    name = f"   {result['tool']:<12}"
    if "median_seconds" not in result:
        return f"{name}FAILED: {result['runs'][-1]['failed']}"
    return (f"{name}{seconds_text(result['median_seconds']):>10}{spread_text(result):>18}"
            f"{seconds_text(result['median_processor_seconds']):>12}"
            f"{result['peak_bytes'] / MIB:>10.1f}{counted(result):>6}{ratio_text(result):>9}"
            f"  {result['note']}").rstrip()


# --- charts ---

def goal_text(ratio):
    return f", goal {round(ratio, 2):g}" if ratio else ""


def ratio_groups(rows):
    for row in rows:
        goals = {g["tool"]: g["ratio_needed"] for g in row["goals"] if "tool" in g}
        yield row["title"], [
            plot.Mark(r["tool"], r["kind"], r["ratio"], goal=goals.get(r["tool"]),
                      text=f"{r['ratio']:.2f} ×" + goal_text(goals.get(r["tool"])))
            for r in row["results"] if "ratio" in r and r["kind"] != "muster"]


def time_groups(rows):
    for row in rows:
        yield row["title"], [
            plot.Mark(r["tool"], r["kind"], r["median_seconds"], r["min_seconds"],
                      r["max_seconds"], text=seconds_text(r["median_seconds"]))
            for r in row["results"] if "median_seconds" in r]


def memory_groups(rows):
    for row in rows:
        yield row["title"], [
            plot.Mark(r["tool"], r["kind"], r["peak_bytes"] / MIB,
                      text=f"{r['peak_bytes'] / MIB:.1f} MiB")
            for r in row["results"] if "median_seconds" in r and r["kind"] != "floor"]


CHARTS = (
    ("ratios", "Time of others / time of muster",
     "right of 1: muster is faster; black line: the goal", ratio_groups),
    ("times", "Time: median, and the spread of all runs", "seconds, logarithmic", time_groups),
    ("memory", "Peak memory of the largest process", "MiB, logarithmic", memory_groups),
)


def plots(report, folder):
    """Writes the charts; gives their paths."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for cache in ("warm", "cold"):
        rows = [row for row in report["rows"] if row["cache"] == cache]
        for name, title, axis, groups_of in CHARTS:
            groups = [group for group in groups_of(rows) if group[1]]
            if not groups:
                continue
            path = folder / f"{name}-{cache}.svg"
            plot.write(plot.Chart(f"{title} ({cache} cache)", axis, groups), path)
            written.append((f"{title}, {cache} cache", path))
    return written


# --- docs/performance.md ---

def machine_lines(report):
    machine = report["machine"]
    versions = "; ".join(f"{name}: {version}" for name, version in report["versions"].items()
                         if not version.startswith("bench/"))
    lines = [f"{machine['processor']}, {machine['processors']} processors "
             f"({', '.join(machine['vectors'])}), {machine['memory_bytes'] / (1 << 30):.0f} GiB of "
             f"memory, Linux {machine['kernel']}.", "", f"Programs: {versions}.", ""]
    left_out = [f"{name} ({why})" for name, why in report["skipped"].items()]
    if left_out:
        lines += [f"Not measured: {'; '.join(left_out)}.", ""]
    return lines + part_lines(report)


def part_lines(report):
    lines = ["| measured | commit | file system | rounds | load before | rows |",
             "|---|---|---|--:|--:|---|"]
    for part in report["parts"]:
        notes = f" ({'; '.join(part['notes'])})" if part["notes"] else ""
        lines.append(f"| {part['time'][:10]} | `{part['commit']}` | {part['file_system']} | "
                     f"{part['rounds']} | {part['load_before']} | {', '.join(part['rows'])}"
                     f"{notes} |")
    return lines + [""]


def goal_lines(report):
    lines = ["| work | goal | measured | |", "|---|---|---|---|"]
    for row in report["rows"]:
        lines += [f"| {row['title']}, {row['cache']} | {goal['goal']} | {goal['measured']} | "
                  f"{'**missed**' if goal['met'] is False else verdict_text(goal['met'])} |"
                  for goal in row["goals"]]
    return lines + [""]


def result_lines(report):
    lines = []
    for row in report["rows"]:
        lines += [f"**{row['title']}, {row['cache']}**", "",
                  "| program | median | min .. max | processor | peak memory | runs | ratio | |",
                  "|---|--:|--:|--:|--:|--:|--:|---|"]
        for r in row["results"]:
            if "median_seconds" not in r:
                lines.append(f"| {r['tool']} | failed | | | | | | {r['runs'][-1]['failed']} |")
                continue
            name = f"**{r['tool']}**" if r["kind"] == "muster" else r["tool"]
            lines.append(f"| {name} | {seconds_text(r['median_seconds'])} | {spread_text(r)} | "
                         f"{seconds_text(r['median_processor_seconds'])} | "
                         f"{r['peak_bytes'] / MIB:.1f} MiB | {counted(r)} | {ratio_text(r)} | "
                         f"{r['note']} |")
        lines.append("")
    return lines


def document(report, path, charts):
    """Replaces the measured part of the document; all else in it was written by hand."""
    path = pathlib.Path(path)
    pictures = [line for title, chart in charts for line in
                (f"![{title}]({relative(chart, path.parent)})", "")]
    measured = "\n".join([BEGIN, "", *machine_lines(report), "## Goals", "", *goal_lines(report),
                          "## Charts", "", *pictures, "## All measurements", "",
                          *result_lines(report), END])
    text = f"# Performance\n\n{BEGIN}\n{END}\n"
    if path.exists():
        text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"'{path}' has no part that begins with '{BEGIN}' and ends with '{END}'")
    path.write_text(before + measured + after, encoding="utf-8")


def relative(chart, folder):
    try:
        return chart.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return chart.as_posix()
