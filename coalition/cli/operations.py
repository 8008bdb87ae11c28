"""Commands that post operations, and those that read what became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.cli.common import Output, command, time_text
from coalition.errors import InputError
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Kind, Purpose
from coalition.ledger.records import OperationRecord
from coalition.service.answers import Answer
from coalition.service.files import parse_time
from coalition.settings import Settings

__all__ = ["COMMANDS"]

DEADLINE_SECONDS = 3600

partner_option = click.option("--partner", required=True, help="Name or number of the partner.")
member_option = click.option("--member", required=True, help="Reference of a member in custody, or an account (0x…).")
receipt_option = click.option("--receipt", required=True, help="The partner's own reference, used once for ever.")


def points_option(text: str, required: bool = True) -> Callable[[Any], Any]:
    """Return the option `--points` with this help text."""
    return click.option("--points", required=required, type=int, help=text)


def spending_options(function: Any) -> Any:
    """Add what authorizes a redemption or a hold."""
    for option in (
        click.option(
            "--deadline", help="Until when the authorization counts (RFC 3339 or Unix seconds; default 1 hour)."
        ),
        click.option("--signature", help="The member's signature in hexadecimal, for an account with a wallet."),
        click.option("--allowance", is_flag=True, help="Use the member's allowance to this partner, not a signature."),
    ):
        function = option(function)
    return function


@click.command()
@partner_option
@member_option
@receipt_option
@click.option("--spend-minor", required=True, type=int, help="Amount paid, in minor units (cents).")
@click.option("--currency", help="ISO 4217 code, checked against the partner's.")
@click.option("--enrol", is_flag=True, help="Make the account a member's if it is nobody's yet.")
@command
def earn(
    settings: Settings,
    out: Output,
    partner: str,
    member: str,
    receipt: str,
    spend_minor: int,
    currency: str | None,
    enrol: bool,
) -> None:
    """Earn points for a purchase."""
    with open_ledger(settings) as ledger:
        account = ledger.custody.account(member)
        answer = ledger.service.earn(partner, account, receipt, spend_minor, currency=currency, enrols=enrol)
        show(out, ledger, answer)


@click.command()
@partner_option
@member_option
@receipt_option
@points_option("Points to redeem.")
@spending_options
@command
def redeem(settings: Settings, out: Output, partner: str, member: str, receipt: str, points: int, **how: Any) -> None:
    """Redeem points on the member's signature or allowance."""
    with open_ledger(settings) as ledger:
        options = authorized(ledger, Purpose.REDEEM, partner, member, receipt, points, **how)
        show(out, ledger, ledger.service.redeem(partner, ledger.custody.account(member), receipt, points, **options))


@click.command()
@partner_option
@member_option
@receipt_option
@points_option("Points to put aside.")
@spending_options
@command
def hold(settings: Settings, out: Output, partner: str, member: str, receipt: str, points: int, **how: Any) -> None:
    """Put points aside until the deadline, for a later capture."""
    with open_ledger(settings) as ledger:
        options = authorized(ledger, Purpose.HOLD, partner, member, receipt, points, **how)
        show(out, ledger, ledger.service.hold(partner, ledger.custody.account(member), receipt, points, **options))


@click.command()
@partner_option
@click.option("--receipt", required=True, help="Receipt of the hold.")
@points_option("Points to redeem of the hold; the rest goes back to the member.")
@command
def capture(settings: Settings, out: Output, partner: str, receipt: str, points: int) -> None:
    """Redeem an open hold, whole or in part."""
    with open_ledger(settings) as ledger:
        show(out, ledger, ledger.service.capture(partner, receipt, points))


@click.command()
@partner_option
@click.option("--receipt", required=True, help="Receipt of the hold.")
@command
def release(settings: Settings, out: Output, partner: str, receipt: str) -> None:
    """End an open hold; its points go back to the member."""
    with open_ledger(settings) as ledger:
        show(out, ledger, ledger.service.release(partner, receipt))


@click.command()
@partner_option
@click.option("--receipt", required=True, help="Reference of this reversal, used once for ever.")
@click.option("--original", required=True, help="Receipt of the earn.")
@click.option(
    "--spend-minor", type=int, help="Part of the spend to take back, in minor units (default: all that is left)."
)
@command
def reverse(
    settings: Settings, out: Output, partner: str, receipt: str, original: str, spend_minor: int | None
) -> None:
    """Take an earn back, whole or in part."""
    with open_ledger(settings) as ledger:
        show(out, ledger, ledger.service.reverse(partner, receipt, original, spend_minor))


@click.command()
@partner_option
@click.option("--receipt", required=True, help="Reference of this refund, used once for ever.")
@click.option("--original", required=True, help="Receipt of the redemption or of the captured hold.")
@points_option("Points to give back (default: all that is left).", required=False)
@command
def refund(settings: Settings, out: Output, partner: str, receipt: str, original: str, points: int | None) -> None:
    """Give redeemed points back, whole or in part."""
    with open_ledger(settings) as ledger:
        show(out, ledger, ledger.service.refund(partner, receipt, original, points))


@click.command()
@click.argument("member")
@command
def balance(settings: Settings, out: Output, member: str) -> None:
    """Show a member's points, and when they expire."""
    with open_ledger(settings) as ledger:
        account = ledger.custody.account(member)
        found = ledger.queries.balance(account, ledger.now())
        value = {
            "member": account,
            "points": found.points,
            "held": found.held,
            "debt": found.debt,
            "lots": [
                {"epoch": lot.epoch, "points": lot.points, "expires_at": time_text(lot.expires_at)}
                for lot in found.lots
            ],
        }
        stranger = "" if found.member else ", which is no member"
        lines = [f"{found.points:,} points of {account}{stranger}"]
        lines += [f"  {lot.points:,} until {time_text(lot.expires_at)}" for lot in found.lots]
        if found.held:
            lines.append(f"  {found.held:,} held")
        if found.debt:
            lines.append(f"  {found.debt:,} owed: the next earns pay it")
        out.data(value, "\n".join(lines))


@click.command()
@click.option("--member", help="Only operations of this member.")
@click.option("--partner", help="Only operations of this partner.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Operations a page.")
@click.option("--cursor", help="Where the last page ended.")
@command
def history(
    settings: Settings, out: Output, member: str | None, partner: str | None, limit: int, cursor: str | None
) -> None:
    """Show operations, newest first."""
    with open_ledger(settings) as ledger:
        account = ledger.custody.account(member) if member else None
        number = ledger.service.partners.find(partner).partner if partner else None
        page = ledger.queries.history(account=account, partner=number, cursor=cursor, limit=limit)
        receipts = ledger.service.receipts_of(list(page.items))
        values = [as_value(record, receipt) for record, receipt in zip(page.items, receipts, strict=True)]
        names = {row.partner: row.name for row in ledger.service.partners.all()}
        rows = [
            (
                value["at"],
                names.get(record.partner, record.partner),
                value["kind"],
                value["receipt"],
                f"{record.points} + {record.awarded}" if record.awarded else record.points,
                value["code"] or "accepted",
            )
            for value, record in zip(values, page.items, strict=True)
        ]
        columns = ("time", "partner", "kind", "receipt", "points", "outcome")
        out.table({"operations": values, "next": page.cursor}, "History", columns, rows)
        if page.cursor and not out.as_json:
            out.note(f"more: --cursor {page.cursor}")


def authorized(
    ledger: OpenLedger,
    purpose: Purpose,
    partner: str,
    member: str,
    receipt: str,
    points: int,
    *,
    deadline: str | None,
    signature: str | None,
    allowance: bool,
) -> dict[str, Any]:
    """Return deadline and signature of a payment: given, from the member's key in custody, or none (allowance)."""
    try:
        until = parse_time(deadline) or _deadline_before(ledger, partner, receipt) or ledger.now() + DEADLINE_SECONDS
        given = bytes.fromhex(signature.removeprefix("0x")) if signature else b""
    except ValueError:
        raise InputError("--deadline is a time such as 2026-11-21T14:30:00Z, --signature hexadecimal digits.") from None
    if not given and not allowance:
        given = ledger.sign_for(member, partner, receipt, points, until, purpose)
    return {"deadline": until, "signature": given}


def _deadline_before(ledger: OpenLedger, partner: str, receipt: str) -> int:
    """Return the deadline of a hold that was made under this receipt, so that asking again asks for the same; 0 if none was."""
    number = ledger.service.partners.find(partner).partner
    record = ledger.queries.operation(number, receipt_number(receipt), Kind.HOLD)
    return record.deadline if record else 0


def show(out: Output, ledger: OpenLedger, answer: Answer) -> None:
    """Print the answer to an operation."""
    value = as_value(answer.record, answer.receipt) | {"replayed": answer.replayed}
    record = answer.record
    again = " (counted before: this is the first answer again)" if answer.replayed else ""
    balance_now = ledger.queries.balance(record.member, ledger.now()).points
    value["balance"] = balance_now
    points = f"{record.points:,} points" + (f" and {record.awarded:,} awarded" if record.awarded else "")
    text = f"{value['kind']} {answer.receipt}: {points}{again}\n  member {record.member} now has {balance_now:,}"
    out.data(value, text)


def as_value(record: OperationRecord, receipt: str) -> dict[str, Any]:
    """Return an operation as JSON."""
    return {
        "partner": record.partner,
        "receipt": receipt,
        "kind": record.kind.name.lower(),
        "member": record.member or None,
        "spend_minor": record.spend_minor,
        "points": record.points,
        "awarded": record.awarded,
        "code": record.code.code if record.code else None,
        "at": time_text(record.timestamp),
        "block": record.block,
        "transaction": record.transaction,
    }


COMMANDS = (earn, redeem, hold, capture, release, reverse, refund, balance, history)
