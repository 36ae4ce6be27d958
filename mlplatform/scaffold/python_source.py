"""Python source laid out as the repository's formatter would: double quotes, 110 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 110


def quoted(text: str) -> str:
    """A string literal, in double quotes unless that takes more escapes."""
    body = repr(text)[1:-1]
    plain = body.replace("\\'", "'") if repr(text)[0] == "'" else body
    double, single = plain.replace('"', '\\"'), plain.replace("'", "\\'")
    return f"'{single}'" if double.count("\\") > single.count("\\") else f'"{double}"'


def joined(before: str, items: Sequence[str], after: str, indent: int = 0) -> str:
    """`before` items `after`: on one line; else the items on a line of their own; else one a line.

    `before` ends with the opening bracket of a call, `after` begins with the closing one.
    """
    start, inner = " " * indent, " " * (indent + 4)
    one = f"{start}{before}{', '.join(items)}{after}"
    if len(one) <= WIDTH:
        return one
    own = f"{inner}{', '.join(items)}"
    if len(own) <= WIDTH:
        return f"{start}{before}\n{own}\n{start}{after}"
    return "\n".join([f"{start}{before}", *(f"{inner}{item}," for item in items), f"{start}{after}"])


def collection(before: str, items: Sequence[str], after: str, indent: int = 0) -> str:
    """The same for the items of a tuple, list or set: many short ones are filled into lines by hand."""
    start, inner = " " * indent, " " * (indent + 4)
    single = len(items) == 1 and after.startswith(")")
    one = f"{start}{before}{', '.join(items)}{',' if single else ''}{after}"
    if len(one) <= WIDTH:
        return one
    if len(items) <= 8:
        return "\n".join([f"{start}{before}", *(f"{inner}{item}," for item in items), f"{start}{after}"])
    lines, line = [], inner
    for item in items:
        if len(line) + len(item) + 1 > WIDTH:
            lines.append(line.rstrip())
            line = inner
        line += f"{item}, "
    return "\n".join([f"{start}{before}", *lines, line.rstrip(), f"{start}{after}  # fmt: skip"])


def sentence(text: str, before: str, after: str, indent: int) -> str:
    """`before` "text" `after`, in pieces within brackets where one line is too short for it."""
    start, inner = " " * indent, " " * (indent + 4)
    one = f"{start}{before}{quoted(text)}{after}"
    if len(one) <= WIDTH:
        return one
    pieces = textwrap.wrap(text, WIDTH - indent - 12, drop_whitespace=False, break_on_hyphens=False)
    lines = [f"{inner}{quoted(piece)}" for piece in pieces]
    return "\n".join([f"{start}{before}(", *lines, f"{start}){after}"])


def comment(text: str, indent: int = 0) -> str:
    """Lines of a comment; line breaks and other control characters of a name become blanks."""
    start = " " * indent + "# "
    return textwrap.fill(printable(text), WIDTH - 2, initial_indent=start, subsequent_indent=start)


def printable(text: str) -> str:
    """The text on one line, fit for a docstring or a comment."""
    clean = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(clean.split()).replace("\\", "/").replace('"""', "'''")
