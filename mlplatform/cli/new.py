"""`mlplatform new`: a use case folder from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json

if TYPE_CHECKING:
    from mlplatform.ml.inference.draft import Draft

_TASKS = ("binary_classification", "multiclass_classification", "regression")
_MANY_COLUMNS = 500


@click.command(help="Write the use case NAME: contracts, features, estimator, declaration, tests.")
@click.argument("name")
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="CSV, Parquet or JSON lines; gzip too."
)
@click.option("--target", required=True, metavar="COLUMN", help="What is to be predicted.")
@click.option("--entity", metavar="COLUMN", help="Whom a row is about.  [default: found in the table]")
@click.option("--time", metavar="COLUMN", help="When a row happened; the latest days are then held out.")
@click.option("--task", type=click.Choice(_TASKS), help="[default: by the values of the target]")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), hidden=True)
@json_option
def command(
    name: str,
    data: Path,
    target: str,
    entity: str | None,
    time: str | None,
    task: Any,
    out: Path | None,
    as_json: bool,
) -> int:
    """Draft a use case. `--out` is the folder that holds mlplatform/, the installed one by default."""
    import mlplatform
    from mlplatform.ml.errors import UnreadableFile
    from mlplatform.ml.inference.draft import draft_of
    from mlplatform.resources.landed_files import refuse_what_is_no_file
    from mlplatform.scaffold.folder import refuse_name, write_folders
    from mlplatform.scaffold.trial import proven

    root = out or Path(mlplatform.__path__[0]).parent
    refuse_name(root, name)
    if not data.exists():
        raise UnreadableFile(f"{data} does not exist. Name the table to draft from: --data FILE.")
    refuse_what_is_no_file(data)
    draft = draft_of(data, target, entity=entity, time=time, task=task)
    if len(draft.table.columns) >= _MANY_COLUMNS:
        click.echo(f"Trying {len(draft.table.columns):,} columns; this takes a while ...", err=True)
    draft, trial = proven(name, draft)
    files = write_folders(root, name, draft)
    document = _document(name, draft, files, trial.quarantined, trial.assumptions)
    if as_json:
        report_json(document)
    else:
        _report(document, data)
    return 0


def _document(
    name: str, draft: Draft, files: list[Path], quarantined: int, tried: tuple[str, ...]
) -> dict[str, Any]:
    parts = draft.parts
    roles = {
        **dict.fromkeys(parts.features, "feature"),
        **dict.fromkeys(parts.after_the_fact, "after the fact"),
        **dict.fromkeys(parts.left_out, "left out"),
        draft.entity.column.name: "entity, feature"
        if draft.entity.column.name in parts.features
        else "entity",
        draft.target.name: "target",
        **({draft.time.name: "time"} if draft.time else {}),
    }
    why = {**parts.after_the_fact, **parts.left_out}
    return {
        "use_case": name,
        "files": [str(file) for file in files],
        "task": draft.goal.task,
        "target": draft.target.name,
        "positive": draft.goal.positive,
        "entity": draft.entity.column.name,
        "time": draft.time.name if draft.time else None,
        "rows": draft.table.rows,
        "quarantined": quarantined,
        "file_format": draft.table.file_format.model_dump(mode="json"),
        "columns": [
            {"name": one.name, "kind": one.kind, "role": roles[one.name], "why": why.get(one.name)}
            for one in draft.table.columns.values()
            if one.name in roles
        ],
        "assumptions": [*draft.assumptions, *tried],
    }


def _report(document: dict[str, Any], data: Path) -> None:
    for file in document["files"]:
        report(f"  {file}")
    report()
    told = f"{document['rows']:,} rows, {document['task']} of {document['target']}"
    report(f"{told}; {document['quarantined']:,} rows would be quarantined.")
    for line in columns((one["name"], one["kind"], one["role"]) for one in document["columns"]):
        report(line)
    if document["assumptions"]:
        report("Assumed, please check:")
    for one in document["assumptions"]:
        report(f"- {one}")
    name = document["use_case"]
    report(f"Next: mlplatform land {name} {data} && mlplatform run {name}")
