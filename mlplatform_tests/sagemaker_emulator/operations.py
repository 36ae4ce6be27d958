"""The operations that the emulator answers itself, by name; moto answers the others.

A module registers a function for each operation; importing the module is all that is needed. The function
gets the request as the client sent it (members by the names of botocore's model) and returns the answer's
members, or raises one of `errors`; where it returns None, moto answers after all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Operation = Callable[[Request], Answer | None]

OPERATIONS: dict[str, Operation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Register a function as an operation of the service, such as "CreateTrainingJob"."""

    def register(function: Operation) -> Operation:
        OPERATIONS[name] = function
        return function

    return register
