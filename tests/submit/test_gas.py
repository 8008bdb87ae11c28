"""Gas of batches where campaigns are open: the limit grows with them, and half of it does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coalition.chain import history, transactions
from coalition.chain.campaigns import CampaignKey
from coalition.chain.rpc import number
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.operations import Kind
from coalition.ledger.rules.levels import Condition, LevelsTerms, Stage
from coalition.ledger.rules.multiplier import MultiplierTerms
from coalition.ledger.rules.quest import QuestTerms
from coalition.ledger.rules.threshold import ThresholdTerms
from coalition.submit import outcome
from coalition.submit.counts import campaign_counts
from tests.submit.world import Desk, World, earn

DAY = 86_400
COUNT = 40
KINDS = (
    ("MultiplierRule", MultiplierTerms(0, 10_000, 127, 0, 1440, 0, 0)),
    ("ThresholdRule", ThresholdTerms(50, 10, 1, 0)),
    ("QuestRule", QuestTerms(1, 10, 0, 0, 0, 0, (1, 2))),
    ("LevelsRule", LevelsTerms((Stage(Condition.VISITS, 1, 0, 10, 0, 0), Stage(Condition.VISITS, 9, 0, 10, 0, 0)), ())),
)


def start_campaigns(world: World, count: int) -> None:
    """Have partner 1 start campaigns for both partners' customers, of which each purchase is paid by every one."""
    key = CampaignKey(world.rpc, world.deployment, world.keys[1][0])
    opens_at = history.head(world.rpc).timestamp + DAY
    for place in range(count):
        rule, terms = KINDS[place % len(KINDS)]
        agreed = Terms(
            rule=world.deployment.rules[rule],
            rule_terms=terms.to_words(),
            sponsors=(Sponsor(1, 10_000),),
            partners=(1, 2) if rule == "QuestRule" else (1,),
            budget_points=1_000_000,
            opens_at=opens_at,
            closes_at=opens_at + 30 * DAY,
        )
        campaign = key.propose(agreed)
        proposed = history.events(world.rpc, world.deployment, 0, history.head(world.rpc).number)[-1][1]
        key.approve(campaign, 1, proposed.terms_hash, opens_at)
        key.start(campaign, 1, agreed)
    world.rpc.call("evm_setNextBlockTimestamp", [opens_at])
    world.rpc.call("evm_mine", [])


def sent(world: World) -> list[tuple[int, int, int]]:
    """Status, gas used and gas limit of each transaction to the ledger, in order."""
    found = []
    for height in range(history.head(world.rpc).number + 1):
        for transaction in world.rpc.call("eth_getBlockByNumber", [hex(height), True])["transactions"]:
            if (transaction["to"] or "").lower() == world.deployment.ledger.lower():
                receipt = world.rpc.call("eth_getTransactionReceipt", [transaction["hash"]])
                found.append((number(receipt["status"]), number(receipt["gasUsed"]), number(transaction["gas"])))
    return found


@pytest.mark.parametrize("campaigns", [6, 32])
def test_half_of_the_limit_does_for_new_members_in_every_campaign(
    desk: Callable[..., Desk], world: World, campaigns: int
) -> None:
    start_campaigns(world, campaigns)
    assert campaign_counts(world.rpc, world.deployment, [1, 2]) == {1: campaigns, 2: campaigns // 4}
    one = desk(starts=False)
    bulk = one.submitter.post_many([earn(32 * place, of=place) for place in range(COUNT)])
    one.start()

    assert all(record.accepted and record.awarded for record in bulk.wait(60))
    ((status, used, limit),) = sent(world)
    assert status == 1
    assert limit == transactions.gas_limit(Kind.EARN, COUNT, campaigns)
    assert 2 * used <= limit


def test_campaigns_that_start_meanwhile_count(desk: Callable[..., Desk], world: World) -> None:
    one = desk()
    assert outcome(one.post(earn(1))[0], 20).accepted
    start_campaigns(world, 8)
    one.poll()
    one.submitter.look_for_nonces()

    assert outcome(one.post(earn(2))[0], 20).awarded > 0

    first, second = sent(world)
    assert first[2] == transactions.gas_limit(Kind.EARN, 1, 0)
    assert second[2] == transactions.gas_limit(Kind.EARN, 1, 8)


def test_a_batch_asks_for_no_more_than_a_block_takes(desk: Callable[..., Desk], world: World) -> None:
    start_campaigns(world, 8)
    one = desk(starts=False)
    one.submitter._board.gas_block = 9_000_000
    bulk = one.submitter.post_many([earn(32 * place, of=place) for place in range(COUNT)])
    one.start()

    assert all(record.accepted for record in bulk.wait(60))
    groups = sent(world)
    assert len(groups) == 5
    assert all(status == 1 and limit <= 9_000_000 for status, _, limit in groups)
