"""`use_case.py` of a new use case: the declaration, with what was assumed about it."""

from __future__ import annotations

import textwrap

from mlplatform.ml.file_format import PLAIN
from mlplatform.ml.inference.draft import Draft
from mlplatform.scaffold.plan import Plan
from mlplatform.scaffold.python_source import collection, comment, joined, printable, quoted, sentence


def use_case_source(plan: Plan) -> str:
    """The module's text."""
    draft, lines = plan.draft, _head(plan)
    lines += [
        "    return UseCase(",
        f"        name={quoted(plan.name)},",
        sentence(_description(draft), "description=", ",", indent=8),
        f"        raw={plan.raw},",
        f"        features={plan.features_contract},",
        "        build_features=build_features,",
        "        estimator=build_estimator,",
        f"        entity={quoted(draft.entity.column.name)},",
        f"        target={quoted(draft.target.name)},",
        f"        task={quoted(draft.goal.task)},",
        *([f"        positive={quoted(draft.goal.positive)},"] if draft.goal.positive is not None else []),
        *_file(draft),
        *_after_the_fact(draft),
        f"        split={_split(draft)},",
        comment("What guessing reaches; the first model also has to beat the baseline. Raise it to what the "
                "use case needs.", indent=8),
        f"        gate={_gate(draft)},",
        *_limits(draft),
        comment("Say what the model is for, and what not: both stand on the model card.", indent=8),
        '        intended_use="",',
        '        limits="",',
        "    )",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _head(plan: Plan) -> list[str]:
    draft = plan.draft
    formats = ["from mlplatform.ml.file_format import FileFormat"] if _file(draft) else []
    split = "TimeSplit" if draft.time else "EntitySplit"
    return [
        *_docstring(plan),
        "",
        "from __future__ import annotations",
        "",
        "import dagster as dg",
        "",
        *formats,
        "from mlplatform.ml.gate import Gate",
        f"from mlplatform.ml.splits import {split}",
        "from mlplatform.use_case import UseCase",
        "",
        f"from .contracts import {', '.join(sorted([plan.raw, plan.features_contract]))}",
        "from .estimator import build_estimator",
        "from .features import build_features",
        "",
        "",
        "@dg.component_instance",
        f"def {plan.name}(context: dg.ComponentLoadContext) -> UseCase:",
        '    """The declaration: everything else follows from it."""',
    ]


def _docstring(plan: Plan) -> list[str]:
    draft = plan.draft
    first = f'"""{_description(draft)}"""'
    if not draft.assumptions:
        return [first]
    lines = [
        first.removesuffix('"""'),
        "",
        "Drafted from a file, with these assumptions; check each, then delete it:",
    ]
    for one in draft.assumptions:
        lines += textwrap.wrap(printable(one), 108, initial_indent="- ", subsequent_indent="  ")
    return [*lines, '"""']


def _description(draft: Draft) -> str:
    name = printable(draft.target.name)
    of_whom = f"of each {printable(draft.entity.column.name)}" if not draft.entity.stands_in else "of a row"
    return f"Predicts {name} {of_whom}."


def _file(draft: Draft) -> list[str]:
    """What of the file's format is not the usual one."""
    given = draft.table.file_format
    fields = []
    for name in type(given).model_fields:
        value = getattr(given, name)
        if value == getattr(PLAIN, name):
            continue
        if isinstance(value, tuple):
            comma = "," if len(value) == 1 else ""
            fields.append(f"{name}=({', '.join(quoted(one) for one in value)}{comma})")
        else:
            fields.append(f"{name}={quoted(value) if isinstance(value, str) else value}")
    return [joined("file=FileFormat(", fields, "),", indent=8)] if fields else []


def _after_the_fact(draft: Draft) -> list[str]:
    after = draft.parts.after_the_fact
    if not after:
        return []
    told = [comment(f"{name}: {why}.", indent=8) for name, why in after.items()]
    return [*told, collection("after_the_fact=(", [quoted(one) for one in after], "),", indent=8)]


def _split(draft: Draft) -> str:
    if draft.time is not None:
        return f"TimeSplit(column={quoted(draft.time.name)}, validation_share=0.2)"
    return "EntitySplit(validation_share=0.2)"


def _gate(draft: Draft) -> str:
    if draft.goal.task == "regression":
        return 'Gate(metric="r2", minimum=0.0)'
    if draft.goal.task == "binary_classification":
        return 'Gate(metric="roc_auc", minimum=0.5)'
    return f'Gate(metric="balanced_accuracy", minimum={round(1 / len(draft.goal.classes), 2)})'


def _limits(draft: Draft) -> list[str]:
    lines = []
    if draft.max_quarantined_share is not None:
        lines.append(f"        max_quarantined_share={draft.max_quarantined_share},")
    if draft.minimum_rows is not None:
        lines.append(f"        minimum_rows={draft.minimum_rows},")
    return lines
