"""The commands by name; what they need is imported when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from .compare import compare
from .forecast import forecast
from .jobs import jobs
from .plan import plan
from .qpus import qpus
from .replay import replay
from .report import report
from .reproduce import reproduce
from .train import train

app = typer.Typer(
    help="Distributed quantum LSTMs: plan, train, forecast, and see what devices there are.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qlstm {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Distributed quantum LSTMs: plan, train, forecast, and see what devices there are."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command()(train)
app.command()(plan)
app.command()(compare)
app.command()(forecast)
app.command()(qpus)
app.command()(jobs)
app.command()(replay)
app.command()(report)
app.command()(reproduce)
