"""Charts as SVG, without a library: groups of lines on one logarithmic axis."""
import dataclasses
import math
import shutil
import subprocess
from xml.sax.saxutils import escape

COLOURS = {"muster": "#d1495b", "peer": "#30638e", "other": "#8fb8de", "floor": "#9aa0a6"}
LEGEND = {"muster": "muster", "peer": "another program", "other": "another algorithm",
          "floor": "the system itself"}
LINE, GAP, TOP, BOTTOM, LABELS, PLOT, VALUES = 20, 14, 96, 44, 150, 620, 130
GOAL_ROOM = 120  # of a value and its goal, as text
WIDTH = LABELS + PLOT + VALUES
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"


@dataclasses.dataclass
class Mark:
    label: str
    kind: str
    value: float
    low: float = None  # with these a dot with its spread, else a bar from 1
    high: float = None
    goal: float = None
    text: str = ""


class Chart:
    def __init__(self, title, axis, groups):
        """groups: (heading, list of Mark)."""
        self.title, self.axis = title, axis
        self.groups = [(heading, marks) for heading, marks in groups if marks]
        values = [v for _, marks in self.groups for m in marks
                  for v in (m.value, m.low or m.value, m.high or m.value, m.goal or m.value)]
        self.has_bars = any(mark.low is None for _, marks in self.groups for mark in marks)
        if self.has_bars:
            values.append(1.0)  # where they begin
        self.low = math.floor(math.log10(min(values)) * 4) / 4 - 0.05
        self.high = math.ceil(math.log10(max(values)) * 4) / 4 + 0.05
        lines = sum(len(marks) + 1 for _, marks in self.groups)
        self.height = TOP + lines * LINE + len(self.groups) * GAP + BOTTOM
        self.parts = []

    def x(self, value):
        return LABELS + (math.log10(value) - self.low) / (self.high - self.low) * PLOT

    def text(self, x, y, text, size=12, anchor="start", weight="normal", colour="#202124"):
        halo = "paint-order='stroke' stroke='white' stroke-width='4'"  # lines do not cross it
        self.parts.append(f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' {halo} "
                          f"fill='{colour}' text-anchor='{anchor}' font-weight='{weight}'>"
                          f"{escape(text)}</text>")

    def line(self, x1, y1, x2, y2, colour, width=1.0):
        self.parts.append(f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' "
                          f"stroke='{colour}' stroke-width='{width}'/>")

    def ticks(self):
        steps = (1, 2, 5) if self.high - self.low < 2.5 else (1,)
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            for step in steps:
                value = step * 10.0 ** power
                if self.low <= math.log10(value) <= self.high:
                    yield value

    def draw_axis(self):
        bottom = self.height - BOTTOM
        for value in self.ticks():
            strong = value == 1 and self.has_bars
            self.line(self.x(value), TOP - 8, self.x(value), bottom,
                      "#5f6368" if strong else "#e3e5e8", 1.2 if strong else 1)
            for y in (TOP - 12, bottom + 16):
                self.text(self.x(value), y, f"{value:g}", 11, "middle", colour="#5f6368")
        self.text(LABELS + PLOT / 2, bottom + 34, self.axis, 12, "middle", colour="#5f6368")

    def draw_head(self):
        self.text(16, 28, self.title, 17, weight="bold")
        x = 16
        kinds = {mark.kind for _, marks in self.groups for mark in marks}
        for kind in [kind for kind in COLOURS if kind in kinds]:
            self.parts.append(f"<rect x='{x}' y='43' width='12' height='12' "
                              f"fill='{COLOURS[kind]}'/>")
            self.text(x + 18, 53, LEGEND[kind], 12)
            x += 42 + 7 * len(LEGEND[kind])

    def draw_mark(self, mark, y):
        middle, colour = y - LINE / 2 + 1, COLOURS[mark.kind]
        weight = "bold" if mark.kind == "muster" else "normal"
        self.text(LABELS - 8, y - 5, mark.label, 12, "end", weight)
        if mark.low is None:
            left, right = sorted((self.x(1), self.x(mark.value)))
            self.parts.append(f"<rect x='{left:.1f}' y='{middle - 6:.1f}' fill='{colour}' "
                              f"width='{max(right - left, 1.5):.1f}' height='12'/>")
            if mark.goal:
                goal = self.x(mark.goal)
                self.line(goal, middle - 9, goal, middle + 9, "#000", 2.5)
                if right < goal < right + GOAL_ROOM:
                    right = goal
        else:
            right = self.x(mark.high)
            self.line(self.x(mark.low), middle, right, middle, colour, 2)
            for end in (mark.low, mark.high):
                self.line(self.x(end), middle - 4, self.x(end), middle + 4, colour, 2)
            self.parts.append(f"<circle cx='{self.x(mark.value):.1f}' cy='{middle:.1f}' r='4.5' "
                              f"fill='{colour}'/>")
        self.text(right + 8, y - 5, mark.text, 11, weight=weight)

    def svg(self):
        self.draw_axis()
        self.draw_head()
        y = TOP
        for heading, marks in self.groups:
            y += LINE
            self.text(16, y - 5, heading, 12.5, weight="bold", colour="#3c4043")
            for mark in marks:
                y += LINE
                self.draw_mark(mark, y)
            y += GAP
        return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{self.height}' "
                f"viewBox='0 0 {WIDTH} {self.height}'>\n"
                f"<rect width='{WIDTH}' height='{self.height}' fill='white'/>\n"
                + "\n".join(self.parts) + "\n</svg>\n")


def write(chart, path):
    """The SVG, and a PNG beside it where rsvg-convert is."""
    path.write_text(chart.svg(), encoding="utf-8")
    if shutil.which("rsvg-convert"):
        subprocess.run(["rsvg-convert", "--zoom", "1.5", "-o", str(path.with_suffix(".png")),
                        str(path)], check=True)
