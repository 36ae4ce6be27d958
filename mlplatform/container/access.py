"""Who may ask: a token, where one is set, on every path but the one that says whether the server is alive."""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mlplatform.ml.errors import WrongUsage

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_VARIABLE = "MLPLATFORM_SERVE_TOKEN"  # noqa: S105
_SHORTEST_TOKEN = 16


def checked_token(host: str, token: str | None) -> str | None:
    """The token that a server at this host asks for. WrongUsage where it needs one and has none.

    On loopback only programs of this machine reach the server, so a token is optional there.
    """
    if token is not None and (len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise WrongUsage(
            f"{TOKEN_VARIABLE} must have at least {_SHORTEST_TOKEN} printable ASCII characters. "
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if token is None and not is_loopback(host):
        raise WrongUsage(
            f"{host} can be reached from other machines, so a token is needed. Set {TOKEN_VARIABLE} (at "
            f"least {_SHORTEST_TOKEN} characters), which clients send as X-Mlplatform-Token, or listen at "
            "127.0.0.1."
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether every address of the host is one of this machine alone. WrongUsage for no host at all."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WrongUsage(f"{host!r} is no address to listen at: {error}. Say --host 127.0.0.1.") from None
    return all(ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_loopback for one in found)


def guarded(app: App, token: str | None) -> App:
    """The app behind the token; /ping answers anyone, as whoever looks after containers asks it."""
    if token is None:
        return app
    secret = token.encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/ping":
            await app(scope, receive, send)
            return
        given = _tokens(scope["headers"])
        # all of them are compared, so that the time taken tells nothing
        if any([hmac.compare_digest(one, secret) for one in given]):
            await app(scope, receive, send)
        elif given:
            await _refuse(send, 403, "the token is not the one that this server was started with.")
        else:
            await _refuse(
                send, 401, "a token is needed: Authorization: Bearer <token>, or X-Mlplatform-Token: <token>."
            )

    return guard


def _tokens(headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    found = []
    for name, value in headers:
        if name == b"x-mlplatform-token":
            found.append(value.strip())
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            found.append(value[7:].strip())
    return found


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps({"Message": message, "OriginalStatusCode": status, "OriginalMessage": message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", b"AccessDeniedException"),
        (b"www-authenticate", b"Bearer"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
