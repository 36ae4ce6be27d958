"""Where the training container finds and leaves things, below one base directory.

The paths are those of a SageMaker training container (base /opt/ml), so that the same program runs there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ARTIFACT = "model.skops"


@dataclass(frozen=True)
class Layout:
    """Paths below `base`."""

    base: Path

    @property
    def hyperparameters(self) -> Path:
        """JSON object of strings, each a JSON value: the service sends text only."""
        return self.base / "input" / "config" / "hyperparameters.json"

    def channel(self, name: str) -> Path:
        """Folder of one input channel: `training` (manifest and snapshots) or `code` (the use case)."""
        return self.base / "input" / "data" / name

    @property
    def model(self) -> Path:
        """Everything left here becomes the model artifact."""
        return self.base / "model"

    @property
    def failure(self) -> Path:
        """The reason of a failed training, in the words of its own exception."""
        return self.base / "output" / "failure"

    def make(self) -> None:
        """Create the folders that a program may write to or read from."""
        for folder in (self.hyperparameters.parent, self.model, self.failure.parent):
            folder.mkdir(parents=True, exist_ok=True)
