"""Jobs of these tests are other people's programs, which look for their files at /opt/ml itself."""

from __future__ import annotations

import pytest

from mlplatform_tests.requirements import require


@pytest.fixture(autouse=True, scope="session")
def _namespaces() -> None:
    from mlplatform_tests.sagemaker_emulator.containers import has_namespaces

    if not has_namespaces():
        require("namespaces", "this machine gives users no mount namespaces (`unshare -rm true` fails)")
