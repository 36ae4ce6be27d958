"""What `deploy` and `rollback` share: the release job, run here, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplatform.cli.output import report, report_json, tell
from mlplatform.resources.home import chosen

if TYPE_CHECKING:
    from mlplatform.cli.job_runs import Executed
    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration


def release(location: Location, declaration: Declaration, version: str | None, *, as_json: bool) -> int:
    """Deploy and report; the exit code."""
    from mlplatform.cli.run import exit_code, tell_failures

    done = run_release(location, declaration, version)
    if done.failures:
        tell_failures(done)
        return exit_code(done)
    document = {**live_document(location, declaration.name), "run_ids": done.run_ids}
    if as_json:
        report_json(document)
        return 0
    live = document["live"]
    report(f"{declaration.name} model {live['model_version']}: {live['action']}")
    if live["before"]:
        report(f"  before: {live['before']}")
    if chosen() != "local":
        tell(f"It answers SageMaker Runtime at {live['url']}.")
    elif live["running_servers"]:
        tell(f"{live['running_servers']} running model server(s) answer with it.")
    else:
        tell("No model server is running. To answer requests: mlplatform serve")
    return 0


def run_release(location: Location, declaration: Declaration, version: str | None) -> Executed:
    """The release job for a version, by default the one approved last."""
    from dagster import AssetKey

    from mlplatform.assets.jobs import release_job_name
    from mlplatform.cli.job_runs import Executed, run_job

    name, done = declaration.name, Executed()
    config = {"ops": {f"{name}__endpoint": {"config": {"model_version": version}}}} if version else None
    run_job(location, release_job_name(name), [AssetKey([name, "endpoint"])], None, {}, done, config)
    return done


def release_automatically(location: Location, declaration: Declaration, done: Executed) -> None:
    """Approve and deploy the latest model where the use case's policy says so and nobody says otherwise."""
    from dagster import AssetKey

    from mlplatform.assets.jobs import update_job_name
    from mlplatform.cli.job_runs import run_job
    from mlplatform.lineage.deployments import waiting_for_policy

    name = declaration.name
    if waiting_for_policy(location.instance, name) is None:
        return
    tell(f"{name}: approval, endpoint (the use case approves automatically)")
    keys = [AssetKey([name, asset]) for asset in ("approval", "endpoint")]
    run_job(location, update_job_name(name), keys, None, {}, done)


def live_document(location: Location, use_case: str) -> dict[str, Any]:
    """What is live, as `deploy --json` prints it."""
    from mlplatform.cli.state import live_endpoint
    from mlplatform.lineage.deployments import live

    return {"use_case": use_case, "live": live_endpoint(live(location.instance, use_case))}
