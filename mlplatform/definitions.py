"""The code location: every use case below `defs/`, and the resources of the chosen environment."""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.environment import resources
from mlplatform.resources.home import chosen
from mlplatform.use_case import UseCase

_HERE = Path(__file__).parent


@dg.definitions
def defs() -> dg.Definitions:
    """Use cases are found by themselves; a new folder below `defs/` needs no line here."""
    return dg.Definitions.merge(
        _use_cases_below_defs(),
        # A run already is a process of its own; one more per step would cost seconds each.
        dg.Definitions(
            resources=resources(), sensors=_environment_sensors(), executor=dg.in_process_executor
        ),
    )


def _use_cases_below_defs() -> dg.Definitions:
    """As `dg.load_from_defs_folder`, without a look into every component library that is installed.

    That look would import boto3 and all else of the aws extra wherever it is installed, for a list that only
    `dg` itself shows.
    """
    tree = dg.ComponentTree.for_project(_HERE)
    with warnings.catch_warnings():
        for kind in (dg.BetaWarning, dg.PreviewWarning):  # Dagster warns of its own ways of loading
            warnings.simplefilter("ignore", kind)
        return dg.Definitions.merge(tree.build_defs(Path()), dg.Definitions(component_tree=tree))


def _environment_sensors() -> list[dg.SensorDefinition]:
    """Sensors that belong to an environment instead of a use case."""
    if chosen() != "aws":
        return []
    from mlplatform.sensors.orphans import orphaned_jobs_sensor

    return [orphaned_jobs_sensor()]


def use_cases(definitions: dg.Definitions) -> dict[str, UseCase]:
    """The declarations behind the definitions, by name."""
    # Dagster leaves the component that made an asset in the asset's metadata.
    specs = [one for one in definitions.assets or () if isinstance(one, dg.AssetSpec)]
    origins = [spec.metadata.get("dagster/component_origin") for spec in specs]
    found = [getattr(origin, "instance", None) for origin in origins]
    known: dict[str, UseCase] = {}
    for one in found:
        if not isinstance(one, UseCase):
            continue
        if known.get(one.name, one) is not one:
            folders = f"{known[one.name].folder} and {one.folder}"
            raise WrongUsage(
                f"two folders declare the use case {one.name!r}: {folders}. Change name= in one."
            )
        known[one.name] = one
    return known
