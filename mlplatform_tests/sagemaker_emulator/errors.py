"""The service's refusals, as clients see them."""

from __future__ import annotations


class ServiceError(Exception):
    """An answer with an error code; 500 and above is what clients try again by themselves."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def resource_in_use(kind: str, arn: str) -> ServiceError:
    """A name that is taken, for ever: in the service's words."""
    return ServiceError(
        "ResourceInUse",
        f"{kind} names must be unique within an AWS account and region, and a {kind.lower()} with this name "
        f"already exists ({arn})",
    )


def not_found() -> ServiceError:
    """A job that does not exist, as the service says it of jobs."""
    return ServiceError("ValidationException", "Requested resource not found.")


def invalid(message: str) -> ServiceError:
    """A request that the service does not take."""
    return ServiceError("ValidationException", message)
