"""Traffic that SageMaker's Data Capture wrote to `captured/<endpoint>/<variant>/yyyy/mm/dd/hh/<file>.jsonl`.

The service writes whole objects, some minutes after the fact. It does not know which model answers: the
name of the variant says it, `m-<version>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlplatform.ml.windows import folder_of, model_named
from mlplatform.resources.aws.endpoint_names import VARIANT, hosted_name
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.captured import CapturedTraffic

FOLDER = "captured"


class S3CapturedTraffic(CapturedTraffic):
    """Capture files in S3; `root` is where they are read through."""

    def files(self, endpoint: str, span: str) -> dict[str, int]:
        """Sizes in bytes of a span's files, by `<variant>/<path below the span's folder>`."""
        objects, found, hosted = Objects(FOLDER), {}, hosted_name(endpoint)
        for variant in objects.folders(f"{hosted}/"):
            folder = f"{hosted}/{variant}/{folder_of(span)}/"
            for one in objects.listed(folder):
                if one.path.endswith(".jsonl"):
                    found[f"{variant}/{one.path.removeprefix(folder)}"] = one.bytes
        return found

    def where(self, endpoint: str, span: str, name: str) -> str:
        """See CapturedTraffic."""
        return Objects(FOLDER).uri(_object(endpoint, span, name))

    @contextmanager
    def _opened(self, endpoint: str, span: str, name: str) -> Iterator[Iterable[bytes]]:
        Path(self.root).mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".tmp-", dir=self.root) as scratch:
            file = Path(scratch) / "captured.jsonl"
            if Objects(FOLDER).fetch(_object(endpoint, span, name), file):
                with file.open("rb") as opened:
                    yield opened
            else:  # deleted since it was listed
                yield ()

    def _variants(self, endpoint: str) -> list[str]:
        hosted = hosted_name(endpoint)
        return [f"{hosted}/{variant}" for variant in self._folders(hosted)]

    def _folders(self, folder: str) -> list[str]:
        return Objects(FOLDER).folders(f"{folder}/")

    def _version_of(self, name: str, line: bytes) -> str:
        return model_named(name.partition("/")[0].removeprefix(VARIANT))


def _object(endpoint: str, span: str, name: str) -> str:
    variant, _, rest = name.partition("/")
    return f"{hosted_name(endpoint)}/{variant}/{folder_of(span)}/{rest}"
