"""`python -m mlplatform_tests.sagemaker_emulator [--port N]`: run it until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading

from mlplatform_tests.sagemaker_emulator.server import Emulator


def main(port: int) -> None:
    """Print what to put into the environment, then serve; nothing is left behind."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Emulator(port) as emulator:
        variables = {"MLPLATFORM_ENV": "aws", **emulator.environment()}
        lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Amazon SageMaker on loopback, until Ctrl-C.")
    parser.add_argument("--port", type=int, default=0, help="a free one unless it is given")
    main(parser.parse_args().port)
