"""What to do now about what was wrong: what to take out, to make again, to go back to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlplatform.lineage.answering import Period, periods_of
from mlplatform.lineage.entries import Entry
from mlplatform.lineage.index import Index
from mlplatform.ml.steps import LANDED_FILE

_MOST_NAMED = 5


@dataclass(frozen=True)
class Advice:
    """One thing to do, or to know where `command` is None."""

    why: str
    command: str | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def advice(
    index: Index,
    subject: Mapping[str, Any],
    found: Mapping[int, Entry],
    alive: Collection[int],
    batches: Collection[str],
) -> Iterator[Advice]:
    """In the order in which to do it. `batches` are those that count now, `alive` what answers now."""
    use_case, reached = index.use_case, list(found.values())
    if alive:
        yield from _stop_the_harm(index, reached)
    counted = _counted(index, reached, batches)
    yield from _out_of_the_data(use_case, subject, counted)
    latest = index.latest("model")
    in_latest = latest is not None and latest.storage_id in found
    if counted or in_latest or alive:
        yield Advice("make a model without it", f"mlplatform run {use_case}")
    if alive:
        yield Advice(
            "look at its card and approve it", f"mlplatform approve {use_case} VERSION --by WHO --reason WHY"
        )
        yield Advice("let it answer", f"mlplatform deploy {use_case}")
    windows = [one for one in reached if one.asset == "captured"]
    if windows:
        predictions = sum(one.rows or 0 for one in windows)
        versions = sorted({str(one.version) for one in windows})
        yield Advice(
            f"{predictions:,} stored predictions in {len(windows):,} window(s) were made by what it reached "
            f"(model {', '.join(versions)}): whoever used them should know"
        )
    if not (alive or counted or in_latest):
        yield Advice("nothing to do: nothing that counts or answers now was made from it")


def _stop_the_harm(index: Index, reached: Collection[Entry]) -> Iterator[Advice]:
    """Back to the model before, where that is free of it."""
    periods = periods_of(index)
    trained = {one.version for one in reached if one.asset == "model"}
    answering = periods[-1].version
    if answering not in trained:
        yield Advice(
            f"model {answering}, which is live, was judged on it, not trained on it: its verdict is in doubt"
        )
        return
    clean = _clean_before(index, periods, trained)
    if clean is None:
        yield Advice(f"model {answering}, which is live, was trained on it, and so was every model before it")
        return
    first = next(one for one in reversed(periods) if _went_live(one, answering))
    back = first.deployment.details["before"] == clean
    command = (
        f"mlplatform rollback {index.use_case}" if back else f"mlplatform deploy {index.use_case} {clean}"
    )
    yield Advice(
        f"model {answering}, which is live, was trained on it; {clean}, live before, was not", command
    )


def _went_live(period: Period, version: str) -> bool:
    return period.version == version and period.deployment.details["action"] == "deployed"


def _clean_before(index: Index, periods: Collection[Period], trained: Collection[str | None]) -> str | None:
    """The last version that answered, is not among these and may still answer."""
    said = {str(one.version): str(one.details["outcome"]) for one in index.of_asset("approval")}
    tried = dict.fromkeys(one.version for one in reversed(list(periods)))
    return next((one for one in tried if one not in trained and said.get(one) == "approved"), None)


def _counted(index: Index, reached: Collection[Entry], batches: Collection[str]) -> list[str]:
    """The batches that count now with bytes that were asked about."""
    newest = index.latest_ids(LANDED_FILE)
    landed = [one for one in reached if one.asset == LANDED_FILE and one.batch in batches]
    return sorted(str(one.batch) for one in landed if newest[str(one.batch)] == one.storage_id)


def _out_of_the_data(use_case: str, subject: Mapping[str, Any], counted: list[str]) -> Iterator[Advice]:
    if not counted:
        return
    if subject["kind"] not in ("row", "entity"):
        named = " ".join(f"--withdraw {batch}" for batch in counted)
        why = "take it out (or land a corrected file under the same name)"
        yield Advice(why, f"mlplatform land {use_case} {named} --reason WHY")
    elif len(counted) > _MOST_NAMED:
        some = f"{', '.join(counted[:_MOST_NAMED])} and {len(counted) - _MOST_NAMED:,} more batches"
        yield Advice(f"correct the files of {some} and land each again under the name of its batch")
    else:
        for batch in counted:
            why = f"correct the file of {batch} and land it again under the same name"
            yield Advice(why, f"mlplatform land {use_case} FILE --batch {batch}")
