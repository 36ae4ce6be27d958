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
        """Folder of one input channel: `training` (snapshots), `set` (their manifest) or `code`."""
        return self.base / "input" / "data" / name

    @property
    def model(self) -> Path:
        """Everything left here becomes the model artifact."""
        return self.base / "model"

    @property
    def failure(self) -> Path:
        """The reason of a failed training, in the words of its own exception."""
        return self.base / "output" / "failure"

    @property
    def message(self) -> Path:
        """The reason of a failed processing job."""
        return self.base / "output" / "message"

    def given(self, name: str) -> Path:
        """Folder of one input of a processing job."""
        return self.base / "processing" / "input" / name

    @property
    def processed(self) -> Path:
        """What a processing job leaves here is uploaded."""
        return self.base / "processing" / "output"

    def make(self) -> None:
        """Create the folders that a program may write to or read from."""
        for folder in (self.hyperparameters.parent, self.model, self.failure.parent):
            folder.mkdir(parents=True, exist_ok=True)
