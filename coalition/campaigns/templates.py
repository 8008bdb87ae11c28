"""Files to begin with, one for each kind."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from coalition.campaigns.kinds import KINDS

__all__ = ["TIERS_TEMPLATE", "template"]

DAY = 86_400
PLAIN = re.compile(r"[^\W_](?:[\w &.-]*\w)?")

TERMS = {
    "multiplier": """\
  times: 3                     # base points in all; or `of spend: 2 %`
  on: [saturday, sunday]       # optional: every day
  between: 09:00-20:00         # optional: all day
  time zone: +00:00            # optional: UTC
  least spend: 5.00            # optional""",
    "threshold": """\
  spend: 100.00                # purchases add up to it
  award: 500 points
  every time: no               # yes: again for each further 100.00""",
    "stamps": """\
  stamps: 10                   # purchases that fill a card
  award: 500 points
  least spend: 5.00            # optional
  cards: no limit              # optional: most cards of one member""",
    "streak": """\
  in a row: 4 weeks            # or days
  award: 500 points
  may miss: 1                  # optional: of them, in between
  time zone: +00:00            # optional: UTC
  awards: 3                    # optional: no limit""",
    "dividend": """\
  of spend: 10 %
  payable from: {closes}     # claimed from then on, at most 30 days after `closes`""",
    "quest": """\
  visits: 2                    # different partners, of those above
  award: 300 points
  least spend: 5.00            # optional
  within: 30 days              # optional: from the first visit
  again: 0                     # optional: how many times more""",
    "levels": """\
  stages:                      # one opens the next
    - {{visits: 3, award: 100 points}}
    - {{spend: 100.00, award: 300 points}}
    - {{partners: 2, award: 500 points, badge: 1}}""",
    "milestone": """\
  of: anniversary              # or enrolment, or birthday
  award: 200 points""",
    "referral": """\
  new member: 500 points
  referrer: 500 points
  least spend: 10.00           # of the first purchase that counts""",
    "action": """\
  action: 1                    # a number that the attestor gives a meaning; or any
  award: 50 points
  at most: 1 per day           # optional: no limit""",
    "surprise": """\
  chance: 5 %                  # of each entry
  prize: 1000 points
  entries: 10                  # purchases of one member that enter, at most
  least spend: 5.00            # optional""",
}

FRAME = """\
campaign: Our campaign
says: What members and sponsors read about it, in one sentence or two.
kind: {kind}
opens: {opens}              # a date is its midnight in UTC; or 2017-05-01T08:00:00Z
closes: {closes}             # the first moment that does not count any more
partners: [{first}, {second}]         # where purchases count
sponsors: {{{first}: 60 %, {second}: 40 %}}   # who pays each award
budget: 50000 points
cap per member: none           # or 2000 points
terms:
{terms}
tiers: all                     # or [silver, gold]
segment: none                  # or members.csv, one account a line; only its root is published
group: none                    # best only, or 1 to 254: of a purchase, only the best award of the group is paid
take back: pro rata            # or whole: any part returned takes the whole award
pause: never                   # allowed: a sponsor alone may pause it
early end: never               # or 14 days: notice with which a sponsor alone may end it
opt in: no                     # yes: a member joins with its own key
attestor: {attestor}
"""

TIERS_TEMPLATE = """\
programme: Our tiers
says: The more you buy in a membership year, the more perks.
counts: spend                  # or points
tiers:                         # lowest first
  - {name: member, from: 0}
  - {name: silver, from: 350.00, times: 1.25}
  - {name: gold, from: 1000.00, times: 1.5}
downgrade: one step            # or: to what was reached
soft landing: 60 days          # optional: the old tier is kept so long after a year's end
inactive after: never          # or 180 days; then also `inactivity takes: 1`
"""
"""A programme of tiers."""


def template(kind: str, partners: tuple[str, str], now: int, attestor: str) -> str:
    """Return the text of a new file that checks as it is.

    It opens 30 days after the Unix second `now`, for 30 days. `attestor` is used by kinds that need one.

    Raises:
        KeyError: there is no such kind.
    """
    first, second = (_name(partner) for partner in partners)
    opens, closes = (_day(now + days * DAY) for days in (30, 60))
    terms = TERMS[kind].format(closes=closes)
    said_by = (
        f"'{attestor}'" if kind == "action" else "none                 # whose word counts for what is no purchase"
    )
    assert kind in KINDS
    return FRAME.format(
        kind=kind, opens=opens, closes=closes, first=first, second=second, terms=terms, attestor=said_by
    )


def _name(partner: str) -> str:
    """A partner's name, in quotes if it could be read as something else."""
    if PLAIN.fullmatch(partner) and partner.lower() != "null":
        return partner
    return "'" + partner.replace("'", "''") + "'"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
