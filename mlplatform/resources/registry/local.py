"""On a laptop the records are the registry: nothing is kept beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg

from mlplatform.ml.approval import Statement
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.evidence import Evidence
from mlplatform.resources.registry import Candidate, Said, SpokenOf


class LocalRegistry(dg.ConfigurableResource[Any]):
    """Registers nothing and has nothing to say."""

    def register(self, candidate: Candidate) -> dict[str, Any]:
        """See the protocol."""
        return {}

    def pass_on(self, evidence: Evidence, outcome: str, statement: Statement) -> None:
        """See the protocol."""

    def statement(self, package: str) -> Said:
        """See the protocol."""
        raise WrongUsage(
            f"there is no model registry in this environment, so nobody said anything about {package}. "
            "Approve here: who, why, which version."
        )

    def spoken_of(self, use_case: str) -> Iterable[SpokenOf]:
        """See the protocol."""
        return ()
