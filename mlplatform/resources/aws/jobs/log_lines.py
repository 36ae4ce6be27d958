"""What a job's containers print, line by line as it comes, into the log of the run that waits for it."""

from __future__ import annotations

import logging

from mlplatform.resources.aws.clients import Clients, error_code

log = logging.getLogger(__name__)

_PAGES_PER_LOOK = 50


class LogLines:
    """Follows the streams of one job. What cannot be read is said once and holds up nothing."""

    def __init__(self, clients: Clients, group: str, job: str) -> None:
        self._clients, self._group, self._job = clients, group, job
        self._tokens: dict[str, str] = {}
        self._is_silent = False

    def follow(self) -> int:
        """Log what has come since the last time; how many lines that were."""
        if self._is_silent:
            return 0
        try:
            return sum(self._lines_of(stream) for stream in self._streams())
        except Exception as error:
            if error_code(error) != "ResourceNotFoundException":  # no container has printed anything yet
                self._is_silent = True
                log.warning("the log of %s cannot be read: %s. The job goes on.", self._job, error)
            return 0

    def _streams(self) -> list[str]:
        found = self._clients.logs.describe_log_streams(
            logGroupName=self._group, logStreamNamePrefix=f"{self._job}/"
        )
        return sorted(stream["logStreamName"] for stream in found["logStreams"])

    def _lines_of(self, stream: str) -> int:
        lines = 0
        for _ in range(_PAGES_PER_LOOK):
            before = self._tokens.get(stream)
            page = self._clients.logs.get_log_events(
                logGroupName=self._group,
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": before} if before else {}),
            )
            for event in page["events"]:
                log.info("%s", event["message"].rstrip("\n"))
            lines += len(page["events"])
            self._tokens[stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == before:  # the end, for now
                break
        return lines
