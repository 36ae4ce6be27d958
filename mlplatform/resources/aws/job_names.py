"""Names of jobs, made from what a job does: whoever asks for the same work finds the same job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlplatform.ml.hashing import digest

LENGTH = 63  # of every name in the service
_HASH_DIGITS = 20
_ATTEMPT_DIGITS = 4
_SLUG = LENGTH - _HASH_DIGITS - _ATTEMPT_DIGITS - 2


def job_name(slug: str, key: str, attempt: int) -> str:
    """`<slug>-<hash20>-<attempt>`, at most 63 letters, digits and hyphens.

    `key` is what the work is known by (any text), `attempt` counts from 1. ValueError for attempts that do
    not fit.
    """
    if not 1 <= attempt < 10**_ATTEMPT_DIGITS:
        raise ValueError(f"attempt {attempt} is not between 1 and {10**_ATTEMPT_DIGITS - 1}")
    return f"{_spelled(slug)}-{digest(key)[:_HASH_DIGITS]}-{attempt}"


def content_name(slug: str, content: Mapping[str, Any]) -> str:
    """`<slug>-<hash20>`, at most 63 signs: what is made of this content (plain JSON values) is made once."""
    return f"{_spelled(slug)}-{digest(content)[:_HASH_DIGITS]}"


def job_key(kind: str, work: Mapping[str, Any]) -> str:
    """Hex sha256 of what is done: the kind of job, and plain JSON values that decide its result."""
    return digest([kind, work])


def fingerprint_of(request: Mapping[str, Any]) -> str:
    """Hex sha256 of everything of a creation request that matters, in any order of its members.

    The name follows from the work, the tags tell who asks, and the instance type is where there was room:
    two requests that differ in these alone are the same.
    """
    return digest(matters_of(request))


def matters_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that its fingerprint covers."""
    left_out = {"TrainingJobName", "ProcessingJobName", "Tags"}
    kept = {name: value for name, value in request.items() if name not in left_out}
    if "ResourceConfig" in kept:
        kept["ResourceConfig"] = _anywhere(kept["ResourceConfig"])
    if "ProcessingResources" in kept:
        cluster = _anywhere(kept["ProcessingResources"]["ClusterConfig"])
        kept["ProcessingResources"] = {"ClusterConfig": cluster}
    return kept


def _anywhere(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resources.items() if name != "InstanceType"}


def _spelled(slug: str) -> str:
    """Letters, digits and single hyphens, a letter or digit first and last."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", slug).strip("-")[:_SLUG].strip("-")
    return plain or "job"
