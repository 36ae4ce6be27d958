"""Requests held against botocore's model of the service, longest lengths and patterns included.

botocore itself checks what is required and what is too short, and leaves the rest to the service.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ServiceModel, Shape
from botocore.session import Session

from mlplatform_tests.sagemaker_emulator.errors import invalid

_NUMBERS = {"integer", "long", "float", "double"}
# what Python's re lacks, spelled out
_CLASSES = {r"\p{L}": "L", r"\p{Z}": "Z", r"\p{N}": "N"}


@cache
def service_model() -> ServiceModel:
    """botocore's model of SageMaker."""
    return Session().get_service_model("sagemaker")


def refuse_invalid(operation: str, request: dict[str, Any]) -> None:
    """ValidationException that names the first members that the model does not allow."""
    shape = service_model().operation_model(operation).input_shape
    found = list(_faults(request, shape, "")) if shape is not None else []
    if found:
        raise invalid(f"{len(found)} validation error(s) detected: {'; '.join(found[:3])}")


def _faults(value: Any, shape: Shape, name: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure_faults(value, shape, name)
    elif shape.type_name in {"list", "map"}:
        yield from _length_faults(value, shape, name)
        if shape.type_name == "list":
            for at, one in enumerate(value):
                yield from _faults(one, shape.member, f"{name}[{at}]")  # type: ignore[attr-defined]
        else:
            for key, one in value.items():
                yield from _faults(key, shape.key, f"{name} key")  # type: ignore[attr-defined]
                yield from _faults(one, shape.value, f"{name}.{key}")  # type: ignore[attr-defined]
    elif shape.type_name == "string":
        yield from _length_faults(value, shape, name)
        yield from _text_faults(value, shape, name)
    elif shape.type_name in _NUMBERS and not _within(value, shape):
        yield f"Value {value} at '{name}' is not between {_bounds(shape)}"


def _structure_faults(value: Any, shape: Shape, name: str) -> Iterator[str]:
    members = shape.members  # type: ignore[attr-defined]
    for required in shape.required_members:  # type: ignore[attr-defined]
        if required not in value:
            yield f"'{_below(name, required)}' is missing"
    for member, one in value.items():
        if member not in members:
            yield f"'{_below(name, member)}' is no member"
        else:
            yield from _faults(one, members[member], _below(name, member))


def _length_faults(value: Any, shape: Shape, name: str) -> Iterator[str]:
    limits = shape.metadata
    if not limits.get("min", 0) <= len(value) <= limits.get("max", float("inf")):
        yield f"Value at '{name}' has length {len(value)}, not between {_bounds(shape)}"


def _text_faults(value: str, shape: Shape, name: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"Value '{value}' at '{name}' is none of {', '.join(allowed[:5])}..."
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"Value '{value[:80]}' at '{name}' does not match {pattern}"


def _matches(pattern: str, value: str) -> bool:
    letters = {group: category for group, category in _CLASSES.items() if group in pattern}
    for group in letters:
        pattern = pattern.replace(group, "")
    if (
        letters
    ):  # such characters stand for themselves nowhere in these patterns: leave them out on both sides
        value = "".join(one for one in value if unicodedata.category(one)[0] not in letters.values())
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:  # a pattern of another dialect says nothing here
        return True


def _within(value: Any, shape: Shape) -> bool:
    limits = shape.metadata
    return bool(limits.get("min", float("-inf")) <= value <= limits.get("max", float("inf")))


def _bounds(shape: Shape) -> str:
    return f"{shape.metadata.get('min', 0)} and {shape.metadata.get('max', 'any')}"


def _below(name: str, member: str) -> str:
    return f"{name}.{member}" if name else member
