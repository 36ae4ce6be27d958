"""What the services say no to, in words; and what goes away by trying again, as an OSError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.clients import error_code, error_message

# boto3 has tried several times by then. Steps try again after an OSError, and then attach to what there is.
_PASSING = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "500",
    "502",
    "503",
    "504",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_CREDENTIALS = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
}


class AwsRefused(MLPlatformError):
    """A service refused a request for a reason that trying again cannot mend. `code` is the service's."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Errors of the body's AWS calls in words. `doing`: what was tried, such as "creating the job x".

    Raises AwsRefused, or OSError for what may pass: throttling, an unreachable or failing service.
    """
    try:
        yield
    except Exception as error:
        code = error_code(error)
        if code in _PASSING or _is_of_the_network(error):
            raise OSError(f"{doing}: {error_message(error)}") from error
        if code or type(error).__module__.startswith("botocore"):
            raise AwsRefused(f"{doing}: {_said(code, error)}", code) from error
        raise


def _said(code: str, error: Exception) -> str:
    message = error_message(error).rstrip(".")
    if code in _DENIED:
        return f"access denied ({message}). Give the role that asks this permission."
    if code in _CREDENTIALS or "Credential" in type(error).__name__:
        return f"the AWS credentials are missing, wrong or expired ({message}). Renew them and run again."
    return f"{code}: {message}." if code else f"{message}."


def _is_of_the_network(error: Exception) -> bool:
    """Whether botocore could not reach the service or was cut off."""
    names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "botocore.exceptions"}
    return bool(names & {"ConnectionError", "HTTPClientError"})
