"""Commands about members' accounts."""

from __future__ import annotations

import click

from coalition.bootstrap import open_ledger
from coalition.cli.common import Output, command, time_text
from coalition.settings import Settings

__all__ = ["COMMANDS"]


@click.group()
def member() -> None:
    """Enrol members, and look an account up."""


@member.command()
@click.argument("references", nargs=-1, required=True)
@command
def add(settings: Settings, out: Output, references: tuple[str, ...]) -> None:
    """Enrol members: references whose keys the coalition keeps, or accounts (0x…) with wallets of their own."""
    with open_ledger(settings) as ledger:
        accounts = {reference: ledger.custody.account(reference) for reference in references}
        ledger.enrol(list(accounts.values()))
        values = [{"member": reference, "account": account} for reference, account in accounts.items()]
        out.table({"members": values}, "Enrolled", ("member", "account"), [(v["member"], v["account"]) for v in values])


@member.command()
@click.argument("reference")
@command
def show(settings: Settings, out: Output, reference: str) -> None:
    """Show a member's account, and whether it is enrolled."""
    with open_ledger(settings) as ledger:
        account = ledger.custody.account(reference)
        points = ledger.queries.balance(account, ledger.now()).points
        enrolled = ledger.queries.is_member(account)
        out.data({"member": reference, "account": account, "enrolled": enrolled, "points": points})


@member.command()
@click.argument("reference")
@command
def token(settings: Settings, out: Output, reference: str) -> None:
    """Make a till token for a member in custody: what it shows at a till in place of its account, for five minutes."""
    with open_ledger(settings) as ledger:
        ledger.custody.signer(reference)  # the key of any other account is its owner's to use
        issued = ledger.till.issue_for(ledger.custody.account(reference))
        expires_at = time_text(issued.expires_at)
        groups = " ".join(issued.number[start : start + 4] for start in range(0, len(issued.number), 4))
        text = f"number  {groups}\nQR      {issued.qr}\nuntil   {expires_at}"
        out.data({"member": reference, "number": issued.number, "qr": issued.qr, "expires_at": expires_at}, text)


COMMANDS = (member,)
