"""Decimals of currencies: minor units in one unit, as a power of ten (ISO 4217, list one)."""

from __future__ import annotations

from collections.abc import Iterable

from coalition.errors import InputError

__all__ = ["decimals_of", "decimals_of_all"]

DECIMALS = 2
NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"
FOUR = "CLF UYW"
OTHERS = {currency: decimals for decimals, listed in ((0, NONE), (3, THREE), (4, FOUR)) for currency in listed.split()}


def decimals_of(currency: str) -> int:
    """Return the decimals of an ISO 4217 code."""
    return OTHERS.get(currency, DECIMALS)


def decimals_of_all(currencies: Iterable[str]) -> int:
    """Return the decimals that all currencies share.

    Raises:
        InputError: `decimals_differ`.
    """
    found = {decimals_of(currency) for currency in currencies} or {DECIMALS}
    if len(found) > 1:
        raise InputError(
            "The partners' currencies have different decimals. Say with --decimals how amounts are written in the file.",
            code="decimals_differ",
            decimals=sorted(found),
        )
    return found.pop()
