"""`UseCase`: the declaration of a use case as a Dagster component. `build_defs` only delegates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any

import dagster as dg

from mlplatform.assets import graph
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.gate import Gate
from mlplatform.ml.policies import Approval, Leakage, Monitoring, Retraining
from mlplatform.ml.splits import EntitySplit, TimeSplit


def _imported(context: dg.ResolutionContext, reference: str) -> Any:
    """A function or contract that YAML names as "package.module:name"."""
    module, _, name = context.resolve_value(reference, as_type=str).partition(":")
    return getattr(import_module(module), name)


def _split(given: Mapping[str, Any]) -> EntitySplit | TimeSplit:
    return TimeSplit(**given) if "column" in given else EntitySplit(**given)


def _built(kind: Callable[..., Any]) -> dg.Resolver:
    return dg.Resolver(lambda context, given: kind(**given), model_field_type=dict[str, Any])


Imported = Annotated[Any, dg.Resolver(_imported, model_field_type=str)]


class UseCase(Declaration, dg.Component, dg.Model, dg.Resolvable):
    """A use case: contracts, a feature function, an estimator and policies become one asset graph.

    Usually instantiated in Python beside its functions with `@dg.component_instance`. From YAML, functions
    and contracts are named as "package.module:name".
    """

    raw: Imported
    features: Imported
    build_features: Imported
    estimator: Imported
    sample: Imported | None = None
    # Any, because Dagster would otherwise look into a policy's own fields; Declaration checks the type.
    file: Annotated[Any, _built(FileFormat)] = FileFormat()
    split: Annotated[Any, _built(lambda **given: _split(given))] = EntitySplit()
    leakage: Annotated[Any, _built(Leakage)] = Leakage()
    gate: Annotated[Any, _built(Gate)]
    approval: Annotated[Any, _built(Approval)] = Approval()
    monitoring: Annotated[Any, _built(Monitoring)] = Monitoring()
    retraining: Annotated[Any, _built(Retraining)] = Retraining()

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The use case's assets, checks and jobs."""
        return graph.definitions(self)
