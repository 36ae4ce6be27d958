"""Requests held against botocore's model of the service, longest lengths and patterns included.

botocore itself checks what is required and what is too short, and leaves the rest to the service. Findings
are worded as the service words them.
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
from mlplatform_tests.sagemaker_emulator.operations import Invocation

_NUMBERS = {"integer", "long", "float", "double"}
# what Python's re lacks, spelled out
_CLASSES = {r"\p{L}": "L", r"\p{Z}": "Z", r"\p{N}": "N"}


@cache
def service_model(service: str = "sagemaker") -> ServiceModel:
    """botocore's model of a service."""
    return Session().get_service_model(service)


def refuse_invalid(operation: str, request: dict[str, Any], service: str = "sagemaker") -> None:
    """ValidationException that names the first members that the model does not allow."""
    shape = service_model(service).operation_model(operation).input_shape
    found = list(_faults(request, shape, "")) if shape is not None else []
    if found:
        errors = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
        raise invalid(f"{errors} detected: {'; '.join(found[:3])}")


def runtime_members(operation: str, asked: Invocation) -> dict[str, Any]:
    """The members of a request of the runtime, wherever they travel."""
    shape: Any = service_model("sagemaker-runtime").operation_model(operation).input_shape
    headers = {name.lower(): value for name, value in asked.headers.items()}
    members: dict[str, Any] = {"EndpointName": asked.endpoint, "Body": asked.body}
    for name, member in shape.members.items():
        header = member.serialization.get("name", "").lower()
        if member.serialization.get("location") == "header" and header in headers:
            members[name] = headers[header]
    return members


def _faults(value: Any, shape: Shape, name: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure_faults(value, shape, name)
    elif shape.type_name in {"list", "map"}:
        yield from _length_faults(value, shape, name)
        if shape.type_name == "list":
            for at, one in enumerate(value, 1):
                yield from _faults(one, shape.member, f"{name}.{at}.member")  # type: ignore[attr-defined]
        else:
            for key, one in value.items():
                yield from _faults(key, shape.key, f"{name}.key")  # type: ignore[attr-defined]
                yield from _faults(one, shape.value, f"{name}.{key}.member")  # type: ignore[attr-defined]
    elif shape.type_name == "string":
        yield from _length_faults(value, shape, name)
        yield from _text_faults(value, shape, name)
    elif shape.type_name == "blob" and isinstance(value, bytes):
        yield from _length_faults(value, shape, name)
    elif shape.type_name in _NUMBERS:
        yield from _bound_faults(value, value, "have value", shape, name)


def _structure_faults(value: Any, shape: Shape, name: str) -> Iterator[str]:
    members = shape.members  # type: ignore[attr-defined]
    for required in shape.required_members:  # type: ignore[attr-defined]
        if required not in value:
            yield _said("null", _below(name, required), "not be null")
    for member, one in value.items():
        if member not in members:
            yield f"Unknown member at '{_below(name, member)}'"
        elif one is not None:
            yield from _faults(one, members[member], _below(name, member))


def _length_faults(value: Any, shape: Shape, name: str) -> Iterator[str]:
    shown = f"'{value[:80]}'" if isinstance(value, str) else f"'({shape.type_name})'"
    yield from _bound_faults(shown, len(value), "have length", shape, name)


def _bound_faults(shown: Any, measured: float, what: str, shape: Shape, name: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measured < least:
        yield _said(shown, name, f"{what} greater than or equal to {least}")
    if most is not None and measured > most:
        yield _said(shown, name, f"{what} less than or equal to {most}")


def _text_faults(value: str, shape: Shape, name: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _said(f"'{value[:80]}'", name, f"satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _said(f"'{value[:80]}'", name, f"satisfy regular expression pattern: {pattern}")


def _matches(pattern: str, value: str) -> bool:
    letters = {group: category for group, category in _CLASSES.items() if group in pattern}
    for group in letters:
        pattern = pattern.replace(group, "")
    # such characters stand for themselves nowhere in these patterns: leave them out on both sides
    if letters:
        value = "".join(one for one in value if unicodedata.category(one)[0] not in letters.values())
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:  # a pattern of another dialect says nothing here
        return True


def _said(shown: Any, name: str, what: str) -> str:
    return f"Value {shown} at '{name}' failed to satisfy constraint: Member must {what}"


def _below(name: str, member: str) -> str:
    member = member[0].lower() + member[1:]
    return f"{name}.{member}" if name else member
