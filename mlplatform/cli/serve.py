"""`mlplatform serve`: the model server on what is deployed here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import tell
from mlplatform.container.access import TOKEN_VARIABLE
from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.home import chosen, prepare_home

if TYPE_CHECKING:
    from mlplatform.container.routes import Endpoints


@click.command(
    help="Answer requests with the deployed models, over SageMaker Runtime's HTTP. Ends with Ctrl-C."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen at; 0 takes any free one.",
)
def command(host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT."""
    from mlplatform.container.server import Folders, log_to_stderr, run_server

    if chosen() != "local":
        raise WrongUsage(
            f"MLPLATFORM_ENV={chosen()}: models answer at the endpoints of that environment, and this server "
            "would know none of them. Ask them through SageMaker Runtime (InvokeEndpoint)."
        )
    home = prepare_home()
    folders = Folders(home / "endpoints", home / "snapshots", home / "captured")
    log_to_stderr()
    token = os.environ.get(TOKEN_VARIABLE) or None
    return run_server(folders, host, port, token, lambda address, held: _greet(address, held, token))


def _greet(address: str, held: Endpoints, token: str | None) -> None:
    tell(f"Model server: {address}  (end with Ctrl-C)")
    for name, endpoint in sorted(held.endpoints.items()):
        if endpoint.live:
            tell(f"  {name}: model {endpoint.live.model.version}")
        else:
            tell(f"  {name}: no model answers: {endpoint.why_not}")
    if not held.endpoints:
        tell(
            "  Nothing is deployed yet; what is deployed from now on is served. See: mlplatform deploy --help"
        )
    name = next(iter(sorted(held.endpoints)), "NAME")
    header = ' -H "X-Mlplatform-Token: $MLPLATFORM_SERVE_TOKEN"' if token else ""
    tell(
        f"Example: curl {address}/endpoints/{name}/invocations{header} -H 'Content-Type: text/csv' "
        "--data-binary @rows.csv"
    )
