"""Partners named at the end of a campaign's terms: the twin of `contracts/libraries/PartnerSet.sol`."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.ledger.rules.rule import TermCountInvalid, TermInvalid

__all__ = ["PARTNERS_MAX", "PARTNER_MAX", "bits_of", "places_of", "require_partners"]

PARTNERS_MAX = 64
"""Most partners in a set."""

PARTNER_MAX = (1 << 32) - 1
"""Largest number of a partner."""


def require_partners(terms: Sequence[int], first: int, least: int) -> None:
    """Raise unless the words from `first` on are at least `least` partners, and at most 64, rising.

    Raises:
        TermCountInvalid: there are too few or too many.
        TermInvalid: a partner's number is not above the one before it, or too large.
    """
    partners = terms[first:]
    if len(terms) < first + least:
        raise TermCountInvalid(len(terms), first + least)
    if len(partners) > PARTNERS_MAX:
        raise TermCountInvalid(len(terms), first + PARTNERS_MAX)
    for place, (before, partner) in enumerate(zip([0, *partners], partners, strict=False)):
        if not before < partner <= PARTNER_MAX:
            raise TermInvalid(first + place, partner)


def places_of(bits: int) -> frozenset[int]:
    """Return the places in a set whose bits are 1 in a word of 64 bits."""
    return frozenset(place for place in range(PARTNERS_MAX) if bits >> place & 1)


def bits_of(places: frozenset[int]) -> int:
    """Return the word in which the bit of each of `places` is set."""
    return sum(1 << place for place in places)
