"""`python -m mlplatform_tests.sagemaker_emulator [PORT]`: run it until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading

from mlplatform_tests.sagemaker_emulator.server import Emulator


def main(port: int) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Emulator(port) as emulator:
        lines = [f"export {name}={value}" for name, value in emulator.environment().items()]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
