"""The code location, loaded in this process: its use cases, jobs and resources."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.home import open_instance, prepare_home

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions

    from mlplatform.ml.declaration import Declaration
    from mlplatform.resources.landed_files import LandedFiles
    from mlplatform.resources.snapshots import Snapshots


@dataclass(frozen=True)
class Location:
    """A loaded code location and the instance that it records to."""

    definitions: Definitions
    instance: DagsterInstance
    declarations: dict[str, Declaration]

    def use_case(self, name: str) -> Declaration:
        """The declaration of a use case; WrongUsage, with the known names, for another name."""
        if name in self.declarations:
            return self.declarations[name]
        near = get_close_matches(name, self.declarations, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(sorted(self.declarations)) or "none"
        raise WrongUsage(f"there is no use case {name!r}; mlplatform/defs has: {known}.{hint}")

    @property
    def snapshots(self) -> Snapshots:
        """The store of the environment."""
        return self._resource("snapshots")

    @property
    def landed_files(self) -> LandedFiles:
        """The store of landed bytes of the environment."""
        return self._resource("landed_files")

    def _resource(self, name: str) -> Any:
        return (self.definitions.resources or {})[name]


def open_location() -> Location:
    """Load the definitions and open the instance of the home folder."""
    prepare_home()
    from mlplatform.definitions import defs, use_cases

    definitions = defs()
    return Location(definitions, open_instance(), dict(use_cases(definitions)))
