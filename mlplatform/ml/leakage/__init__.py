"""Would a model know at training what it cannot know when it is asked? Asked before anything is fitted.

Pure functions on the rows of a training and a validation set; one kind of leak a file.
"""

from mlplatform.ml.leakage.alone import measure
from mlplatform.ml.leakage.hindsight import known_later
from mlplatform.ml.leakage.leaks import Leak, Leaked, Roles, refuse_leaks
from mlplatform.ml.leakage.newest import newest_rows, newest_validated
from mlplatform.ml.leakage.search import Looked, look_for_leaks

__all__ = [
    "Leak",
    "Leaked",
    "Looked",
    "Roles",
    "known_later",
    "look_for_leaks",
    "measure",
    "newest_rows",
    "newest_validated",
    "refuse_leaks",
]
