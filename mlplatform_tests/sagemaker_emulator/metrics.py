"""Metrics that a training job's lines hold, found as the request defines them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from mlplatform_tests.sagemaker_emulator.errors import invalid


class Metrics:
    """The last value of each. ValidationException for an expression that is none."""

    def __init__(self, definitions: Iterable[Mapping[str, str]]) -> None:
        try:
            self._wanted = {one["Name"]: re.compile(one["Regex"]) for one in definitions}
        except re.error as error:
            raise invalid(f"Invalid regex in the metric definitions: {error}") from error
        self._last: dict[str, dict[str, Any]] = {}

    def hear(self, line: str) -> None:
        """Remember what a line says."""
        for name, wanted in self._wanted.items():
            found = wanted.search(line)
            value = _number(found.group(1)) if found and wanted.groups else None
            if value is not None:
                self._last[name] = {"MetricName": name, "Value": value, "Timestamp": int(time.time())}

    def last(self) -> list[dict[str, Any]]:
        """FinalMetricDataList."""
        return list(self._last.values())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
