"""The settings of the `aws` environment: environment variables, read at once and complained about at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlplatform.ml.errors import WrongUsage

REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@dataclass(frozen=True)
class Setting:
    """One environment variable. `default` is None where it must be set; `rule` is what a value must match."""

    variable: str
    meaning: str
    default: str | None = None
    rule: str = ".*"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "MLPLATFORM_BUCKET",
        "the S3 bucket of snapshots, landed files and job inputs",
        None,
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    ),
    Setting("MLPLATFORM_PREFIX", "the folder in the bucket", "mlplatform", r"[A-Za-z0-9._/-]*[A-Za-z0-9]"),
    Setting(
        "MLPLATFORM_IMAGE",
        "URI of the image that trains, serves and processes, by digest or tag",
        None,
        r"\S{1,255}",
    ),
    Setting(
        "MLPLATFORM_EXECUTION_ROLE",
        "ARN of the role that jobs and endpoints run under",
        None,
        r"arn:aws[a-z-]*:iam::\d{12}:role/\S+",
    ),
    Setting(
        "MLPLATFORM_NAME",
        "what names of jobs, endpoints and packages begin with",
        "mlplatform",
        r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,14}[a-zA-Z0-9])?",
    ),
    Setting(
        "MLPLATFORM_TRAINING_INSTANCES",
        "instance types of jobs, the next where the one before has no capacity",
        "ml.m5.large,ml.m5.xlarge",
        r"ml\.[a-z0-9.-]+(,ml\.[a-z0-9.-]+)*",
    ),
    Setting("MLPLATFORM_ENDPOINT_INSTANCE", "instance type of endpoints", "ml.m5.large", r"ml\.[a-z0-9.-]+"),
    Setting("MLPLATFORM_ENDPOINT_INSTANCES", "instances of an endpoint", "1", r"[1-9]\d{0,2}"),
    Setting(
        "MLPLATFORM_BAKE_SECONDS",
        "seconds that an update of an endpoint is watched before the old instances go",
        "300",
        r"\d{1,3}|[12]\d{3}|3[0-5]\d\d|3600",
    ),
    Setting("MLPLATFORM_VOLUME_GB", "disk of a job's instance", "30", r"[1-9]\d{0,4}"),
    Setting("MLPLATFORM_MAX_RUNTIME", "seconds after which the service stops a job", "3600", r"[1-9]\d{1,5}"),
    Setting("MLPLATFORM_SPOT", "whether training uses managed spot instances", "no"),
    Setting(
        "MLPLATFORM_MAX_WAIT",
        "seconds a spot training may take with waiting; twice the runtime if empty",
        "",
        r"\d{0,6}",
    ),
    Setting(
        "MLPLATFORM_PROCESSING",
        "where features and batch scores are made: here, or in processing jobs",
        "local",
        r"local|sagemaker",
    ),
    Setting("MLPLATFORM_SUBNETS", "VPC subnets, comma separated", "", r"(subnet-\w+(,subnet-\w+)*)?"),
    Setting("MLPLATFORM_SECURITY_GROUPS", "VPC security groups, comma separated", "", r"(sg-\w+(,sg-\w+)*)?"),
    Setting("MLPLATFORM_KMS_KEY", "KMS key for what is written and for volumes", "", r"\S*"),
    Setting(
        "MLPLATFORM_TAGS",
        "tags of everything that is made: name=value,name=value",
        "",
        r"([^=,]+=[^=,]*(,[^=,]+=[^=,]*)*)?",
    ),
    Setting(
        "MLPLATFORM_ALARMS",
        "CloudWatch alarms that take an update of an endpoint back",
        "",
        r"[^,]*(,[^,]+){0,9}",
    ),
    Setting("MLPLATFORM_POLL_SECONDS", "pause between two looks at a job", "15", r"\d+(\.\d+)?"),
    Setting("DAGSTER_PG_HOST", "host of the PostgreSQL server behind Dagster", None, r"\S+"),
    Setting("DAGSTER_PG_PORT", "its port", "5432", r"\d{1,5}"),
    Setting("DAGSTER_PG_USER", "its user", None, r".+"),
    Setting("DAGSTER_PG_PASSWORD", "that user's password", None),
    Setting("DAGSTER_PG_DB", "its database", None, r".+"),
)


@dataclass(frozen=True)
class AwsSettings:
    """The environment's settings, each checked. `values` is by variable, defaults filled in."""

    region: str
    values: Mapping[str, str]

    def __getitem__(self, variable: str) -> str:
        return self.values[variable]

    def several(self, variable: str) -> tuple[str, ...]:
        """The parts of a comma separated setting; none where it is empty."""
        return tuple(part.strip() for part in self[variable].split(",") if part.strip())

    def number(self, variable: str) -> float:
        """A setting that is a number."""
        return float(self[variable])

    def is_on(self, variable: str) -> bool:
        """A setting that is yes or no."""
        return self[variable].strip().lower() in _TRUE

    @property
    def bucket(self) -> str:
        """The bucket of everything that the platform stores."""
        return self["MLPLATFORM_BUCKET"]

    def uri(self, *parts: str) -> str:
        """s3://bucket/prefix/part/part."""
        return f"s3://{self.bucket}/{self.key(*parts)}"

    def key(self, *parts: str) -> str:
        """prefix/part/part: the key below the bucket."""
        return "/".join((self["MLPLATFORM_PREFIX"], *parts))

    @property
    def tags(self) -> dict[str, str]:
        """Tags that everything gets."""
        pairs = (one.partition("=") for one in self.several("MLPLATFORM_TAGS"))
        return {name.strip(): value.strip() for name, _, value in pairs}


def aws_settings(environment: Mapping[str, str] | None = None) -> AwsSettings:
    """The settings, from `os.environ` unless another environment is given.

    WrongUsage with one line for each that is missing or cannot be; a password is never repeated.
    """
    given = os.environ if environment is None else environment
    region = next((given[name] for name in REGIONS if given.get(name)), None)
    values = {one.variable: given.get(one.variable) or (one.default or "") for one in SETTINGS}
    wrong = problems(given)
    if wrong or region is None:
        lines = "\n  ".join(wrong)
        raise WrongUsage(f"MLPLATFORM_ENV=aws, but {len(wrong)} setting(s) are missing or wrong:\n  {lines}")
    return AwsSettings(region, values)


def problems(given: Mapping[str, str]) -> list[str]:
    """One line for each setting that is missing or cannot be."""
    wrong = []
    if not any(given.get(name) for name in REGIONS):
        wrong.append(f"{REGIONS[0]} is not set: the AWS region")
    for one in SETTINGS:
        value = given.get(one.variable, "")
        if one.default is None and one.variable not in given:
            wrong.append(f"{one.variable} is not set: {one.meaning}")
        elif value and not re.fullmatch(one.rule, value):
            wrong.append(f"{one.variable}={value!r} cannot be {one.meaning}; it has to match {one.rule}")
        elif one.default is None and not value and one.variable != "DAGSTER_PG_PASSWORD":
            wrong.append(f"{one.variable} is empty: {one.meaning}")
    if given.get("MLPLATFORM_SPOT", "").strip().lower() not in _TRUE | _FALSE:
        wrong.append(f"MLPLATFORM_SPOT={given['MLPLATFORM_SPOT']!r} is neither yes nor no")
    if bool(given.get("MLPLATFORM_SUBNETS")) != bool(given.get("MLPLATFORM_SECURITY_GROUPS")):
        wrong.append("MLPLATFORM_SUBNETS and MLPLATFORM_SECURITY_GROUPS go together: set both or none")
    return wrong
