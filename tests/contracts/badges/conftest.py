"""A badge book, and who may give badges."""

from typing import Any

import pytest


@pytest.fixture(scope="session")
def campaign_book(accounts: Any) -> Any:
    """Stands for the campaign book: whoever it is, it only calls."""
    return accounts[8]


@pytest.fixture(scope="session")
def badge_book(
    BadgeBook: Any, AccessManager: Any, deployer: Any, operator: Any, campaign_book: Any, members: tuple
) -> Any:
    manager = deployer.deploy(AccessManager, deployer)
    book = deployer.deploy(BadgeBook, manager)
    manager.grantRole(1, operator, 0, {"from": deployer})
    manager.setTargetFunctionRole(book, [book.signatures["defineBadge"]], 1, {"from": deployer})
    book.setCampaignBook(campaign_book, {"from": deployer})
    return book


@pytest.fixture(scope="session")
def token_id() -> Any:
    """The id of a member's badge."""
    return lambda account, badge: badge << 160 | int(str(account), 16)
