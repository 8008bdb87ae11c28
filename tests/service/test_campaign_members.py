"""Members in campaigns, their tiers, and previews of their purchases, over a chain in this process."""

from __future__ import annotations

from pathlib import Path

from coalition.campaigns.segment import tree_of
from coalition.chain.addresses import checksummed
from coalition.chain.campaign_reading import ask
from coalition.chain.campaigns import MEMBERS_MAX, AttestedAs
from coalition.chain.keccak import keccak
from coalition.ledger.campaign_events import Refusal
from coalition.ledger.campaigns.calls import Attestation
from coalition.service.campaign_answers import LeftOut, LeftOutReason
from tests.service.coalition import DAY, START, Coalition, code_of, day

TIERS = """\
programme: Shoppers
says: More points the more you earn.
counts: points
tiers:
  - {name: member, from: 0}
  - {name: gold, from: 1000 points, times: 1.5}
"""


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
