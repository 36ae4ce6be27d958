"""From a prediction to its own request, the deployment that answered, and the files behind its model."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.assets import graph
from mlplatform.lineage import About, Graph, Node, Stores, impact, trace
from mlplatform.ml.errors import WrongUsage
from mlplatform_tests import traffic
from mlplatform_tests.history import NAME, History
from mlplatform_tests.year import Told


def stores(history: History) -> Stores:
    return Stores(history.resources["snapshots"], history.resources["captured_traffic"])


def traced(history: History, id_: str) -> Graph:
    return trace(history.instance, NAME, prediction=id_, stores=stores(history))


def the_request(found: Graph) -> Node:
    (request,) = found.of("request")
    return request


def captured_line(history: History, id_: str) -> bytes:
    """The line of a file that holds an id, found by reading all of them."""
    lines = []
    for file in sorted((history.home / "captured").rglob("*.jsonl")):
        for line in file.read_bytes().splitlines(keepends=True):
            metadata = json.loads(line)["eventMetadata"]
            if id_ in (metadata.get("inferenceId"), metadata["eventId"]):
                lines.append(line)
    (line,) = lines
    return line


def judge(history: History, version: str, at: datetime) -> str:
    """Make the window of what a version answered in an hour; its name."""
    window = f"{at:%Y-%m-%dT%H}_{version}"
    history.instance.add_dynamic_partitions(f"{NAME}_windows", [window])
    done = dg.materialize(
        graph.assets(history.declaration),
        selection=[dg.AssetKey([NAME, "captured"])],
        partition_key=window,
        instance=history.instance,
        resources=history.resources,
    )
    assert done.success
    return window


def test_a_request_that_no_window_holds_yet_is_found_in_its_line(weeks: History, told: Told) -> None:
    for id_, version in told.predictions.items():
        found = traced(weeks, id_)
        request = the_request(found)
        line = captured_line(weeks, id_)
        assert request.sha256 == hashlib.sha256(line).hexdigest()
        assert request.facts["model_version"] == version == found.subject["model_version"]
        assert request.facts["event_id"] == id_
        file, _, number = request.facts["place"].rpartition(", line ")
        assert Path(file).read_bytes().splitlines(keepends=True)[int(number) - 1] == line
        (deployment,) = found.read_by(request)
        assert (deployment.asset, deployment.facts["model_version"]) == ("endpoint", version)
        assert {one.batch for one in found.of("landed_file")} == set(told.known_in[version])
        assert found.of("approval")[0].facts["outcome"] == "approved"


def test_in_its_window_it_has_its_rows_as_well(weeks: History, told: Told) -> None:
    id_, version = next(iter(told.predictions.items()))
    before = the_request(traced(weeks, id_))
    at = datetime.fromisoformat(before.time)
    window = judge(weeks, version, at)

    found = traced(weeks, id_)

    request = the_request(found)
    assert (request.sha256, request.batch) == (before.sha256, window)
    assert [row["row_id"] for row in request.facts["rows"]] == [f"{id_}:{n}" for n in (1, 2, 3)]
    answered = json.loads(request.facts["answer"])["predictions"]
    assert [row["prediction"] for row in request.facts["rows"]] == pytest.approx(answered)
    (captured,) = found.of("captured")
    assert found.read_by(captured)[-1] == request or request in found.read_by(captured)
    # the lines may go: what the window holds stays
    for file in (weeks.home / "captured").rglob("*.jsonl"):
        file.unlink()
    later = the_request(traced(weeks, id_))
    assert later.facts["rows"] == request.facts["rows"]
    assert later.facts["snapshot"] == captured.facts["path"]

    batch = told.known_in[version][0]
    reached = impact(weeks.instance, NAME, About(batch=batch), snapshots=weeks.resources["snapshots"])
    assert [one.batch for one in reached.graph.of("captured")] == [window]
    assert any("6 stored predictions in 1 window(s)" in one.why for one in reached.advice)


def test_by_the_clients_own_id_all_requests_that_had_it(weeks: History, told: Told) -> None:
    found = traced(weeks, "client-1")
    assert {one.facts["model_version"] for one in found.of("request")} == set(told.predictions.values())
    assert all(one.facts["inference_id"] == "client-1" for one in found.of("request"))


def test_the_deployment_is_the_one_that_answered_then(weeks: History, told: Told) -> None:
    """After the rollback the first version answers again: by another deployment."""
    times = [time for time, version in told.live if version == told.live[0][1]]
    assert len(times) == 2
    model = next(one for one in told.predictions)
    version = told.predictions[model]
    folder = weeks.home / "snapshots" / NAME / "model" / version
    asked = weeks.declaration.sample(4, 5, False)  # type: ignore[misc]
    now = datetime.now(UTC)
    traffic.capture(
        weeks.home / "captured", "job-change", folder, asked, at=now, server="later", rows_per_request=2
    )
    first = traced(weeks, model)
    second = traced(weeks, f"later-{now:%H%M}-000000")
    actions = [one.read_by(the_request(one))[0].facts["action"] for one in (first, second)]
    assert actions == ["deployed", "rolled back"]


def test_an_id_that_nobody_sent(weeks: History) -> None:
    with pytest.raises(WrongUsage, match="no captured request of job_change has the id 'nobody'"):
        traced(weeks, "nobody")


def test_lines_that_only_mention_an_id_are_not_it(weeks: History, told: Told) -> None:
    file = next((weeks.home / "captured").rglob("*.jsonl"))
    line: Any = json.loads(file.read_bytes().splitlines()[0])
    line["eventMetadata"]["eventId"] = "another"
    line["eventMetadata"].pop("inferenceId", None)
    line["captureData"]["endpointInput"]["data"] = '{"said": "wanted"}'
    with file.open("ab") as written:
        written.write(json.dumps(line).encode() + b"\n" + b'{"broken": "wanted"}\n')
        written.write(json.dumps({**line, "eventVersion": "1"}).encode())  # not written to its end
    with pytest.raises(WrongUsage, match="no captured request"):
        traced(weeks, "wanted")
    assert the_request(traced(weeks, "another")).facts["event_id"] == "another"


def test_a_request_from_before_any_deployment_still_has_its_line(weeks: History, told: Told) -> None:
    version = next(iter(told.predictions.values()))
    folder = weeks.home / "snapshots" / NAME / "model" / version
    at = datetime.now(UTC) - timedelta(days=3)
    rows = weeks.declaration.sample(2, 5, False)  # type: ignore[misc]
    traffic.capture(weeks.home / "captured", "job-change", folder, rows, at=at, server="early")
    found = traced(weeks, f"early-{at:%H%M}-000000")
    assert found.read_by(the_request(found)) == []
