"""What the service keeps by name: with an ARN, with tags, and since when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid

ACCOUNT = "123456789012"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
SHELVES: list[Shelf[Any]] = []


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


class Kept:
    """Something that the service keeps; `request` is how it was asked for, without its tags."""

    status = ""

    def __init__(self, name: str, arn: str, request: Mapping[str, Any]) -> None:
        self.name, self.arn = name, arn
        self.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        self.request = {member: value for member, value in request.items() if member != "Tags"}
        self.created = self.changed = now()

    def change(self, members: Mapping[str, Any]) -> None:
        """Replace members of what was asked for."""
        self.request = {**self.request, **members}
        self.changed = now()


Some = TypeVar("Some", bound=Kept)


class Shelf(Generic[Some]):
    """All of one kind, in the order in which they were made.

    `taken` and `missing` make the service's refusals out of an ARN: words differ from kind to kind.
    """

    def __init__(
        self, kind: str, taken: Callable[[str], ServiceError], missing: Callable[[str], ServiceError]
    ) -> None:
        self.kind = kind
        self._taken, self._missing = taken, missing
        self._kept: dict[str, Some] = {}
        self.lock = threading.RLock()
        SHELVES.append(self)

    def arn(self, name: str) -> str:
        """The ARN of the one that is called so."""
        return f"{ARN}:{self.kind}/{name}"

    def put(self, one: Some) -> Some:
        """Keep it, unless its name is taken."""
        with self.lock:
            self.refuse_taken(one.name)
            self._kept[one.name] = one
        return one

    def refuse_taken(self, name: str) -> None:
        """The refusal of a name that is taken."""
        if name in self._kept:
            raise self._taken(self.arn(name))

    def get(self, name: str) -> Some | None:
        """The one of this name."""
        return self._kept.get(name)

    def named(self, name: str) -> Some:
        """The one of this name, or the refusal."""
        found = self._kept.get(name)
        if found is None:
            raise self._missing(self.arn(name))
        return found

    def remove(self, name: str) -> Some:
        """Take the one of this name away."""
        with self.lock:
            found = self.named(name)
            del self._kept[name]
        return found

    def discard(self, one: Some) -> None:
        """Take this one away, if it is still kept."""
        with self.lock:
            if self._kept.get(one.name) is one:
                del self._kept[one.name]

    def all(self) -> list[Some]:
        """Every one."""
        return list(self._kept.values())

    def clear(self) -> None:
        """Take all away."""
        self._kept.clear()


def shelf_in_words(kind: str, words: str) -> Shelf[Any]:
    """A shelf of models, endpoints and their like, which the service refuses in these words."""
    return Shelf(
        kind,
        lambda arn: invalid(f'Cannot create already existing {words} "{arn}".'),
        lambda arn: invalid(f'Could not find {words} "{arn}".'),
    )


def kept_at(arn: str) -> Kept | None:
    """What has this ARN."""
    everything: Iterable[Kept] = (one for shelf in SHELVES for one in shelf.all())
    return next((one for one in everything if one.arn == arn), None)


def clear_shelves() -> None:
    """Keep nothing."""
    for shelf in SHELVES:
        shelf.clear()
