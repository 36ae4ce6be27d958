"""The operations that the emulator answers itself, by name; moto answers the others.

A module registers a function for each operation; importing the module is all that is needed. The function
gets the request as the client sent it (members by the names of botocore's model) and returns the answer's
members, or raises one of `errors`; where it returns None, moto answers after all. Operations of the runtime,
such as InvokeEndpoint, get and return what travels over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Operation = Callable[[Request], Answer | None]


@dataclass(frozen=True)
class Invocation:
    """A request of the runtime: who is asked, with which headers (names in any case), and what."""

    endpoint: str
    headers: Headers
    body: bytes


RawAnswer = tuple[int, Mapping[str, str], bytes]
RuntimeOperation = Callable[[Invocation], RawAnswer]

OPERATIONS: dict[str, Operation] = {}
RUNTIME: dict[str, RuntimeOperation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Register a function as an operation of the service, such as "CreateTrainingJob"."""

    def register(function: Operation) -> Operation:
        OPERATIONS[name] = function
        return function

    return register


def runtime_operation(name: str) -> Callable[[RuntimeOperation], RuntimeOperation]:
    """Register a function as an operation of the runtime: "InvokeEndpoint"."""

    def register(function: RuntimeOperation) -> RuntimeOperation:
        RUNTIME[name] = function
        return function

    return register
