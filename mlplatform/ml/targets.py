"""What a task's labels and predictions are as numbers, which is what metrics, bootstrap and plots read.

Models are fitted on the labels as they stand in the data (text, whole numbers, bools). A binary
classification predicts the probability of its positive class, a multiclass classification the label itself,
a regression the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplatform.ml.errors import NotEnoughData

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlplatform.ml.metrics import Array, FloatArray, Task

Label = str | int | float | bool
Prediction = float | str
"""One answer: a number (probability, value, or a class that is one), or a class as text."""


@dataclass(frozen=True)
class Target:
    """How one evaluation's labels become numbers.

    `positive` is the class that counts as 1 in a binary classification. `classes` are all that labels and
    predictions of a multiclass classification can be, in the order of their numbers.
    """

    task: Task
    positive: Label | None = None
    classes: tuple[Label, ...] = ()

    def numbers(self, labels: Array) -> FloatArray:
        """Labels of shape (n,) as numbers of shape (n,)."""
        if self.task == "binary_classification":
            return _floats(labels == self.positive)
        return self._codes(labels) if self.task == "multiclass_classification" else _floats(labels)

    def predicted(self, predictions: Array) -> FloatArray:
        """Predictions of shape (n,) as numbers of shape (n,)."""
        return self._codes(predictions) if self.task == "multiclass_classification" else _floats(predictions)

    def _codes(self, labels: Array) -> FloatArray:
        """Positions in `classes`; one behind the last for a prediction that is no class at all."""
        import numpy as np
        import pandas as pd

        known = pd.Index(list(self.classes), dtype=object)
        found = known.get_indexer(pd.Index(np.asarray(labels, dtype=object), dtype=object))
        return _floats(np.where(found < 0, len(known), found))


def labels_of(column: pd.Series) -> np.ndarray:
    """A target column without missing values, shape (n,), as an estimator takes it: int64, bool, float64, or
    objects that are text. Categories become their values."""
    import numpy as np
    import pandas as pd
    from pandas.api import types

    categories = isinstance(column.dtype, pd.CategoricalDtype)
    values = column.astype(column.cat.categories.dtype) if categories else column
    if types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=bool)
    if types.is_integer_dtype(values.dtype):
        return values.to_numpy(dtype=np.int64)
    if types.is_float_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64)
    return np.array([str(one) for one in values], dtype=object)


def all_classes(*groups: Iterable[Label]) -> tuple[Label, ...]:
    """Every class of the groups once: those of the first in its order, then what later ones add, by name."""
    known = dict.fromkeys(groups[0])
    for group in groups[1:]:
        known |= dict.fromkeys(sorted({*group} - {*known}, key=str))
    return tuple(known)


def positive_class(declared: Label | None, classes: Sequence[Label], who: str) -> Label:
    """The class whose probability is predicted: the declared one, else the last of the fitted `classes`.

    NotEnoughData, naming `who` declares it, where the classes lack it.
    """
    if declared is None:
        return classes[-1]
    if declared not in classes:
        known = ", ".join(repr(one) for one in classes)
        raise NotEnoughData(
            f"{who}: positive={declared!r} is no class of the training set, which has {known}. "
            "Land data that holds it, or mend positive in the use case."
        )
    return classes[list(classes).index(declared)]


def _floats(values: Any) -> FloatArray:
    import numpy as np

    return np.asarray(values, dtype=np.float64)
