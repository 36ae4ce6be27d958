"""boto3's clients: the one place that imports boto3, so that everything else can be pointed elsewhere.

`AWS_ENDPOINT_URL` sends every call to another server, as the tests do. Calls are written as
`clients.<service>.<operation>(...)` everywhere: a test reads them and compares them with the IAM policies.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any


class Clients:
    """One client per service, made when it is first asked for."""

    def __init__(self, region: str) -> None:
        self.region = region

    @cached_property
    def sagemaker(self) -> Any:
        """Jobs, endpoints, model packages, lineage."""
        return self._client("sagemaker")

    @cached_property
    def runtime(self) -> Any:
        """Invocations; the service answers within 60 s, so one waits a little longer."""
        return self._client("sagemaker-runtime", read_timeout=80)

    @cached_property
    def s3(self) -> Any:
        """Objects."""
        return self._client("s3")

    @cached_property
    def logs(self) -> Any:
        """What containers printed."""
        return self._client("logs")

    @cached_property
    def cloudwatch(self) -> Any:
        """Alarms."""
        return self._client("cloudwatch")

    @cached_property
    def ecr(self) -> Any:
        """Images."""
        return self._client("ecr")

    @cached_property
    def iam(self) -> Any:
        """Roles."""
        return self._client("iam")

    @cached_property
    def sts(self) -> Any:
        """Who is asking."""
        return self._client("sts")

    def _client(self, service: str, **config: Any) -> Any:
        import boto3
        from botocore.config import Config

        # adaptive: slows down by itself while the service throttles. Other errors are tried again as well;
        # that is safe because every creation has a name or token made from its content.
        retries = {"mode": "adaptive", "max_attempts": 8}
        return boto3.client(
            service, region_name=self.region, config=Config(retries=retries, connect_timeout=10, **config)
        )


@cache
def clients(region: str) -> Clients:
    """The clients of this process: boto3's are safe to use from several threads."""
    return Clients(region)


def error_code(error: Exception) -> str:
    """The service's code of a botocore ClientError, such as "ResourceInUse"; empty for other errors."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def error_message(error: Exception) -> str:
    """The service's words."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Message", "") or error)
