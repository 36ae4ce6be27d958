"""Listings of jobs: what is asked for, in its order, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.jobs import JOBS, Job
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request

_MOST = 100
_ORDERS: dict[str, Callable[[Job], Any]] = {
    "Name": lambda job: job.name,
    "CreationTime": lambda job: job.created,
    "Status": lambda job: job.status,
}


def listed(kind: type[Job], request: Request, members: str) -> Answer:
    """One page of jobs; `members` is what the answer calls them."""
    found = sorted(_chosen(kind, request), key=_ORDERS[request.get("SortBy", "CreationTime")])
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    start, most = _place(request.get("NextToken")), request.get("MaxResults", _MOST)
    summaries = [job.summary() for job in found[start : start + most]]
    more = {"NextToken": f"after-{start + most}"} if len(found) > start + most else {}
    return {members: summaries, **more}


def _chosen(kind: type[Job], request: Request) -> Iterable[Job]:
    wanted, status = request.get("NameContains", ""), request.get("StatusEquals")
    for job in list(JOBS.values()):
        created, changed = job.created.timestamp(), job.changed.timestamp()
        if (
            isinstance(job, kind)
            and wanted.lower() in job.name.lower()
            and status in {None, job.status}
            and request.get("CreationTimeAfter", created) <= created
            and request.get("CreationTimeBefore", created) >= created
            and request.get("LastModifiedTimeAfter", changed) <= changed
            and request.get("LastModifiedTimeBefore", changed) >= changed
        ):
            yield job


def _place(token: str | None) -> int:
    if token is None:
        return 0
    place = token.removeprefix("after-")
    if not place.isdecimal():
        raise invalid("Invalid NextToken")
    return int(place)
