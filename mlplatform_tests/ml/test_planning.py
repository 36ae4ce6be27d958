from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.hashing import digest
from mlplatform.ml.planning import Address, Decision, Input, Recorded, World, fingerprint, inputs_of, plan
from mlplatform.ml.steps import BY_NAME, LANDED_FILE, PER_BATCH, STEP_OF, STEPS

NAMES = [step.name for step in STEPS]


def world(batches: Iterable[str]) -> World:
    """Files have landed, nothing has been made of them."""
    landed = {(LANDED_FILE, batch): Recorded(digest([batch])) for batch in batches}
    versions = {name: "code of " + name for name in NAMES}
    return World(tuple(sorted(batches)), landed, versions, {name: {"of": name} for name in NAMES})


def carried_out(before: World, decisions: list[Decision]) -> World:
    """The world after the steps that the plan runs, each in its turn, were recorded."""
    recorded: dict[Address, Recorded] = dict(before.recorded)
    for decision in decisions:
        if not decision.runs:
            continue
        step = BY_NAME[decision.step]
        addresses = [a for a in inputs_of(step, decision.batch, before.batches) if a in recorded]
        inputs = tuple(Input(*a, recorded[a].sha256) for a in addresses) + before.also_read.get(step.name, ())
        code, parameters = before.code_versions[step.name], before.parameters[step.name]
        mark = fingerprint(code, inputs, parameters)
        for asset in step.outputs:
            made = Recorded(digest([asset, mark]), mark, code, digest(parameters), inputs)
            recorded[(asset, decision.batch)] = made
    return replace(before, recorded=recorded)


def settled(batches: Iterable[str]) -> World:
    fresh = world(batches)
    return carried_out(fresh, plan(fresh))


def running(decisions: list[Decision]) -> dict[tuple[str, str | None], str]:
    return {(one.step, one.batch): one.reason for one in decisions if one.runs}


def downstream(step: str) -> set[str]:
    """The step and all that is made from it."""
    reached = {step}
    for one in STEPS:
        if any(asset in STEP_OF and STEP_OF[asset].name in reached for asset in one.inputs):
            reached.add(one.name)
    return reached


def test_nothing_landed_nothing_to_do() -> None:
    decisions = plan(world([]))
    assert not running(decisions)
    assert {one.step: one.reason for one in decisions}["sets"] == "nothing to do: there is no features yet"


def test_the_first_plan_makes_everything_in_an_order_that_works() -> None:
    fresh, made = world(["a", "b"]), {LANDED_FILE}
    decisions = plan(fresh)
    assert len(running(decisions)) == len(decisions) == 3 * 2 + 4
    for one in decisions:
        assert set(BY_NAME[one.step].inputs) <= made
        made |= set(one.assets)


@given(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")), st.data())
@settings(max_examples=60)
def test_after_the_plan_was_carried_out_the_next_one_is_empty(
    first: set[str], second: set[str], data: st.DataObject
) -> None:
    done = settled(first)
    landed = {**done.recorded, **world(first | second).recorded}
    changed = data.draw(st.sets(st.sampled_from(sorted(landed, key=str)))) if landed else set()
    recorded = {
        a: replace(r, sha256=digest([r.sha256, "new"])) if a in changed else r for a, r in landed.items()
    }
    codes = {name: data.draw(st.sampled_from(["1", code])) for name, code in done.code_versions.items()}
    moved = replace(done, batches=tuple(sorted(first | second)), recorded=recorded, code_versions=codes)
    after = carried_out(moved, plan(moved))
    assert not running(plan(after))
    assert {one.reason for one in plan(after)} <= {"unchanged"} | {
        one.reason for one in plan(after) if one.reason.startswith("nothing to do")
    }


@pytest.mark.parametrize("step", NAMES)
@pytest.mark.parametrize("what", ["code", "parameters"])
def test_a_change_runs_exactly_what_is_made_from_it_and_says_why(step: str, what: str) -> None:
    done = settled(["a", "b"])
    if what == "code":
        changed = replace(done, code_versions={**done.code_versions, step: "another"})
    else:
        changed = replace(done, parameters={**done.parameters, step: {"of": "other"}})
    reasons = running(plan(changed))
    assert {name for name, _ in reasons} == downstream(step)
    assert all(f"its {what} changed" in reason for (name, _), reason in reasons.items() if name == step)
    assert all("runs first" in reason for (name, _), reason in reasons.items() if name != step)


def test_a_new_version_of_a_batch_runs_that_batch_and_what_is_drawn_from_all() -> None:
    done = settled(["a", "b"])
    landed = {**done.recorded, (LANDED_FILE, "b"): Recorded("other bytes")}
    reasons = running(plan(replace(done, recorded=landed)))
    assert {batch for _, batch in reasons} == {"b", None}
    assert reasons[("raw", "b")] == "landed_file of b changed"
    assert reasons[("sets", None)] == "features of b runs first"


def test_one_more_batch_leaves_the_others_alone() -> None:
    done = settled(["a", "b"])
    more = replace(done, batches=("a", "b", "c"), recorded={**done.recorded, **world(["c"]).recorded})
    reasons = running(plan(more))
    assert {batch for _, batch in reasons} == {"c", None}
    assert reasons[("raw", "c")] == "never made"


def test_a_batch_that_is_gone_is_named() -> None:
    done = settled(["a", "b"])
    without = {address: record for address, record in done.recorded.items() if address[1] != "b"}
    reasons = running(plan(replace(done, batches=("a",), recorded=without)))
    assert reasons[("sets", None)] == "training_set: features of b is no longer there"
    assert {batch for _, batch in reasons} == {None}


@pytest.mark.parametrize("address", sorted(settled(["a", "b"]).recorded, key=str))
def test_a_stored_file_that_is_gone_is_made_again(address: Address) -> None:
    done = settled(["a", "b"])
    recorded = {**done.recorded, address: replace(done.recorded[address], usable=False)}
    reasons = running(plan(replace(done, recorded=recorded)))
    if address[0] == LANDED_FILE:
        assert not reasons
    else:
        step = STEP_OF[address[0]].name
        assert "its stored file is gone" in reasons[(step, address[1])]
        assert {name for name, _ in reasons} == downstream(step)


def test_a_failed_batch_stays_as_it_was_and_the_others_go_on() -> None:
    fresh = world(["a", "b"])
    decisions = plan(fresh, unavailable=["b"])
    assert {one.batch for one in decisions} == {"a", None}
    after = carried_out(fresh, decisions)
    assert not running(plan(after, unavailable=["b"]))
    again = running(plan(after))
    assert again[("raw", "b")] == "never made" and again[("sets", None)] == "features of b runs first"


def test_the_champion_is_an_input_of_the_evaluation() -> None:
    done = settled(["a"])
    with_champion = replace(done, also_read={"evaluation": (Input("model", None, "champion"),)})
    assert set(running(plan(with_champion))) == {("evaluation", None), ("model_card", None)}
    after = carried_out(with_champion, plan(with_champion))
    assert not running(plan(after))
    back = running(plan(replace(after, also_read={})))
    assert back[("evaluation", None)] == "model changed"


def test_a_record_with_an_unknown_fingerprint_is_made_again() -> None:
    done = settled(["a"])
    recorded = {**done.recorded, ("model", None): replace(done.recorded[("model", None)], fingerprint="old")}
    assert running(plan(replace(done, recorded=recorded)))[("model", None)] == (
        "its record was written by another version of the platform"
    )


def test_many_changes_are_counted() -> None:
    done = settled("abc")
    landed = {**done.recorded, **{(LANDED_FILE, batch): Recorded("other") for batch in "abc"}}
    assert (
        running(plan(replace(done, recorded=landed)))[("sets", None)]
        == "features of a runs first (and 2 more)"
    )


@given(st.permutations([Input("a", "1", "x"), Input("a", None, "y"), Input("b", "1", "x")]))
def test_the_fingerprint_does_not_depend_on_the_order_of_inputs(inputs: list[Input]) -> None:
    assert fingerprint("code", inputs, {}) == fingerprint("code", sorted(inputs, key=str), {})


def test_the_fingerprint_depends_on_all_else() -> None:
    one = Input("a", "1", "x")
    marks = [
        fingerprint("code", [one], {}),
        fingerprint("other", [one], {}),
        fingerprint("code", [one], {"p": 1}),
        fingerprint("code", [], {}),
        *(fingerprint("code", [replace(one, **{name: "z"})], {}) for name in ("asset", "batch", "sha256")),
    ]
    assert len(set(marks)) == len(marks)


def test_the_table_of_steps_reads_only_what_is_made_before() -> None:
    made = {LANDED_FILE}
    for step in STEPS:
        assert set(step.inputs) <= made
        assert not step.per_batch or set(step.inputs) <= PER_BATCH
        made |= set(step.outputs)
