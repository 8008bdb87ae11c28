"""Agreements and a campaign book beside a ledger of members alone; two sponsors, one of which takes part."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from brownie import web3
from campaign import SAME_AGAIN, Manner, Terms
from support import DAY, ZERO, Partner, next_block_at, now, travel

OPERATOR = 1
KINDS = ("ActionRule", "DividendRule", "MultiplierRule", "ReferralRule", "ScriptedRule", "StampRule", "SurpriseRule")


@pytest.fixture(scope="session")
def third_partner(accounts: Any) -> Partner:
    """A florist, who sponsors nothing."""
    return Partner(id=3, key=accounts[8], account=accounts[10], rate_bps=100)


@pytest.fixture(scope="session")
def own_registry(
    AccessManager: Any,
    PartnerRegistry: Any,
    deployer: Any,
    earning_partner: Partner,
    redeeming_partner: Partner,
    third_partner: Partner,
) -> Any:
    """A register that other tests do not share, as one partner more would be in their way. The deployer administers it."""
    registry = deployer.deploy(PartnerRegistry, deployer.deploy(AccessManager, deployer), DAY)
    for name, partner in (("Grocer", earning_partner), ("Cinema", redeeming_partner), ("Florist", third_partner)):
        registry.addPartner(name, partner.account, partner.key, b"EUR", partner.rate_bps, {"from": deployer})
    return registry


@pytest.fixture(scope="session")
def attestor() -> Any:
    from brownie import accounts

    return accounts[3]


@dataclass(frozen=True)
class Contracts:
    """What a test of campaigns talks to."""

    agreements: Any
    ledger: Any
    book: Any
    rules: SimpleNamespace


@pytest.fixture(scope="session")
def deploy_book(deployer: Any, operator: Any, own_registry: Any, members: tuple) -> Any:
    """Deploy agreements, with all kinds listed, and a book."""
    import brownie

    rules = SimpleNamespace(**{kind: deployer.deploy(getattr(brownie, kind)) for kind in KINDS})

    def deployed(badges: Any = ZERO, tiers: Any = ZERO) -> Contracts:
        manager = deployer.deploy(brownie.AccessManager, deployer)
        agreements = deployer.deploy(brownie.CampaignAgreements, manager, own_registry)
        ledger = deployer.deploy(brownie.CampaignLedger)
        book = deployer.deploy(brownie.CampaignBook, own_registry, agreements, ledger, tiers, badges)
        ledger.setBook(book)
        manager.grantRole(OPERATOR, operator, 0, {"from": deployer})
        restricted = [agreements.signatures[function] for function in ("listRule", "delistRule")]
        manager.setTargetFunctionRole(agreements, restricted, OPERATOR, {"from": deployer})
        for rule in vars(rules).values():
            agreements.listRule(rule, {"from": operator})
        for account in members:
            ledger.setMemberSince(account, now() - 100 * DAY)
        return Contracts(agreements, ledger, book, rules)

    return deployed


@pytest.fixture(scope="session")
def plain_contracts(deploy_book: Callable[..., Contracts]) -> Contracts:
    return deploy_book()


@pytest.fixture(scope="session")
def badge_book(BadgeBook: Any, AccessManager: Any, deployer: Any) -> Any:
    return deployer.deploy(BadgeBook, deployer.deploy(AccessManager, deployer))


@pytest.fixture(scope="session")
def badged_contracts(deploy_book: Callable[..., Contracts], badge_book: Any, deployer: Any) -> Contracts:
    """The same with a book of badges."""
    contracts = deploy_book(badge_book)
    badge_book.setCampaignBook(contracts.book, {"from": deployer})
    return contracts


class World:
    """Sponsors, members and their contracts."""

    def __init__(self, contracts: Contracts, one: Partner, other: Partner) -> None:
        self.agreements, self.ledger = contracts.agreements, contracts.ledger
        self.book, self.rules = contracts.book, contracts.rules
        self.sponsors = {one.id: one, other.id: other}
        self.receipt = 0

    def terms(self, **changes: Any) -> Terms:
        """A multiplier of both sponsors at the first one, which opens in an hour and lasts 30 days."""
        opens_at = now() + 3_600
        shares = ((1, 6_000), (2, 4_000))
        whole = Terms(self.rules.MultiplierRule, SAME_AGAIN, shares, (1,), opens_at, opens_at + 30 * DAY)
        return whole.but(**changes)

    def script(
        self,
        given: int = 0,
        progress: int = 0,
        *,
        back: int = 0,
        left: int = 0,
        manner: Manner = Manner.ANSWERING,
        manner_back: Manner = Manner.ANSWERING,
    ) -> dict[str, Any]:
        """Changes of terms to a rule that answers with `progress` and `given`, and a reversal with `left` and `back`."""
        words = (int(manner), int(manner_back), progress, given, left, back)
        return {"rule": self.rules.ScriptedRule, "rule_terms": words}

    def propose(self, terms: Terms) -> int:
        return self.agreements.propose(terms.abi, {"from": self.sponsors[terms.sponsors[0][0]].key}).return_value

    def amend(self, campaign: int, terms: Terms) -> int:
        return self.agreements.amend(
            campaign, terms.abi, {"from": self.sponsors[terms.sponsors[0][0]].key}
        ).return_value

    def approve(self, campaign: int, version: int, terms: Terms) -> bytes:
        """Every sponsor approves for a day; returns the hash."""
        terms_hash = self.agreements.hashOf(campaign, version, terms.abi)
        for sponsor, _ in terms.sponsors:
            sent = {"from": self.sponsors[sponsor].key}
            self.agreements.approve(campaign, version, terms_hash, now() + DAY, sent)
        return terms_hash

    def started(self, **changes: Any) -> tuple[int, Terms]:
        """A campaign that has yet to open."""
        terms = self.terms(**changes)
        campaign = self.propose(terms)
        self.approve(campaign, 1, terms)
        self.book.start(campaign, 1, terms.abi)
        return campaign, terms

    def opened(self, **changes: Any) -> tuple[int, Terms]:
        """A campaign that counts."""
        campaign, terms = self.started(**changes)
        travel(max(terms.opens_at, now() + 1))
        return campaign, terms

    def changed(self, campaign: int, terms: Terms, version: int = 2) -> None:
        """A later version, agreed and started."""
        assert self.amend(campaign, terms) == version
        self.approve(campaign, version, terms)
        self.book.start(campaign, version, terms.abi)

    def buy(
        self, member: Any, points: int = 100, spend: int = 1_000, *, partner: int = 1, time: int | None = None
    ) -> SimpleNamespace:
        """A purchase; what it was told, and the answer."""
        self.receipt += 1
        if time is not None:
            next_block_at(time)
        tx = self.ledger.earn(partner, member, self.receipt, spend, points)
        heard = tx.events["HookEarned"]
        return SimpleNamespace(
            tx=tx,
            member=member,
            partner=partner,
            receipt=self.receipt,
            points=points,
            spend=spend,
            time=tx.timestamp,
            awarded=heard["awarded"],
            awards=str(heard["awards"]),
            others=list(heard["others"]),
        )

    def reverse(self, bought: SimpleNamespace, words: list[int], before: int, after: int) -> SimpleNamespace:
        """A part of a purchase taken back."""
        tx = self.ledger.takeBack(
            bought.partner, bought.member, bought.receipt, bought.spend, bought.points, words, before, after
        )
        heard = tx.events["HookTakenBack"]
        return SimpleNamespace(tx=tx, taken=heard["taken"], others=list(heard["others"]))

    def standing(self, campaign: int, member: Any) -> tuple[int, int, int]:
        """Progress, points paid, and flags."""
        return tuple(map(int, self.book.progressOf(campaign, member)))

    def paid(self, campaign: int) -> int:
        return int(self.book.campaignOf(campaign)[1][1])

    def reserved(self) -> tuple[int, int]:
        return tuple(int(self.book.reservedPointsOf(sponsor)) for sponsor in (1, 2))


@pytest.fixture
def world(plain_contracts: Contracts, earning_partner: Partner, redeeming_partner: Partner) -> World:
    return World(plain_contracts, earning_partner, redeeming_partner)


@pytest.fixture
def badged(badged_contracts: Contracts, earning_partner: Partner, redeeming_partner: Partner) -> World:
    return World(badged_contracts, earning_partner, redeeming_partner)


@pytest.fixture
def new_member(world: World) -> Callable[[Any], Any]:
    """Enrol an account now."""

    def enrolled(account: Any) -> Any:
        world.ledger.setMemberSince(account, now())
        return account

    return enrolled


@pytest.fixture(scope="session")
def chain_id() -> int:
    return web3.eth.chain_id
