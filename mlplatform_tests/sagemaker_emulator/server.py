"""The emulator as a server of this process."""

from __future__ import annotations

import logging
from types import TracebackType

from moto.server import ThreadedMotoServer

from mlplatform_tests.sagemaker_emulator import job_tags, processing_jobs, training_jobs  # noqa: F401
from mlplatform_tests.sagemaker_emulator.buckets import client, point_at
from mlplatform_tests.sagemaker_emulator.dispatch import CALLS, FAULTS, install
from mlplatform_tests.sagemaker_emulator.jobs import forget_jobs

BUCKET = "emulated-bucket"
ROLE = "arn:aws:iam::123456789012:role/mlplatform-execution"


class Emulator:
    """Runs until it is closed; `url` is where it answers, on loopback."""

    def __init__(self, port: int = 0) -> None:
        install()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        self._server.start()
        host, taken = self._server.get_host_and_port()
        self.url = f"http://{host}:{taken}"
        point_at(self.url)
        self.reset()

    @property
    def faults(self) -> FAULTS.__class__:  # type: ignore[name-defined]
        """What is to go wrong."""
        return FAULTS

    @property
    def calls(self) -> CALLS.__class__:  # type: ignore[name-defined]
        """How often each operation has been asked for."""
        return CALLS

    def reset(self) -> None:
        """As if it had just been started: no job, no fault, an empty bucket."""
        import urllib.request

        forget_jobs()
        FAULTS.clear()
        CALLS.clear()
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass
        client("s3").create_bucket(Bucket=BUCKET)

    def environment(self) -> dict[str, str]:
        """The variables with which the platform finds it, and what is in it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "emulated",
            "AWS_SECRET_ACCESS_KEY": "emulated",
            "AWS_REGION": "us-east-1",
            "MLPLATFORM_BUCKET": BUCKET,
            "MLPLATFORM_IMAGE": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mlplatform:emulated",
            "MLPLATFORM_EXECUTION_ROLE": ROLE,
            "MLPLATFORM_POLL_SECONDS": "0.2",
        }

    def close(self) -> None:
        """End the server and every job."""
        forget_jobs()
        self._server.stop()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
