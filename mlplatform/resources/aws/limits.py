"""The service's limits, checked before anything is sent: botocore itself checks only what is too short.

Numbers and patterns are those of botocore's service model. Each function raises WrongUsage for the first
member that is over a limit, with the member's name, the limit and what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from mlplatform.ml.errors import WrongUsage

TRAINING_ENVIRONMENT_VALUE = 512
PROCESSING_ENVIRONMENT_VALUE = 256
_DAY = 24 * 60 * 60
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_CHANNEL = re.compile(r"[A-Za-z0-9.\-_]{1,64}")
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TAG_SIGNS = set("_.:/=+-@")


def refuse_training_over_limits(request: Mapping[str, Any]) -> None:
    """Refuse a CreateTrainingJob request that the service would not take."""
    _name("TrainingJobName", request["TrainingJobName"])
    hyperparameters(request.get("HyperParameters", {}))
    environment(request.get("Environment", {}), TRAINING_ENVIRONMENT_VALUE)
    tags(request.get("Tags", ()))
    channels = request.get("InputDataConfig", ())
    _many("InputDataConfig", channels, 20)
    for channel in channels:
        if not _CHANNEL.fullmatch(channel["ChannelName"]):
            raise _refusal(
                "InputDataConfig", f"{channel['ChannelName']!r} cannot name a channel", "Rename it"
            )
        _long("S3Uri", channel["DataSource"]["S3DataSource"]["S3Uri"], 1024)
    _long("S3OutputPath", request["OutputDataConfig"]["S3OutputPath"], 1024)
    _command(request["AlgorithmSpecification"], "TrainingImage")
    _where(request, request.get("VpcConfig"))
    _seconds(request["StoppingCondition"], 28 * _DAY)


def refuse_processing_over_limits(request: Mapping[str, Any]) -> None:
    """Refuse a CreateProcessingJob request that the service would not take."""
    _name("ProcessingJobName", request["ProcessingJobName"])
    environment(request.get("Environment", {}), PROCESSING_ENVIRONMENT_VALUE)
    tags(request.get("Tags", ()))
    inputs, outputs = request["ProcessingInputs"], request["ProcessingOutputConfig"]["Outputs"]
    _many("ProcessingInputs", inputs, 10)
    _many("ProcessingOutputConfig.Outputs", outputs, 10)
    for given, where in [(one, "S3Input") for one in inputs] + [(one, "S3Output") for one in outputs]:
        _long("S3Uri", given[where]["S3Uri"], 1024)
        _long("LocalPath", given[where]["LocalPath"], 256)
    _command(request["AppSpecification"], "ImageUri")
    _where(request, request.get("NetworkConfig", {}).get("VpcConfig"))
    _seconds(request["StoppingCondition"], 9 * _DAY)


def hyperparameters(given: Mapping[str, str]) -> None:
    """At most 100; names of 256 and values (JSON text) of 2500 characters."""
    _many("HyperParameters", given, 100)
    for name, value in given.items():
        way_out = "Let the estimator function read long values from a file beside it"
        _long(f"HyperParameters[{name!r}]", value, 2500, way_out)
        _long("HyperParameters: the name", name, 256)


def environment(given: Mapping[str, str], longest: int) -> None:
    """At most 100 variables; the longest value differs between training and processing."""
    _many("Environment", given, 100)
    for name, value in given.items():
        if not _VARIABLE.fullmatch(name) or len(name) > 256:
            raise _refusal("Environment", f"{name!r} cannot name a variable", "Rename it")
        _long(f"Environment[{name!r}]", value, longest)


def tags(given: Sequence[Mapping[str, str]]) -> None:
    """At most 50, of letters, digits, blanks and _.:/=+-@; no name twice, none that begins with aws:."""
    _many("Tags", given, 50)
    names = [tag["Key"] for tag in given]
    for tag in given:
        name, value = tag["Key"], tag["Value"]
        _long("Tags: the name", name, 128)
        _long(f"Tags[{name!r}]", value, 256)
        if not name or not _is_tag_text(name) or not _is_tag_text(value):
            said = f"{name!r}={value!r} holds other characters than letters, digits, blanks and _.:/=+-@"
            raise _refusal("Tags", said, "Change MLPLATFORM_TAGS")
        if name.lower().startswith("aws:") or names.count(name) > 1:
            raise _refusal("Tags", f"{name!r} is taken", "Change MLPLATFORM_TAGS")


def _is_tag_text(text: str) -> bool:
    return all(sign in _TAG_SIGNS or unicodedata.category(sign)[0] in "LZN" for sign in text)


def _name(member: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        said = f"{name!r} is not 1 to 63 letters, digits and hyphens"
        raise _refusal(member, said, "Change MLPLATFORM_NAME")


def _command(program: Mapping[str, Any], image: str) -> None:
    _long(image, program[image], 255, "Shorten MLPLATFORM_IMAGE")
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        words = program.get(member, ())
        _many(member, words, 100)
        for word in words:
            _long(member, word, 256)


def _where(request: Mapping[str, Any], vpc: Mapping[str, Any] | None) -> None:
    _long("RoleArn", request["RoleArn"], 2048, "Change MLPLATFORM_EXECUTION_ROLE")
    if vpc:
        _many("VpcConfig.Subnets", vpc["Subnets"], 16, "Shorten MLPLATFORM_SUBNETS")
        _many("VpcConfig.SecurityGroupIds", vpc["SecurityGroupIds"], 5, "Shorten MLPLATFORM_SECURITY_GROUPS")


def _seconds(stopping: Mapping[str, int], most: int) -> None:
    runtime = stopping["MaxRuntimeInSeconds"]
    if not 1 <= runtime <= most:
        said = f"{runtime} s is not between 1 and {most}"
        raise _refusal("MaxRuntimeInSeconds", said, "Change MLPLATFORM_MAX_RUNTIME")
    wait = stopping.get("MaxWaitTimeInSeconds", runtime)
    if wait < runtime:
        said = f"{wait} s is less than the runtime of {runtime} s that it includes"
        raise _refusal("MaxWaitTimeInSeconds", said, "Change MLPLATFORM_MAX_WAIT")


def _many(member: str, given: Any, most: int, way_out: str = "Use fewer") -> None:
    if len(given) > most:
        raise _refusal(member, f"{len(given)} entries, the service takes {most}", way_out)


def _long(member: str, text: str, longest: int, way_out: str = "Shorten it") -> None:
    if len(text) > longest:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        said = f"{shown!r} has {len(text)} characters, the service takes {longest}"
        raise _refusal(member, said, way_out)


def _refusal(member: str, said: str, way_out: str) -> WrongUsage:
    return WrongUsage(f"SageMaker would not take {member}: {said}. {way_out}; nothing was sent.")
