"""A model that answers requests: bytes in, bytes out, with the code it was trained with.

Predictions are those of the batch path (`scoring.Model`), in which pandera takes 25 ms to check the rows and
the features of one row. Here the same contracts judge them the fast way (`ml.contracts.plain_columns`, below
1 ms), and the batch path has the word wherever that says no clear yes.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.container.scoring import Model
from mlplatform.ml.capture import Message
from mlplatform.ml.contracts.plain_columns import FEW_ROWS, PlainColumns
from mlplatform.ml.contracts.row_rules import RowRules
from mlplatform.ml.contracts.rules import keeping_every_rule
from mlplatform.ml.errors import BrokenCode
from mlplatform.ml.features import make_features
from mlplatform.ml.targets import Prediction
from mlplatform.ml.wire import accepted_type, answer_body, rows_of

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 10_000
MAX_BODY = 6_291_456
"""Bytes of a request, as SageMaker limits them."""
_PINNING = threading.Lock()  # two threads that import the same packages may see half of one


def pin_threads(count: int = 1) -> None:
    """Fix the threads of OpenMP and BLAS for this thread, and for threads and libraries still to come.

    Call it before NumPy is loaded, and again in a thread that predicts: OpenMP keeps a limit per thread.
    Answers come one at a time, and a second thread for a few rows costs more than it does: where a core is
    busy with something else, scikit-learn with all cores falls to 3 requests a second.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    os.environ.update(dict.fromkeys(names, str(count)))
    with _PINNING:
        import scipy.linalg  # noqa: F401 - limits reach only libraries that are loaded
        import sklearn.utils._openmp_helpers  # noqa: F401
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=count)


@dataclass(frozen=True)
class Answer:
    """The answer to a request of `rows` rows: its body, and the predictions in it."""

    message: Message
    predictions: list[Prediction]
    rows: int


class ServedModel:
    """The model in a folder, loaded as a whole, ready to answer.

    Nothing of it changes while it answers, so threads may share it; in CPython they take turns anyway, and
    the server answers from one thread. Files of the folder are not read again.
    Raises DamagedSnapshot and BrokenCode, UntrustedModel and UnreadableModel of `artifact`.
    """

    def __init__(self, folder: Path) -> None:
        self.model = Model(folder)  # not `model_in`: that remembers a folder for ever
        code = self.model.code
        self.declared = code.declared
        self.version = str(self.model.manifest["version"])
        self._build = code.named(self.declared.build_features)
        self._features = code.named(self.declared.features)
        self._schema = self._features.to_schema()
        self._names = list(self._schema.columns)
        self._plain = _plain_features(self._schema)
        self.rules = RowRules(code.named(self.declared.raw), self.declared.unseen)
        self.model.pipeline  # noqa: B018 - now, not with the first request
        if self.declared.task == "binary_classification":
            self.model.positive  # noqa: B018

    def prove(self, artifact_sha256: str, code_sha256: str) -> None:
        """DamagedSnapshot where artifact or code are not these bytes."""
        self.model.prove(artifact_sha256, code_sha256)

    def answer(self, request: Message, accept: str = "") -> Answer:
        """Answer one request. Raises BadRequest for what the client can mend, BrokenCode for the rest."""
        accepted_type(accept)
        rows = self.rows_of(request)
        return self.answer_with(self.predictions_of(rows), accept)

    def answer_with(self, predictions: list[Prediction], accept: str) -> Answer:
        """These predictions as an answer."""
        return Answer(answer_body(predictions, self.version, accept), predictions, len(predictions))

    def rows_of(self, request: Message) -> pd.DataFrame:
        """The n rows of a request, typed and judged by the raw contract, index 0..n-1. Raises BadRequest."""
        return self.rules.judged(rows_of(request.body, request.content_type, self.rules.columns, MAX_ROWS))

    def predictions_of(self, rows: pd.DataFrame) -> list[Prediction]:
        """One a row: the probability of the positive class, the class, or the predicted value. BrokenCode."""
        given = self.model.predict_as_threads_are(self.features_of(rows), self.declared.task)
        if self.declared.task == "multiclass_classification":
            return list(given.tolist())
        predictions = [float(one) for one in given]
        if not all(map(math.isfinite, predictions)):
            raise BrokenCode(f"model {self.version} predicts {self._first_odd(predictions)}. Train it again.")
        return [*predictions]

    def features_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What `scoring.Model.features_of` gives for these rows, sooner. Raises BrokenCode as it does."""
        from pandera.errors import SchemaErrors

        features = self._build(rows.copy())
        if self._is_one_to_one(features, rows):
            if self._plain and len(rows) <= FEW_ROWS and self._plain.keep(features):
                return features[self._names]
            try:
                return keeping_every_rule(features[self._names], self._schema)
            except SchemaErrors:
                pass
        return make_features(rows, self._build, self._features, unseen=self.declared.unseen)

    def _is_one_to_one(self, features: Any, rows: pd.DataFrame) -> bool:
        columns = getattr(features, "columns", None)
        return (
            columns is not None
            and columns.is_unique
            and all(name in columns for name in self._names)
            and features.index.equals(rows.index)
        )

    @staticmethod
    def _first_odd(predictions: Sequence[float]) -> float:
        return next(one for one in predictions if not math.isfinite(one))

    def warm_up(self) -> None:
        """Answer a made-up row, since the first one takes long; that it may be refused does not matter."""
        import pandas as pd

        from mlplatform.ml.contracts.typed_columns import as_declared

        try:
            columns = self.rules.schema.columns.items()
            row = pd.DataFrame({name: [_made_up(column)] for name, column in columns})
            self.predictions_of(as_declared(row, self.rules.schema))
        except Exception:  # noqa: S110 - no row that this model could answer was found; a real one will do
            pass


def _plain_features(schema: Any) -> PlainColumns | None:
    """Where every promise of a feature contract is one about single values; None otherwise."""
    table_rules = schema.unique or schema.index is not None or schema.checks or schema.parsers
    of_columns = [
        one.unique or one.regex or one.parsers or not one.required for one in schema.columns.values()
    ]
    plain = None if table_rules or any(of_columns) else PlainColumns.of(schema)
    return None if plain is None or plain.others or plain.further else plain


def _made_up(column: Any) -> Any:
    """A value such as the column might have."""
    from mlplatform.ml.contracts.coercion import kind_of

    given = {check.name: check.statistics or {} for check in column.checks}
    allowed = list(given.get("isin", {}).get("allowed_values", ()))
    if allowed:
        return allowed[0]
    bounds = [one for values in given.values() for key, one in values.items() if key == "min_value"]
    kinds: dict[str, Any] = {"int": 1, "float": 1.0, "bool": True, "datetime": "2020-01-01", "string": "a"}
    return bounds[0] if bounds else kinds[kind_of(column.dtype)]
