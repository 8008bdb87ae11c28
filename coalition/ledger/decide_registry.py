"""How the register of partners decides: `IPartnerRegistry` in Python."""

from __future__ import annotations

from coalition.ledger import calls
from coalition.ledger.book import NOBODY, PartnerStatus
from coalition.ledger.events import (
    EarnRateAnnounced,
    PartnerAdded,
    PartnerKeyAdded,
    PartnerKeyRevoked,
    PartnerReinstated,
    PartnerSuspended,
    PartnerTermsSet,
)
from coalition.ledger.run import Run
from coalition.ledger.views import rate_at

__all__ = [
    "EARN_RATE_BPS_MAX",
    "add_key",
    "add_partner",
    "announce_earn_rate",
    "posting",
    "reinstate_partner",
    "revoke_key",
    "set_terms",
    "suspend_partner",
]

EARN_RATE_BPS_MAX = 1_000_000
TIME_MAX = (1 << 40) - 1


def posting(run: Run, key: str) -> tuple[int, int]:
    """The partner for which `key` may post now, and its rate now."""
    known = run.state.keys.get(key)
    if known is None:
        run.require(False, "KeyUnknown", key)
        raise AssertionError
    run.require(known.active_from <= run.timestamp, "KeyNotYetActive", key, known.active_from)
    run.require(known.revoked_at == 0, "KeyRevoked", key, known.revoked_at)
    partner = run.state.partners[known.partner]
    run.require(partner.status is PartnerStatus.ACTIVE, "PartnerNotActive", known.partner)
    return known.partner, rate_at(partner, run.timestamp)


def add_partner(run: Run, call: calls.AddPartner) -> None:
    """A partner with its first key, which counts at once."""
    run.require_role(call)
    run.require(call.account != NOBODY, "AccountZero")
    run.require(call.account not in run.state.partner_accounts, "AccountTaken", call.account)
    _require_rate(run, call.earn_rate_bps)
    _require_new_key(run, call.key)

    partner = len(run.state.partners) + 1
    run.emit(PartnerAdded(partner, call.account, call.name, call.currency, call.earn_rate_bps))
    run.emit(PartnerKeyAdded(partner, call.key, run.timestamp))


def suspend_partner(run: Run, call: calls.SuspendPartner) -> None:
    """All keys of an active partner stop."""
    run.require_role(call)
    run.require(_status(run, call.partner) is PartnerStatus.ACTIVE, "PartnerNotActive", call.partner)

    run.emit(PartnerSuspended(call.partner))


def reinstate_partner(run: Run, call: calls.ReinstatePartner) -> None:
    """A suspended partner may post again."""
    run.require_role(call)
    run.require(_status(run, call.partner) is PartnerStatus.SUSPENDED, "PartnerNotSuspended", call.partner)

    run.emit(PartnerReinstated(call.partner))


def add_key(run: Run, call: calls.AddKey) -> None:
    """A further key counts after the notice period."""
    run.require_role(call)
    _require_known(run, call.partner)
    _require_new_key(run, call.key)

    run.emit(PartnerKeyAdded(call.partner, call.key, run.timestamp + run.state.notice_seconds))


def revoke_key(run: Run, call: calls.RevokeKey) -> None:
    """A key stops at once and for ever."""
    run.require_role(call)
    known = run.state.keys.get(call.key)
    if known is None:
        return run.require(False, "KeyUnknown", call.key)
    run.require(known.revoked_at == 0, "KeyRevoked", call.key, known.revoked_at)

    return run.emit(PartnerKeyRevoked(known.partner, call.key))


def announce_earn_rate(run: Run, call: calls.AnnounceEarnRate) -> None:
    """A rate counts after the notice period at the earliest."""
    run.require_role(call)
    _require_known(run, call.partner)
    _require_rate(run, call.earn_rate_bps)
    earliest = run.timestamp + run.state.notice_seconds
    in_time = earliest <= call.effective_from <= TIME_MAX
    run.require(in_time, "EffectiveTooSoon", call.effective_from, earliest)

    run.emit(EarnRateAnnounced(call.partner, call.earn_rate_bps, call.effective_from))


def set_terms(run: Run, call: calls.SetTerms) -> None:
    """What points cost in settlement."""
    run.require_role(call)
    _require_known(run, call.partner)

    prices = call.issue_price_micros, call.reimbursement_micros
    run.emit(PartnerTermsSet(call.partner, *prices, call.credit_limit_points))


def _status(run: Run, partner: int) -> PartnerStatus:
    known = run.state.partners.get(partner)
    return PartnerStatus.NONE if known is None else known.status


def _require_known(run: Run, partner: int) -> None:
    run.require(partner in run.state.partners, "PartnerUnknown", partner)


def _require_rate(run: Run, earn_rate_bps: int) -> None:
    run.require(earn_rate_bps <= EARN_RATE_BPS_MAX, "EarnRateTooHigh", earn_rate_bps, EARN_RATE_BPS_MAX)


def _require_new_key(run: Run, key: str) -> None:
    run.require(key != NOBODY, "KeyZero")
    known = run.state.keys.get(key)
    run.require(known is None, "KeyKnown", key, 0 if known is None else known.partner)
