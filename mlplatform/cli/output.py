"""Reports go to stdout, everything else to stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")


def tell(line: str) -> None:
    """A line of progress or an error, on stderr."""
    click.echo(line, err=True)


def report(line: str = "") -> None:
    """A line of the report, on stdout."""
    click.echo(line)


def report_json(document: Any) -> None:
    """The report as one JSON object on stdout."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def columns(lines: Iterable[Sequence[str]], indent: str = "  ") -> list[str]:
    """Lines of text with their cells aligned."""
    cells = [list(line) for line in lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))] if cells else []
    return [
        indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def show_progress() -> None:
    """Let what the steps log appear on stderr as they work."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    logger = logging.getLogger("mlplatform")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
