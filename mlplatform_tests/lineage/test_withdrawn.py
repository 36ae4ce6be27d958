"""A batch was wrong: what it reached, what to do, and that nothing live has it once that was done."""

from __future__ import annotations

import pytest

from mlplatform.lineage import About, Impact, impact, trace
from mlplatform.lineage.withdrawals import withdraw
from mlplatform.ml.errors import WrongUsage
from mlplatform_tests.history import NAME, History
from mlplatform_tests.year import TRAINING, Told

SIX_LINKS = ("training_set", "features", "validation_set", "approval", "endpoint", "model")


def of_batch(history: History, batch: str) -> Impact:
    return impact(history.instance, NAME, About(batch=batch), snapshots=history.resources["snapshots"])


def commands(found: Impact) -> list[str]:
    return [one.command for one in found.advice if one.command]


def live_assets(found: Impact) -> set[str]:
    return {one.asset for one in found.graph.nodes if one.live}


def test_withdrawn_trained_and_released_again_nothing_live_has_it(weeks: History, told: Told) -> None:
    batch = told.known_in[told.models[-1]][0]
    weeks.deploy(told.live[1][1])
    before = of_batch(weeks, batch)
    assert {"landed_file", "training_set", "model", "evaluation", "approval", "endpoint"} <= live_assets(
        before
    )
    assert commands(before) == [
        f"mlplatform land {NAME} --withdraw {batch} --reason WHY",
        f"mlplatform run {NAME}",
        f"mlplatform approve {NAME} VERSION --by WHO --reason WHY",
        f"mlplatform deploy {NAME}",
    ]
    assert "so was every model before it" in before.advice[0].why

    withdraw(weeks.instance, NAME, batch, by="anna", reason="typed wrongly")
    out = of_batch(weeks, batch)
    assert live_assets(out) == live_assets(before)
    assert commands(out) == commands(before)[1:]

    assert weeks.materialize(*TRAINING).success
    version = str(weeks.latest("model").details["version"])
    weeks.say(version)
    weeks.deploy(version)

    made = trace(weeks.instance, NAME)
    assert made.subject["model_version"] == version
    assert batch not in {one.batch for one in made.nodes}
    assert {one.batch for one in made.of("landed_file")} == set(told.known_in[told.models[-1]]) - {batch}
    after = of_batch(weeks, batch)
    assert live_assets(after) == set()
    assert len(after.graph.nodes) == len(before.graph.nodes)
    assert commands(after) == []
    assert "nothing to do" in after.advice[-1].why


def test_a_rollback_is_advised_where_it_helps(weeks: History, told: Told) -> None:
    """The batch that was withdrawn is behind the first model, which is live again; not behind the next."""
    assert told.live[-1][1] == told.live[0][1]
    clean = told.live[1][1]
    found = of_batch(weeks, told.withdrawn)
    assert commands(found)[0] == f"mlplatform deploy {NAME} {clean}"
    weeks.deploy(clean)
    assert live_assets(of_batch(weeks, told.withdrawn)) == set()

    late = told.known_in[told.models[-1]][-1]
    assert late not in told.known_in[told.models[0]]
    found = of_batch(weeks, late)
    assert commands(found)[0] == f"mlplatform rollback {NAME}"


def test_a_row_is_corrected_in_its_file(weeks: History, told: Told) -> None:
    batch = told.known_in[told.models[-1]][0]
    rows = [f"{batch}:{number}" for number in range(1, 31)]
    store = weeks.resources["snapshots"]
    found = [impact(weeks.instance, NAME, About(row=row), snapshots=store) for row in rows]
    assert {bool(one.graph.of("model")) for one in found} == {True, False}
    for one in found:
        assert f"mlplatform land {NAME} FILE --batch {batch}" in commands(one)
        judged_on = "was judged on it, not trained on it" in one.advice[0].why
        assert judged_on == bool(not one.graph.of("model") and live_assets(one))


def test_what_never_landed(weeks: History, told: Told, tmp_path_factory: pytest.TempPathFactory) -> None:
    batch = next(iter(told.landed))
    with pytest.raises(WrongUsage, match=f"never had a batch .*Did you mean '{batch[:8]}"):
        of_batch(weeks, f"{batch}x")
    store = weeks.resources["snapshots"]
    file = tmp_path_factory.mktemp("files") / "other.csv"
    file.write_text("a,b\n1,2\n")
    for about, said in (
        (About(file=file), "has never landed in job_change with these bytes"),
        (About(row=f"{batch}:41"), f"batch {batch} of job_change has 40 rows; there is no row"),
        (About(row=f"{batch}:0"), "there is no row"),
        (About(row="17"), "is no row id"),
        (About(entity="nobody"), "no row that landed in job_change has enrollee_id 'nobody'"),
    ):
        with pytest.raises(WrongUsage, match=said):
            impact(weeks.instance, NAME, about, snapshots=store)
    with pytest.raises(WrongUsage, match="exactly one"):
        About(batch="june", row="june:1")


def test_a_batch_that_has_only_landed(weeks: History) -> None:
    weeks.land("next_one", seed=3, rows=10)
    found = of_batch(weeks, "next_one")
    assert [one.asset for one in found.graph.nodes] == ["landed_file"]
    assert commands(found)[0] == f"mlplatform land {NAME} --withdraw next_one --reason WHY"
    store = weeks.resources["snapshots"]
    with pytest.raises(WrongUsage, match="has not been read yet"):
        impact(weeks.instance, NAME, About(row="next_one:1"), snapshots=store)
