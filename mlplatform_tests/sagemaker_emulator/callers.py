"""Who asks: the user whose access key a request is signed with, or who has assumed a role.

A key that IAM has not made belongs to a user of the same name: the key `bob` to `user/bob`.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from mlplatform_tests.sagemaker_emulator.buckets import REGION
from mlplatform_tests.sagemaker_emulator.shelves import ACCOUNT

_CREDENTIAL = re.compile(r"Credential=([^/]+)/")
_of_this_request = threading.local()


def remember_caller(headers: Any) -> None:
    """The request that this thread answers now has these headers."""
    _of_this_request.key = _key(headers)


def caller() -> dict[str, Any]:
    """A UserContext: who asks for what this thread answers."""
    user, arn = _identity(getattr(_of_this_request, "key", "service"))
    return {"IamIdentity": {"Arn": arn, "PrincipalId": user}}


def install() -> None:
    """Let STS say the same; doing it twice changes nothing."""
    TokenResponse.get_caller_identity = _caller_identity  # type: ignore[method-assign, assignment]


def _caller_identity(response: Any) -> ActionResult:
    user, arn = _identity(_key(response.headers))
    return ActionResult({"UserId": user, "Account": ACCOUNT, "Arn": arn})


def _key(headers: Any) -> str:
    found = _CREDENTIAL.search(headers.get("Authorization", ""))
    return found.group(1) if found else "nobody"


def _identity(key: str) -> tuple[str, str]:
    user, arn, _ = sts_backends[ACCOUNT]["aws"].get_caller_identity(key, REGION)
    known = not arn.endswith(":user/moto")  # what moto says of keys that it has not made
    return (user, arn) if known else (f"AIDA{key.upper()}", f"arn:aws:iam::{ACCOUNT}:user/{key}")
