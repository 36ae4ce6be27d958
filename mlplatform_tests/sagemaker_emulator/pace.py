"""How long the emulator takes over what the service takes minutes for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Pace:
    """`waiting` is the share of the waits of a deployment (bake time, termination) that is waited.

    `startup_seconds` is how long a container may take until /ping says 200; None: as long as its variant
    says, or the four minutes of the service.
    """

    waiting: float = 0.01
    startup_seconds: float | None = None
    slow_start_seconds: float = 5.0

    def as_usual(self) -> None:
        """Forget what was changed."""
        self.waiting, self.startup_seconds, self.slow_start_seconds = 0.01, None, 5.0


PACE = Pace()
