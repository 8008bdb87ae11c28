"""What the contracts refuse to those who call them directly, on a chain, as the errors that Python sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coalition.chain import abi, admin, tills, transactions, views
from coalition.chain.admin import Action
from coalition.chain.campaign_reading import ask
from coalition.chain.campaigns import CampaignKey
from coalition.chain.deploy import ADMIN, RoleSigners, deploy
from coalition.chain.keccak import keccak
from coalition.chain.rpc import HttpRpc
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.errors import CoalitionError, SetupError
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.operations import Earn, Hold, Kind
from coalition.ledger.tiers import Programme
from tests.chain.conftest import DAY, PARAMETERS, START, Ledger

ZERO = "0x" + "00" * 20
SOMEBODY = "0x" + "12" * 20
NOTICE = PARAMETERS.notice_seconds
VERSION_COUNT_SLOT = 2
VERSIONS_MAX = 2**16 - 1


def code_of(work: Callable[[], object]) -> str:
    """The code with which something is refused, and a sentence for people."""
    with pytest.raises(CoalitionError) as refused:
        work()
    assert refused.value.message.endswith(".")
    return refused.value.code


def call(ledger: Ledger, signer: KeySigner, contract: str, function: str, *args: Any) -> None:
    """Send a call of one of the ledger's contracts."""
    data = abi.encode_call(contract, function, args)
    transactions.send(ledger.rpc, signer, ledger.deployment.contracts[contract], data)


def announce(ledger: Ledger, action: Action) -> None:
    """Let the governor announce something, and the notice period pass."""
    ledger.admin(ledger.governor).schedule(action)
    ledger.pass_time(NOTICE + 1)


def execute(ledger: Ledger, action: Action) -> None:
    """Do what was announced."""
    ledger.admin(ledger.governor).execute(action)


def terms(ledger: Ledger, **changes: Any) -> Terms:
    """A campaign of the first partner alone that the contracts take."""
    opens = ledger.now() + 1_000
    usual = Terms(
        rule=ledger.deployment.rules["StampRule"],
        rule_terms=(5, 300, 1, 0, 0),
        sponsors=(Sponsor(1, 10_000),),
        partners=(1,),
        budget_points=1_000,
        opens_at=opens,
        closes_at=opens + 10 * DAY,
    )
    return replace(usual, **changes)


# ---- who may do what


CALLS: dict[str, tuple[str, Callable[[Ledger], object]]] = {
    "till 0": ("till_invalid", lambda at: tills.set_till(at.rpc, at.deployment, at.partner_key, 0, SOMEBODY)),
    "a partner without an account": (
        "account_invalid",
        lambda at: at.admin(at.operator).add_partner("x", ZERO, SOMEBODY, "USD", 1),
    ),
    "another's role": (
        "confirmation_wrong",
        lambda at: call(at, at.stranger, "AccessManager", "renounceRole", 1, at.operator.address),
    ),
    "a key change that nobody announced": (
        "key_change_none",
        lambda at: call(at, at.member, "PointLedger", "cancelKeyChange", at.member.address, START * 2, b""),
    ),
    "a signed transfer before its time": (
        "authorization_not_yet_valid",
        lambda at: call(
            at,
            at.stranger,
            "PointLedger",
            "transferWithAuthorization",
            *(at.member.address, SOMEBODY, 1, at.now() + 999, at.now() + 9_999, bytes(32), b""),
        ),
    ),
    "points from nobody's campaigns": (
        "campaign_book_only",
        lambda at: call(at, at.stranger, "PointLedger", "award", []),
    ),
    "a purchase that the ledger did not tell": (
        "ledger_only",
        lambda at: call(at, at.stranger, "CampaignBook", "earned", 1, SOMEBODY, 1, 1, 1, 1, 1),
    ),
    "a badge that nobody has": (
        "badge_not_held",
        lambda at: ask(at.rpc, at.deployment, ("BadgeBook", "ownerOf", (7,))),
    ),
    "a badge's transfer": (
        "badge_locked",
        lambda at: ask(at.rpc, at.deployment, ("BadgeBook", "transferFrom", (SOMEBODY, SOMEBODY, 7))),
    ),
    "a programme without tiers": (
        "programme_invalid",
        lambda at: CampaignKey(at.rpc, at.deployment, at.operator).announce_programme(
            Programme(tiers=()), at.now() + NOTICE + 99
        ),
    ),
}


@pytest.fixture(scope="module")
def still() -> Ledger:
    """A ledger for calls that are all refused, so that nothing changes but the time."""
    return Ledger(TesterRpc(START))


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_refused(still: Ledger, name: str) -> None:
    code, work = CALLS[name]

    assert code_of(lambda: work(still)) == code


def test_a_changed_key_is_not_the_accounts_own(quick_ledger: Ledger) -> None:
    ledger = quick_ledger
    ledger.post(Earn(ledger.member.address, 1, 100, True))
    ledger.admin(ledger.recovery).announce_key_recovery(ledger.member.address, ledger.stranger.address)
    approval = (ledger, ledger.member, "PointLedger", "approve", SOMEBODY, 5)
    call(*approval)

    ledger.pass_time(PARAMETERS.recovery_delay + 1)
    assert code_of(lambda: call(*approval)) == "signer_not_current"


def test_points_of_an_epoch_that_is_over_are_not_given(quick_ledger: Ledger) -> None:
    ledger = quick_ledger
    ledger.post(Earn(ledger.member.address, 1, 100, True), Earn(ledger.partner_account.address, 2, 1, True))
    epoch = ledger.deployment.epoch_at(ledger.now())
    gift = (ledger, ledger.member, "PointLedger", "transferAtEpoch", epoch, ledger.partner_account.address, 5)
    call(*gift)

    ledger.pass_time(PARAMETERS.validity_duration * PARAMETERS.epoch_length)
    assert code_of(lambda: call(*gift)) == "points_expired"


def test_a_hold_is_the_partners_until_its_deadline(quick_ledger: Ledger) -> None:
    ledger, deadline = quick_ledger, quick_ledger.now() + 3_600
    ledger.post(Earn(ledger.member.address, 1, 1_000, True))
    signed = ledger.signature(Kind.HOLD, 50, 2, deadline)
    ledger.post(Hold(ledger.member.address, 2, 50, deadline, signed))
    release = (ledger, ledger.stranger, "PointLedger", "releaseLapsed", ledger.partner, 2)

    assert code_of(lambda: call(*release)) == "hold_not_lapsed"
    ledger.pass_time(3_601)
    call(*release)
    assert views.read(ledger.rpc, views.hold_of(ledger.deployment, ledger.partner, 2)) is None


# ---- what the governor announces

ANNOUNCED = {
    "reinstating who is active": ("partner_not_suspended", lambda at: admin.reinstate_partner(at.partner)),
    "unpausing what runs": ("ledger_not_paused", lambda _: admin.unpause()),
    "a role above that of the administrators": (
        "role_locked",
        lambda _: Action("AccessManager", "setRoleAdmin", (ADMIN, 1), ADMIN),
    ),
    "an authority without code": (
        "authority_invalid",
        lambda at: Action("AccessManager", "updateAuthority", (at.deployment.ledger, SOMEBODY), ADMIN),
    ),
}


@pytest.mark.parametrize("name", ANNOUNCED)
def test_what_was_announced_and_is_refused(still: Ledger, name: str) -> None:
    code, made = ANNOUNCED[name]
    action = made(still)
    announce(still, action)

    assert code_of(lambda: execute(still, action)) == code


def test_an_announcement_lapses_after_a_week(quick_ledger: Ledger) -> None:
    quick_ledger.admin(quick_ledger.operator).pause()
    announce(quick_ledger, admin.unpause())

    quick_ledger.pass_time(8 * DAY)
    assert code_of(lambda: execute(quick_ledger, admin.unpause())) == "announcement_expired"


def test_a_call_of_nothing_fails_without_a_reason(still: Ledger) -> None:
    nothing = (still.deployment.ledger, b"\1\2\3\4")
    call(still, still.governor, "AccessManager", "schedule", *nothing, 0)
    still.pass_time(NOTICE + 1)

    assert code_of(lambda: call(still, still.governor, "AccessManager", "execute", *nothing)) == ("call_failed")


# ---- a campaign book that is none

ANSWERS_ONE = bytes.fromhex("6001600052 60206000f3")
"""Runtime code that answers 1 to everything."""

AWARD = keccak(b"award(uint256[])")[:4]
CALLS_BACK = bytes.fromhex(
    "3660e414 6011 57"  # where the call has the 228 bytes of `earned`, go on at 0x11
    "6001600052 60206000f3"  # answer 1 to everything else
    "5b 63" + AWARD.hex() + "60e01b 600052 6020600452"  # award([])
    "6000600060446000 6000 33 5a f1"  # asked of who calls
    "3d60006000 3e 3d6000fd"  # what it refuses with is refused here
)
"""Runtime code of a book that awards points in the middle of a purchase."""


def book(ledger: Ledger, runtime: bytes) -> str:
    """Put code on the chain and have the governor set it as campaign book."""
    leaves = bytes.fromhex(f"60{len(runtime):02x} 600c 6000 39 60{len(runtime):02x} 6000 f3")  # runtime on the chain
    made = transactions.send(ledger.rpc, ledger.stranger, "", leaves + runtime)
    action = admin.set_campaign_book(str(made["contractAddress"]))
    announce(ledger, action)
    execute(ledger, action)
    return str(made["contractAddress"])


@pytest.mark.parametrize(
    ("runtime", "code"), [(ANSWERS_ONE, "campaign_book_invalid"), (CALLS_BACK, "ledger_busy")], ids=["says 1", "calls"]
)
def test_a_campaign_book_that_is_none_stops_purchases(quick_ledger: Ledger, runtime: bytes, code: str) -> None:
    book(quick_ledger, runtime)

    assert code_of(lambda: quick_ledger.post(Earn(quick_ledger.member.address, 1, 100, True))) == code


# ---- terms of campaigns

WRONG_TERMS: dict[str, tuple[str, Callable[[Ledger], dict[str, Any]]]] = {
    "no sponsors": ("sponsors_invalid", lambda _: {"sponsors": ()}),
    "shares of nine tenths": ("sponsors_invalid", lambda _: {"sponsors": (Sponsor(1, 9_000),)}),
    "no partners": ("partners_invalid", lambda _: {"partners": ()}),
    "a partner twice": ("partners_invalid", lambda _: {"partners": (1, 1)}),
    "an end before the beginning": ("window_invalid", lambda at: {"closes_at": at.now()}),
    "a beginning that is over": ("window_invalid", lambda at: {"opens_at": at.now() - 99}),
    "no budget": ("budget_invalid", lambda _: {"budget_points": 0}),
    "no tier": ("tiers_none", lambda _: {"tier_mask": 0}),
    "a word too many": ("term_count_invalid", lambda _: {"rule_terms": (5, 300, 1, 0, 0, 0)}),
    "no stamps": ("term_invalid", lambda _: {"rule_terms": (0, 300, 1, 0, 0)}),
}


@pytest.mark.parametrize("name", WRONG_TERMS)
def test_terms_that_the_contracts_do_not_take(still: Ledger, name: str) -> None:
    code, changes = WRONG_TERMS[name]
    key = CampaignKey(still.rpc, still.deployment, still.partner_key)

    assert code_of(lambda: key.propose(terms(still, **changes(still)))) == code


def test_there_are_at_most_65535_versions(anvil: HttpRpc) -> None:
    ledger = Ledger(anvil)
    key, agreements = CampaignKey(anvil, ledger.deployment, ledger.partner_key), ledger.deployment.agreements
    campaign = key.propose(terms(ledger))
    slot = "0x" + keccak(campaign.to_bytes(32) + VERSION_COUNT_SLOT.to_bytes(32)).hex()
    assert int(anvil.call("eth_getStorageAt", [agreements, slot, "latest"]), 16) == 1
    anvil.call("anvil_setStorageAt", [agreements, slot, "0x" + (VERSIONS_MAX - 1).to_bytes(32).hex()])

    assert key.amend(campaign, terms(ledger)) == VERSIONS_MAX
    assert code_of(lambda: key.amend(campaign, terms(ledger))) == "versions_too_many"


def test_a_partner_takes_part_in_32_campaigns(anvil: HttpRpc) -> None:
    ledger = Ledger(anvil)
    key, some = CampaignKey(anvil, ledger.deployment, ledger.partner_key), terms(ledger)

    def agreed() -> int:
        campaign = key.propose(some)
        hashed = ask(anvil, ledger.deployment, ("CampaignAgreements", "termsHashOf", (campaign, 1)))[0]
        key.approve(campaign, 1, hashed, some.opens_at)
        return campaign

    for _ in range(32):
        key.start(agreed(), 1, some)
    one_more = agreed()
    assert code_of(lambda: key.start(one_more, 1, some)) == "partner_full"


# ---- roles after a deployment


class Meddled(TesterRpc):
    """A chain on which the governor takes a role away, in the moment before the deployment looks at the roles."""

    def __init__(self, governor: KeySigner, operator: KeySigner) -> None:
        super().__init__(START)
        self.governor, self.operator = governor, operator

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        question = calls[0][1][0] if calls[0][0] == "eth_call" else {}
        if question.get("data", "").startswith("0x" + abi.selector("AccessManager", "hasRole").hex()):
            taken = abi.encode_call("AccessManager", "revokeRole", (1, self.operator.address))
            transactions.send(self, self.governor, question["to"], taken)
        return super().batch(calls)


def test_a_deployment_looks_at_the_roles_in_the_end() -> None:
    signers = RoleSigners(*(KeySigner.random() for _ in range(4)))
    chain = Meddled(signers.governor, signers.operator)

    with pytest.raises(SetupError, match=r"The roles are not right: hasRole\(1, ") as refused:
        deploy(chain, signers, replace(PARAMETERS, notice_seconds=0))
    assert refused.value.code == "roles_invalid"
