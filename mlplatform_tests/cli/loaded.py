"""What the processes of `mlplatform_tests.cli.process` have loaded before they are told their command.

Imported once, by the process that they are forked from. Modules and definitions only: nothing here may open a
database or compute with threads, for neither survives a fork.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

# as `mlplatform.cli.main.start` does, and before pandera is loaded
sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]

# What is imported late: inside functions, by Dagster, by other libraries or by the platform. A name that is
# missing here costs time, no more; one that is gone fails every test that starts a process.
_LATE = """
    alembic.runtime.migration dagster._core.definitions.external_asset dagster._core.events.log
    dagster._core.definitions.repository_definition.repository_data_builder
    dagster._core.execution.execute_in_process dagster._core.execution.plan.active
    dagster._core.executor.in_process dagster._core.instance.factory dagster._core.instance.runs.run_domain
    dagster._core.secrets.env_file dagster._core.storage.migration.utils
    dagster._core.storage.noop_compute_log_manager dagster._core.storage.root
    dagster._core.storage.sqlite_storage dagster._core.system_config.composite_descent
    filelock fsspec.implementations.local upath.implementations.local
    jinja2 matplotlib.figure matplotlib.backends.backend_agg narwhals._pandas_like.dataframe
    narwhals._pandas_like.namespace pandas.io.formats.csvs pandas.io.formats.style
    pandera.accessors.pandas_accessor pandera.backends.pandas.container pandera.pandas
    pandera.strategies.pandas_strategies PIL.PngImagePlugin pyarrow.compute pyarrow.csv pyarrow.pandas_compat
    pyarrow.parquet scipy.stats skops.io sqlalchemy.dialects.sqlite
    sklearn.calibration sklearn.compose sklearn.ensemble sklearn.impute sklearn.inspection
    sklearn.linear_model sklearn.metrics sklearn.model_selection sklearn.pipeline sklearn.preprocessing
    mlplatform.container.captured mlplatform.container.scoring mlplatform.container.serving
    mlplatform.container.train mlplatform.ml.drift
    mlplatform.ml.faults mlplatform.ml.importance mlplatform.ml.plots mlplatform.ml.traffic
    mlplatform.cli.execution mlplatform.cli.location mlplatform.cli.main mlplatform.cli.release
    mlplatform.cli.state mlplatform.cli.summary
"""


def _load() -> None:
    for name in _LATE.split():
        import_module(name)
    from mlplatform.cli.main import COMMANDS
    from mlplatform.definitions import defs

    for name in COMMANDS:
        import_module(f"mlplatform.cli.{name}")
    defs()  # the use cases' own modules, and what Dagster needs to find them
    gc.collect()
    gc.freeze()  # what is never looked at again stays shared between the processes


_load()
