"""What stands in a log beside single words: the terms of a campaign and a programme of tiers.

Data are hexadecimal digits without `0x`; places are counted in words of 64 digits from the start of a tuple.
"""

from __future__ import annotations

from coalition.chain.addresses import from_word
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.tiers import Downgrade, Programme, QualifyBy, Tier

__all__ = ["read_programme", "read_terms"]

WORD = 64  # digits
DIGITS_A_BYTE = 2


def read_terms(data: str, place: int) -> Terms:
    """Return the terms whose offset stands in word `place` of `data`."""
    start = _start(data, place)
    sponsors = _list(data, start, 2, 2)
    return Terms(
        rule=from_word(_word(data, start, 0)),
        rule_terms=tuple(_list(data, start, 1, 1)),
        sponsors=tuple(Sponsor(*sponsors[at : at + 2]) for at in range(0, len(sponsors), 2)),
        partners=tuple(_list(data, start, 3, 1)),
        budget_points=_number(data, start, 4),
        member_cap_points=_number(data, start, 5),
        opens_at=_number(data, start, 6),
        closes_at=_number(data, start, 7),
        tier_mask=_number(data, start, 8),
        segment=bytes.fromhex(_word(data, start, 9)),
        group=_number(data, start, 10),
        opt_in=_number(data, start, 11) != 0,
        takes_back_whole=_number(data, start, 12) != 0,
        draws=_number(data, start, 13) != 0,
        pausable=_number(data, start, 14) != 0,
        end_notice_seconds=_number(data, start, 15),
        attestor=from_word(_word(data, start, 16)),
        document=bytes.fromhex(_word(data, start, 17)),
    )


def read_programme(data: str, place: int) -> Programme:
    """Return the programme of tiers whose offset stands in word `place` of `data`."""
    start = _start(data, place)
    tiers = _list(data, start, 5, 2)
    return Programme(
        tiers=tuple(Tier(*tiers[at : at + 2]) for at in range(0, len(tiers), 2)),
        qualify_by=QualifyBy(_number(data, start, 0)),
        downgrade=Downgrade(_number(data, start, 1)),
        soft_landing_days=_number(data, start, 2),
        inactivity_days=_number(data, start, 3),
        inactivity_tiers=_number(data, start, 4),
    )


def _start(data: str, place: int) -> int:
    return _number(data, 0, place) * DIGITS_A_BYTE


def _list(data: str, start: int, place: int, width: int) -> list[int]:
    """The numbers of a list whose entries have `width` words; its offset stands in word `place` of the tuple."""
    at = start + _number(data, start, place) * DIGITS_A_BYTE
    count = _number(data, at, 0)
    return [_number(data, at, 1 + word) for word in range(count * width)]


def _number(data: str, start: int, place: int) -> int:
    return int(_word(data, start, place), 16)


def _word(data: str, start: int, place: int) -> str:
    word = data[start + place * WORD : start + (place + 1) * WORD]
    if len(word) < WORD:
        raise ValueError("the data end too early")
    return word
