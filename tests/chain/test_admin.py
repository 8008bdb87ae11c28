"""Administration on each engine, refusals first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coalition.chain import admin, views
from coalition.chain.admin import Admin
from coalition.chain.views import PartnerStatus
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, Refused, SetupError
from coalition.ledger.operations import Earn
from tests.chain.conftest import Ledger

SOMEBODY = "0x" + "12" * 20


def refusal(work: Callable[[], object]) -> CoalitionError:
    with pytest.raises(CoalitionError) as refused:
        work()
    return refused.value


def test_each_call_needs_its_role(quick_ledger: Ledger) -> None:
    stranger = quick_ledger.admin(quick_ledger.stranger)
    calls: list[Callable[[], object]] = [
        lambda: stranger.add_partner("x", SOMEBODY, SOMEBODY, "USD", 1),
        lambda: stranger.suspend_partner(1),
        lambda: stranger.add_key(1, SOMEBODY),
        lambda: stranger.revoke_key(SOMEBODY),
        lambda: stranger.announce_earn_rate(1, 1, 1),
        lambda: stranger.enrol([SOMEBODY]),
        stranger.pause,
        lambda: stranger.announce_key_recovery(SOMEBODY, SOMEBODY),
        lambda: stranger.schedule(admin.unpause()),
        lambda: stranger.execute(admin.unpause()),
        lambda: stranger.schedule(admin.grant_role("operator", SOMEBODY)),
        lambda: stranger.execute(admin.grant_role("operator", SOMEBODY)),
    ]
    for call in calls:
        error = refusal(call)
        assert isinstance(error, AccessDenied) and error.code == "role_missing", error


@pytest.mark.parametrize("address", ["", "0x12", "somebody", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"])
def test_addresses_are_checked_before_anything_is_sent(quick_ledger: Ledger, address: str) -> None:
    operator = quick_ledger.admin(quick_ledger.operator)

    for call in (
        lambda: operator.add_partner("x", address, SOMEBODY, "USD", 1),
        lambda: operator.add_partner("x", SOMEBODY, address, "USD", 1),
        lambda: operator.enrol([SOMEBODY, address]),
        lambda: operator.revoke_key(address),
        lambda: operator.add_key(1, address),
    ):
        error = refusal(call)
        assert isinstance(error, InputError) and error.code == "address_invalid"


@pytest.mark.parametrize("currency", ["", "US", "usd", "USDT", "U$D", "ÜSD"])
def test_currencies_are_checked(quick_ledger: Ledger, currency: str) -> None:
    error = refusal(lambda: quick_ledger.admin(quick_ledger.operator).add_partner("x", SOMEBODY, SOMEBODY, currency, 1))

    assert error.code == "currency_invalid"


def test_the_contracts_refusals_come_as_errors(ledger: Ledger) -> None:
    operator = ledger.admin(ledger.operator)
    key, account = ledger.partner_key.address, ledger.partner_account.address

    expectations: list[tuple[Callable[[], object], type[CoalitionError], str]] = [
        (lambda: operator.add_partner("x", account, SOMEBODY, "USD", 1), Refused, "account_taken"),
        (lambda: operator.add_partner("x", SOMEBODY, key, "USD", 1), Refused, "key_known"),
        (lambda: operator.add_partner("x", SOMEBODY, SOMEBODY, "USD", 1_000_001), InputError, "earn_rate_too_high"),
        (lambda: operator.suspend_partner(9), AccessDenied, "partner_not_active"),
        (lambda: operator.add_key(9, SOMEBODY), NotFound, "partner_unknown"),
        (lambda: operator.revoke_key(SOMEBODY), AccessDenied, "key_unknown"),
        (lambda: operator.announce_earn_rate(1, 1, 1), InputError, "effective_too_soon"),
        (lambda: operator.enrol([ledger.deployment.ledger]), InputError, "member_invalid"),
        (
            lambda: ledger.admin(ledger.recovery).announce_key_recovery(SOMEBODY, SOMEBODY),
            NotFound,
            "member_unknown",
        ),
    ]
    for work, kind, code in expectations:
        error = refusal(work)
        assert type(error) is kind and error.code == code, error


def test_partners_come_and_are_suspended(ledger: Ledger) -> None:
    operator = ledger.admin(ledger.operator)

    added = operator.add_partner("fuel – Tankstelle", SOMEBODY, ledger.stranger.address, "EUR", 5_000)

    partner = views.read(ledger.rpc, views.partner_of(ledger.deployment, added))
    assert added == views.read(ledger.rpc, views.partner_count(ledger.deployment)) == 2
    assert (partner.status, partner.currency, partner.earn_rate_bps) == (PartnerStatus.ACTIVE, "EUR", 5_000)
    assert views.read(ledger.rpc, views.account_of(ledger.deployment, added)).lower() == SOMEBODY
    assert views.read(ledger.rpc, views.posting(ledger.deployment, ledger.stranger.address)) == (2, 5_000)

    operator.suspend_partner(added)

    error = refusal(lambda: views.read(ledger.rpc, views.posting(ledger.deployment, ledger.stranger.address)))
    assert error.code == "partner_not_active"


def test_keys_come_after_notice_and_go_at_once(ledger: Ledger) -> None:
    operator = ledger.admin(ledger.operator)
    operator.add_key(ledger.partner, ledger.stranger.address)
    posting = views.posting(ledger.deployment, ledger.stranger.address)

    assert refusal(lambda: views.read(ledger.rpc, posting)).code == "key_not_yet_active"
    ledger.pass_time(601)
    assert views.read(ledger.rpc, posting) == (ledger.partner, 10_000)

    operator.revoke_key(ledger.stranger.address)
    assert refusal(lambda: views.read(ledger.rpc, posting)).code == "key_revoked"
    assert views.read(ledger.rpc, views.key_of(ledger.deployment, ledger.stranger.address)).revoked_at > 0


def test_an_earn_rate_is_announced(ledger: Ledger) -> None:
    rate = views.earn_rate_of(ledger.deployment, ledger.partner)

    ledger.admin(ledger.operator).announce_earn_rate(ledger.partner, 20_000, ledger.now() + 700)

    assert views.read(ledger.rpc, rate) == 10_000
    ledger.pass_time(701)
    assert views.read(ledger.rpc, rate) == 20_000


def test_the_governor_acts_with_notice(ledger: Ledger) -> None:
    governor, operator = ledger.admin(ledger.governor), ledger.admin(ledger.operator)
    operator.suspend_partner(ledger.partner)
    action = admin.reinstate_partner(ledger.partner)

    assert refusal(lambda: governor.execute(action)).code == "announcement_missing"
    ready = governor.schedule(action)
    assert refusal(lambda: governor.execute(action)).code == "announcement_not_ready"
    assert refusal(lambda: governor.schedule(action)).code == "announced_already"
    ledger.rpc.call("evm_setNextBlockTimestamp", [ready])
    ledger.rpc.call("evm_mine", [])
    governor.execute(action)

    found = views.read(ledger.rpc, views.partner_of(ledger.deployment, ledger.partner))
    assert found.status is PartnerStatus.ACTIVE


def test_the_ledger_is_paused_at_once_and_goes_on_with_notice(ledger: Ledger) -> None:
    governor = ledger.admin(ledger.governor)
    ledger.admin(ledger.operator).pause()

    assert refusal(lambda: ledger.post(Earn(SOMEBODY, 1, 1))).code == "ledger_paused"
    assert views.read(ledger.rpc, views.paused(ledger.deployment))
    ready = governor.schedule(admin.unpause())
    ledger.pass_time(ready - ledger.now())
    governor.execute(admin.unpause())
    assert not views.read(ledger.rpc, views.paused(ledger.deployment))


def test_terms_and_roles_change_with_notice(quick_ledger: Ledger) -> None:
    governor = quick_ledger.admin(quick_ledger.governor)
    terms = admin.set_terms(quick_ledger.partner, 1_000_000, 900_000, 50_000)
    grant = admin.grant_role("operator", quick_ledger.stranger.address)
    revoke = admin.revoke_role("operator", quick_ledger.operator.address)
    for action in (terms, grant, revoke):
        governor.schedule(action)
    quick_ledger.pass_time(601)
    for action in (terms, grant, revoke):
        governor.execute(action)

    found = views.read(quick_ledger.rpc, views.partner_of(quick_ledger.deployment, quick_ledger.partner))
    assert (found.issue_price_micros, found.reimbursement_micros, found.credit_limit_points) == (
        1_000_000, 900_000, 50_000
    )  # fmt: skip
    quick_ledger.admin(quick_ledger.stranger).suspend_partner(quick_ledger.partner)
    assert refusal(quick_ledger.admin(quick_ledger.operator).pause).code == "role_missing"


def test_members_are_enrolled_in_pieces(quick_ledger: Ledger) -> None:
    members = [f"0x{i:040x}" for i in range(1, 503)]

    quick_ledger.admin(quick_ledger.operator).enrol(members)

    ask = [views.is_member(quick_ledger.deployment, member) for member in members]
    assert all(views.read_all(quick_ledger.rpc, ask))


def test_a_lost_key_is_recovered(quick_ledger: Ledger) -> None:
    quick_ledger.admin(quick_ledger.operator).enrol([quick_ledger.member.address])

    recovery = quick_ledger.admin(quick_ledger.recovery)
    recovery.announce_key_recovery(quick_ledger.member.address, quick_ledger.stranger.address)

    signer = views.signer_of(quick_ledger.deployment, quick_ledger.member.address)
    assert views.read(quick_ledger.rpc, signer) == quick_ledger.member.address
    quick_ledger.pass_time(quick_ledger.deployment.recovery_delay)
    assert views.read(quick_ledger.rpc, signer) == quick_ledger.stranger.address


def test_views_of_a_chain_without_the_contracts(quick_ledger: Ledger) -> None:
    from dataclasses import replace

    elsewhere = replace(quick_ledger.deployment, ledger=SOMEBODY, registry=SOMEBODY)

    error = refusal(lambda: views.read(quick_ledger.rpc, views.supply(elsewhere)))
    assert isinstance(error, SetupError) and error.code == "contract_missing"
    assert isinstance(refusal(lambda: views.read_all(quick_ledger.rpc, [views.paused(elsewhere)])), SetupError)
    assert isinstance(Admin(quick_ledger.rpc, elsewhere, quick_ledger.operator), Admin)
