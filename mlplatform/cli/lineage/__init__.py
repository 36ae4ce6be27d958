"""`mlplatform lineage`: what was made from what, asked of the records."""

from __future__ import annotations

from importlib import import_module

import click

QUESTIONS = {
    "trace": "everything behind a model, a prediction, or what is live",
    "impact": "what a batch, a file, a row or an entity reached, and what to do now",
    "live": "which model answered at a moment",
    "export": "the records for other programs: OpenLineage",
    "reproduce": "whether a recorded model comes out again, else because of what not",
    "page": "what is behind a model as one HTML file, to print and to keep",
    "reindex": "make the index of the records again",
}
"""Commands, each imported when it is called."""


class _Questions(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(QUESTIONS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in QUESTIONS:
            return None
        command: click.Command = import_module(f"mlplatform.cli.lineage.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(QUESTIONS.items()))


@click.group(cls=_Questions, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """What was made from what, and what answered when: read from the records."""
