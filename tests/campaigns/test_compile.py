"""From the file to the terms: every field arrives, the way back says the same, and a comparison names what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coalition.campaigns.check import check, read_campaign
from coalition.campaigns.compile import compile_terms
from coalition.campaigns.diff import changes, is_amendable
from coalition.campaigns.kinds import KINDS
from coalition.campaigns.segment import checksum_address, tree_of
from coalition.campaigns.templates import TIERS_TEMPLATE, template
from coalition.campaigns.tier_file import check_tiers, read_tiers
from coalition.campaigns.written import written
from coalition.chain.keccak import keccak
from coalition.errors import InputError
from coalition.ledger.campaigns.terms import NEVER_EARLY, Sponsor, Terms
from coalition.ledger.rules.levels import Stage
from coalition.ledger.rules.twins import rule_of
from coalition.ledger.tiers import COUNT_MAX, Downgrade, Programme, QualifyBy, Tier
from tests.campaigns.files import ATTESTOR, CONTEXT, QUEST, RULE, account, campaign_of, of_kind, with_lines

MAY, JUNE = 1_493_596_800, 1_496_275_200
BIAS = 1_440

TERMS = [
    ("multiplier", "{times: 3}", (0, 20_000, 127, 0, 1_440, BIAS, 0)),
    (
        "multiplier",
        "{of spend: 2.5 %, on: [monday, sunday], between: 17:00-19:30, time zone: -05:30, least spend: 5}",
        (1, 250, 0b1000001, 1_020, 1_170, BIAS - 330, 500),
    ),
    ("threshold", "{spend: 100.00, award: 1 point}", (10_000, 1, 0, 0)),
    ("threshold", "{spend: 50 minor, every time: yes, badge: 7}", (50, 0, 1, 7)),
    ("stamps", "{stamps: 10, award: 500, least spend: 5.5, cards: 3, badge: 2}", (10, 550, 500, 3, 2)),
    ("stamps", "{stamps: 10, award: 500, cards: no limit}", (10, 0, 500, 0, 0)),
    ("streak", "{in a row: 4 weeks, award: 5, may miss: 1, awards: 2}", (604_800, 4, 1, 5, 0, BIAS, 2, 0)),
    ("streak", "{in a row: 7 days, badge: 5, time zone: +02:00}", (86_400, 7, 0, 0, 0, BIAS + 120, 0, 5)),
    ("dividend", "{of spend: 10 %, payable from: 2017-06-10T12:00:00+02:00}", (1_000, JUNE + 9 * 86_400 + 36_000)),
    ("quest", "{visits: 2, award: 300, within: 30 days, again: 1, badge: 4}", (2, 300, 2_592_000, 0, 4, 1, 1, 2, 3)),
    (
        "levels",
        "{stages: [{visits: 3, award: 100, least spend: 5}, {partners: 2, award: 7, badge: 1}]}",
        (2, Stage(1, 3, 500, 100, 0, 0).to_word(), Stage(3, 2, 0, 7, 1, 0).to_word(), 1, 2, 3),
    ),
    ("levels", "{stages: [{spend: 9.99, award: 100}]}", (1, Stage(2, 999, 0, 100, 0, 0).to_word())),
    ("levels", "{stages: [{actions: 2, action: 9, badge: 3}]}", (1, Stage(4, 2, 0, 0, 3, 9).to_word())),
    ("milestone", "{of: anniversary, award: 200}", (2, 200, MAY, 0, 0)),
    ("milestone", "{of: enrolment, award: 200, since: 2017-01-01}", (1, 200, 1_483_228_800, 0, 0)),
    ("milestone", "{of: birthday, badge: 3, action: 8}", (3, 0, MAY, 8, 3)),
    ("referral", "{new member: 500, referrer: 250, least spend: 10}", (500, 250, 1_000)),
    ("action", "{action: 7, award: 50, at most: 3 per day}", (7, 50, 3, 86_400, 0, 0)),
    (
        "action",
        "{action: any, award: 50, at most: 1 per 30 days, badge: 1, badge after: 10}",
        (0, 50, 1, 2_592_000, 1, 10),
    ),
    ("action", "{action: any, award: 50, at most: 5}", (0, 50, 5, 0, 0, 0)),
    ("surprise", "{chance: 0.05 %, prize: 1000, entries: 9, least spend: 1}", (5, 1_000, 9, 100)),
]
ATTESTED = ("action: ", "birthday", "actions:")


def with_attestor(kind: str, terms: str) -> str:
    attests = any(word in terms for word in ATTESTED)
    return of_kind(kind, terms, f"attestor: '{ATTESTOR}'" if attests else "attestor: none")


@pytest.mark.parametrize(("kind", "terms", "words"), TERMS)
def test_terms_become_words(tmp_path: Path, kind: str, terms: str, words: tuple[int, ...]) -> None:
    campaign = campaign_of(tmp_path, with_attestor(kind, terms))

    assert campaign.rule_terms.to_words() == words
    assert campaign.draws == (kind == "surprise")
    rule_of(kind, keccak).check(words)


def test_every_kind_has_a_case_and_a_twin() -> None:
    assert {kind for kind, _, _ in TERMS} == set(KINDS)
    assert {rule_of(kind, keccak).kind for kind in KINDS} == set(KINDS)


@pytest.mark.parametrize(("kind", "terms", "words"), TERMS)
def test_the_way_back_says_the_same(tmp_path: Path, kind: str, terms: str, words: tuple[int, ...]) -> None:
    campaign = campaign_of(tmp_path, with_attestor(kind, terms))
    fields = written(campaign, CONTEXT)
    inner = [f"  {name.removeprefix('terms.')}: {value}" for name, value in fields.items() if name.startswith("terms.")]
    outer = [f"{name}: {value!r}" if name == "attestor" else f"{name}: {value}" for name, value in fields.items()]
    text = "\n".join([*(line for line in outer if not line.startswith("terms.")), "terms:", *inner])

    again = campaign_of(tmp_path, text)

    assert replace(again, content=campaign.content) == campaign


def test_every_field_arrives(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(f"account\n{account(5)}\n{ATTESTOR}\n")
    text = of_kind(
        "action",
        "{action: 7, award: 50 points}",
        "cap per member: 300 points",
        "tiers: [silver, gold]",
        "segment: members.csv",
        "group: best only",
        "take back: whole",
        "pause: allowed",
        "early end: 14 days",
        "opt in: yes",
        f"attestor: '{ATTESTOR.lower()}'",
    ).replace("[grocery, florist, fuel]", "[3, florist]")
    text = text.replace("{grocery: 60 %, florist: 40 %}", "{fuel: 33.34 %, grocery: 66.66 %}")

    assert compile_terms(campaign_of(tmp_path, text), RULE.lower(), keccak) == Terms(
        rule=RULE,
        rule_terms=(7, 50, 0, 0, 0, 0),
        sponsors=(Sponsor(1, 6_666), Sponsor(3, 3_334)),
        partners=(2, 3),
        budget_points=50_000,
        opens_at=MAY,
        closes_at=JUNE,
        member_cap_points=300,
        tier_mask=0b110,
        segment=tree_of([account(5), ATTESTOR], keccak).root,
        group=255,
        opt_in=True,
        takes_back_whole=True,
        draws=False,
        pausable=True,
        end_notice_seconds=14 * 86_400,
        attestor=ATTESTOR,
        document=keccak(text.encode()),
    )


def test_what_is_left_out_has_the_careful_meaning(tmp_path: Path) -> None:
    terms = compile_terms(campaign_of(tmp_path, QUEST), RULE, keccak)

    assert (terms.member_cap_points, terms.tier_mask, terms.segment, terms.group) == (0, 0xFFFF, bytes(32), 0)
    assert not (terms.opt_in or terms.takes_back_whole or terms.pausable or terms.draws)
    assert terms.end_notice_seconds == NEVER_EARLY
    assert int(terms.attestor, 16) == 0


def test_money_follows_the_currency(tmp_path: Path) -> None:
    yen = replace(CONTEXT, minor_digits=0)

    campaign = campaign_of(tmp_path, of_kind("threshold", "{spend: 5000, award: 1}"), yen)

    assert campaign.rule_terms.to_words()[0] == 5_000


def test_a_comparison_names_what_changed(tmp_path: Path) -> None:
    before = campaign_of(tmp_path, QUEST)
    after = campaign_of(
        tmp_path,
        with_lines(
            {5: "closes: 2017-07-01", 9: "terms: {visits: 2, award: 300 points, within: 7 days}"}, "tiers: [gold]"
        ),
    )

    found = changes(before, after, CONTEXT)

    assert [str(change) for change in found] == [
        "closes: 2017-06-01T00:00:00Z → 2017-07-01T00:00:00Z",
        "tiers: all → [gold]",
        "terms.visits: 3 → 2",
        "terms.least spend: 5.00 (gone)",
        "terms.within: 1 week (new)",
    ]
    assert is_amendable(found)
    assert changes(before, before, CONTEXT) == ()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (6, "partners: [grocery, florist, fuel]\nopt in: no"),
        (7, "sponsors: {florist: 40 %, grocery: 60 %}"),
    ],
)
def test_order_and_defaults_are_no_change(tmp_path: Path, line: int, text: str) -> None:
    assert changes(campaign_of(tmp_path, QUEST), campaign_of(tmp_path, with_lines({line: text})), CONTEXT) == ()


@pytest.mark.parametrize(
    "text",
    [
        with_lines({7: "sponsors: {grocery: 50 %, florist: 50 %}"}),
        QUEST.replace("[grocery, florist, fuel]", "[grocery, fuel]").replace("visits: 3", "visits: 2"),
        of_kind("stamps", "{stamps: 3, award: 300 points}"),
    ],
)
def test_what_no_version_can_change_is_said(tmp_path: Path, text: str) -> None:
    found = changes(campaign_of(tmp_path, QUEST), campaign_of(tmp_path, text), CONTEXT)

    assert not is_amendable(found)
    assert any("needs another campaign" in str(change) for change in found)


def test_a_list_that_changed_is_a_change(tmp_path: Path) -> None:
    text = with_lines({}, "segment: members.csv")
    (tmp_path / "members.csv").write_text(f"{account(5)}\n")
    before = campaign_of(tmp_path, text)
    (tmp_path / "members.csv").write_text(f"{account(5)}\n{account(6)}\n")

    (change,) = changes(before, campaign_of(tmp_path, text), CONTEXT)

    assert change.field == "segment"
    assert "(1 account)" in change.before and "(2 accounts)" in change.after


@pytest.mark.parametrize("kind", KINDS)
def test_templates_check_as_they_are(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(template(kind, ("grocery", "florist"), MAY, ATTESTOR))

    checked = check(path, replace(CONTEXT, now=MAY))

    assert [str(finding) for finding in checked.findings] == []
    assert checked.campaign is not None and checked.campaign.kind == kind


@pytest.mark.parametrize("name", ["Corner Grocery", "A, B: c", "it's", "[x]", "null", "# 1", "Äpfel & Co.", '"x"', "-"])
def test_templates_take_any_name_of_a_partner(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(template("quest", (name, "florist"), MAY, ATTESTOR))

    found = read_campaign(path, replace(CONTEXT, now=MAY, partners={name: 7, "florist": 2}))

    assert (found.partners, found.sponsors) == ((2, 7), (Sponsor(2, 4_000), Sponsor(7, 6_000)))


def test_the_template_of_tiers_checks_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "tiers.yaml"
    path.write_text(TIERS_TEMPLATE)

    known = check_tiers(path).tiers

    assert known is not None
    assert known.tier_names == ("member", "silver", "gold")


def test_a_programme_is_compiled(tmp_path: Path) -> None:
    path = tmp_path / "tiers.yaml"
    path.write_text(
        "programme: P\nsays: s\ncounts: points\ndowngrade: to what was reached\nsoft landing: 4 weeks\n"
        "inactive after: 180 days\ninactivity takes: 2\ncounts from: 2017-05-01\ntiers:\n"
        "  - {name: a, from: 0}\n  - {name: b, from: 100 points, times: 1.25}\n"
        "  - {name: c, from: paid only, times: 7}\n  - {name: d, from: paid only}\n"
    )

    known = read_tiers(path)

    assert known.programme == Programme(
        (Tier(0), Tier(100, 12_500), Tier(COUNT_MAX - 1, 70_000), Tier(COUNT_MAX)),
        QualifyBy.POINTS,
        Downgrade.BY_BALANCE,
        soft_landing_days=28,
        inactivity_days=180,
        inactivity_tiers=2,
    )
    assert known.effective_from == MAY


def test_a_wrong_file_stops_who_wants_a_campaign(tmp_path: Path) -> None:
    path = tmp_path / "may.yaml"
    path.write_text(with_lines({3: "kind: quizz", 8: "budget: no"}))

    with pytest.raises(InputError) as caught:
        read_campaign(path, CONTEXT)
    with pytest.raises(InputError):
        read_tiers(path)

    assert caught.value.code == "campaign_invalid"
    assert [one["code"] for one in caught.value.details["findings"]] == ["choice_unknown", "points_invalid"]
    assert caught.value.message.count("\n") == 1


def test_addresses_get_their_capital_letters() -> None:
    assert checksum_address(ATTESTOR.lower(), keccak) == ATTESTOR
