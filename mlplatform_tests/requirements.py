"""What a test needs besides Python: absent, it skips, unless MLPLATFORM_REQUIRE says that it must not."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def require(kind: str, reason: str) -> NoReturn:
    """Skip for `reason`; fail instead where MLPLATFORM_REQUIRE lists `kind`.

    The kinds: browser, data, namespaces, postgres.
    """
    required = [one.strip() for one in os.environ.get("MLPLATFORM_REQUIRE", "").split(",")]
    if kind in required:
        pytest.fail(f"MLPLATFORM_REQUIRE asks for {kind}, but {reason}")
    pytest.skip(reason)
