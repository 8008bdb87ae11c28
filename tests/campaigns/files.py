"""A coalition, and campaign files written on the spot."""

from __future__ import annotations

from pathlib import Path

from coalition.campaigns.check import Checked, check
from coalition.campaigns.document import Campaign, Context
from coalition.chain.keccak import keccak

PARTNERS = {"grocery": 1, "florist": 2, "fuel": 3}
CONTEXT = Context(PARTNERS, keccak, ("member", "silver", "gold"))
ATTESTOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
RULE = "0x5FbDB2315678afecb367f032d93F642f64180aa3"

QUEST = """\
campaign: Three shops in May
says: Visit three shops in May and get 300 points.
kind: quest
opens: 2017-05-01
closes: 2017-06-01
partners: [grocery, florist, fuel]
sponsors: {grocery: 60 %, florist: 40 %}
budget: 50000 points
terms: {visits: 3, award: 300 points, least spend: 5.00}
"""


def with_lines(changed: dict[int, str], *added: str) -> str:
    """The quest with some lines changed, counted from 1, and some added at the end (from line 10 on)."""
    lines = QUEST.splitlines()
    return "\n".join([*(changed.get(number, line) for number, line in enumerate(lines, 1)), *added]) + "\n"


def of_kind(kind: str, terms: str, *added: str) -> str:
    """The quest turned into another kind."""
    return with_lines({3: f"kind: {kind}", 9: f"terms: {terms}"}, *added)


def checked(folder: Path, text: str | bytes, context: Context = CONTEXT, name: str = "may.yaml") -> Checked:
    """Write a file and check it."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check(path, context)


def campaign_of(folder: Path, text: str, context: Context = CONTEXT) -> Campaign:
    """The campaign of a file with nothing wrong."""
    known = checked(folder, text, context)
    assert known.findings == ()
    assert known.campaign is not None
    return known.campaign


def account(number: int) -> str:
    """An account without capital letters."""
    return f"0x{number:040x}"
