"""Which API actions the code can call: read from its syntax, since every call is written out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlplatform.resources.aws.clients import Clients

SERVICES = {name: name for name, value in vars(Clients).items() if isinstance(value, cached_property)} | {
    "runtime": "sagemaker"
}
"""Attribute of `Clients` -> prefix of the service's actions."""

_S3 = {
    "head_object": {"s3:GetObject"},
    "get_object": {"s3:GetObject"},
    "put_object": {"s3:PutObject"},
    "copy_object": {"s3:GetObject", "s3:PutObject"},
    "delete_object": {"s3:DeleteObject"},
    "list_objects_v2": {"s3:ListBucket"},
}
"""Operations whose action has another name."""


@dataclass(frozen=True)
class Call:
    """One call of a client, and where it stands."""

    service: str
    operation: str
    place: str

    @property
    def actions(self) -> set[str]:
        """What has to be allowed for it."""
        if self.service == "s3":
            return _S3[self.operation]
        words = "".join(word.capitalize() for word in self.operation.split("_"))
        return {f"{SERVICES[self.service]}:{words}"}


def calls_in(package: Path) -> Iterator[Call]:
    """Every call in a package's files; AssertionError for a client that is used in any other way."""
    for path in sorted(package.rglob("*.py")):
        if path.name == "clients.py":
            continue
        yield from calls_of(path.read_text(encoding="utf-8"), str(path.relative_to(package.parent)))


def calls_of(source: str, name: str) -> Iterator[Call]:
    """The calls in one file's text."""
    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in SERVICES:
            continue
        place = f"{name}:{node.lineno}"
        operation = parents[node]
        called = parents.get(operation)
        assert isinstance(operation, ast.Attribute) and isinstance(called, ast.Call), (
            f"{place}: a client is passed on or renamed, so its calls cannot be read: write "
            "<clients>.<service>.<operation>(...)"
        )
        yield Call(node.attr, _operation(operation, called, place), place)


def _operation(attribute: ast.Attribute, called: ast.Call, place: str) -> str:
    if attribute.attr not in ("get_paginator", "get_waiter"):
        return attribute.attr
    assert attribute.attr == "get_paginator", f"{place}: what a waiter calls cannot be read"
    (argument,) = called.args
    assert isinstance(argument, ast.Constant), f"{place}: name the operation in place"
    return str(argument.value)
