"""`mlplatform demo`: the whole story on generated data, from landed files to a retrained model."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, report, tell
from mlplatform.ml.errors import MLPlatformError, WrongUsage

if TYPE_CHECKING:
    from mlplatform.cli.job_runs import Executed
    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration

USE_CASE = "job_change"
_ROWS, _FAULTS = 4000, 0.01
_MARK, _DRIFTED = "demo", 4
_TRAFFIC_ROWS = 1000
_APPROVER, _REASON = "demo approver", "The verdict is PROMOTE and the slices look alike."


@click.command(
    help="The whole story on generated data: land, validate, train, judge, approve, deploy, answer, drift, "
    "train again. Takes about a minute."
)
def command() -> int:
    """Tell the story."""
    from mlplatform.cli.location import open_location
    from mlplatform.resources.home import chosen

    if chosen() != "local":
        raise WrongUsage(
            f"the demo is told on this machine, and MLPLATFORM_ENV={chosen()} would tell it in an account. "
            "Unset it: env -u MLPLATFORM_ENV mlplatform demo."
        )
    location = open_location()
    declaration = location.use_case(USE_CASE)
    told_before = _refuse_a_home_in_use(location)
    _tell_chapter(1, "Three files land, one row in a hundred is damaged.")
    first = _bring_in(location, declaration, (1, 2, 3))
    if told_before:
        report("The demo was here before: the same files landed again, so nothing had to run.")
    else:
        report()
        report("The first model")
        _report_model(first)
        _tell_chapter(2, "A person approves it, and it goes live.")
        _live_with_traffic(location, declaration)
    for line in _ending(location):
        report(line)
    return 0


def _refuse_a_home_in_use(location: Location) -> bool:
    """Whether the story was told to its end in this home; WrongUsage for a home with somebody's own data."""
    from mlplatform.lineage.records import latest_by_batch
    from mlplatform.ml.steps import LANDED_FILE
    from mlplatform.resources.home import home_folder

    landed = latest_by_batch(location.instance, USE_CASE, LANDED_FILE)
    others = [batch for batch in landed if not batch.startswith(_MARK)]
    if others:
        raise WrongUsage(
            f"{home_folder()} already holds batches of your own ({others[0]}). "
            "Give the demo a home of its own: MLPLATFORM_HOME=demo-home mlplatform demo."
        )
    return _file_name(_DRIFTED).removesuffix(".csv") in landed


def _tell_chapter(number: int, title: str) -> None:
    tell(f"\n{number}. {title}")


def _file_name(seed: int) -> str:
    return f"{_MARK}_{seed:02d}.csv"


def _bring_in(location: Location, declaration: Declaration, seeds: tuple[int, ...]) -> dict[str, Any]:
    from mlplatform.cli.run import bring_up_to_date

    _land(location, declaration, seeds)
    done, summary = bring_up_to_date(location, declaration)
    _refuse_failures(done)
    return summary


def _land(
    location: Location, declaration: Declaration, seeds: tuple[int, ...], *, drift: bool = False
) -> None:
    from mlplatform.cli.sample import write_sample

    with TemporaryDirectory(prefix="mlplatform-demo-") as folder:
        for seed in seeds:
            name = _file_name(seed)
            write_sample(declaration, Path(folder), name, _ROWS, seed, _FAULTS, drift=drift)
            file = Path(folder) / name
            landed = location.landed_files.land(location.instance, USE_CASE, file, file.stem)
            tell(f"  landed {name}: {landed.change}")


def _live_with_traffic(location: Location, declaration: Declaration) -> None:
    from mlplatform.cli.demo_traffic import model_server

    with model_server() as address:
        _go_live(location, declaration)
        _tell_chapter(3, "Clients ask. Every answered request is captured.")
        _ask(address, declaration, seed=11, drift=False)
        _monitor(location, declaration)
        _tell_chapter(4, "The people who ask change. What became of some of them lands as the next file.")
        _ask(address, declaration, seed=12, drift=True)
        _land(location, declaration, (_DRIFTED,), drift=True)
        _monitor(location, declaration)


def _go_live(location: Location, declaration: Declaration) -> None:
    from dagster import AssetKey

    from mlplatform.assets.jobs import approve_job_name
    from mlplatform.cli.job_runs import Executed, run_job
    from mlplatform.cli.release import run_release
    from mlplatform.lineage.records import latest

    model = latest(location.instance, USE_CASE, "model")
    version = model.details["version"] if model else ""
    said = {"approver": _APPROVER, "reason": _REASON, "model_version": version}
    config = {"ops": {f"{USE_CASE}__approval": {"config": said}}}
    done = Executed()
    run_job(location, approve_job_name(USE_CASE), [AssetKey([USE_CASE, "approval"])], None, {}, done, config)
    _refuse_failures(done)
    _refuse_failures(run_release(location, declaration, None))
    report()
    report("Approved and live")
    report(f"  {_APPROVER}: {_REASON}")
    report(f"  model {version} answers at /endpoints/job-change/invocations")


def _ask(address: str, declaration: Declaration, seed: int, *, drift: bool) -> None:
    from mlplatform.cli.demo_traffic import ask, post
    from mlplatform.ml.naming import endpoint_name

    assert declaration.sample is not None  # noqa: S101 - the shipped use case has one
    rows = declaration.sample(_TRAFFIC_ROWS, seed, drift).drop(columns=declaration.target)
    endpoint = endpoint_name(declaration.name)
    answers = ask(address, endpoint, rows)
    mean = sum(answers) / len(answers)
    report()
    report(f"{len(answers):,} {'other ' if drift else ''}people asked about, mean probability {mean:.3f}")
    if not drift:
        odd = rows.head(1).assign(training_hours=36_000).to_csv(index=False).encode()
        status, body = post(address, endpoint, odd, "text/csv")
        report(f"  A row with 36,000 training hours: {status}, {_message(body)}")


def _message(body: bytes) -> str:
    import json

    return str(json.loads(body)["Message"])


def _monitor(location: Location, declaration: Declaration) -> None:
    from mlplatform.cli.monitor import monitor

    document = monitor(location, declaration).document()
    for window in document["windows"]:
        report(f"  traffic: {window['conclusion']}")
    for decision in document["decisions"]:
        report(f"  signal -> {decision['decision']}: {decision['why']}")
    if document["retrainings"]:
        report()
        report("The model after one more batch, against the first one on the same held-out people")
        _report_model(_state(location))


def _report_model(summary: dict[str, Any]) -> None:
    from mlplatform.cli.summary import model_lines

    for line in model_lines(summary):
        report(line)


def _state(location: Location) -> dict[str, Any]:
    from mlplatform.cli.state import Refused, state
    from mlplatform.cli.world import latest_records

    return state(latest_records(location.instance, USE_CASE), Refused())


def _refuse_failures(done: Executed) -> None:
    if done.failures:
        raise MLPlatformError(done.failures[0].message)


def _ending(location: Location) -> list[str]:
    from mlplatform.cli.summary import batch_lines
    from mlplatform.resources.home import home_folder

    now = _state(location)
    rows = sum(batch["rows_in"] or 0 for batch in now["batches"])
    aside = sum(batch["quarantined"] or 0 for batch in now["batches"])
    version = now["model_version"]
    approve = f".venv/bin/mlplatform approve job_change {version} --by YOU --reason WHY"
    steps = [
        ("make dev", "the same graph in the Dagster UI, and a model server that answers"),
        (".venv/bin/mlplatform plan job_change", "what would run now, and why"),
        (".venv/bin/mlplatform status job_change", "batches, verdicts, what is live, decisions"),
        (str(home_folder()), "everything the demo made; delete it to start again"),
    ]
    if now["verdict"] == "PROMOTE":
        steps.insert(1, (approve, "nothing goes live without it; then: mlplatform deploy job_change"))
    return [
        "",
        "What came in, and what was set aside",
        *batch_lines(now["batches"]),
        f"  {rows:,} rows in = {rows - aside:,} validated + {aside:,} quarantined. Nothing is lost.",
        "",
        "Where to look next",
        *columns(steps),
    ]
