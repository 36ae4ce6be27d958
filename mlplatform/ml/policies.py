"""What a use case declares about people and time: who approves, when traffic has drifted, when to retrain."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Approval(BaseModel):
    """Who may let a promoted model go live.

    Names of approvers are self-asserted on a laptop: whoever can start the command can type any name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: int = Field(default=1, ge=1, description="how many different people have to approve")
    approver_may_be_trainer: bool = Field(
        default=False, description="whether the user who trained the model may also approve it"
    )
    automatic: bool = Field(
        default=False, description="a promoted model is approved and deployed without a person"
    )

    @model_validator(mode="after")
    def _automatic_needs_nobody(self) -> Approval:
        if self.automatic and (self.required > 1 or self.approver_may_be_trainer):
            raise ValueError("automatic=True asks nobody: leave out required and approver_may_be_trainer")
        return self


class Leakage(BaseModel):
    """When a model would know at training what it cannot know when it is asked; blocks the training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duplicates: float = Field(
        default=0.05, ge=0, le=1, description="share of held-out rows that may be copies of training rows"
    )
    alone: float = Field(
        default=0.98,
        gt=0,
        le=1,
        description="a single feature that explains the target as well as this is a leak: the area under the "
        "ROC curve of a classification, the share of the variance of a regression",
    )
    allowed: tuple[str, ...] = Field(
        default=(),
        description="features and raw columns that may look like a leak, because a person has looked",
    )


class Monitoring(BaseModel):
    """When captured traffic counts as drifted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drift: Literal["psi"] = Field(default="psi", description="population stability index on stored bins")
    threshold: float = Field(default=0.2, gt=0, description="a larger index of any feature is drift")
    window: Literal["hour", "day"] = Field(default="hour", description="UTC span that is judged as one")
    minimum_rows: int = Field(
        default=200, ge=1, description="a window with fewer rows is not judged: its index would be chance"
    )


class Retraining(BaseModel):
    """How often signals may start a training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cooldown: timedelta = Field(
        default=timedelta(hours=12), description='pause after a retraining, such as "12h", "30m", "2d"'
    )
    daily_budget: int = Field(default=2, ge=0, description="retrainings in any 24 hours, at most")

    @field_validator("cooldown", mode="before")
    @classmethod
    def _from_words(cls, given: Any) -> Any:
        found = re.fullmatch(r"(\d+)([smhd])", given.strip()) if isinstance(given, str) else None
        return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else given

    @field_validator("cooldown")
    @classmethod
    def _not_negative(cls, cooldown: timedelta) -> timedelta:
        if cooldown < timedelta(0):
            raise ValueError("cooldown must not be negative")
        return cooldown
