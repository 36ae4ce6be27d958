"""OpenLineage's own client as the judge of events: its classes are generated from the published schemas."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import attr
from openlineage.client import generated
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.generated.base import BaseFacet


def refuse_what_is_not_published(event: Mapping[str, Any]) -> None:
    """Build the event from the published classes; TypeError, ValueError or AssertionError where it is none.

    An unknown member, one that is missing, or a facet under another schema's URL does not pass.
    """
    assert event["schemaURL"] == RunEvent._get_schema()
    built = RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=RunState[event["eventType"]],
        run=Run(runId=event["run"]["runId"], facets=_facets(event["run"])),
        job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"], facets=_facets(event["job"])),
        inputs=[
            InputDataset(**_dataset(one), inputFacets=_facets(one, "inputFacets")) for one in event["inputs"]
        ],
        outputs=[
            OutputDataset(**_dataset(one), outputFacets=_facets(one, "outputFacets"))
            for one in event["outputs"]
        ],
    )
    known = {"eventType", "eventTime", "producer", "schemaURL", "run", "job", "inputs", "outputs"}
    assert set(event) <= known
    assert built.run.runId == event["run"]["runId"]


def _dataset(dataset: Mapping[str, Any]) -> dict[str, Any]:
    assert set(dataset) <= {"namespace", "name", "facets", "inputFacets", "outputFacets"}
    return {"namespace": dataset["namespace"], "name": dataset["name"], "facets": _facets(dataset)}


def _facets(holder: Mapping[str, Any], member: str = "facets") -> dict[str, Any]:
    return {name: _facet(given) for name, given in holder.get(member, {}).items()}


def _facet(given: Mapping[str, Any]) -> BaseFacet:
    kind = _by_url()[given["_schemaURL"]]
    members = {name: value for name, value in given.items() if not name.startswith("_")}
    nested = {
        "run": lambda value: members_of(kind, "Run")(**value),
        "job": lambda value: members_of(kind, "Job")(**value),
        "fields": lambda value: [members_of(kind, "SchemaDatasetFacetFields")(**one) for one in value],
        "assertions": lambda value: [members_of(kind, "Assertion")(**one) for one in value],
        "parameters": lambda value: [members_of(kind, "ExecutionParameter")(**one) for one in value],
    }
    built = {name: nested[name](value) if name in nested else value for name, value in members.items()}
    made: BaseFacet = kind(**built, producer=given["_producer"])
    assert {one.name for one in attr.fields(type(made))} >= set(members)
    return made


def members_of(kind: type, name: str) -> Any:
    """A class beside this one, in the module that was generated from one schema."""
    return getattr(importlib.import_module(kind.__module__), name)


@cache
def _by_url() -> dict[str, type[BaseFacet]]:
    return {kind._get_schema(): kind for kind in _generated()}


def _generated() -> Iterator[type[BaseFacet]]:
    for module in pkgutil.iter_modules(generated.__path__):
        found = importlib.import_module(f"{generated.__name__}.{module.name}")
        for value in vars(found).values():
            if isinstance(value, type) and issubclass(value, BaseFacet):
                yield value
