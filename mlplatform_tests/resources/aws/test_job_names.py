import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.resources.aws.job_names import fingerprint_of, job_key, job_name

_SERVICE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
REQUEST: dict[str, Any] = {
    "TrainingJobName": "one",
    "Tags": [{"Key": "run", "Value": "1"}],
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "RoleArn": "role",
    "InputDataConfig": [{"ChannelName": "code"}],
}


@given(st.text(max_size=200), st.text(), st.integers(1, 9999))
def test_every_name_is_one_that_the_service_takes(slug: str, key: str, attempt: int) -> None:
    name = job_name(slug, key, attempt)
    assert _SERVICE.fullmatch(name) and len(name) <= 63
    assert name == job_name(slug, key, attempt)
    assert name.endswith(f"-{attempt}")


def test_names_of_the_longest_use_case_begin_with_the_platform() -> None:
    name = job_name("mlplatform-" + "a_very_long_name" * 5, "key", 12)
    assert name.startswith("mlplatform-a-very-long-name") and len(name) == 63 - 2


def test_other_work_has_another_name_and_an_attempt_of_its_own() -> None:
    keys = [
        job_key("training", {"use_case": "a", "threads": 1}),
        job_key("training", {"use_case": "a", "threads": 2}),
        job_key("processing", {"use_case": "a", "threads": 1}),
    ]
    assert keys[0] == job_key("training", {"threads": 1, "use_case": "a"})
    assert len({job_name("same", key, attempt) for key in keys for attempt in (1, 2)}) == 6


@pytest.mark.parametrize("attempt", [0, 10_000])
def test_attempts_that_do_not_fit_are_refused(attempt: int) -> None:
    with pytest.raises(ValueError, match="attempt"):
        job_name("slug", "key", attempt)


def test_name_tags_and_placement_are_no_part_of_the_fingerprint() -> None:
    elsewhere = {
        **REQUEST,
        "TrainingJobName": "other",
        "Tags": [],
        "ResourceConfig": {**REQUEST["ResourceConfig"], "InstanceType": "ml.m5.xlarge"},
    }
    assert fingerprint_of(dict(reversed(elsewhere.items()))) == fingerprint_of(REQUEST)


@pytest.mark.parametrize(
    "change",
    [
        {"RoleArn": "other"},
        {"InputDataConfig": [{"ChannelName": "set"}]},
        {"ResourceConfig": {**REQUEST["ResourceConfig"], "VolumeSizeInGB": 31}},
        {"HyperParameters": {}},
    ],
)
def test_everything_else_is(change: dict[str, Any]) -> None:
    assert fingerprint_of({**REQUEST, **change}) != fingerprint_of(REQUEST)


def test_placement_of_a_processing_job_is_no_part_either() -> None:
    def request(instance_type: str, count: int = 1) -> dict[str, Any]:
        cluster = {"InstanceType": instance_type, "InstanceCount": count}
        return {"ProcessingResources": {"ClusterConfig": cluster}}

    assert fingerprint_of(request("ml.m5.large")) == fingerprint_of(request("ml.m5.xlarge"))
    assert fingerprint_of(request("ml.m5.large")) != fingerprint_of(request("ml.m5.large", 2))
