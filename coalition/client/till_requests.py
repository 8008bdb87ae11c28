"""The routes about tills and their vouchers, as pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.client.request import Effect, Request, get, post
from coalition.client.till_answers import Tills, TillVouchers, VouchersAnswer
from coalition.client.vouchers import SignedVoucher

__all__ = ["hand_in", "till_gaps", "tills"]


def hand_in(vouchers: Sequence[SignedVoucher]) -> Request[VouchersAnswer]:
    """Hand in 1 to 500 vouchers of the partner's tills, in any order; each counts once, and has an outcome of its own."""
    body = {"vouchers": [dict(voucher.members()) for voucher in vouchers]}
    return post("/v1/vouchers", VouchersAnswer, Effect.RECEIPT, body)


def tills() -> Request[Tills]:
    """Ask which keys sign for the partner's tills, and where vouchers count."""
    return get("/v1/tills", Tills)


def till_gaps(till: int, *, start: int | None = None, limit: int | None = None) -> Request[TillVouchers]:
    """Ask which vouchers of a till counted, from number `start` on, at most `limit` gaps."""
    return get(f"/v1/tills/{till}/gaps", TillVouchers, {"start": start, "limit": limit})
