"""Fold of the events that say who may do what: partners, keys, allowances, authorizations and the pause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from coalition.ledger.book import NOBODY, AccountKey, Partner, PartnerKey, PartnerStatus, State
from coalition.ledger.events import (
    Approval,
    AuthorizationCanceled,
    AuthorizationUsed,
    CampaignBookSet,
    EarnRateAnnounced,
    Event,
    KeyChangeAnnounced,
    KeyChangeCancelled,
    LedgerOpened,
    PartnerAdded,
    PartnerKeyAdded,
    PartnerKeyRevoked,
    PartnerReinstated,
    PartnerSuspended,
    PartnerTermsSet,
    Paused,
    Position,
    RegistryOpened,
    Transfer,
    Unpaused,
)
from coalition.ledger.views import rate_at, signer_of

__all__ = ["HANDLERS"]


def _ledger_opened(state: State, position: Position, event: LedgerOpened) -> None:
    state.registry = event.registry
    state.epoch_origin = event.epoch_origin
    state.epoch_length = event.epoch_length
    state.validity = event.validity_duration
    state.rotation_delay = event.rotation_delay
    state.recovery_delay = event.recovery_delay


def _registry_opened(state: State, position: Position, event: RegistryOpened) -> None:
    state.notice_seconds = event.notice_seconds


def _partner_added(state: State, position: Position, event: PartnerAdded) -> None:
    state.partners[event.partner] = Partner(
        event.account, event.name, event.currency, PartnerStatus.ACTIVE, event.earn_rate_bps
    )
    state.partner_accounts.add(event.account)


def _partner_suspended(state: State, position: Position, event: PartnerSuspended) -> None:
    state.partners[event.partner].status = PartnerStatus.SUSPENDED


def _partner_reinstated(state: State, position: Position, event: PartnerReinstated) -> None:
    state.partners[event.partner].status = PartnerStatus.ACTIVE


def _partner_key_added(state: State, position: Position, event: PartnerKeyAdded) -> None:
    state.keys[event.key] = PartnerKey(event.partner, event.active_from)


def _partner_key_revoked(state: State, position: Position, event: PartnerKeyRevoked) -> None:
    state.keys[event.key].revoked_at = position.timestamp


def _earn_rate_announced(state: State, position: Position, event: EarnRateAnnounced) -> None:
    partner = state.partners[event.partner]
    partner.earn_rate_bps = rate_at(partner, position.timestamp)
    partner.next_earn_rate_bps = event.earn_rate_bps
    partner.next_earn_rate_from = event.effective_from


def _partner_terms_set(state: State, position: Position, event: PartnerTermsSet) -> None:
    partner = state.partners[event.partner]
    partner.issue_price_micros = event.issue_price_micros
    partner.reimbursement_micros = event.reimbursement_micros
    partner.credit_limit_points = event.credit_limit_points


def _key_change_announced(state: State, position: Position, event: KeyChangeAnnounced) -> None:
    current = signer_of(state, event.account, position.timestamp)
    state.account(event.account).key = AccountKey(current, event.effective_from, event.next)


def _key_change_cancelled(state: State, position: Position, event: KeyChangeCancelled) -> None:
    account = state.account(event.account)
    known = account.key or AccountKey(event.account, 0, NOBODY)
    account.key = replace(known, effective_from=0, next=NOBODY)


def _approval(state: State, position: Position, event: Approval) -> None:
    state.allowances[event.owner, event.spender] = event.value


def _authorization_spent(state: State, position: Position, event: AuthorizationUsed | AuthorizationCanceled) -> None:
    state.authorizations.add((event.authorizer, event.nonce))


def _campaign_book_set(state: State, position: Position, event: CampaignBookSet) -> None:
    state.campaign_book = event.book


def _paused(state: State, position: Position, event: Paused) -> None:
    state.paused = True


def _unpaused(state: State, position: Position, event: Unpaused) -> None:
    state.paused = False


def _transfer(state: State, position: Position, event: Transfer) -> None:
    """Nothing: the ledger's own events tell the same points with their lots."""


HANDLERS: dict[type[Event], Callable[[State, Position, Any], None]] = {
    Approval: _approval,
    AuthorizationCanceled: _authorization_spent,
    AuthorizationUsed: _authorization_spent,
    CampaignBookSet: _campaign_book_set,
    EarnRateAnnounced: _earn_rate_announced,
    KeyChangeAnnounced: _key_change_announced,
    KeyChangeCancelled: _key_change_cancelled,
    LedgerOpened: _ledger_opened,
    PartnerAdded: _partner_added,
    PartnerKeyAdded: _partner_key_added,
    PartnerKeyRevoked: _partner_key_revoked,
    PartnerReinstated: _partner_reinstated,
    PartnerSuspended: _partner_suspended,
    PartnerTermsSet: _partner_terms_set,
    Paused: _paused,
    RegistryOpened: _registry_opened,
    Transfer: _transfer,
    Unpaused: _unpaused,
}
