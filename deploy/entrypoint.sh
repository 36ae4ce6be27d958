#!/bin/sh
# `train`, `serve` and `process` are SageMaker's words for what a container is to do. Everything else is a
# program with its arguments, such as `dagster-daemon run`. `exec`, so that signals reach the program itself.
set -eu
case "${1:-}" in
  train | serve | process) exec python -m mlplatform.container "$@" ;;
  "") echo "Say what to do: train, serve, process, or a program with its arguments." >&2; exit 2 ;;
esac
# A task begins with an empty home: the same settings for all of them.
mkdir -p "${DAGSTER_HOME}"
cp /app/deploy/dagster.yaml "${DAGSTER_HOME}/dagster.yaml"
exec "$@"
