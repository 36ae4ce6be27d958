"""From what people said about a model version to whether it may go live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mlplatform.ml.errors import NotApproved, WrongUsage
from mlplatform.ml.policies import Approval

Outcome = Literal["approved", "rejected", "pending"]
AUTOMATIC = "policy"


@dataclass(frozen=True)
class Statement:
    """What one person said. `approver` is a name that nobody checks on a laptop.

    Where it was said in a model registry, `identity` is who the registry knows them as, `when` the time in
    UTC (ISO 8601), and `source` the package that they judged.
    """

    approver: str
    reason: str
    approves: bool = True
    identity: str = ""
    when: str = ""
    source: str = ""

    def document(self) -> dict[str, str | bool]:
        """As it is recorded: what is not known is left out. `Statement(**document)` reads it."""
        return {name: value for name, value in vars(self).items() if value != ""}

    @property
    def who(self) -> str:
        """The approver as compared: case and blanks around do not make another person."""
        return self.approver.strip().casefold()


def checked(statement: Statement, trained_by: str, policy: Approval) -> Statement:
    """The statement itself; refused where it has no name or reason, or where trainers may not approve."""
    if not statement.who:
        raise WrongUsage("an approval needs a name: who approves? (approver, or --by WHO)")
    if not statement.reason.strip():
        raise WrongUsage("an approval needs a reason, for whoever asks later (reason, or --reason WHY)")
    is_trainer = statement.who == trained_by.strip().casefold()
    if statement.approves and is_trainer and not policy.approver_may_be_trainer:
        raise NotApproved(
            f"{statement.approver} trained this model, and its use case asks for somebody else's approval. "
            "Let a second person approve, or declare Approval(approver_may_be_trainer=True)."
        )
    return statement


def with_statement(earlier: Iterable[Statement], said: Statement) -> list[Statement]:
    """All statements, the new one last; whoever speaks again replaces what they said before."""
    return [*(one for one in earlier if one.who != said.who), said]


def outcome(statements: Iterable[Statement], policy: Approval) -> Outcome:
    """One rejection rejects; enough different people approve; else somebody is still missing."""
    said = list(statements)
    if any(not one.approves for one in said):
        return "rejected"
    enough = len({one.who for one in said}) >= policy.required
    return "approved" if enough else "pending"
