"""Names of endpoints in an account."""

from __future__ import annotations

import re

from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform_tests.resources.aws.configured import settings


def test_a_name_carries_the_installation_and_stays_within_the_services_rule() -> None:
    assert hosted_name("job-change", settings(MLPLATFORM_NAME="people")) == "people-job-change"
    first, second = (hosted_name("a" * 61 + end, settings()) for end in ("b", "c"))
    assert first != second
    for name in (first, second):
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
