"""Purchases that campaigns and tiers awarded, posted and taken back through the service; then an audit of it all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coalition.audit.run import audit
from coalition.chain import campaign_views, history, views
from coalition.chain.campaigns import CampaignKey
from coalition.chain.keccak import keccak
from coalition.ledger.campaigns.terms import Sponsor, Terms, hash_of
from coalition.ledger.operations import Earn
from coalition.ledger.tiers import Programme, Tier
from coalition.submit import Submission
from tests.service.conftest import PARTNERS, Chain, Stack, new_chain, signer, stack_on

DAY = 86_400
CAMPAIGNS = 8
DOUBLE = (0, 10_000, 127, 0, 1_440, 1_440, 0)
TIERS = Programme((Tier(0), Tier(1_000, 12_000)))


def key(chain: Chain, name: str) -> CampaignKey:
    return CampaignKey(chain.rpc, chain.deployment, signer(name))


def launched(chain: Chain, number: int, rule: str, words: tuple[int, ...]) -> None:
    """A campaign of both partners that opens in an hour."""
    now = history.head(chain.rpc).timestamp
    sponsors = Sponsor(1, 5_000), Sponsor(2, 5_000)
    place = chain.deployment.rules[rule], words, sponsors, (1, 2), 1_000_000
    terms = Terms(*place, opens_at=now + 3_600, closes_at=now + 60 * DAY)
    assert key(chain, "Grocery").propose(terms) == number
    terms_hash = hash_of(chain.deployment.chain_id, chain.deployment.agreements, number, 1, terms, keccak)
    for name in PARTNERS:
        key(chain, name).approve(number, 1, terms_hash, now + DAY)
    key(chain, "anyone").start(number, 1, terms)


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """A ledger with tiers and eight campaigns that are open at both partners."""
    chain = new_chain()
    now = history.head(chain.rpc).timestamp
    key(chain, "operator").announce_programme(TIERS, now + 60)
    launched(chain, 1, "StampRule", (2, 100, 500, 0, 9))
    for number in range(2, CAMPAIGNS + 1):
        launched(chain, number, "MultiplierRule", DOUBLE)
    chain.rpc.call("evm_setNextBlockTimestamp", [hex(now + 2 * 3_600)])
    chain.rpc.call("evm_mine", [])
    with stack_on(chain, folder) as stack:
        yield stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("awards")) as made:
        yield made


def read(stack: Stack, view: views.View[Any]) -> Any:
    return views.read(stack.chain.rpc, view)


def test_awarded_purchases_are_taken_back_in_parts_and_whole(stack: Stack) -> None:
    account, service = stack.account("ann"), stack.service
    first = service.earn("Market", account, "awarded-1", 800).record
    second = service.earn("Market", account, "awarded-2", 400).record
    third = service.earn("Market", account, "awarded-3", 500).record
    assert [one.awarded for one in (first, second, third)] == [7 * 800, 7 * 400 + 500, 7 * 500 + 100]

    part = service.reverse("Market", "awarded-3-part", "awarded-3", 200).record
    assert (part.points, part.awarded) == (200, 7 * 200 + 40)
    rest = service.reverse("Market", "awarded-3-rest", "awarded-3").record
    assert (rest.points, rest.awarded) == (300, 7 * 300 + 60)
    stamps = service.reverse("Market", "awarded-2-back", "awarded-2").record
    assert (stamps.points, stamps.awarded) == (400, 7 * 400 + 500)

    stack.follower.catch_up()
    (row, *_) = stack.queries.progress_of(account)
    assert read(stack, campaign_views.progress_of(stack.chain.deployment, 1, account)) == (row.progress, 0, 0)
    assert stack.queries.badges_of(account) == []
    assert read(stack, views.balance_of(stack.chain.deployment, account)) == 800 + 7 * 800
    assert audit(stack.chain.rpc, stack.chain.deployment, stack.queries).divergences == ()


def test_a_full_batch_fits_where_many_campaigns_are_open(stack: Stack) -> None:
    members = [stack.custody.account(f"crowd {number}") for number in range(120)]
    batch = [Submission(2, Earn(member, 10_000 + number, 100, enrols=True)) for number, member in enumerate(members)]
    records = [future.result(60) for future in stack.submitter.post(batch)]
    assert all(record.accepted for record in records)
    stack.follower.catch_up()

    assert stack.queries.campaign_totals(2).members_reached >= len(members)
    assert audit(stack.chain.rpc, stack.chain.deployment, stack.queries).divergences == ()
