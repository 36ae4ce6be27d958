"""Contracts at work: what a landed row must be like, and what becomes of one that is not."""

from mlplatform.ml.contracts.validation import Validated, refuse_unsupported, validate, with_nearest

__all__ = ["Validated", "refuse_unsupported", "validate", "with_nearest"]
