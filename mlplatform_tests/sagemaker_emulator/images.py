"""What images run: the platform's own program, unless another was pushed under the image's name."""

from __future__ import annotations

from collections.abc import Sequence

_PUSHED: dict[str, list[str]] = {}


def push(image: str, program: Sequence[str]) -> None:
    """Let an image's entry point be this program, such as `["python", "/somewhere/server.py"]`."""
    _PUSHED[image] = list(program)


def entrypoint_of(image: str) -> list[str]:
    """The entry point of an image; empty for the platform's own."""
    return _PUSHED.get(image, [])


def forget_images() -> None:
    """Every image is the platform's again."""
    _PUSHED.clear()
