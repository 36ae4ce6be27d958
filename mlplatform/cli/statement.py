"""What `approve` and `reject` share: a person's statement about a model version, made an approval record."""

from __future__ import annotations

from typing import Any

from mlplatform.cli.output import report, report_json, tell


def state(use_case: str, version: str, approver: str, reason: str, decision: str, *, as_json: bool) -> int:
    """Run the approve job with this statement and report what came of it."""
    from dagster import AssetKey

    from mlplatform.assets.jobs import approve_job_name
    from mlplatform.cli.job_runs import Executed, run_job
    from mlplatform.cli.location import open_location
    from mlplatform.cli.run import exit_code, tell_failures

    location = open_location()
    name = location.use_case(use_case).name
    said = {"approver": approver, "reason": reason, "model_version": version, "decision": decision}
    done = Executed()
    config = {"ops": {f"{name}__approval": {"config": said}}}
    run_job(location, approve_job_name(name), [AssetKey([name, "approval"])], None, {}, done, config)
    if done.failures:
        tell_failures(done)
        return exit_code(done)
    document = {"use_case": name, **_outcome(location, name, version), "run_ids": done.run_ids}
    if as_json:
        report_json(document)
    else:
        _tell_outcome(document)
    return 0


def _outcome(location: Any, use_case: str, version: str) -> dict[str, Any]:
    from mlplatform.lineage.approvals import approval_of
    from mlplatform.lineage.deployments import live

    found = approval_of(location.instance, use_case, version)
    details = found.details if found else {}
    keys = ("model_version", "outcome", "required", "statements", "evidence")
    now = live(location.instance, use_case)
    is_live = now is not None and now.details["model_version"] == version
    return {**{key: details.get(key) for key in keys}, "is_live": is_live}


def _tell_outcome(document: dict[str, Any]) -> None:
    name, version, outcome = document["use_case"], document["model_version"], document["outcome"]
    report(f"{name} model {version}: {outcome}")
    for one in document["statements"]:
        verb = "approves" if one["approves"] else "rejects"
        report(f"  {one['approver']} {verb}: {one['reason']}")
    report(f"  evidence {document['evidence']}")
    if outcome == "approved":
        tell(f"Next: mlplatform deploy {name}")
    if outcome == "rejected" and document["is_live"]:
        tell(f"It is live and stays so until you go back (mlplatform rollback {name}) or deploy another.")
    if outcome == "pending":
        missing = document["required"] - len(document["statements"])
        tell(f"Waits for {missing} more approval(s) by other people.")
