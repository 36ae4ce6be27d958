"""The emulator's HTTP front: invocations and what is asked of the emulator itself; moto gets the rest.

POST   /emulator/faults   {"operation": "CreateTrainingJob", "fault": "throttling", "times": 2}
                          {"deny": "sagemaker:CreateEndpoint"}
GET    /emulator/faults   those that have not happened, by operation
DELETE /emulator/faults   forget them
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from mlplatform_tests.sagemaker_emulator.dispatch import CALLS, FAULTS
from mlplatform_tests.sagemaker_emulator.errors import ServiceError
from mlplatform_tests.sagemaker_emulator.faults import AFTERWARDS, FAULTS_BY_NAME, LOST, error_of
from mlplatform_tests.sagemaker_emulator.operations import RUNTIME, Invocation
from mlplatform_tests.sagemaker_emulator.requests import refuse_invalid, runtime_members

_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations")
_FAULTS = "/emulator/faults"


class Front:
    """A WSGI application before moto's."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, invoke = environ["PATH_INFO"], RUNTIME.get("InvokeEndpoint")
        invocation = _INVOCATION.fullmatch(path) if invoke is not None else None
        if path == _FAULTS:
            return _faults(Request(environ))(environ, start_response)
        if invocation is not None:
            return _invoked(invocation.group(1), Request(environ))(environ, start_response)
        return self._moto(environ, start_response)


def _invoked(endpoint: str, request: Request) -> Response:
    operation = "InvokeEndpoint"
    asked = Invocation(endpoint, request.headers, request.get_data())
    CALLS[operation] += 1
    fault = FAULTS.take(operation)
    try:
        refused = error_of(fault, operation)
        if refused is not None:
            raise refused
        refuse_invalid(operation, runtime_members(operation, asked), "sagemaker-runtime")
        status, headers, body = RUNTIME[operation](asked)
        if fault == AFTERWARDS:
            raise LOST
    except ServiceError as error:
        # the runtime speaks REST: its errors have their name in a header, without "Exception" for this one
        name = error.code.replace("ValidationException", "ValidationError")
        headers = {"x-amzn-ErrorType": name, "Content-Type": "application/json"}
        status, body = error.status, json.dumps({"Message": error.message}).encode()
    return Response(body, status, headers)


def _faults(request: Request) -> Response:
    if request.method == "GET":
        return _json(200, FAULTS.waiting())
    if request.method == "DELETE":
        FAULTS.clear()
        return Response(status=204)
    try:
        asked = json.loads(request.get_data())
        if "deny" in asked:
            FAULTS.deny(str(asked["deny"]))
        else:
            FAULTS.add(asked["operation"], FAULTS_BY_NAME[asked["fault"]], int(asked.get("times", 1)))
    except (ValueError, KeyError, TypeError) as error:
        known = ", ".join(FAULTS_BY_NAME)
        return _json(400, {"error": f"{type(error).__name__}: {error}; faults are {known}"})
    return Response(status=204)


def _json(status: int, document: Any) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")
