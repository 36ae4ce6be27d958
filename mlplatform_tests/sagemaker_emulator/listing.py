"""Listings: what is asked for, in its order, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.jobs import JOBS, Job
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request

_MOST = 100


class Listed(Protocol):
    """What can be chosen by name, status and time."""

    name: str
    status: str
    created: datetime
    changed: datetime


Some = TypeVar("Some", bound=Listed)
_ORDERS: dict[str, Callable[[Any], Any]] = {
    "Name": lambda one: one.name,
    "CreationTime": lambda one: one.created,
    "LastModifiedTime": lambda one: one.changed,
    "Status": lambda one: one.status,
}


def listed(kind: type[Job], request: Request, members: str) -> Answer:
    """One page of jobs; `members` is what the answer calls them."""
    jobs = [job for job in list(JOBS.values()) if isinstance(job, kind)]
    return page(ordered(chosen(jobs, request), request), request, members, lambda job: job.summary())


def ordered(found: Iterable[Some], request: Request, order: str = "Descending") -> list[Some]:
    """In the order that is asked for: by time, newest first, unless it says otherwise."""
    by = request.get("SortBy", "CreationTime")
    in_order = sorted(found, key=_ORDERS.get(by, _ORDERS["Name"]))  # "ModelName" is a name, too
    if request.get("SortOrder", order) == "Descending":
        in_order.reverse()
    return in_order


def page(
    found: Sequence[Some],
    request: Request,
    members: str,
    summary: Callable[[Some], Any],
    most: int = _MOST,
) -> dict[str, Any]:
    """One page of them, and where the next one begins."""
    start, most = _place(request.get("NextToken")), request.get("MaxResults", most)
    more = {"NextToken": f"after-{start + most}"} if len(found) > start + most else {}
    return {members: [summary(one) for one in found[start : start + most]], **more}


def chosen(some: Iterable[Some], request: Request) -> Iterable[Some]:
    """Those that the request's conditions on name, status and time hold for."""
    wanted, status = request.get("NameContains", ""), request.get("StatusEquals")
    for one in some:
        created, changed = one.created.timestamp(), one.changed.timestamp()
        if (
            wanted.lower() in one.name.lower()
            and status in {None, one.status}
            and request.get("CreationTimeAfter", created) <= created
            and request.get("CreationTimeBefore", created) >= created
            and request.get("LastModifiedTimeAfter", changed) <= changed
            and request.get("LastModifiedTimeBefore", changed) >= changed
        ):
            yield one


def _place(token: str | None) -> int:
    if token is None:
        return 0
    place = token.removeprefix("after-")
    if not place.isdecimal():
        raise invalid("Invalid NextToken")
    return int(place)
