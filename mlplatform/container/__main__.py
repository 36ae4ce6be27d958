"""The program of the image: `python -m mlplatform.container train|serve|process [BASE]`.

It is what `docker run IMAGE train` runs; BASE is /opt/ml in a container.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

from mlplatform.container.layout import Layout
from mlplatform.container.supervised import supervised

_USAGE = "usage: python -m mlplatform.container train|serve|process [BASE]"
_BASE = "/opt/ml"


def main(arguments: list[str]) -> int:
    """0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n."""
    if len(arguments) not in {1, 2} or arguments[0] not in {"train", "serve", "process"}:
        print(_USAGE, file=sys.stderr)  # noqa: T201 - a program without a logger yet
        return 2
    program, base = arguments[0], arguments[1] if len(arguments) == 2 else _BASE
    layout = Layout(Path(base))
    if program == "train":
        return supervised("mlplatform.container.train", layout.base, layout.failure, layout.model)
    if program == "process":
        return supervised("mlplatform.container.process", layout.base, layout.message, layout.processed)
    return _serve(base)


def _serve(base: str) -> int:
    # The first process of a container ignores signals that it has no handler for; while the model is loaded
    # the server has not set its own yet.
    signal.signal(signal.SIGTERM, _end)
    from mlplatform.container.serve import main as serve

    return serve([base])


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
