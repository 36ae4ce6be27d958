"""What an export to SageMaker Lineage makes of a history, without the service."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from mlplatform.lineage import trace
from mlplatform.lineage.exports.sagemaker_entities import Entity, Plan, spelled, texts
from mlplatform.lineage.exports.sagemaker_files import FILES_SHOWN
from mlplatform_tests.history import NAME, History
from mlplatform_tests.lineage.exports.planned import planned
from mlplatform_tests.year import DATA, TRAINING, Size, Told, asked_for, year_in

QUOTAS = {"artifact": 6000, "action": 3000, "context": 500, "association": 6000}
NAME_RULE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}")


def counted(plan: Plan) -> Counter[str]:
    return Counter([*(one.kind for one in plan.entities), *("association" for _ in plan.links)])


def behind(plan: Plan, start: str) -> set[str]:
    """Ids of everything from which one gets to an end of the plan."""
    sources: dict[str, list[str]] = {}
    for link in plan.links:
        sources.setdefault(link.target, []).append(link.source)
    found, waiting = {start}, [start]
    while waiting:
        new = [one for one in sources.get(waiting.pop(), ()) if one not in found]
        found.update(new)
        waiting += new
    return found


def landed_behind(plan: Plan, start: str) -> set[tuple[str, str]]:
    return {
        (file["batch"], file["sha256"])
        for one in behind(plan, start)
        if one in plan.documents
        for file in json.loads(plan.documents[one])["files"]
    }


def models(plan: Plan) -> dict[str, Entity]:
    return {one.properties["version"]: one for one in plan.entities if one.type == "Model"}


def test_every_model_reaches_exactly_its_landed_files(weeks: History, told: Told) -> None:
    plan = planned(weeks)
    found = models(plan)
    assert found
    for version, model in found.items():
        graph = trace(weeks.instance, NAME, version=version)
        drawn = {one.id for one in graph.of("training_set")}
        assert drawn
        expected = {(one.batch, one.sha256) for one in graph.of("landed_file")}
        assert landed_behind(plan, model.id) <= expected
        assert {batch for batch, _ in landed_behind(plan, model.id)} == set(told.known_in[version])


def test_everything_is_found_from_the_use_case_and_nothing_goes_in_a_circle(weeks: History) -> None:
    plan = planned(weeks)
    (context,) = (one for one in plan.entities if one.type == "UseCase")
    assert behind(plan, context.id) >= {one.id for one in plan.entities}
    for one in plan.entities:
        for link in plan.links:
            if link.source == one.id:
                assert link.target not in behind(plan, one.id)


def test_what_is_planned_fits_into_the_service(weeks: History) -> None:
    plan = planned(weeks)
    for one in plan.entities:
        assert NAME_RULE.fullmatch(one.name)
        assert len(one.name) <= 120
        assert len(one.properties) <= 30
        longest = 4096 if one.kind == "artifact" else 2500
        assert all(0 < len(text) <= longest and "\n" not in text for text in one.properties.values())
        assert len(one.uri) <= 2048
        assert len(one.type) <= 40
        assert one.properties["mlplatform:use_case"] == NAME
    ids = [one.id for one in (*plan.entities, *plan.theirs)]
    assert len(ids) == len(set(ids))
    ends = {end for link in plan.links for end in (link.source, link.target)}
    assert ends == set(ids)


def test_a_longer_history_plans_the_same_and_more(weeks: History) -> None:
    before = planned(weeks)
    assert planned(weeks) == before
    weeks.land("another", seed=3, rows=60)
    assert weeks.materialize(*DATA, *TRAINING, batch="another").success
    after = planned(weeks)
    assert {one.id for one in before.entities} <= {one.id for one in after.entities}
    assert set(before.links) <= set(after.links)
    if weeks.latest("evaluation").details["verdict"] == "PROMOTE":
        added = [one for one in after.entities if one not in before.entities]
        assert Counter(one.properties["asset"] for one in added)["landed_files"] == 1


def test_a_model_that_goes_live_again_is_another_deployment(weeks: History, told: Told) -> None:
    deployed = [one for one in planned(weeks).entities if one.type == "ModelDeployment"]
    assert len(deployed) == len(told.live)
    weeks.deploy(told.live[-1][1])  # already live
    assert len([one for one in planned(weeks).entities if one.type == "ModelDeployment"]) == len(deployed)


@pytest.mark.timeout(900)  # the first to ask lets the year pass
def test_a_year_stays_under_the_quotas(passed: Path, tmp_path: Path) -> None:
    """Three use cases with 365 batches and 50 retrainings fit into an account that never asked for more."""
    size = asked_for()
    part = size.retrainings / Size().retrainings
    with year_in(passed) as history:
        plan = planned(history, tmp_path / "lineage.sqlite")
    used = counted(plan)
    assert len(models(plan)) > 0.8 * size.retrainings
    for kind, quota in QUOTAS.items():
        assert 0 < used[kind] * 3 / part < quota, used
    landed = [one for one in plan.entities if one.properties["asset"] == "landed_file"]
    assert len(landed) < size.days or size != Size()  # of a few days, nearly all are among the last
    ids = {one.id for one in landed}
    shown = Counter(link.target for link in plan.links if link.source in ids)
    assert max(shown.values()) <= FILES_SHOWN
    (longest,) = {max(len(json.loads(one)["files"]) for one in plan.documents.values())}
    assert longest >= size.days - 1


def test_names_and_properties_are_cut_and_stay_apart() -> None:
    long = "a_batch.of-june " * 12
    assert NAME_RULE.fullmatch(spelled(long))
    assert spelled(long + "1") != spelled(long + "2")
    assert spelled("ä", "..") == "it"
    found = texts("action", {**{f"fact {n}": n for n in range(40)}, "empty": "", "none": None})
    assert len(found) == 30
    assert texts("action", {"reason": "one\ntwo", "long": "x" * 5000})["reason"] == "one two"
    assert len(texts("action", {"long": "x" * 5000})["long"]) == 2500
    assert len(texts("artifact", {"long": "x" * 5000})["long"]) == 4096
