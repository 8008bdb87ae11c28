"""Campaigns from a file to their end, over a chain in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coalition.campaigns.diff import Change
from coalition.chain.addresses import checksummed
from coalition.chain.campaigns import CampaignKey
from coalition.chain.keccak import keccak
from coalition.errors import AccessDenied, InputError, NotFound, Refused
from coalition.ledger.campaigns.state import CLAIM_SECONDS
from tests.service.coalition import DAY, START, Coalition, code_of, day

# ---- from a file to the end


def test_a_campaign_from_its_file_to_its_end(coalition: Coalition) -> None:
    campaigns, ann = coalition.campaigns, coalition.member("ann")
    shown = campaigns.propose(coalition.file(), "bakery")
    number = shown.campaign
    assert (shown.status, shown.kind, shown.latest.name) == ("proposed", "quest", "Two of three")
    assert shown.latest.missing(shown.now) == (1, 2)

    shown = campaigns.approve(number, "bakery")
    assert shown.status == "proposed" and shown.latest.missing(shown.now) == (2,)
    assert code_of(lambda: campaigns.start(number)) == "approval_missing"
    assert campaigns.show(number).live.version == 0, "nothing is half started"

    shown = campaigns.approve(number, "cafe")
    assert shown.status == "scheduled" and shown.live.version == 1
    coalition.go_to(START + 7 * DAY)
    assert campaigns.show(number).status == "running"

    assert coalition.earn("bakery", ann, "B-1", 500).awarded == 0
    (standing,) = coalition.members.progress(ann)
    assert standing.standing is not None
    assert (standing.standing.done, standing.standing.needed, standing.standing.unit) == (1, 2, "partners")
    assert (standing.standing.next_award_points, standing.until) == (300, START + 14 * DAY)
    preview = coalition.members.preview("cafe", ann, 700)
    assert (preview.points, preview.awarded) == (700, 300)
    assert [(one.campaign, one.name, one.points) for one in preview.awards] == [(number, "Two of three", 300)]
    again = coalition.members.preview("bakery", ann, 700)
    assert (again.awards, again.left_out) == ((), ()), "a second visit of one shop is none"

    second = coalition.earn("cafe", ann, "C-1", 700)
    assert (second.points, second.awarded) == (700, 300)
    assert coalition.balance(ann) == 1_500
    assert coalition.members.progress(ann)[0].paid_points == 300
    assert campaigns.show(number).live.paid_points == 300
    assert coalition.members.taking_part(number) == [ann]
    totals = coalition.members.totals(number)
    assert (totals.members_reached, totals.awards, totals.points) == (1, 1, 300)

    coalition.service.reverse("cafe", "C-1-back", "C-1")
    assert coalition.balance(ann) == 500, "the award goes back with its purchase"
    (standing,) = coalition.members.progress(ann)
    assert standing.standing is not None and standing.standing.done == 1 and standing.paid_points == 0
    assert coalition.earn("florist", ann, "F-1", 200).awarded == 300

    campaigns.end(number, "cafe")
    assert campaigns.show(number).live.closes_at < START + 9 * DAY
    assert code_of(lambda: campaigns.close(number)) == "campaign_not_over"
    coalition.go_to(START + 9 * DAY + CLAIM_SECONDS)
    assert campaigns.show(number).status == "over"
    assert campaigns.close(number).status == "closed"
    assert coalition.members.progress(ann)[0].status == "closed"


def test_a_campaign_pauses_and_goes_on(coalition: Coalition) -> None:
    number, ann = coalition.started(coalition.file(terms="{visits: 1, award: 300 points}")), coalition.member("ann")

    assert coalition.campaigns.pause(number, "bakery").status == "paused"
    assert coalition.members.preview("bakery", ann, 100).awarded == 0
    assert coalition.earn("bakery", ann, "B-1", 100).awarded == 0
    assert code_of(lambda: coalition.campaigns.pause(number, "cafe")) == "campaign_pause_unchanged"
    assert coalition.campaigns.resume(number, "cafe").status == "running"
    assert coalition.earn("bakery", ann, "B-2", 100).awarded == 300


# ---- agreement


def test_files_are_refused_with_every_finding(coalition: Coalition) -> None:
    path = coalition.file(budget="much", partners="[bakery, butcher]", opens=day(-3))

    with pytest.raises(InputError) as refused:
        coalition.campaigns.propose(path, "bakery")

    assert refused.value.code == "campaign_invalid"
    assert [(one["field"], one["line"]) for one in refused.value.details["findings"]] == [
        ("opens", 4),
        ("partners[2]", 6),
        ("budget", 8),
    ]
    assert coalition.campaigns.all() == [] and not (coalition.folder / "campaigns").exists()


def test_who_is_no_sponsor_signs_nothing(coalition: Coalition) -> None:
    campaigns = coalition.campaigns
    assert code_of(lambda: campaigns.propose(coalition.file(), "florist")) == "sponsor_only"
    number = campaigns.propose(coalition.file(), "bakery").campaign
    for work in (campaigns.approve, campaigns.pause, campaigns.resume, campaigns.end):
        assert code_of(lambda work=work: work(number, "florist")) == "sponsor_only"
    assert code_of(lambda: campaigns.amend(number, coalition.file(budget=999), "florist")) == "sponsor_only"


def test_a_partner_signs_only_with_a_key_that_is_here_and_counts(coalition: Coalition) -> None:
    coalition.admin.revoke_key(coalition.keystore.address("partner-bakery"))
    coalition.follower.catch_up()

    assert code_of(lambda: coalition.campaigns.propose(coalition.file(), "bakery")) == "partner_key_missing"
    assert coalition.campaigns.propose(coalition.file(), "cafe").campaign == 1


@pytest.mark.parametrize("number", [0, 1, 1 << 32, -1])
def test_what_there_is_not(coalition: Coalition, number: int) -> None:
    campaigns = coalition.campaigns
    calls: list[Callable[[], Any]] = [
        lambda: campaigns.show(number),
        lambda: campaigns.approve(number, "bakery"),
        lambda: campaigns.end(number, "bakery"),
        lambda: campaigns.close(number),
        lambda: campaigns.file_of(number),
        lambda: coalition.members.claim(number, [coalition.custody.account("ann")]),
    ]
    for work in calls:
        with pytest.raises(NotFound) as refused:
            work()
        assert refused.value.code == "campaign_unknown"


def test_approvals_name_one_version_and_end(coalition: Coalition) -> None:
    campaigns = coalition.campaigns
    number = campaigns.propose(coalition.file(), "bakery").campaign
    assert code_of(lambda: campaigns.approve(number, "bakery", version=2)) == "terms_unknown"
    assert code_of(lambda: campaigns.approve(number, "bakery", until=START - 1)) == "approval_too_short"

    soon = coalition.now() + 3_600
    campaigns.approve(number, "bakery", until=soon)
    coalition.go_to(soon + 10)
    shown = campaigns.approve(number, "cafe")
    assert shown.status == "proposed" and shown.latest.missing(shown.now) == (1,)
    assert code_of(lambda: campaigns.start(number)) == "approval_expired"
    assert campaigns.approve(number, "bakery").status == "scheduled"


def test_a_start_that_was_stopped_is_made_good_by_asking_again(
    coalition: Coalition, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns = coalition.campaigns
    number = campaigns.propose(coalition.file(), "bakery").campaign
    campaigns.approve(number, "bakery")

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CampaignKey, "start", stopped)
        with pytest.raises(KeyboardInterrupt):
            campaigns.approve(number, "cafe")
    assert campaigns.show(number).status == "proposed"
    blocks = coalition.rpc.call("eth_blockNumber", [])
    assert campaigns.approve(number, "cafe").status == "scheduled"
    assert int(coalition.rpc.call("eth_blockNumber", []), 16) == int(blocks, 16) + 1, "the approval was not sent again"
    assert campaigns.approve(number, "cafe").status == campaigns.start(number).status == "scheduled"


def test_terms_that_come_too_late_do_not_start(coalition: Coalition) -> None:
    number = coalition.campaigns.propose(coalition.file(), "bakery").campaign
    coalition.go_to(START + 8 * DAY)
    until = START + 20 * DAY
    coalition.campaigns.approve(number, "bakery", until=until)
    assert code_of(lambda: coalition.campaigns.approve(number, "cafe", until=until)) == "start_too_late"
    assert coalition.campaigns.show(number).status == "proposed"


# ---- versions


def test_a_later_version_takes_over_with_its_own_approvals(coalition: Coalition) -> None:
    campaigns = coalition.campaigns
    number = coalition.started(coalition.file())
    later = coalition.file("later.yaml", budget="20000 points", opens=day(10), terms="{visits: 2, award: 500 points}")

    shown, changed = campaigns.amend(number, later, "cafe")

    assert changed == (
        Change("opens", day(7), day(10)),
        Change("budget", "10000 points", "20000 points"),
        Change("terms.award", "300 points", "500 points"),
    )
    assert (len(shown.versions), shown.live.version, shown.counting.proposed.version) == (2, 1, 1)
    campaigns.approve(number, "bakery")
    assert campaigns.approve(number, "cafe").live.next_from == START + 10 * DAY
    assert campaigns.approve(number, "cafe").live.version == 1, "once is enough"
    coalition.go_to(START + 10 * DAY)
    shown = campaigns.show(number)
    assert (shown.live.version, shown.live.budget_points, shown.status) == (2, 20_000, "running")

    past = coalition.file("past.yaml", budget="30000 points", opens=day(9))
    assert code_of(lambda: campaigns.amend(number, past, "cafe")) == "campaign_invalid"
    same = coalition.file("same.yaml", budget="20000 points", opens=day(12), terms="{visits: 2, award: 500 points}")
    campaigns.amend(number, same, "cafe")
    assert code_of(lambda: campaigns.amend(number, same, "cafe")) == "terms_same"
    fixed = coalition.file("fixed.yaml", opens=day(12), partners="[bakery, cafe]")
    with pytest.raises(Refused) as refused:
        campaigns.amend(number, fixed, "cafe")
    assert refused.value.code == "terms_fixed" and "partners" in refused.value.message


def test_the_file_that_was_agreed_is_kept_and_shown_again(coalition: Coalition) -> None:
    campaigns, path = coalition.campaigns, coalition.file()
    number = campaigns.propose(path, "bakery").campaign
    text = path.read_text()
    path.unlink()

    terms = campaigns.reader.version(number).terms
    assert campaigns.reader.files.name_of(terms) == "Two of three" and keccak(text.encode()) == terms.document
    assert campaigns.file_of(number).content.decode() == text
    (kept,) = (coalition.folder / "campaigns").rglob("campaign.yaml")
    kept.write_text(text + "# changed\n")
    fresh = type(campaigns)(
        coalition.rpc,
        campaigns.reader.deployment,
        coalition.keystore,
        coalition.service.partners,
        campaigns.reader.files,
    )
    assert fresh.reader.files.name_of(terms) is None, "what is not the agreed text is not shown"
    assert code_of(lambda: fresh.file_of(number)) == "campaign_file_missing"
    assert fresh.show(number).latest.name == f"campaign {number}" and fresh.show(number).latest.fields == {}


def test_kinds_are_listed_and_delisted(coalition: Coalition) -> None:
    campaigns, deployment = coalition.campaigns, coalition.campaigns.reader.deployment
    kinds = list(deployment.rules.values())
    quest = deployment.rules["QuestRule"]
    assert coalition.queries.rules() == kinds
    running = coalition.started(coalition.file(terms="{visits: 1, award: 300 points}"))

    campaigns.delist_rule(quest)
    coalition.follower.catch_up()
    assert coalition.queries.rules() == [rule for rule in kinds if rule != quest]
    assert code_of(lambda: campaigns.propose(coalition.file(opens=day(8)), "bakery")) == "rule_not_listed"
    assert code_of(lambda: campaigns.delist_rule(quest)) == "rule_not_listed"
    assert coalition.earn("bakery", coalition.member("ann"), "R-1", 100).awarded == 300, "what runs goes on"
    assert campaigns.show(running).status == "running"

    campaigns.list_rule(quest)
    coalition.follower.catch_up()
    assert coalition.queries.rules() == [*(rule for rule in kinds if rule != quest), quest]
    assert code_of(lambda: campaigns.list_rule(checksummed("12" * 20))) == "contract_missing"


def test_no_key_of_another_partner_is_used(coalition: Coalition) -> None:
    number = coalition.campaigns.propose(coalition.file(), "bakery").campaign
    with pytest.raises(AccessDenied):
        coalition.campaigns.key_of(coalition.keystore.signer("partner-florist")).approve(
            number, 1, coalition.campaigns.reader.version(number).terms_hash, START + DAY
        )
