"""Commands about a ledger as a whole: make it, run it, prove it."""

from __future__ import annotations

import sys

import click

from coalition.bootstrap import LedgerParameters, create_ledger, open_ledger
from coalition.chain.deploy import Deployment, Parameters
from coalition.cli.common import PORT, Output, command, progress_bar, serving_text, time_text
from coalition.settings import Settings

__all__ = ["COMMANDS"]

DAY = 86_400


@click.command()
@click.option("--epoch-days", type=click.IntRange(1, 3650), default=91, show_default=True, help="Length of an epoch.")
@click.option(
    "--validity-epochs",
    type=click.IntRange(1, 4),
    default=4,
    show_default=True,
    help="Epochs for which points are valid.",
)
@click.option(
    "--notice-hours", type=click.IntRange(0, 8760), default=24, show_default=True, help="Notice of what can hurt."
)
@click.option(
    "--recovery-days", type=click.IntRange(0, 365), default=7, show_default=True, help="Delay of a key recovery."
)
@command
def deploy(
    settings: Settings, out: Output, epoch_days: int, validity_epochs: int, notice_hours: int, recovery_days: int
) -> None:
    """Make a new ledger: keys of the roles, contracts, and the folder that holds all of it."""
    contracts = Parameters(
        epoch_length=epoch_days * DAY,
        validity_duration=validity_epochs,
        notice_seconds=notice_hours * 3600,
        recovery_delay=recovery_days * DAY,
    )
    deployment = create_ledger(settings, LedgerParameters(contracts))
    out.data({"home": str(settings.home), **deployment_value(deployment)})


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on; 0 picks a free one.")
@command
def up(settings: Settings, out: Output, host: str, port: int) -> None:
    """Run the chain and the API until Ctrl-C."""
    from coalition.bootstrap.serving import logged, serve

    with logged(settings) as log, open_ledger(settings) as ledger:
        serve(ledger, host, port, lambda url: out.note(serving_text(url, port)), log)
    out.note("Stopped.")


@click.command()
@command
def audit(settings: Settings, out: Output) -> None:
    """Replay the whole book and compare fold, contract storage and read model. Exit status 1 on a mismatch."""
    with open_ledger(settings) as ledger, progress_bar("steps") as bar:
        task = bar.add_task("audit", total=None, rate="")
        report = ledger.audit(lambda done, total: bar.update(task, completed=done, total=total))
    out.data(report.to_json(), report.to_text())
    if report.verdict != "match":
        sys.exit(1)


def deployment_value(deployment: Deployment) -> dict[str, object]:
    """Return a deployment as JSON for people."""
    return {
        "chain_id": deployment.chain_id,
        "ledger": deployment.ledger,
        "registry": deployment.registry,
        "manager": deployment.manager,
        "epoch_origin": time_text(deployment.epoch_origin),
        "epoch_length_seconds": deployment.epoch_length,
        "validity_epochs": deployment.validity_duration,
        "notice_seconds": deployment.notice_seconds,
    }


COMMANDS = (deploy, up, audit)
