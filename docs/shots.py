"""Makes the pictures of the terminal in docs/shots/ from real output: `python docs/shots.py`, after `make setup`.

It runs the sample newsroom in a folder of its own and draws what the commands print. Nothing is drawn by hand; long
output is cut where a line with only a vertical ellipsis stands.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "shots"
CONFIG = """\
sources:
  - {{kind: newsroom, day: 20s}}
index: {{kind: embedded, path: news.db}}
dead_letters: {{path: dead_letters.jsonl}}
alerts: {{rules: {rules}, channels: {{terminal: {{kind: terminal}}}}}}
"""
# A ceasefire that a blog had before the agency.
LATE = "http://marfa.example/depeche/ceasefire-ar.html"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-HJ-LN-Za-ln-z]")
LIVE = re.compile(r"^\s*\d+ s  \d+ polls")
# Right-to-left letters, and the isolates around titles, which take no place of their own.
UNMEASURED = re.compile("[\u0590-\u08ff\u2066-\u2069]")
THEME = TerminalTheme(
    (24, 27, 33), (214, 217, 222),
    [(24, 27, 33), (240, 113, 120), (127, 190, 120), (229, 192, 103), (97, 175, 239), (198, 120, 221), (86, 182, 194),
     (214, 217, 222)],
    [(110, 117, 130), (240, 113, 120), (127, 190, 120), (229, 192, 103), (97, 175, 239), (198, 120, 221),
     (86, 182, 194), (255, 255, 255)],
)  # fmt: skip
MORE = Text("⋮", style="dim")
# No font is fetched: a page that shows the picture may not.
FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="terminal">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, "Courier New", monospace;
  font-size: {char_height}px; line-height: {line_height}px; white-space: pre; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Draw all shots."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(CONFIG.format(rules=ROOT / "pipeline" / "newsroom" / "rules.yaml"), "utf-8")
        draw("run", "make run", 118, _ran(_printed(path, 118, "run")))
        draw("stories", "stories --topic sanctions", 132, _printed(path, 132, "stories", "--topic", "sanctions"))
        lines = _printed(path, 112, "story", LATE)
        heads = [place for place, line in enumerate(lines) if "── repost " in line.plain]
        draw("story", "story URL", 112, [*lines[: heads[3]], MORE, *lines[-2:]])


def draw(name: str, title: str, width: int, lines: list[Text]) -> None:
    """One picture of these lines on a terminal `width` columns wide."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, highlight=False)
    for line in lines:
        console.print(line)
    drawn = console.export_svg(title=title, theme=THEME, code_format=FORMAT, unique_id=name)
    (OUT / f"{name}.svg").write_text(_joined(drawn), "utf-8")


def _printed(path: Path, width: int, *args: str) -> list[Text]:
    """What a command prints on a terminal, line by line, with its colours."""
    environment = {**os.environ, "NEWS_CONFIG": str(path), "FORCE_COLOR": "1", "COLUMNS": str(width)}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pipeline", *args], cwd=ROOT, env={**environment, "TERM": "xterm-256color"}, text=True,
        check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    raw = [part for line in done.stdout.split("\n") for part in CONTROL.sub("", line).split("\r")]
    return [Text.from_ansi(line) for line in raw if line.strip()]


def _ran(lines: list[Text]) -> list[Text]:
    """The first and last lines of a run, and of the live line its last state."""
    live = [line for line in lines if LIVE.match(line.plain)]
    rest = [line for line in lines if not LIVE.match(line.plain)]
    end = next(place for place, line in enumerate(rest) if "reposts folded" in line.plain)
    return [*rest[:14], MORE, *live[-1:], Text(""), *rest[end:]]


def _joined(svg: str) -> str:
    """Arabic letters join: their text must not be stretched to the grid letter by letter; nor one with isolates."""

    def loosened(match: re.Match[str]) -> str:
        return re.sub(r' textLength="[^"]*"', "", match[0]) if UNMEASURED.search(match[0]) else match[0]

    return re.sub(r"<text [^>]*>[^<]*</text>", loosened, svg)


if __name__ == "__main__":
    main()
