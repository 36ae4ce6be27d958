"""`mlplatform monitor`: judge captured traffic now, decide, and retrain, as the retraining sensor would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json, show_progress, tell

if TYPE_CHECKING:
    from mlplatform.cli.job_runs import Executed
    from mlplatform.cli.location import Location
    from mlplatform.lineage.records import Record
    from mlplatform.ml.declaration import Declaration
    from mlplatform.ml.response import Decision, Signal
    from mlplatform.sensors.decisions import Answered, Due


@click.command(
    help="Judge the captured traffic of USE_CASE now, decide about what has drifted, and train again where "
    "that is the decision. Ends with 3 when a window has drifted."
)
@click.argument("use_case")
@json_option
def command(use_case: str, as_json: bool) -> int:
    """Judge, decide, retrain."""
    from mlplatform.cli.location import open_location

    location = open_location()
    done = monitor(location, location.use_case(use_case))
    document = done.document()
    if as_json:
        report_json(document)
    else:
        for line in _text(document):
            report(line)
    for failure in [
        *done.judging.failures,
        *(one for each in done.retrainings for one in each.done.failures),
    ]:
        tell(f"error: {failure.message}")
        tell(f"  in {failure.step}{f' of {failure.batch}' if failure.batch else ''}, run {failure.run_id}")
    return done.exit_code


@dataclass(frozen=True)
class Retrained:
    """What a decision to retrain led to."""

    signal: str
    done: Executed
    model_version: str | None
    verdict: str | None

    def document(self) -> dict[str, Any]:
        """For `monitor --json`."""
        return {
            "signal": self.signal,
            "run_ids": self.done.run_ids,
            "model_version": self.model_version,
            "verdict": self.verdict,
            "failed": [{"step": one.step, "error": one.message} for one in self.done.failures],
        }


@dataclass
class Monitored:
    """What a call found and did. `windows` are those judged now, and the latest of the live model."""

    use_case: str
    judging: Executed
    judged: frozenset[str]
    windows: dict[str, tuple[Record, Record]] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    raised: bool = False
    retrainings: list[Retrained] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """An error's own code; 3 where a window judged now has drifted or a signal was decided; else 0."""
        failures = [*self.judging.failures, *(f for one in self.retrainings for f in one.done.failures)]
        if failures:
            return min(failure.exit_code for failure in failures)
        return 3 if self.raised else 0

    def document(self) -> dict[str, Any]:
        """What `monitor --json` prints."""
        return {
            "use_case": self.use_case,
            "windows": [_window(*self.windows[key], key in self.judged) for key in sorted(self.windows)],
            "signals": [{"signal": one.id, **_without_id(one), "reason": one.reason} for one in self.signals],
            "decisions": [
                decision_document(self.decisions[one.id]) for one in self.signals if one.id in self.decisions
            ],
            "retrainings": [one.document() for one in self.retrainings],
            "run_ids": self.judging.run_ids,
            "failed": [{"window": one.batch, "error": one.message} for one in self.judging.failures],
        }


def decision_document(decision: Decision) -> dict[str, Any]:
    """A decision as `monitor` and `status` print it."""
    return {
        "signal": decision.signal,
        "decision": decision.decision,
        "why": decision.why,
        "time": decision.time.isoformat(timespec="seconds"),
        "by": decision.by,
    }


def monitor(location: Location, declaration: Declaration) -> Monitored:
    """Judge every window that is new or grew, however little, then answer all open signals."""
    from mlplatform.cli.job_runs import Executed, end_orphans
    from mlplatform.sensors.decisions import COMMAND_LINE, answer_signals

    show_progress()
    end_orphans(location.instance)
    now, judging = datetime.now(UTC), Executed()
    judged = _judge(location, declaration, now, judging)
    found = Monitored(declaration.name, judging, frozenset(judged))
    # held until the retraining has ended, so that nobody takes a decision without a run for a forgotten one
    with location.single_flight.deciding(declaration.name, wait=True):
        answered = answer_signals(location.instance, declaration, datetime.now(UTC), COMMAND_LINE)
        _look(location, declaration, found, answered)
        found.retrainings = [_retrain(location, declaration, due) for due in answered.due]
    return found


def _judge(location: Location, declaration: Declaration, now: datetime, done: Executed) -> list[str]:
    from dagster import AssetKey

    from mlplatform.assets.jobs import monitor_job_name
    from mlplatform.cli.job_runs import run_job
    from mlplatform.lineage.records import windows_name
    from mlplatform.sensors.unjudged import unjudged_windows

    name = declaration.name
    found = unjudged_windows(location.instance, declaration, location.captured_traffic, now, by_hand=True)
    windows = [one.window for one in found]
    if windows:
        location.instance.add_dynamic_partitions(windows_name(name), windows)
    assets = [AssetKey([name, "captured"]), AssetKey([name, "drift"])]
    for number, window in enumerate(windows, start=1):
        tell(f"window {window} ({number} of {len(windows)})")
        run_job(location, monitor_job_name(name), assets, window, {}, done)
    return windows


def _look(location: Location, declaration: Declaration, found: Monitored, answered: Answered) -> None:
    """Fill in what is to be reported of windows, signals and decisions."""
    from mlplatform.lineage.records import latest_by_batch
    from mlplatform.lineage.signals import decisions_of, signal_of

    instance, name = location.instance, declaration.name
    shown = {*found.judged, *_latest_of_live(location, name)}
    captured, drift = (latest_by_batch(instance, name, asset, shown) for asset in ("captured", "drift"))
    found.windows = {key: (captured[key], drift[key]) for key in drift if key in captured}
    signals = {one.id: one for one in answered.signals}
    for key, record in drift.items():
        if signal := signal_of(record):
            signals.setdefault(signal.id, signal)
            found.raised = found.raised or key in found.judged
    found.raised = found.raised or bool(answered.signals)
    found.signals = sorted(signals.values(), key=lambda one: one.window)
    found.decisions = decisions_of(instance, name, [one.window for one in found.signals])


def _latest_of_live(location: Location, use_case: str) -> list[str]:
    """The newest window that the live model answered in; of whatever model while nothing was deployed."""
    from mlplatform.lineage.deployments import live
    from mlplatform.ml.windows import UNKNOWN_MODEL
    from mlplatform.sensors.unjudged import recent_windows

    answering = live(location.instance, use_case)
    windows = recent_windows(location.instance, use_case)
    known = {answering.details["model_version"]} if answering else {one.model_version for one in windows}
    known -= {UNKNOWN_MODEL}
    return sorted(one.key for one in windows if one.model_version in known)[-1:]


def _retrain(location: Location, declaration: Declaration, due: Due) -> Retrained:
    """Run what has landed meanwhile, each batch on its own, then everything that follows from it."""
    from mlplatform.assets.jobs import update_job_name
    from mlplatform.cli.execution import execute, plan_now
    from mlplatform.cli.job_runs import run_job
    from mlplatform.lineage.records import latest
    from mlplatform.sensors.decisions import retrained_assets

    tell(f"retraining: {due.decision.why}")
    of_batches = [one for one in plan_now(location, declaration) if one.batch is not None]
    done = execute(location, declaration, of_batches, progress=tell)
    job = update_job_name(declaration.name)
    run_job(location, job, retrained_assets(declaration), None, due.tags, done)
    model = latest(location.instance, declaration.name, "model")
    evaluation = latest(location.instance, declaration.name, "evaluation")
    return Retrained(
        due.decision.signal,
        done,
        str(model.details["version"]) if model else None,
        str(evaluation.details["verdict"]) if evaluation else None,
    )


def _without_id(signal: Signal) -> dict[str, Any]:
    return {name: value for name, value in vars(signal).items() if name != "id"}


def _window(captured: Record, drift: Record, judged_now: bool) -> dict[str, Any]:
    found, unreadable = drift.details, captured.details["unreadable"]
    return {
        "window": drift.batch,
        "rows": found["rows"],
        "model_version": found["model_version"],
        "judged_now": judged_now,
        "conclusion": found["conclusion"],
        "checks": [
            {
                "name": "psi",
                "passed": not found["drifted"],
                "value": found["max_psi"],
                "threshold": found["threshold"],
            },
            {"name": "readable_traffic", "passed": not unreadable, "value": unreadable, "threshold": 0},
        ],
    }


def _said(window: dict[str, Any]) -> str:
    unreadable = next(one["value"] for one in window["checks"] if one["name"] == "readable_traffic")
    return window["conclusion"] + (f" {unreadable} captured line(s) cannot be read." if unreadable else "")


def _text(document: dict[str, Any]) -> list[str]:
    if not document["windows"]:
        return ["No captured traffic yet. Requests to `mlplatform serve` are captured."]
    now = sum(one["judged_now"] for one in document["windows"])
    lines = [f"{document['use_case']}: {now} window(s) of traffic judged now"]
    lines += columns((one["window"], f"{one['rows']:,} rows", _said(one)) for one in document["windows"])
    lines += [f"{one['signal']}: {one['decision']}, {one['why']}" for one in document["decisions"]]
    for one in document["retrainings"]:
        if not one["failed"]:
            lines.append(f"Trained again: model {one['model_version']}, verdict {one['verdict']}")
    return lines
