"""Where a member stands, from the read model: the same as the contracts say, whatever happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from coalition.chain.campaign_reading import ask
from coalition.errors import NotFound
from coalition.ledger.campaigns.state import MEMBER_JOINED
from coalition.ledger.rules.twins import standing_of, terms_of
from coalition.service.campaign_answers import ProgressShown
from tests.service.coalition import DAY, START, Coalition, day

TIERS = """\
programme: Shoppers
says: More points the more you earn.
counts: points
tiers:
  - {name: member, from: 0}
  - {name: gold, from: 1000 points}
"""


def on_chain(coalition: Coalition, account: str) -> list[ProgressShown]:
    """Where a member stands in every campaign that was started, asked of the contracts."""
    reader = coalition.campaigns.reader
    since = ask(reader.rpc, reader.deployment, ("PointLedger", "memberSinceOf", (account,)))[0]
    tier = ask(reader.rpc, reader.deployment, ("TierBook", "tierOf", (account, since)))[0]
    shown = []
    for one in reader.all():
        if not one.live.version:
            continue
        question = ("CampaignBook", "progressOf", (one.campaign, account))
        progress, paid, flags = ask(reader.rpc, reader.deployment, question)
        terms, ends = one.counting.terms, one.live.closes_at
        standing = standing_of(one.kind, terms_of(one.kind, terms.rule_terms), progress, one.now)
        shown.append(
            ProgressShown(
                one.campaign,
                one.counting.name,
                one.kind,
                one.status,
                standing,
                min(standing.until, ends) if standing.until else ends,
                paid,
                bool(flags & MEMBER_JOINED) if terms.needs_joining else None,
                bool(terms.tier_mask >> tier & 1),
            )
        )
    return shown


def agreed(coalition: Coalition, *accounts: str) -> list[list[ProgressShown]]:
    """What the read model says, which is what the contracts say."""
    coalition.follower.catch_up()
    told = [coalition.members.progress(account) for account in accounts]
    assert told == [on_chain(coalition, account) for account in accounts]
    return told


def test_it_equals_the_chain_after_earns_reversals_and_joins(coalition: Coalition) -> None:
    ann, ben = coalition.member("ann"), coalition.member("ben")
    path = coalition.folder / "tiers.yaml"
    path.write_text(TIERS)
    coalition.go_to(coalition.campaigns.set_tiers(path).effective_from or 0)
    (coalition.folder / "regulars.csv").write_text("\n".join(["account", ann, ben]))
    files = [
        coalition.file("quest.yaml", terms="{visits: 2, award: 300 points, within: 2 days, again: 3}"),
        coalition.file("stamps.yaml", kind="stamps", terms="{stamps: 2, award: 50 points}", segment="regulars.csv"),
        coalition.file("gold.yaml", terms="{visits: 1, award: 10 points, again: 5}", tiers="[gold]"),
    ]
    quest, stamps, gold = (_proposed(coalition, file) for file in files)
    coalition.campaigns.propose(coalition.file("never.yaml"), "bakery")
    assert {one.status for one in agreed(coalition, ann)[0]} == {"scheduled"}
    coalition.go_to(START + 7 * DAY)

    (first, _) = agreed(coalition, ann, ben)
    assert [(one.campaign, one.joined, one.in_tier) for one in first] == [
        (quest, None, True),
        (stamps, False, True),
        (gold, None, False),
    ]
    coalition.members.join(stamps, ["ann"], coalition.custody)
    coalition.earn("bakery", ann, "B-1", 600)
    (after, others) = agreed(coalition, ann, ben)
    assert [one.joined for one in after] == [None, True, None] and others[1].joined is False
    assert [one.standing.done for one in after if one.standing] == [1, 1, 0]
    assert after[0].until < START + 10 * DAY, "the quest's own window ends before the campaign"

    coalition.earn("cafe", ann, "C-1", 600)
    (after,) = agreed(coalition, ann)
    assert [one.paid_points for one in after] == [300, 50, 0] and after[2].in_tier
    coalition.service.reverse("cafe", "C-1-back", "C-1", spend_minor=200)
    agreed(coalition, ann)
    coalition.service.reverse("cafe", "C-1-rest", "C-1")
    (after,) = agreed(coalition, ann)
    assert [one.paid_points for one in after] == [0, 0, 0] and not after[2].in_tier

    coalition.go_to(START + 10 * DAY)
    (after,) = agreed(coalition, ann)
    assert after[0].standing is not None and after[0].standing.done == 0, "time alone made it lapse"
    coalition.campaigns.pause(quest, "bakery")
    coalition.campaigns.end(stamps, "cafe")
    assert [one.status for one in agreed(coalition, ann)[0]] == ["paused", "running", "running"]
    coalition.go_to(START + 12 * DAY)
    assert [one.campaign for one in coalition.members.progress(ben)] == [quest, gold], "over, and nothing was done"


def test_it_equals_the_chain_for_a_referrer_and_a_later_version(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    terms = "{new member: 500 points, referrer: 200 points}"
    referral = coalition.started(coalition.file("friends.yaml", kind="referral", terms=terms))
    ben = coalition.member("ben")
    coalition.members.refer(referral, "bakery", ben, ann)
    agreed(coalition, ann, ben)
    coalition.earn("bakery", ben, "F-1", 100)
    told = agreed(coalition, ann, ben)
    assert [one[0].paid_points for one in told] == [200, 500]

    later = coalition.file("later.yaml", kind="referral", opens=day(9), terms=terms, budget="20000 points")
    coalition.campaigns.amend(referral, later, "bakery")
    for shop in ("bakery", "cafe"):
        coalition.campaigns.approve(referral, shop)
    agreed(coalition, ann, ben)
    coalition.go_to(START + 9 * DAY)
    agreed(coalition, ann, ben)
    coalition.service.reverse("bakery", "F-1-back", "F-1")
    assert [one[0].paid_points for one in agreed(coalition, ann, ben)] == [0, 0]


def test_some_campaigns_only(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    one = coalition.started(coalition.file(partners="[bakery, cafe]"))
    two = _proposed(coalition, coalition.file("florist.yaml", opens=day(8), sponsors="{cafe: 50 %, florist: 50 %}"))
    coalition.follower.catch_up()

    assert [found.campaign for found in coalition.members.progress(ann)] == [one, two]
    assert [found.campaign for found in coalition.members.progress(ann, campaign=two)] == [two]
    assert [found.campaign for found in coalition.members.progress(ann, partner=3)] == [two]
    assert [found.campaign for found in coalition.members.progress(ann, partner=1)] == [one, two]
    with pytest.raises(NotFound, match="no member"):
        coalition.members.progress(coalition.custody.account("nobody"))


def test_the_node_is_not_asked(coalition: Coalition, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = coalition.member("ann")
    coalition.started(coalition.file())
    coalition.earn("bakery", ann, "B-1", 600)
    coalition.follower.stop()

    def gone(*_: object) -> None:
        raise AssertionError("asked the node")

    monkeypatch.setattr(type(coalition.rpc), "call", gone)
    monkeypatch.setattr(type(coalition.rpc), "batch", gone)
    (found,) = coalition.all_members.progress(ann)
    monkeypatch.undo()
    assert found.name == "Two of three" and found.standing is not None and found.standing.done == 1


def _proposed(coalition: Coalition, path: Path) -> int:
    """The number of a campaign with all approvals."""
    shown = coalition.campaigns.propose(path, "cafe")
    for sponsor in shown.latest.terms.sponsors:
        coalition.campaigns.approve(shown.campaign, sponsor.partner)
    return shown.campaign
