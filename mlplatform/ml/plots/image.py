"""Pictures inside pages and markdown."""

from __future__ import annotations

import base64


def data_uri(png: bytes) -> str:
    """The picture as a ``data:`` address, for pages without files beside them."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def markdown_image(png: bytes, alt: str) -> str:
    """A markdown image carrying its own bytes; markup in ``alt`` becomes spaces."""
    text = " ".join(alt.translate(dict.fromkeys(map(ord, "[]()<>\\`!"), " ")).split())
    return f"![{text}]({data_uri(png)})"
