"""Small pictures for the UI and the model card, as PNG bytes; one kind of picture a file.

The same input gives the same bytes. Rows whose value is not finite are left out.
"""

from mlplatform.ml.plots.balance import class_balance
from mlplatform.ml.plots.bars import drift, importance, rows_per_rule
from mlplatform.ml.plots.confusion import confusion_matrix
from mlplatform.ml.plots.distribution import target_distribution
from mlplatform.ml.plots.drawing import DPI, HEIGHT, WIDTH
from mlplatform.ml.plots.image import data_uri, markdown_image
from mlplatform.ml.plots.reliability import calibration
from mlplatform.ml.plots.roc import roc_curve
from mlplatform.ml.plots.scatter import predicted_against_actual

__all__ = [
    "DPI",
    "HEIGHT",
    "WIDTH",
    "calibration",
    "class_balance",
    "confusion_matrix",
    "data_uri",
    "drift",
    "importance",
    "markdown_image",
    "predicted_against_actual",
    "roc_curve",
    "rows_per_rule",
    "target_distribution",
]
