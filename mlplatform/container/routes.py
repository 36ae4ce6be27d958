"""The HTTP of SageMaker Runtime and of a serving container, over the models of a fleet.

POST /endpoints/{name}/invocations     InvokeEndpoint: boto3's sagemaker-runtime works with this server's URL
POST /invocations                      the contract of a container with one model
GET  /ping                             200 once models are loaded as far as they can be, 503 before
GET  /endpoints                        what is served, and how much
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from mlplatform.container.answering import Answering
from mlplatform.container.captured import VARIANT, CaptureWriter
from mlplatform.container.fleet import Endpoint, Live
from mlplatform.container.serving import MAX_BODY, Answer
from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.capture import MODEL_VERSION, Exchange, Message
from mlplatform.ml.naming import endpoint_name
from mlplatform.ml.wire import accepted_type

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

MOST_UNDER_WAY = 64
"""Requests at a time; more are told to come again, instead of waiting longer than clients do."""
_MOST_ARRIVING = 256 * 1024 * 1024  # bytes of bodies that have not arrived as a whole
_BODY_SECONDS = 60.0
_ANSWER_SECONDS = 55.0  # SageMaker gives up after 60 s, and so does boto3, without a reason
_LOADING = "the model is being loaded. Try again in a moment."
_LONGEST = 2000  # characters of a message: a key of a request may be as long as the request
_INFERENCE_ID = re.compile(r"[!-~][ -~]{0,63}")
_KINDS = {500: "InternalFailure", 503: "ServiceUnavailable"}
log = logging.getLogger(__name__)


class _Overloaded(Exception):
    """More is asked at once than can be answered soon."""


class Endpoints(Protocol):
    """What answers: a fleet that follows deployments, or the one model of a container."""

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """By name."""
        ...

    @property
    def is_loaded(self) -> bool:
        """Whether the models are loaded as far as they can be."""
        ...


class Routes:
    """The handlers. `captured` is None where somebody else captures."""

    def __init__(self, held: Endpoints, answering: Answering, captured: CaptureWriter | None) -> None:
        self._held = held
        self._answering = answering
        self._captured = captured
        self._under_way = 0
        self._arriving = 0

    def app(self) -> Starlette:
        """The ASGI application."""
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.routing import Route

        routes = [
            Route("/ping", self._ping),
            Route("/endpoints", self._endpoints),
            Route("/endpoints/{name}/invocations", self._invoke, methods=["POST"]),
            Route("/invocations", self._invoke, methods=["POST"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_path})

    async def _ping(self, request: Request) -> Response:
        from starlette.responses import Response

        return Response() if self._held.is_loaded else _refusal(503, _LOADING)

    async def _endpoints(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse({name: self._described(one) for name, one in self._held.endpoints.items()})

    def _described(self, endpoint: Endpoint) -> dict[str, Any]:
        live, state = endpoint.live, endpoint.state
        captured, lost = self._captured.counts(endpoint.name) if self._captured else (0, 0)
        return {
            "model_version": live.model.version if live else None,
            "deployment": live.deployment if live else None,
            "state": state.state if state else "loading",
            "reason": state.reason if state else "",
            "requests": endpoint.requests,
            "rows": endpoint.rows,
            "refused": endpoint.refused,
            "failed": endpoint.failed,
            "captured": captured,
            "lost": lost,
        }

    async def _invoke(self, request: Request) -> Response:
        endpoint = self._endpoint(request.path_params.get("name"))
        if not isinstance(endpoint, Endpoint):
            return endpoint
        endpoint.requests += 1
        if endpoint.live is None:
            endpoint.failed += 1
            return _refusal(503, f"{endpoint.name} has no model that answers: {endpoint.why_not}")
        try:
            inference_id, accept = _inference_id(request), request.headers.get("accept", "")
            accepted_type(accept)
            asked = Message(request.headers.get("content-type", ""), await self._body(request))
            if self._under_way >= MOST_UNDER_WAY:
                raise _Overloaded(f"{MOST_UNDER_WAY} requests are under way. Try again in a moment.")
            self._under_way += 1
            try:
                return await self._answered(endpoint, endpoint.live, asked, accept, inference_id)
            finally:
                self._under_way -= 1
        except BadRequest as error:
            endpoint.refused += 1
            return _refusal(error.status, str(error), error)
        except _Overloaded as error:
            endpoint.failed += 1
            return _refusal(503, str(error))
        except Exception as error:
            endpoint.failed += 1
            version = endpoint.live.model.version
            log.error("%s, model %s: a request failed", endpoint.name, version, exc_info=error)
            return _refusal(500, f"model {version} could not answer. The server's log says why.")

    async def _body(self, request: Request) -> bytes:
        """The body. One that is slow to arrive takes up nobody's place, but all together have an end."""
        arrived = 0
        try:
            chunks = []
            async for chunk in _chunks(request):
                arrived += len(chunk)
                self._arriving += len(chunk)
                if self._arriving > _MOST_ARRIVING:
                    raise _Overloaded("too many bodies are arriving at once. Try again in a moment.")
                chunks.append(chunk)
            return b"".join(chunks)
        finally:
            self._arriving -= arrived

    def _endpoint(self, name: str | None) -> Endpoint | Response:
        """The endpoint, or the answer that there is none."""
        if not self._held.is_loaded:
            return _refusal(503, _LOADING)
        held = self._held.endpoints
        served = f"Served here: {', '.join(sorted(held)) or 'nothing'}."
        if name is not None:
            none = f"no endpoint is called {name[:100]!r}. {served}"
            return held.get(endpoint_name(name)) or _refusal(404, none)
        if len(held) == 1:
            return next(iter(held.values()))
        which = f"/invocations is for one endpoint. Say /endpoints/NAME/invocations. {served}"
        return _refusal(404, which)

    async def _answered(
        self, endpoint: Endpoint, live: Live, asked: Message, accept: str, inference_id: str | None
    ) -> Response:
        from starlette.responses import Response

        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await self._answering.answer(live.model, asked, accept)
        except TimeoutError:
            raise _Overloaded(
                f"there was no answer within {_ANSWER_SECONDS:.0f} s. Send fewer rows at a time."
            ) from None
        endpoint.rows += answer.rows
        event_id = str(uuid4())
        if self._captured:
            exchange = _exchange(event_id, inference_id, live.model.version, asked, answer)
            self._captured.offer(endpoint.name, exchange)
        headers = {
            "x-amzn-RequestId": event_id,
            "x-amzn-Invoked-Production-Variant": VARIANT,
            "X-Amzn-SageMaker-Custom-Attributes": MODEL_VERSION + live.model.version,
            "Content-Type": answer.message.content_type,
        }
        return Response(answer.message.body, headers=headers)


def _exchange(
    event_id: str, inference_id: str | None, version: str, asked: Message, answer: Answer
) -> Exchange:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Exchange(event_id, now, version, asked, answer.message, inference_id)


def _inference_id(request: Request) -> str | None:
    given = request.headers.get("x-amzn-sagemaker-inference-id")
    if given is not None and not _INFERENCE_ID.fullmatch(given):
        raise BadRequest("an inference id has 1 to 64 printable ASCII characters and begins with no blank.")
    return given


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body, as far as it is not too long: what a client says of its length need not be true."""
    from starlette.requests import ClientDisconnect

    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequest("the request is compressed. Send it as it is.", status=415)
    too_long = BadRequest(f"a request has at most {MAX_BODY:,} bytes. Send several.", status=413)
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise too_long
    total = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                total += len(chunk)
                if total > MAX_BODY:
                    raise too_long
                yield chunk
    except TimeoutError:
        raise BadRequest(f"the request did not arrive within {_BODY_SECONDS:.0f} s.", status=408) from None
    except ClientDisconnect:
        raise BadRequest("the client went away.") from None


def _refusal(status: int, message: str, error: BadRequest | None = None) -> Response:
    """An error as botocore reads it."""
    from starlette.responses import JSONResponse

    message = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."
    document: dict[str, Any] = {
        "Message": message,
        "OriginalStatusCode": status,
        "OriginalMessage": message,
        "cases": [
            {key: one[:_LONGEST] if isinstance(one, str) else one for key, one in asdict(case).items()}
            for case in (error.cases if error else ())
        ],
    }
    headers = {"x-amzn-ErrorType": _KINDS.get(status, "ValidationError")}
    return JSONResponse(document, status, headers)


async def _no_such_path(request: Request, error: Exception) -> Response:
    status = int(getattr(error, "status_code", 404))
    return _refusal(status, f"{request.method} {request.url.path[:100]} is nothing that this server answers.")
