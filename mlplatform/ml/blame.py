"""Whose line it was: the place in a use case's own files at which an error arose."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

# A use case's folder, and the copy of its files beside a model or in a training container.
_OWN_FOLDERS = ("defs", "code")


def place_of(error: BaseException, folder: Path | None = None) -> str | None:
    """ "file, line N, in function" of the innermost frame in a use case's files; None if there is none.

    The errors that caused this one are searched too, the first cause first. `folder` is the use case's: a
    file of a copied `code/` is shown as the one it was copied from.
    """
    for one in reversed(list(_causes(error))):
        if isinstance(one, SyntaxError) and one.filename:
            return f"{one.filename}, line {one.lineno}"
        frames = traceback.extract_tb(one.__traceback__)
        for frame in reversed(frames):
            path = Path(frame.filename)
            if _is_own(path):
                copied = folder is not None and path.parent.name == "code"
                shown = folder / path.name if folder and copied else path
                return f"{shown}, line {frame.lineno}, in {frame.name}"
    return None


def _is_own(path: Path) -> bool:
    folders = path.parts[:-1]
    return "site-packages" not in folders and any(name in folders for name in _OWN_FOLDERS)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    if isinstance(error, ValidationError):  # of a declaration: the field, and what is wrong with it
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return f"{field}: {first['msg']}" if field else first["msg"].removeprefix("Value error, ")
    return str(error)


def in_own_words(error: BaseException, folder: Path | None = None) -> str:
    """ "Type: message (file, line N, in function)", about the error that began it all."""
    first = list(_causes(error))[-1]
    message = _message(first)
    place = place_of(error, folder)
    return f"{type(first).__name__}: {message}" + (f" ({place})" if place else "")
