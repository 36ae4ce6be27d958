"""From the bytes of a text file to UTF-8, or a refusal that names the line."""

from __future__ import annotations

import codecs
import re

from mlplatform.ml.errors import UnreadableFile

_BLOCK = 1 << 24
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_C1_CONTROL = re.compile("[\x80-\x9f]")


def utf8(content: bytes, name: str, encoding: str) -> bytes:
    """The same text in UTF-8 without a byte order mark. `encoding` is the declared one.

    A wrong declaration would change letters without a word, so text that is plainly in another encoding is
    refused. Raises UnreadableFile.
    """
    at = _first_broken(content)
    if encoding in ("utf-8", "utf-8-sig"):
        if at is not None:
            raise UnreadableFile(_not_utf8(content, name, at))
        return content.removeprefix(codecs.BOM_UTF8)
    text = _decoded(content, name, encoding)
    if at is None and text.encode() != content:
        raise UnreadableFile(
            f"{name} is UTF-8, but {encoding} is declared. Save the file as {encoding}, or leave `encoding` "
            "out of the use case's file format."
        )
    control = _C1_CONTROL.search(text) if encoding.startswith("iso8859") else None
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise UnreadableFile(
            f"{name}, line {line}: {control.group()!r} is no letter in {encoding}; perhaps this is cp1252. "
            'Declare file=FileFormat(encoding="cp1252") in the use case, or mend the line.'
        )
    return text.encode()


def _first_broken(content: bytes) -> int | None:
    """Where the first byte stands that UTF-8 text has not, block by block; None if there is none."""
    view, at = memoryview(content), 0
    zero = content.find(b"\0")
    while at < len(content):
        end = content.find(b"\n", at + _BLOCK) + 1 or len(content)
        try:
            str(view[at:end], "utf-8")
        except UnicodeDecodeError as error:
            return min(at + error.start, zero) if zero >= 0 else at + error.start
        at = end
    return zero if zero >= 0 else None


def _not_utf8(content: bytes, name: str, at: int) -> str:
    line, byte = content.count(b"\n", 0, at) + 1, content[at]
    what = "a zero byte, so this is no UTF-8 text" if byte == 0 else f"byte 0x{byte:02x} is not UTF-8"
    likely = "utf-16" if byte == 0 or content.startswith(_UTF16_MARKS) else "cp1252"
    return (
        f"{name}, line {line}: {what}. Save the file as UTF-8, or declare its encoding in the use case, such "
        f'as file=FileFormat(encoding="{likely}").'
    )


def _decoded(content: bytes, name: str, encoding: str) -> str:
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        raise UnreadableFile(
            f"{name}, line {before.count(chr(10)) + 1}: byte 0x{content[error.start]:02x} is not {encoding}, "
            "which the use case declares. Save the file so, or declare another encoding."
        ) from None
    zero = text.find("\0")
    if zero >= 0:
        line = text.count("\n", 0, zero) + 1
        raise UnreadableFile(
            f"{name}, line {line}: a zero character, so this is no {encoding} text. Save the file as "
            f"{encoding}, or declare another encoding in the use case."
        )
    return text
