"""What is put into the bucket in one request."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.refusals import AwsRefused


@pytest.mark.usefixtures("aws_environment")
def test_more_than_one_request_takes_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(5 * 1024**3 + 1)  # takes no room on the disk
    with pytest.raises(AwsRefused, match="Land the rows in smaller files"):
        Objects("snapshots").put("large.parquet", file)
    assert Objects("snapshots").written("large.parquet") is None
