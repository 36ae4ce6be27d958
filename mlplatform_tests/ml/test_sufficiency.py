import pytest

from mlplatform.ml.errors import NotEnoughData
from mlplatform.ml.manifests import Part, SetManifest
from mlplatform.ml.splits import EntitySplit
from mlplatform.ml.sufficiency import refuse_too_little


def manifest(*classes: dict[str, int]) -> SetManifest:
    parts = [Part(f"b{n}", "", "", "", sum(one.values()), one) for n, one in enumerate(classes)]
    return SetManifest("case", "training", EntitySplit(), tuple(parts))


@pytest.mark.parametrize("task", ["binary_classification", "regression"])
def test_enough_rows_over_all_batches_pass(task: str) -> None:
    refuse_too_little(manifest({"0": 30}, {"1": 20}), minimum_rows=50, task=task)


def test_too_few_rows_are_counted() -> None:
    with pytest.raises(NotEnoughData) as caught:
        refuse_too_little(manifest({"0": 30}, {"1": 19}), minimum_rows=50, task="regression")
    assert str(caught.value).startswith(
        "case/training_set has 49 rows from 2 batch(es), at least 50 are needed"
    )
    assert caught.value.exit_code == 3


def test_no_batches_at_all_are_too_few() -> None:
    with pytest.raises(NotEnoughData, match="0 rows from 0 batch"):
        refuse_too_little(manifest(), minimum_rows=2, task="regression")


def test_one_class_is_no_classification() -> None:
    one_class = manifest({"1": 60}, {"1": 40})
    with pytest.raises(
        NotEnoughData, match=r"case/training_set: the target has one class only \(1\) in 100 rows"
    ):
        refuse_too_little(one_class, minimum_rows=50, task="binary_classification")
    refuse_too_little(one_class, minimum_rows=50, task="regression")
