"""Campaigns from a file to their end, over a chain in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coalition.campaigns.diff import Change
from coalition.campaigns.segment import tree_of
from coalition.chain.addresses import checksummed
from coalition.chain.campaign_reading import ask
from coalition.chain.campaigns import MEMBERS_MAX, AttestedAs, CampaignKey
from coalition.chain.keccak import keccak
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, Refused
from coalition.ledger.campaign_events import Refusal
from coalition.ledger.campaigns.calls import Attestation
from coalition.ledger.campaigns.state import CLAIM_SECONDS
from coalition.service.campaign_answers import LeftOut, LeftOutReason
from tests.service.coalition import DAY, START, Coalition, Ground, coalition_on, day, ground_in

TIERS = """\
programme: Shoppers
says: More points the more you earn.
counts: points
tiers:
  - {name: member, from: 0}
  - {name: gold, from: 1000 points, times: 1.5}
"""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground_in(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def coalition(ground: Ground, tmp_path: Path) -> Iterator[Coalition]:
    with coalition_on(ground, tmp_path) as made:
        yield made


def code_of(work: Callable[[], Any]) -> str:
    with pytest.raises(CoalitionError) as refused:
        work()
    return refused.value.code


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


# ---- members


def test_a_segment_joins_in_batches_with_its_proofs(coalition: Coalition) -> None:
    on_list = [coalition.member(name) for name in ("ann", "bob")]
    outsider, stranger = coalition.member("eve"), coalition.custody.account("nobody yet")
    listed = coalition.folder / "regulars.csv"
    listed.write_text("\n".join(["account", *on_list, stranger]))
    path = coalition.file(segment="regulars.csv", terms="{visits: 1, award: 300 points}")
    number = coalition.started(path)
    listed.unlink()
    assert coalition.campaigns.reader.version(number).terms.segment == tree_of([*on_list, stranger], keccak).root

    done: list[int] = []
    assert coalition.earn("bakery", on_list[0], "S-0", 100).awarded == 0, "nobody joined yet"
    assert coalition.members.join_all(number, done.append) == (2, 1)
    assert coalition.members.join_all(number) == (0, 1) and done == [3]
    assert coalition.earn("bakery", on_list[0], "S-1", 100).awarded == 300
    assert coalition.earn("bakery", outsider, "S-2", 100).awarded == 0
    assert [one.joined for one in coalition.members.progress(on_list[1])] == [True]
    assert [one.joined for one in coalition.members.progress(outsider)] == [False]
    assert code_of(lambda: coalition.members.join(number, ["eve"], coalition.custody)) == "not_in_segment"
    assert code_of(lambda: coalition.members.join(number, ["nobody yet"], coalition.custody)) == "joining_refused"


def test_consent_is_given_with_the_members_own_key(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    number = coalition.started(coalition.file(opt_in="yes", terms="{visits: 1, award: 300 points}"))

    assert code_of(lambda: coalition.members.join_all(number)) == "consent_needed"
    assert code_of(lambda: coalition.members.join(number, [ann], coalition.custody)) == "key_not_in_custody"
    assert coalition.members.join(number, ["ann"], coalition.custody) == [ann]
    assert coalition.earn("bakery", ann, "O-1", 100).awarded == 300


def test_everybody_takes_part_where_there_is_no_list(coalition: Coalition) -> None:
    number = coalition.started(coalition.file())
    coalition.member("ann")
    assert code_of(lambda: coalition.members.join_all(number)) == "segment_none"
    assert code_of(lambda: coalition.members.join(number, ["ann"], coalition.custody)) == "joining_not_needed"


def test_who_brings_a_friend(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    terms = "{new member: 500 points, referrer: 200 points}"
    number = coalition.started(coalition.file(kind="referral", terms=terms))
    ben = coalition.member("ben")

    assert code_of(lambda: coalition.members.refer(number, "florist", ann, ben)) == "referral_refused"
    before = coalition.members.preview("bakery", ben, 100)
    assert (before.awarded, before.left_out) == (0, (LeftOut(number, "Two of three", LeftOutReason.NOT_REFERRED),))
    coalition.members.refer(number, "florist", ben, ann)
    preview = coalition.members.preview("bakery", ben, 100)
    assert preview.awarded == 500 and [(one.points, one.referrer_points) for one in preview.awards] == [(500, 200)]
    assert preview.left_out == ()
    assert coalition.earn("bakery", ben, "F-1", 100).awarded == 500
    assert (coalition.balance(ann), coalition.balance(ben)) == (200, 600)


def test_what_members_do_is_attested(coalition: Coalition) -> None:
    ann, operator = coalition.member("ann"), coalition.keystore.address("operator")
    terms = "{action: 7, award: 50 points, at most: 2, badge: 3, badge after: 2}"
    changes = {"kind": "action", "terms": terms, "attestor": f"'{operator}'"}
    number = coalition.started(coalition.file(**changes))

    (left_out,) = coalition.members.preview("bakery", ann, 100).left_out
    assert (left_out.campaign, left_out.reason) == (number, LeftOutReason.ATTESTED)
    first = Attestation(ann, 7, 1)
    assert coalition.members.attest(number, [first]) == [AttestedAs(first, 50)]
    assert coalition.members.attest(number, [first]) == [AttestedAs(first, refusal=Refusal.ID_USED)]
    coalition.members.attest(number, [Attestation(ann, 7, 2)])
    assert coalition.balance(ann) == 100
    coalition.campaigns.define_badge(3, "https://example.com/badges/3")
    coalition.follower.catch_up()
    (badge,) = coalition.members.badges(ann)
    assert (badge.badge, badge.uri, badge.campaign) == (3, "https://example.com/badges/3", number)
    assert coalition.members.badges(coalition.member("bob")) == []

    other = coalition.started(coalition.file(**changes | {"attestor": f"'{ann}'", "opens": day(8)}))
    assert code_of(lambda: coalition.members.attest(other, [Attestation(ann, 7, 1)])) == "attestor_key_missing"
    plain = coalition.started(coalition.file(opens=day(9)))
    assert code_of(lambda: coalition.members.attest(plain, [Attestation(ann, 7, 1)])) == "attestor_none"


def test_many_are_attested_in_several_transactions(coalition: Coalition) -> None:
    ann, ben, operator = coalition.member("ann"), coalition.member("ben"), coalition.keystore.address("operator")
    terms = "{action: 7, award: 50 points, at most: 100}"
    number = coalition.started(coalition.file(kind="action", terms=terms, attestor=f"'{operator}'"))
    stranger = coalition.custody.account("nobody")
    said = [
        Attestation(ann, 7, 1),
        Attestation(ann, 8, 2),
        Attestation(ann, 7, 1),
        Attestation(stranger, 7, 3),
        *(Attestation(ben, 7, 10 + place) for place in range(MEMBERS_MAX)),
    ]
    blocks, parts = int(coalition.rpc.call("eth_blockNumber", []), 16), list[int]()

    found = coalition.members.attest(number, said, lambda some: parts.append(len(some)))

    assert [one.attestation for one in found] == said and parts == [MEMBERS_MAX, 4]
    assert int(coalition.rpc.call("eth_blockNumber", []), 16) == blocks + 2
    assert [(one.points, one.refusal) for one in found[:5]] == [
        (50, None),
        (0, Refusal.NOT_ELIGIBLE),
        (0, Refusal.ID_USED),
        (0, Refusal.MEMBER_UNKNOWN),
        (50, None),
    ]
    assert (coalition.balance(ann), coalition.balance(ben)) == (50, 50 * MEMBERS_MAX)
    again = coalition.members.attest(number, said)
    assert {one.refusal for one in again} == set(Refusal) - {Refusal.NOT_OPEN}
    assert coalition.balance(ben) == 50 * MEMBERS_MAX


def test_an_attestation_that_pays_nothing_counts(coalition: Coalition) -> None:
    ann, operator = coalition.member("ann"), coalition.keystore.address("operator")
    stages = ", ".join(f"{{actions: 2, action: 7, award: {points} points}}" for points in (60, 70))
    number = coalition.started(coalition.file(kind="levels", terms=f"{{stages: [{stages}]}}", attestor=f"'{operator}'"))

    found = coalition.members.attest(number, [Attestation(ann, 7, id_) for id_ in range(4)])

    assert [(one.points, one.refusal) for one in found] == [(0, None), (60, None), (0, None), (70, None)]


def test_a_dividend_is_claimed(coalition: Coalition) -> None:
    ann, bob = coalition.member("ann"), coalition.member("bob")
    terms = f"{{of spend: 10 %, payable from: {day(14)}}}"
    number = coalition.started(coalition.file(kind="dividend", terms=terms))
    coalition.earn("bakery", ann, "D-1", 1_000)

    coalition.go_to(START + 14 * DAY)
    stranger = checksummed("12" * 20)
    came = coalition.members.claim(number, [ann, bob, stranger])
    assert came.awarded == {ann: 100}, "who bought nothing has nothing to come"
    assert came.refused == {stranger: Refusal.MEMBER_UNKNOWN}
    assert coalition.balance(ann) == 1_100


def test_a_draw_with_seeds_that_nobody_can_steer(coalition: Coalition, tmp_path: Path) -> None:
    ann = coalition.member("ann")
    terms = "{chance: 100 %, prize: 70 points, entries: 5}"
    number = coalition.started(coalition.file(kind="surprise", terms=terms))
    assert {"seed-1-1", "seed-1-2"} < set(coalition.keystore.names())
    (left_out,) = coalition.members.preview("bakery", ann, 100).left_out
    assert left_out.reason is LeftOutReason.DRAWN
    coalition.earn("bakery", ann, "W-1", 100)
    coalition.earn("cafe", ann, "W-2", 100)

    assert code_of(lambda: coalition.campaigns.reveal(number, "bakery")) == "campaign_not_over"
    assert code_of(lambda: coalition.members.draw(number, [ann])) == "seeds_not_ready"
    coalition.go_to(START + 14 * DAY)
    coalition.campaigns.reveal(number, "bakery")
    assert code_of(lambda: coalition.campaigns.reveal(number, "bakery")) == "seed_known"
    assert coalition.members.draw(number, [ann]).awarded == {ann: 140}
    shown = ask(coalition.rpc, coalition.campaigns.reader.deployment, ("CampaignBook", "hasRevealed", (number, 2)))
    assert shown == (True,), "the draw shows the seeds that are kept here"
    assert code_of(lambda: coalition.campaigns.reveal(number, "florist")) == "seed_not_here"


# ---- tiers


def test_tiers_come_from_a_file(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    before = coalition.members.tier(ann)
    assert (before.tier, before.missing, before.next_name) == (0, 0, "")
    path = coalition.folder / "tiers.yaml"
    path.write_text(TIERS)

    set_ = coalition.campaigns.set_tiers(path)
    path.unlink()
    assert set_.effective_from is not None
    coalition.go_to(set_.effective_from)

    shown = coalition.members.tier(ann)
    assert (shown.name, shown.next_name, shown.missing, shown.unit) == ("member", "gold", 1_000, "points")
    assert coalition.earn("bakery", ann, "T-1", 1_200).awarded == 0
    shown = coalition.members.tier(ann)
    assert (shown.name, shown.missing, shown.multiplier_bps, shown.qualification) == ("gold", 0, 15_000, 1_200)
    preview = coalition.members.preview("bakery", ann, 100)
    assert (preview.awarded, preview.tier_points, preview.tier_name, preview.awards) == (50, 50, "gold", ())
    assert coalition.earn("bakery", ann, "T-2", 100).awarded == 50

    number = coalition.started(coalition.file(tiers="[gold]", terms="{visits: 1, award: 300 points}"))
    assert coalition.campaigns.show(number).latest.fields["tiers"] == "[gold]"
    assert coalition.members.preview("cafe", ann, 100).awarded == 350
    bob = coalition.member("bob")
    assert coalition.members.preview("cafe", bob, 100).awarded == 0
    assert [one.in_tier for one in coalition.members.progress(bob)] == [False]

    path.write_text(TIERS.replace("1000 points", "5000 points"))
    announced = coalition.campaigns.set_tiers(path).effective_from
    assert announced is not None and announced >= coalition.now() + 3_600, "a later programme comes after notice"
    path.write_text(TIERS.replace("from: 0", "from: 7 points"))
    assert code_of(lambda: coalition.campaigns.set_tiers(path)) == "campaign_invalid"


def test_a_paid_tier(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    path = coalition.folder / "tiers.yaml"
    path.write_text(TIERS)
    coalition.go_to(coalition.campaigns.set_tiers(path).effective_from or 0)
    coalition.campaigns.set_floor(ann, 1, START + 30 * DAY)
    assert (coalition.members.tier(ann).name, coalition.members.tier(ann).floor_until) == ("gold", START + 30 * DAY)
    assert code_of(lambda: coalition.campaigns.set_floor(ann, 2, START + 30 * DAY)) == "tier_unknown"
    assert coalition.members.pay_for_tier(ann, "member", 0).floor_until == 0
    assert coalition.members.pay_for_tier(ann, "1", START + 20 * DAY).name == "gold"
    stranger = coalition.custody.account("nobody")
    assert code_of(lambda: coalition.members.pay_for_tier(stranger, "gold", START + 20 * DAY)) == "member_unknown"
    assert code_of(lambda: coalition.members.pay_for_tier(ann, "2", START + 20 * DAY)) == "tier_unknown"


# ---- previews


def test_a_preview_follows_budget_cap_and_group(coalition: Coalition) -> None:
    ann = coalition.member("ann")
    award = "{visits: 1, award: 300 points, again: 5}"
    one = coalition.campaigns.propose(
        coalition.file(group=3, cap_per_member="300 points", terms=award), "bakery"
    ).campaign
    two = coalition.started(coalition.file(group=3, terms="{visits: 1, award: 200 points}"))
    coalition.go_to(START + 7 * DAY)
    coalition.campaigns.show(one)
    preview = coalition.members.preview("bakery", ann, 100)
    assert (preview.awarded, [(award.campaign, award.points) for award in preview.awards]) == (200, [(two, 200)])
    assert coalition.earn("bakery", ann, "G-1", 100).awarded == 200


def test_a_preview_of_nobody_yet_and_of_wrong_things(coalition: Coalition) -> None:
    coalition.started(coalition.file(terms="{visits: 1, award: 300 points}"))
    preview = coalition.members.preview("bakery", coalition.custody.account("new"), 100)
    assert (preview.points, preview.awarded) == (100, 300)
    account = coalition.custody.account("new")
    assert code_of(lambda: coalition.members.preview("butcher", account, 100)) == "partner_unknown"
    assert code_of(lambda: coalition.members.preview("bakery", "0x12", 100)) == "address_invalid"
    assert code_of(lambda: coalition.members.preview("bakery", account, 0)) == "amount_invalid"
    for work in (coalition.members.progress, coalition.members.tier, coalition.members.badges):
        assert code_of(lambda work=work: work(account)) == "member_unknown"


def test_no_key_of_another_partner_is_used(coalition: Coalition) -> None:
    number = coalition.campaigns.propose(coalition.file(), "bakery").campaign
    with pytest.raises(AccessDenied):
        coalition.campaigns.key_of(coalition.keystore.signer("partner-florist")).approve(
            number, 1, coalition.campaigns.reader.version(number).terms_hash, START + DAY
        )
