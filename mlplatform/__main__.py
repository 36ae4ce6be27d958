"""`python -m mlplatform` is the same program as `mlplatform`."""

from mlplatform.cli.main import start

if __name__ == "__main__":
    start()
