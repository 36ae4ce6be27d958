"""Why a model does not come out again as it was, in sentences that name what is another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.container.alike import TREES, Likeness
from mlplatform.container.code import Code, file_hashes
from mlplatform.lineage.proof import Finding
from mlplatform.lineage.records import Record
from mlplatform.ml.code_version import code_version
from mlplatform.ml.declaration import PLATFORM_PREFIXES
from mlplatform.ml.steps import BY_NAME

if TYPE_CHECKING:
    from mlplatform.ml.declaration import Declaration
    from mlplatform.resources.snapshots import Snapshots

_FACTS = ("python", "system", "processor", "threads")
_STEPS = ("raw", "validated", "features", "model")


def damage(findings: Sequence[Finding], model: Record, snapshots: Snapshots) -> tuple[str, ...]:
    """Each stored thing that is not what was recorded, once; of a model's code, the file."""
    paths = {one.path for one in findings}
    said = []
    for one in findings:
        if any(path != one.path and path in one.found for path in paths):
            continue  # what could not be read because another file is damaged
        if one.path == f"{model.path}/code":
            said += _changed_code(one, model, snapshots.place(one.path))
        else:
            said.append(str(one))
    return tuple(dict.fromkeys(said))


def _changed_code(finding: Finding, model: Record, folder: Path) -> list[str]:
    recorded, found = model.details.get("code_files"), file_hashes(folder)
    if recorded is None:  # an earlier version of the platform recorded the folder's hash alone
        return [str(finding)]
    return [
        f"model: {finding.path}/{name}: expected {recorded.get(name, 'no such file')}, "
        f"found {found.get(name, 'no such file')}"
        for name in sorted({*recorded, *found})
        if recorded.get(name) != found.get(name)
    ]


def environment_differences(recorded: Mapping[str, Any], here: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each recorded fact of the environment that is another one here."""
    pairs = [(name, recorded.get(name), here.get(name)) for name in _FACTS]
    before, now = recorded.get("libraries", {}), here.get("libraries", {})
    # what is required only since then comes with another version of what requires it
    pairs += [(name, before[name], now[name]) for name in sorted(before.keys() & now.keys())]
    return tuple(
        f"{name} is {found or 'not installed'} here, {said or 'not installed'} at training"
        for name, said, found in pairs
        if said != found
    )


def code_notes(declaration: Declaration, folder: Path, records: Iterable[Record]) -> tuple[str, ...]:
    """A sentence for each step whose code is another version now, taken with the model's own files.

    These are proven by their bytes, so it is the platform's code that has changed since.
    """
    recorded: dict[str, set[str]] = {}
    for one in records:
        recorded.setdefault(one.asset, set()).add(one.code_version)
    notes = []
    for name in _STEPS:
        found = _version_of(name, folder, declaration.package)
        if others := sorted(one[:12] for one in recorded.get(name, ()) if one and one != found):
            notes.append(f"the code of the step {name} is {found[:12]} here, {', '.join(others)} at training")
    return tuple(notes)


def _version_of(step: str, folder: Path, package: str) -> str:
    declared, asked = Code(folder).declared, BY_NAME[step]
    modules = [getattr(declared, name).partition(":")[0] for name in asked.use_case_code]
    entries = [*asked.platform_code, *(f"{package}.{module}" for module in modules)]
    return code_version(entries, (*PLATFORM_PREFIXES, package), {package: folder})


def why_bytes_differ(alike: Likeness, notes: tuple[str, ...]) -> tuple[str, ...]:
    """How far the predictions lie apart, and what may have changed the bytes."""
    if alike.unreadable:
        return (f"the stored model cannot predict here: {alike.unreadable}", *notes)
    kind = "trees" if alike.tolerance == TREES else "this kind of model"
    measured = (
        f"the artifact's bytes differ; on {alike.rows:,} {alike.side} rows the predictions are at most "
        f"{alike.apart:.2g} apart, where {kind} may be {alike.tolerance:g}"
    )
    return (measured, *(notes or ("nothing that is recorded says why",)))
