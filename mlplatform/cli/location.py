"""The code location, loaded in this process: its use cases, jobs and resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.home import open_instance, prepare_home

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions

    from mlplatform.ml.declaration import Declaration
    from mlplatform.resources.captured import CapturedTraffic
    from mlplatform.resources.landed_files import LandedFiles
    from mlplatform.resources.processing import Processing
    from mlplatform.resources.single_flight import SingleFlight
    from mlplatform.resources.snapshots import Snapshots


@dataclass(frozen=True)
class Location:
    """A loaded code location and the instance that it records to."""

    definitions: Definitions
    instance: DagsterInstance

    @property
    def declarations(self) -> Mapping[str, Declaration]:
        """The use cases, by name."""
        from mlplatform.definitions import use_cases

        return use_cases(self.definitions)

    def use_case(self, name: str) -> Declaration:
        """The declaration of a use case."""
        return use_case_named(self.definitions, name)

    @property
    def snapshots(self) -> Snapshots:
        """The store of the environment."""
        return self._resource("snapshots")

    @property
    def landed_files(self) -> LandedFiles:
        """The store of landed bytes of the environment."""
        return self._resource("landed_files")

    @property
    def captured_traffic(self) -> CapturedTraffic:
        """What the model servers wrote down."""
        return self._resource("captured_traffic")

    @property
    def single_flight(self) -> SingleFlight:
        """The locks of the environment."""
        return self._resource("single_flight")

    @property
    def processing(self) -> Processing:
        """Where features and batch scores are made."""
        return self._resource("processing")

    def _resource(self, name: str) -> Any:
        return (self.definitions.resources or {})[name]


def open_definitions() -> Definitions:
    """The definitions alone, without an instance."""
    from mlplatform.definitions import defs

    return defs()


def open_location() -> Location:
    """The definitions and the instance of the home folder, which is made where absent."""
    prepare_home()
    return Location(open_definitions(), open_instance())


def use_case_named(definitions: Definitions, name: str) -> Declaration:
    """A use case; WrongUsage, with the known names, where there is none of that name."""
    from mlplatform.definitions import use_cases

    known = use_cases(definitions)
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise WrongUsage(f"there is no use case {name!r}.{hint} Known: {', '.join(sorted(known)) or 'none'}.")
