"""The gate's rules, its intervals, and how often it is fooled by chance."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mlplatform.ml import resampling
from mlplatform.ml.gate import Gate, Naive, judge
from mlplatform.ml.metrics import metric
from mlplatform.ml.resampling import Estimate
from mlplatform.ml.verdict import Verdict

ROWS = 1000


def _evaluation(seed: int, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, a signal that predicts them, and noise; models are mixtures of signal and noise."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.4).astype(float)
    signal = np.clip(0.5 + 0.2 * (y - 0.5) + random.normal(0, 0.15, rows), 0.01, 0.99)
    return y, signal, random.random(rows)


def _judge(challenger_noise: float, champion_noise: float, **options: Any) -> Verdict:
    y, signal, noise = _evaluation(0)
    challenger = (1 - challenger_noise) * signal + challenger_noise * noise
    champion = (1 - champion_noise) * signal + champion_noise * noise[::-1]
    return judge(Gate(metric="roc_auc", **{"minimum": 0.6, **options}), y, challenger, champion)


def test_first_model_that_beats_the_baseline_is_promoted() -> None:
    y, signal, _ = _evaluation(0)
    verdict = judge(
        Gate(metric="roc_auc", minimum=0.7),
        y,
        signal,
        naive=Naive("the forecast of the plan", np.full(ROWS, 0.4)),
    )
    assert verdict.decision == "PROMOTE"
    assert verdict.baseline == 0.5
    assert verdict.champion is verdict.difference is None
    assert f"{verdict.challenger.value:.4f}" in verdict.reason
    assert (
        "and reaches the minimum of 0.7 and beats the forecast of the plan, whose roc_auc is 0.5000."
        in verdict.reason
    )
    assert verdict.baseline_name == "the forecast of the plan"


def test_first_model_below_the_minimum_is_rejected() -> None:
    y, signal, _ = _evaluation(0)
    verdict = judge(Gate(metric="roc_auc", minimum=0.95), y, signal)
    assert verdict.decision == "REJECT"
    assert "at least 0.95" in verdict.reason


@pytest.mark.parametrize("name", ["accuracy", "log_loss"])
def test_first_model_no_better_than_the_baseline_is_rejected(name: str) -> None:
    y, _, _ = _evaluation(0)
    constant = np.full(ROWS, 0.4)
    minimum = 0.0 if metric(name).higher_is_better else 10.0
    verdict = judge(Gate(metric=name, minimum=minimum), y, constant, naive=Naive("the mean", constant))
    assert verdict.decision == "REJECT"
    limit = "reaches the minimum of 0" if metric(name).higher_is_better else "stays within the limit of 10"
    assert (
        f"and {limit}, but does not beat the mean, whose {name} is {verdict.baseline:.4f}." in verdict.reason
    )


def test_clearly_better_is_promoted_and_clearly_worse_rejected() -> None:
    better, worse = _judge(0.1, 0.6), _judge(0.6, 0.1)
    assert (better.decision, worse.decision) == ("PROMOTE", "REJECT")
    assert better.difference is not None
    assert better.difference.low > 0
    assert worse.difference is not None
    assert worse.difference.high < 0


def test_undecidable_holds() -> None:
    verdict = _judge(0.4, 0.4)
    assert verdict.decision == "HOLD"
    assert "cannot tell" in verdict.reason


def test_below_the_minimum_is_rejected_however_much_better() -> None:
    assert _judge(0.1, 0.6, minimum=0.99).decision == "REJECT"


def test_margin_tolerates_a_loss_but_not_a_worse_estimate() -> None:
    ahead, behind = _judge(0.3, 0.4, margin=0.2), _judge(0.4, 0.3, margin=0.2)
    assert ahead.difference is not None
    assert ahead.difference.low < 0 <= ahead.difference.value
    assert ahead.decision == "PROMOTE"
    assert behind.decision == "HOLD"
    assert "not better" in behind.reason


@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_same_model_holds(margin: float) -> None:
    y, signal, _ = _evaluation(0)
    gate = Gate(metric="roc_auc", minimum=0.6, margin=margin)
    assert judge(gate, y, signal, signal).decision == "HOLD"
    # Another scale ranks the rows alike, so by this metric it is the same model.
    verdict = judge(gate, y, np.sqrt(signal), signal)
    assert verdict.decision == "HOLD"
    assert "nothing is gained" in verdict.reason


def test_models_that_differ_in_one_row_are_not_told_apart() -> None:
    y, signal, _ = _evaluation(0)
    row = int(np.flatnonzero((y == 1) & (signal < 0.5))[0])
    challenger = signal.copy()
    challenger[row] = 0.9
    verdict = judge(Gate(metric="accuracy", minimum=0.5), y, challenger, signal)
    assert verdict.difference is not None
    assert verdict.difference.value > 0
    assert verdict.decision == "HOLD"


def test_errors_have_a_ceiling_and_smaller_is_better() -> None:
    random = np.random.default_rng(1)
    y = random.normal(0, 1, 300)
    close, far = y + random.normal(0, 0.1, 300), y + random.normal(0, 0.5, 300)
    verdict = judge(Gate(metric="mae", minimum=0.3), y, close, far)
    assert verdict.decision == "PROMOTE"
    assert verdict.difference is not None
    assert verdict.difference.value > 0
    assert judge(Gate(metric="mae", minimum=0.3), y, far, close).decision == "REJECT"


def test_equally_skilled_models_are_rarely_promoted() -> None:
    # One-sided share of a 95 % interval: about 5 of 200 are expected; seeds are fixed, so the count is too.
    decisions = []
    for seed in range(200):
        y, signal, noise = _evaluation(seed, rows=300)
        random = np.random.default_rng(seed + 1000)
        challenger, champion = 0.7 * signal + 0.3 * noise, 0.7 * signal + 0.3 * random.random(300)
        gate = Gate(metric="roc_auc", minimum=0.0, resamples=100)
        decisions.append(judge(gate, y, challenger, champion, seed=seed).decision)
    assert decisions.count("PROMOTE") <= 12
    assert decisions.count("REJECT") <= 12


def test_interval_covers_the_true_value_about_as_often_as_it_says() -> None:
    # A model right in 70 % of the rows, by construction.
    covered = 0
    for seed in range(200):
        right = np.random.default_rng(seed).random(300) < 0.7
        interval = judge(
            Gate(metric="accuracy", minimum=0.0, resamples=100), right * 1.0, np.ones(300)
        ).challenger
        covered += interval.low <= 0.7 <= interval.high
    assert covered >= 180


def test_same_arguments_give_the_same_verdict_and_memory_bound_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = _judge(0.2, 0.4)
    assert _judge(0.2, 0.4) == first
    monkeypatch.setattr(resampling, "BATCH_CELLS", 1)
    assert _judge(0.2, 0.4) == first


def test_slices_are_reported_by_value_and_do_not_decide() -> None:
    y, signal, noise = _evaluation(0)
    frame = pd.DataFrame(
        {"gender": ["Female"] * 400 + ["Male"] * 500 + ["Other"] * 40 + [None] * 60, "age": 1}
    )
    prediction = np.where(frame["gender"] == "Male", noise, signal)
    gate = Gate(metric="roc_auc", minimum=0.6, slices=["gender"])  # type: ignore[arg-type]
    verdict = judge(gate, y, prediction, slices=frame)
    assert [(each.value, each.rows) for each in verdict.slices] == [
        ("Female", 400),
        ("Male", 500),
        ("missing", 60),
    ]
    female, male, _ = (each.estimate for each in verdict.slices)
    assert male.high < female.low
    assert female.value == metric("roc_auc")(y[:400], signal[:400])
    assert verdict.decision == "PROMOTE"


def test_a_slice_has_what_would_be_predicted_without_a_model_beside_it() -> None:
    random = np.random.default_rng(2)
    y = random.normal(0, 1, 200)
    frame = pd.DataFrame({"team": ["a", "b"] * 100})
    plan = np.where(frame["team"] == "a", y, y + 1)
    gate = Gate(metric="mae", minimum=1, slices=("team",))
    compared = judge(gate, y, y + 0.5, naive=Naive("the plan", plan), slices=frame)
    assert [each.baseline for each in compared.slices] == pytest.approx([0, 1])
    assert [each.estimate.value for each in compared.slices] == pytest.approx([0.5, 0.5])
    assert [each.baseline for each in judge(gate, y, y + 0.5, slices=frame).slices] == [None, None]


def test_slices_of_any_column_type() -> None:
    y, signal, _ = _evaluation(0)
    half = [True] * 500 + [False] * 500
    frame = pd.DataFrame(
        {
            "flag": half,
            "number": pd.array([1, None] * 500, dtype="Int64"),
            "category": pd.Categorical(["a", None] * 500),
        }
    )
    verdict = judge(
        Gate(metric="roc_auc", minimum=0, slices=("flag", "number", "category")), y, signal, slices=frame
    )
    assert [each.value for each in verdict.slices] == ["False", "True", "1", "missing", "a", "missing"]


def test_one_class_holds_and_json_has_no_nan() -> None:
    verdict = judge(Gate(metric="roc_auc", minimum=0.6), np.ones(60), np.linspace(0, 1, 60))
    assert verdict.decision == "HOLD"
    assert "undefined" in verdict.reason
    plain = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert plain["challenger"] == {"value": None, "low": None, "high": None}


def test_rare_class_still_has_an_interval() -> None:
    # About a third of the resamples lack the only positive.
    y = np.zeros(60)
    y[7] = 1
    interval = judge(Gate(metric="roc_auc", minimum=0), y, np.random.default_rng(0).random(60)).challenger
    assert interval.low <= interval.value <= interval.high


def test_json_holds_every_field() -> None:
    y, signal, noise = _evaluation(0)
    frame = pd.DataFrame({"gender": ["Female", "Male"] * 500})
    gate = Gate(metric="roc_auc", minimum=0.6, slices=("gender",))
    verdict = judge(gate, y, signal, noise, Naive("noise", noise), frame)
    plain = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert verdict.difference is not None
    assert plain["difference"]["low"] == verdict.difference.low
    assert plain["slices"][1] == {
        "column": "gender",
        "value": "Male",
        "rows": 500,
        "estimate": vars(verdict.slices[1].estimate),
        "baseline": metric("roc_auc")(y[1::2], noise[1::2]),
    }
    assert set(plain) == set(vars(verdict))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"challenger_prediction": np.ones(3)}, r"challenger_prediction has shape \(3,\)"),
        (
            {"champion_prediction": np.full(100, np.nan)},
            "champion_prediction has 100 values that are not finite",
        ),
        ({"y": np.full(100, 2)}, "needs labels 0 and 1"),
        ({"naive": Naive("noise", np.ones(3))}, r"noise has shape \(3,\)"),
        ({"y": np.ones(1)}, "at least 2"),
        ({"slices": pd.DataFrame({"age": [1] * 100})}, r"slices lacks .* gender"),
        ({"slices": None}, r"slices lacks .* gender"),
        ({"slices": pd.DataFrame({"gender": ["x"] * 3})}, "slices has 3 rows"),
    ],
)
def test_wrong_input_is_named(arguments: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"y": np.arange(100) % 2, "challenger_prediction": np.ones(100) * 0.5}
    usual["slices"] = pd.DataFrame({"gender": ["x"] * 100})
    with pytest.raises(ValueError, match=message):
        judge(Gate(metric="roc_auc", minimum=0, slices=("gender",)), **{**usual, **arguments})


def test_gate_refuses_what_it_cannot_mean() -> None:
    with pytest.raises(ValidationError, match="known metrics"):
        Gate(metric="auc", minimum=0.5)
    wrongs: list[dict[str, Any]] = [{"margin": -0.1}, {"confidence": 1.0}, {"resamples": 3}, {"minimun": 0.2}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            Gate(**{"metric": "mae", "minimum": 1.0, **wrong})
    with pytest.raises(ValidationError, match="frozen"):
        Gate(metric="mae", minimum=1.0).margin = 1.0


def test_estimate_reads_as_a_value_with_its_interval() -> None:
    assert str(Estimate(0.75, 0.7, 0.8)) == "0.7500 [0.7000, 0.8000]"


def test_classes_are_judged_by_their_numbers() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 4, 600)
    good = np.where(random.random(600) < 0.9, y, random.integers(0, 4, 600))
    bad = np.where(random.random(600) < 0.5, y, random.integers(0, 4, 600))
    frame = pd.DataFrame({"half": ["a", "b"] * 300})
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        gate = Gate(metric=name, minimum=0.5, slices=("half",))
        verdict = judge(gate, y, good, bad, Naive("most frequent class", np.zeros(600)), frame)
        assert verdict.decision == "PROMOTE"
        assert verdict.champion is not None and verdict.baseline is not None
        assert verdict.challenger.value > verdict.champion.value > verdict.baseline
        assert [each.rows for each in verdict.slices] == [300, 300]
    with pytest.raises(ValueError, match="needs classes 0, 1, 2"):
        judge(Gate(metric="macro_f1", minimum=0), y - 1, good)
