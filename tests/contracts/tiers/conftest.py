"""A tier book with one programme, whose purchases a test tells itself, and one member who enrolled long ago."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support import DAY, next_block_at, now, travel

GOLD_PROGRAMME = (0, 0, 30, 180, 1, [(0, 10_000), (1_000, 11_000), (5_000, 12_500), (20_000, 15_000)])
"""By points, one step down, 30 days of soft landing, one tier after 180 days without a purchase, four tiers."""


@pytest.fixture(scope="session")
def programme() -> tuple:
    return GOLD_PROGRAMME


@pytest.fixture(scope="session")
def campaign_book(accounts: Any) -> Any:
    """Stands for the campaign book: whoever it is, it only calls."""
    return accounts[8]


@pytest.fixture(scope="session")
def bare_tier_book(
    TierBook: Any, AccessManager: Any, deployer: Any, operator: Any, governor: Any, campaign_book: Any, members: tuple
) -> Any:
    """A tier book without a programme; governor and operator hold their roles, without delays."""
    manager = deployer.deploy(AccessManager, deployer)
    book = deployer.deploy(TierBook, manager, DAY)
    for role, holder, function in ((1, operator, "setFloor"), (2, governor, "announceProgramme")):
        manager.grantRole(role, holder, 0, {"from": deployer})
        manager.setTargetFunctionRole(book, [book.signatures[function]], role, {"from": deployer})
    book.setCampaignBook(campaign_book, {"from": deployer})
    return book


@pytest.fixture
def tier_book(bare_tier_book: Any, governor: Any, programme: tuple) -> Any:
    """The programme counts at once, as it is the first."""
    time = next_block_at(now() + 10)
    bare_tier_book.announceProgramme(programme, time, {"from": governor})
    return bare_tier_book


@dataclass(frozen=True)
class Enrolled:
    """An account and the Unix time at which it was enrolled."""

    account: Any
    since: int

    def day(self, day: int, seconds: int = 0) -> int:
        """The beginning of a day of the membership, and so many seconds."""
        return self.since + day * DAY + seconds


@pytest.fixture
def enrolled(member: Any, tier_book: Any) -> Enrolled:
    return Enrolled(member, now())


@pytest.fixture
def buy(tier_book: Any, campaign_book: Any) -> Callable[..., Any]:
    """Tell a purchase of so many points, and ten times the spend, on a day of the membership."""

    def told(who: Enrolled, day: int, points: int, seconds: int = 60) -> Any:
        next_block_at(who.day(day, seconds))
        return tier_book.qualify(who.account, who.since, 10 * points, points, {"from": campaign_book})

    return told


@pytest.fixture
def take_back(tier_book: Any, campaign_book: Any) -> Callable[..., Any]:
    """Take back so many points of a purchase of a day, on another day."""

    def told(who: Enrolled, day: int, purchase_day: int, points: int) -> Any:
        next_block_at(who.day(day, 120))
        of = who.day(purchase_day, 60)
        return tier_book.disqualify(who.account, who.since, of, 10 * points, points, {"from": campaign_book})

    return told


@pytest.fixture
def tier_on(tier_book: Any) -> Callable[..., int]:
    """The tier at a time to which the chain travels."""

    def asked(who: Enrolled, day: int, seconds: int = 0) -> int:
        travel(who.day(day, seconds))
        return tier_book.tierOf(who.account, who.since)

    return asked
