"""The till as a command: `coalition-till`, or `python -m coalition.till`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from coalition.client import ApiError, Client
from coalition.till.journal import JournalDamaged
from coalition.till.till import Slip, Till

__all__ = ["main"]

FOLDER_VARIABLE = "COALITION_TILL"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; the exit status is 1 if it could not be done, with a sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ApiError, JournalDamaged, ValueError) as error:
        sys.exit(f"error: {error}")
    except FileExistsError:
        sys.exit(f"error: there is a till in {options.folder} already. Choose another folder with --folder.")
    except FileNotFoundError:
        sys.exit(f"error: there is no till in {options.folder}. Make one with `init`.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coalition-till", description="A till that goes on while its line is down.")
    folder = Path(os.environ.get(FOLDER_VARIABLE, "till"))
    parser.add_argument(
        "--folder", type=Path, default=folder, help=f"where the till is (default: ${FOLDER_VARIABLE}, or till)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    init = commands.add_parser("init", help="set a till up; needs the line, COALITION_URL and COALITION_API_KEY")
    init.add_argument("till", type=int, help="the partner's number for it, from 1 up")
    init.set_defaults(run=_init)
    earn = commands.add_parser("earn", help="sign a voucher for a purchase; needs no line")
    earn.add_argument("member", help="the member's account, 0x…")
    earn.add_argument("spend_minor", type=int, help="what was paid, in minor units (cents)")
    earn.set_defaults(run=lambda options: print(_line(Till(options.folder).earn(options.member, options.spend_minor))))
    redeem = commands.add_parser("redeem", help="sign a voucher for points that the member allows; needs no line")
    redeem.add_argument("member", help="the member's account, 0x…")
    redeem.add_argument("points", type=int)
    redeem.set_defaults(run=lambda options: print(_line(Till(options.folder).redeem(options.member, options.points))))
    sync = commands.add_parser("sync", help="hand in what is open; needs the line")
    sync.add_argument("--again", action="store_true", help="also what was refused")
    sync.set_defaults(run=_sync)
    status = commands.add_parser("status", help="show what is in the journal; needs no line")
    status.set_defaults(run=_status)
    return parser


def _init(options: argparse.Namespace) -> None:
    with Client() as client:
        till = Till.set_up(options.folder, client, options.till)
    print(f"till {till.place.till} of partner {till.place.partner}: register its key {till.key}")


def _sync(options: argparse.Namespace) -> None:
    till = Till(options.folder)
    with Client() as client:
        for slip in till.sync(client, again=options.again):
            print(_line(slip), flush=True)


def _status(options: argparse.Namespace) -> None:
    standing = Till(options.folder).standing()
    print(f"till {standing.till}, key {standing.key}: last number {standing.last}")
    print(f"{standing.open} open, {standing.accepted} accepted, {len(standing.refused)} refused")
    for slip in standing.refused:
        print(_line(slip))


def _line(slip: Slip) -> str:
    """A receipt in one line."""
    voucher = slip.voucher
    amount = f"{voucher.points} points" if voucher.kind == "redeem" else f"{voucher.spend_minor} {voucher.currency}"
    time = voucher.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"accepted": f"accepted, {slip.points} points", "refused": f"refused, {slip.code}"}.get(slip.state, "signed")
    if slip.state == "open" and slip.code is not None:
        told = f"open, {slip.code}"
    return f"{voucher.receipt}  {time}  {voucher.kind} {amount}  {voucher.member}  {told}"
