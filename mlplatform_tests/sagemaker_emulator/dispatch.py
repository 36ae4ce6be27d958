"""Requests on their way: counted, checked, upset where that was asked for, answered here or by moto."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sagemaker.responses import SageMakerResponse

from mlplatform_tests.sagemaker_emulator.callers import remember_caller
from mlplatform_tests.sagemaker_emulator.errors import ServiceError
from mlplatform_tests.sagemaker_emulator.faults import AFTERWARDS, LOST, Fault, Faults, error_of
from mlplatform_tests.sagemaker_emulator.operations import OPERATIONS
from mlplatform_tests.sagemaker_emulator.requests import refuse_invalid

FAULTS = Faults()
CALLS: Counter[str] = Counter()
_of_this_request = threading.local()
_answered_by_moto: Callable[[Any], Any] = SageMakerResponse.call_action


def fault_of_this_request() -> Fault | None:
    """What was asked to go wrong with the request that is being answered in this thread."""
    return getattr(_of_this_request, "fault", None)


def install() -> None:
    """Put this in front of moto; doing it twice changes nothing."""
    for name in OPERATIONS:
        setattr(SageMakerResponse, camelcase_to_underscores(name), _answering(name))
    SageMakerResponse.call_action = _answered  # type: ignore[method-assign, assignment]


def _answered(response: Any) -> Any:
    operation = response._get_action()
    CALLS[operation] += 1
    remember_caller(response.headers)
    fault = _of_this_request.fault = FAULTS.take(operation)
    try:
        refused = error_of(fault, operation)
        if refused is not None:
            raise refused
        refuse_invalid(operation, json.loads(response.body or "{}"))
        answer = _answered_by_moto(response)
        if fault == AFTERWARDS:
            raise LOST
        return answer
    except NotImplementedError:  # an answer of 500 would be asked for again and again
        return _refusal(ServiceError("UnknownOperationException", f"The emulator does not know {operation}."))
    except ServiceError as error:
        return _refusal(error)


def _refusal(error: ServiceError) -> Any:
    body = json.dumps({"__type": error.code, "message": error.message})
    headers = {"Content-Type": "application/x-amz-json-1.1", "status": str(error.status)}
    return error.status, headers, body


def _answering(name: str) -> Callable[[Any], Any]:
    moto = getattr(SageMakerResponse, camelcase_to_underscores(name), None)

    def answer(response: Any) -> Any:
        members = OPERATIONS[name](json.loads(response.body or "{}"))
        if members is None and moto is not None:
            return moto(response)
        return ActionResult(dict(members or {}))

    return answer
