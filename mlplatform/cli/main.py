"""`mlplatform`: the program. Commands are imported when they are called, so that `--help` is instant."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from importlib import import_module

import click

from mlplatform.cli.output import tell
from mlplatform.ml.blame import in_own_words
from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.home import home_folder

COMMANDS = {
    "demo": "the whole story on generated data",
    "dev": "UI, daemon and model server together",
    "new": "a use case folder from a table",
    "sample": "write files to try a use case with",
    "land": "files become batches",
    "plan": "what would run and why; nothing runs",
    "run": "do it: from the landed batches up to the verdict",
    "replay": "judge quarantined rows again, after a contract was mended",
    "quarantine": "rows that were set aside, and why",
    "monitor": "judge captured traffic now, as the retraining sensor would",
    "status": "batches, versions, timings, verdicts, what is live",
    "approve": "let a promoted model go live",
    "reject": "keep a model from going live",
    "deploy": "let an approved model answer requests",
    "rollback": "let the model that was live before answer again",
    "serve": "answer requests with the deployed models",
    "predict": "predictions of the live model for a file",
    "lineage": "what was made from what, and what answered when",
    "doctor": "what is configured, reachable and missing",
    "gc": "delete old versions that nothing needs",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mlplatform.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):  # from the table: nothing is imported to show help
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlplatform")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def program(debug: bool) -> None:
    """From a landed file to a judged model, in one Dagster asset graph."""


def main(arguments: list[str] | None = None) -> int:
    """Run the program. 0 done, 1 error, 2 wrong usage, 3 a blocking check or the gate said no."""
    given = sys.argv[1:] if arguments is None else arguments
    if "--debug" in given:  # wherever it stands
        given = ["--debug", *(one for one in given if one != "--debug")]
    try:
        return int(program.main(args=given, prog_name="mlplatform", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        tell("Stopped. Finished steps are kept; run again to go on.")
        return 130
    except MLPlatformError as error:
        _explain(error, given)
        return error.exit_code
    except Exception as error:
        _explain(error, given)
        return 1


def start() -> None:
    """The entry point of the process.

    A command loads thousands of modules, works for seconds and ends. Looking for garbage among what was just
    loaded, and taking it all apart at the end, would cost a third of that time: so garbage is looked for
    rarely, and once everything is written the process ends at once.
    """
    gc.set_threshold(200_000, 20, 20)
    # pandera loads hypothesis, half a second of it, where it is installed; only tests draw examples with it
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _of_the_records(error: Exception) -> MLPlatformError:
    reason = getattr(error, "orig", None) or error
    return MLPlatformError(
        f"Dagster's records in {home_folder()} cannot be used: {reason}. "
        "Check free space and permissions, or set MLPLATFORM_HOME to another folder."
    )


def _explain(error: Exception, arguments: list[str]) -> None:
    expected = isinstance(error, MLPlatformError)
    if type(error).__module__.partition(".")[0] in ("sqlalchemy", "sqlite3"):
        expected, error = True, _of_the_records(error)
    tell(f"error: {error if expected else in_own_words(error)}")
    if "--debug" in arguments:
        traceback.print_exception(error)
    elif not expected:
        tell("`mlplatform --debug ...` shows the traceback.")
