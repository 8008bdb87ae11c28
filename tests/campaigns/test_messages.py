"""Every message, with the line and the field that it names."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coalition.campaigns.findings import Finding
from coalition.campaigns.messages import MESSAGES
from coalition.campaigns.tier_file import check_tiers
from tests.campaigns.files import ATTESTOR, CONTEXT, QUEST, account, checked, of_kind, with_lines

FILES: list[tuple[str | bytes, list[str]]] = [
    (b"", ["1 - file_empty"]),
    (b"# nothing but a remark\n", ["1 - file_empty"]),
    (b"\xef\xbb\xbf \n", ["1 - file_empty"]),
    (QUEST.encode() + b"note: caf\xe9\n", ["10 - not_utf8"]),
    (b"a" * 65_537, ["0 - file_too_large"]),
    (with_lines({6: "partners: [grocery, florist"}), ["7 - syntax_invalid"]),
    (with_lines({2: "says: visit: three"}), ["2 - syntax_invalid"]),
    (with_lines({2: "says: \x07"}), ["2 - syntax_invalid"]),
    (with_lines({9: "terms:\n\tvisits: 3\n\taward: 300"}), ["10 - tab_indents", "11 - tab_indents"]),
    (with_lines({6: "partners: &all [grocery]"}), ["6 - alias_used"]),
    ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ["1 - alias_used"]),
    ("campaign: *name\n", ["1 - alias_used"]),
    (with_lines({8: "budget: !!int 5"}), ["8 - tag_used"]),
    ("!!python/object/apply:os.system [exit]\n", ["1 - tag_used"]),
    (QUEST + "---\n" + QUEST, ["10 - documents_several"]),
    ("[" * 5_000, ["1 - nested_too_deep"]),
    (with_lines({9: "? [a, b]\n: c"}), ["9 - mapping_wanted"]),
]

SHAPES = [
    ("just text\n", ["1 - mapping_wanted"]),
    ("[a, list]\n", ["1 - mapping_wanted"]),
    (with_lines({9: "terms: 300 points"}), ["9 terms mapping_wanted"]),
    (with_lines({7: "sponsors: grocery"}), ["7 sponsors mapping_wanted"]),
    (with_lines({7: "sponsors: {}"}), ["7 sponsors list_empty"]),
    (with_lines({6: "partners: {grocery: 1}"}), ["6 partners list_wanted"]),
    (with_lines({6: "partners: []"}), ["6 partners list_empty"]),
    (with_lines({6: f"partners: [{', '.join(['fuel'] * 65)}]"}), ["6 partners list_too_long"]),
    (with_lines({8: "budget: [1, 2]"}), ["8 budget value_wanted"]),
    (with_lines({8: "budget: {points: 1}"}), ["8 budget value_wanted"]),
    (with_lines({8: "budgets: 50000 points"}), ["1 - field_missing", "8 budgets field_unknown"]),
    (with_lines({}, "cap_per_member: 300"), ["10 cap_per_member field_unknown"]),
    (with_lines({}, "<<: {budget: 1}"), ["10 << field_unknown"]),
    (with_lines({}, "budget: 100"), ["10 budget field_twice"]),
    (with_lines({9: "terms: {visits: 3, visits: 2, award: 1}"}), ["9 terms.visits field_twice"]),
    (with_lines({9: "terms: {award: 300 points}"}), ["9 terms field_missing"]),
    (with_lines({8: "budget:"}), ["8 budget field_empty"]),
    (with_lines({8: "budget: ~"}), ["8 budget field_empty"]),
    (with_lines({1: 'campaign: "  "'}), ["1 campaign field_empty"]),
]

VALUES = [
    (with_lines({1: f"campaign: {'x' * 121}"}), ["1 campaign text_invalid"]),
    (with_lines({1: 'campaign: "two\\nlines"'}), ["1 campaign text_invalid"]),
    (with_lines({3: "kind: quests"}), ["3 kind choice_unknown"]),
    (with_lines({}, "pause: perhaps"), ["10 pause choice_unknown"]),
    (with_lines({9: "terms: {visits: three, award: 1}"}), ["9 terms.visits number_invalid"]),
    (with_lines({9: "terms: {visits: 3.0, award: 1}"}), ["9 terms.visits number_invalid"]),
    (with_lines({9: 'terms: {visits: "1,000", award: 1}'}), ["9 terms.visits number_separated"]),
    (with_lines({9: "terms: {visits: 0, award: 1}"}), ["9 terms.visits number_out_of_range"]),
    (with_lines({9: "terms: {visits: -3, award: 1}"}), ["9 terms.visits number_out_of_range"]),
    (with_lines({9: f"terms: {{visits: {'9' * 6_000}, award: 1}}"}), ["9 terms.visits number_out_of_range"]),
    (with_lines({8: "budget: many"}), ["8 budget points_invalid"]),
    (with_lines({8: "budget: .nan"}), ["8 budget points_invalid"]),
    (with_lines({8: "budget: NaN"}), ["8 budget points_invalid"]),
    (with_lines({8: "budget: 5e4"}), ["8 budget points_invalid"]),
    (with_lines({8: "budget: 0x10"}), ["8 budget points_invalid"]),
    (with_lines({8: "budget: ٣٠٠ points"}), ["8 budget points_invalid"]),
    (with_lines({8: "budget: 50000.5 points"}), ["8 budget points_not_whole"]),
    (with_lines({8: "budget: 50000.0"}), ["8 budget points_not_whole"]),
    (with_lines({8: "budget: 50,000 points"}), ["8 budget number_separated"]),
    (with_lines({8: "budget: 50.000 points"}), ["8 budget number_separated"]),
    (with_lines({8: "budget: 0 points"}), ["8 budget points_out_of_range"]),
    (with_lines({8: "budget: 1099511627776"}), ["8 budget points_out_of_range"]),
    (with_lines({8: f"budget: {'0' * 6_000}"}), ["8 budget points_out_of_range"]),
    (with_lines({9: "terms: {visits: 3, award: 1, least spend: cheap}"}), ["9 terms.least spend amount_invalid"]),
    (with_lines({9: "terms: {visits: 3, award: 1, least spend: inf}"}), ["9 terms.least spend amount_invalid"]),
    (with_lines({9: "terms: {visits: 3, award: 1, least spend: 5.001}"}), ["9 terms.least spend amount_too_fine"]),
    (with_lines({9: "terms: {visits: 3, award: 1, least spend: 5.5 minor}"}), ["9 terms.least spend amount_too_fine"]),
    (with_lines({9: "terms: {visits: 3, award: 1, least spend: -1}"}), ["9 terms.least spend amount_out_of_range"]),
    (with_lines({9: "terms: {visits: 3, award: 1, least spend: -0}"}), ["9 terms.least spend amount_out_of_range"]),
    (with_lines({7: "sponsors: {grocery: 60, florist: 40 %}"}), ["7 sponsors.grocery percent_invalid"]),
    (with_lines({7: "sponsors: {grocery: 33.333 %, florist: 40 %}"}), ["7 sponsors.grocery percent_invalid"]),
    (with_lines({7: "sponsors: {grocery: 0 %, florist: 100 %}"}), ["7 sponsors.grocery percent_out_of_range"]),
    (with_lines({7: "sponsors: {grocery: 101 %}"}), ["7 sponsors.grocery percent_out_of_range"]),
    (of_kind("multiplier", "{times: thrice}"), ["9 terms.times factor_invalid"]),
    (of_kind("multiplier", "{times: 1}"), ["9 terms.times factor_out_of_range"]),
    (with_lines({4: "opens: 1 May 2017"}), ["4 opens time_invalid"]),
    (with_lines({4: "opens: 2017-02-30"}), ["4 opens time_invalid"]),
    (with_lines({4: "opens: 2017-05-01T08:00:00"}), ["4 opens time_invalid"]),
    (with_lines({4: "opens: 1969-12-31"}), ["4 opens time_invalid"]),
    (with_lines({4: "opens: 1493596800"}), ["4 opens time_invalid"]),
    (with_lines({}, "early end: soon"), ["10 early end duration_invalid"]),
    (with_lines({}, "early end: -1 day"), ["10 early end duration_out_of_range"]),
    (with_lines({}, f"early end: {'9' * 30} weeks"), ["10 early end duration_out_of_range"]),
    (of_kind("streak", "{in a row: 36 hours, award: 1}"), ["9 terms.in a row duration_invalid"]),
    (of_kind("multiplier", "{times: 2, between: 19:00-17:00}"), ["9 terms.between hours_invalid"]),
    (of_kind("multiplier", "{times: 2, between: 20:00-25:00}"), ["9 terms.between hours_invalid"]),
    (of_kind("multiplier", "{times: 2, time zone: CEST}"), ["9 terms.time zone zone_invalid"]),
    (of_kind("multiplier", "{times: 2, time zone: +15:00}"), ["9 terms.time zone zone_invalid"]),
    (of_kind("action", "{action: 7, award: 1}", "attestor: 0x12"), ["10 attestor address_invalid"]),
    (
        of_kind("action", "{action: 7, award: 1}", f"attestor: {ATTESTOR.replace('C', 'c', 1)}"),
        ["10 attestor address_invalid"],
    ),
    (of_kind("action", "{action: 7, award: 1}", f"attestor: {account(0)}"), ["10 attestor address_invalid"]),
]

CAMPAIGNS = [
    (with_lines({6: "partners: [grocery, florist, fule]"}), ["6 partners[3] partner_unknown"]),
    (with_lines({6: "partners: [1, 2, 9]"}), ["6 partners[3] partner_unknown"]),
    (with_lines({7: "sponsors: {baker: 100 %}"}), ["7 sponsors.baker partner_unknown"]),
    (with_lines({6: "partners: [grocery, florist, fuel, 1]"}), ["6 partners[4] partner_twice"]),
    (with_lines({7: "sponsors: {grocery: 60 %, 1: 40 %}"}), ["7 sponsors.1 partner_twice"]),
    (with_lines({7: "sponsors: {grocery: 60 %, florist: 30 %}"}), ["7 sponsors shares_wrong"]),
    (with_lines({7: "sponsors: {grocery: 33.33 %, florist: 33.33 %, fuel: 33.33 %}"}), ["7 sponsors shares_wrong"]),
    (with_lines({}, "tiers: [silver, platinum]"), ["10 tiers[2] tier_unknown"]),
    (with_lines({}, "tiers: [silver, silver]"), ["10 tiers[2] tier_twice"]),
    (of_kind("multiplier", "{times: 2, on: [monday, tuesday, monday]}"), ["9 terms.on[3] weekday_twice"]),
    (with_lines({5: "closes: 2017-05-01"}), ["5 closes window_reversed"]),
    (with_lines({}, "cap per member: 50001 points"), ["10 cap per member cap_over_budget"]),
    (with_lines({8: "budget: 299 points"}), ["8 budget award_over_budget"]),
    (of_kind("referral", "{new member: 30000, referrer: 20001}"), ["8 budget award_over_budget"]),
    (with_lines({}, "cap per member: 299 points"), ["10 cap per member award_over_cap"]),
    (of_kind("action", "{action: 7, award: 1}"), ["1 attestor attestor_missing"]),
    (of_kind("milestone", "{of: birthday, award: 1, action: 3}"), ["1 attestor attestor_missing"]),
    (of_kind("levels", "{stages: [{actions: 2, award: 1}]}"), ["1 attestor attestor_missing"]),
    (with_lines({}, f"attestor: '{ATTESTOR}'"), ["10 attestor field_unused"]),
    (with_lines({}, f"segment: '0x{'ab' * 32}'"), ["10 segment segment_root_alone"]),
    (with_lines({}, "segment: ../members.csv"), ["10 segment segment_outside"]),
    (with_lines({}, "segment: /etc/passwd"), ["10 segment segment_outside"]),
    (with_lines({}, "segment: nobody.csv"), ["10 segment segment_missing"]),
    (with_lines({9: "terms: {visits: 4, award: 1}"}), ["9 terms.visits visits_over_partners"]),
    (
        of_kind("levels", "{stages: [{visits: 1, award: 1}, {partners: 4, award: 1}]}"),
        ["9 terms.stages[2].partners visits_over_partners"],
    ),
    (of_kind("levels", "{stages: [{visits: 1, spend: 5, award: 1}]}"), ["9 terms.stages[1] choose_one"]),
    (of_kind("levels", "{stages: [{award: 1}]}"), ["9 terms.stages[1] choose_one"]),
    (of_kind("levels", "{stages: [{visits: 1}]}"), ["9 terms.stages award_nothing"]),
    (of_kind("levels", "{stages: [{visits: 1, award: 1, action: 4}]}"), ["9 terms.stages[1].action field_unused"]),
    (
        of_kind("levels", "{stages: [{actions: 1, award: 1, least spend: 4}]}", f"attestor: '{ATTESTOR}'"),
        ["9 terms.stages[1].least spend field_unused"],
    ),
    (of_kind("streak", "{in a row: 30 days, may miss: 3, award: 1}"), ["9 terms.in a row streak_too_long"]),
    (of_kind("streak", "{in a row: 33 days, award: 1}"), ["9 terms.in a row streak_too_long"]),
    (of_kind("stamps", "{stamps: 10}"), ["9 terms.award award_nothing"]),
    (of_kind("referral", "{}"), ["9 terms.new member award_nothing"]),
    (of_kind("multiplier", "{}"), ["9 terms choose_one"]),
    (of_kind("multiplier", "{times: 3, of spend: 2 %}"), ["9 terms choose_one"]),
    (
        of_kind("action", "{action: 7, award: 1, badge: 4}", f"attestor: '{ATTESTOR}'"),
        ["9 terms.badge badge_after_missing"],
    ),
    (
        of_kind("action", "{action: 7, award: 1, badge after: 4}", f"attestor: '{ATTESTOR}'"),
        ["9 terms.badge after badge_missing"],
    ),
    (of_kind("milestone", "{of: birthday, award: 1}", f"attestor: '{ATTESTOR}'"), ["9 terms.action action_missing"]),
    (of_kind("milestone", "{of: anniversary, award: 1, action: 3}"), ["9 terms.action field_unused"]),
    (of_kind("dividend", "{of spend: 10 %, payable from: 2017-07-01}"), ["9 terms.payable from payable_too_late"]),
    (of_kind("dividend", "{of spend: 10 %, payable from: 2017-05-01}"), ["9 terms.payable from payable_too_soon"]),
    (
        of_kind("surprise", "{chance: 5 %, prize: 140737488355328, entries: 2}"),
        ["9 terms.prize prize_too_large"],
    ),
]

LISTS = [
    ("", ["10 segment segment_empty"]),
    ("account\n\n", ["10 segment segment_empty"]),
    (
        f"account\n{account(1)}\nwho?\n{ATTESTOR.lower()}\n0x12\n",
        ["3 - segment_line_invalid", "5 - segment_line_invalid"],
    ),
    (f"{ATTESTOR}\n{ATTESTOR.lower()}\n", ["2 - segment_account_twice"]),
    (f"{account(0)}\n", ["1 - segment_line_invalid"]),
    (
        "x\n" * 25,
        [*(f"{line} - segment_line_invalid" for line in range(1, 21)), "21 - segment_more"],
    ),
    (b"\xff\xfe0\0x\0", ["0 - not_utf8"]),
]

PROGRAMME = """\
programme: Insiders
says: The more you buy in a year, the more perks.
counts: spend
tiers:
  - {name: insider, from: 0}
  - {name: vib, from: 350.00, times: 1.25}
  - {name: rouge, from: 1000.00, times: 1.5}
"""

PROGRAMMES = [
    (PROGRAMME.replace("from: 0}", "from: 1}"), ["5 tiers[1].from first_tier_not_free"]),
    (PROGRAMME.replace("1000.00", "350.00"), ["7 tiers[3].from tiers_not_rising"]),
    (PROGRAMME.replace("from: 350.00", "from: paid only"), ["7 tiers[3].from tiers_not_rising"]),
    (PROGRAMME.replace("rouge", "vib"), ["7 tiers[3].name tier_twice"]),
    (PROGRAMME.replace("1.5", "8"), ["7 tiers[3].times factor_out_of_range"]),
    (PROGRAMME.replace("350.00", "350 points"), ["6 tiers[2].from amount_invalid"]),
    (PROGRAMME.replace("counts: spend", "counts: visits"), ["3 counts choice_unknown"]),
    (PROGRAMME + "inactive after: 180 days\n", ["8 inactive after inactivity_incomplete"]),
    (PROGRAMME + "inactivity takes: 1\n", ["8 inactivity takes inactivity_incomplete"]),
    (PROGRAMME + "soft landing: 36 hours\n", ["8 soft landing days_not_whole"]),
    (PROGRAMME + "soft landing: 365 days\n", ["8 soft landing duration_out_of_range"]),
    (PROGRAMME + "counts from: 2016-12-31\n", ["8 counts from window_past"]),
    (PROGRAMME.split("tiers:", maxsplit=1)[0] + "tiers: gold\n", ["4 tiers list_wanted"]),
    (PROGRAMME.split("tiers:", maxsplit=1)[0], ["1 - field_missing"]),
    ("", ["1 - file_empty"]),
]

NOT_BY_FILE = {"file_missing", "file_unreadable", "terms_refused"}
"""Messages that other tests call forth."""


def told(findings: tuple[Finding, ...]) -> list[str]:
    """Line, field and code of each."""
    return [f"{finding.place.line} {finding.field or '-'} {finding.code}" for finding in findings]


@pytest.mark.parametrize(("text", "expected"), [*FILES, *SHAPES, *VALUES, *CAMPAIGNS])
def test_messages_name_line_and_field(tmp_path: Path, text: str | bytes, expected: list[str]) -> None:
    known = checked(tmp_path, text)

    assert told(known.findings) == expected
    assert known.campaign is None
    assert all(finding.file == "may.yaml" for finding in known.findings)


@pytest.mark.parametrize(("accounts", "expected"), LISTS)
def test_messages_about_lists_name_the_list(tmp_path: Path, accounts: str | bytes, expected: list[str]) -> None:
    (tmp_path / "members.csv").write_bytes(accounts if isinstance(accounts, bytes) else accounts.encode())

    findings = checked(tmp_path, with_lines({}, "segment: members.csv")).findings

    assert told(findings) == expected
    assert {finding.file for finding in findings} == {"may.yaml" if findings[0].field else "members.csv"}


@pytest.mark.parametrize(("text", "expected"), PROGRAMMES)
def test_messages_about_tiers(tmp_path: Path, text: str, expected: list[str]) -> None:
    path = tmp_path / "tiers.yaml"
    path.write_text(text)

    known = check_tiers(path, now=1_483_228_800)

    assert told(known.findings) == expected
    assert known.tiers is None


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = with_lines(
        {1: "campain: x", 5: "closes: 2017-04-01", 7: "sponsors: {grocery: 60 %}", 9: "terms: {visit: 3}"}
    )

    assert told(checked(tmp_path, text).findings) == [
        "1 campain field_unknown",
        "1 - field_missing",
        "5 closes window_reversed",
        "7 sponsors shares_wrong",
        "9 terms field_missing",
        "9 terms.visit field_unknown",
    ]


def test_a_window_in_the_past_is_told_where_it_matters(tmp_path: Path) -> None:
    late = replace(CONTEXT, now=int(datetime(2017, 6, 2, tzinfo=UTC).timestamp()))

    assert told(checked(tmp_path, QUEST, late).findings) == ["4 opens window_past", "5 closes window_past"]
    assert checked(tmp_path, QUEST, replace(CONTEXT, now=1_493_596_800)).findings == ()


def test_a_missing_file_and_one_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    from coalition.campaigns.check import check

    assert told(check(tmp_path / "may.yaml", CONTEXT).findings) == ["0 - file_missing"]
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert told(checked(tmp_path, QUEST).findings) == ["0 - file_unreadable"]


def test_what_a_table_lets_pass_the_kind_itself_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coalition.ledger.rules.quest.REPEATS_MAX", 1)

    findings = checked(tmp_path, with_lines({9: "terms: {visits: 3, award: 300 points, again: 2}"})).findings

    assert told(findings) == ["9 terms terms_refused"]


def test_json_is_read_like_yaml(tmp_path: Path) -> None:
    document = {
        "campaign": "Drei Läden 🌷",
        "says": "Visit three shops.",
        "kind": "quest",
        "opens": "2017-05-01",
        "closes": "2017-06-01",
        "partners": [1, 2, "fuel"],
        "sponsors": {"grocery": "60 %", "florist": "40 %"},
        "budget": 50000,
        "terms": {"visits": 3, "award": 300},
        "opt in": False,
    }
    text = json.dumps(document, indent="\t")

    known = checked(tmp_path, text, name="may.json")

    assert known.findings == ()
    assert known.campaign is not None
    assert known.campaign.name == "Drei Läden 🌷"
    wrong = checked(tmp_path, text.replace("300", "300.5"), name="may.json").findings
    assert told(wrong) == ["19 terms.award points_not_whole"]
    assert wrong[0].place.column == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"budget": NaN}', "budget points_invalid"),
        ('{"budget": Infinity}', "budget points_invalid"),
        ('{"budget": 1e400}', "budget points_invalid"),
        ('{"budget": ' + "9" * 5_000 + "}", "budget points_out_of_range"),
        ('{"budget": 1, "budget": 2}', "budget field_twice"),
        ('{"budget": 1,}', "- syntax_invalid"),
        ("{" * 3, "- syntax_invalid"),
        ("[" * 30_000, "- nested_too_deep"),
        ("budget: 1", "- syntax_invalid"),
    ],
)
def test_json_is_strict(tmp_path: Path, text: str, expected: str) -> None:
    findings = checked(tmp_path, text, name="may.json").findings

    assert f"1 {expected}" in told(findings)


def test_a_finding_reads_as_a_sentence(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, with_lines({}, "tiers: [silver, golden]")).findings

    assert str(finding) == ("may.yaml:10:17: tiers[2]: golden is no tier. Did you mean `gold`? (tier_unknown)")


def test_long_and_unprintable_values_are_shown_short(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, with_lines({8: f'budget: "{"x" * 200}\\e[31m"'})).findings

    assert len(finding.problem) < 120
    assert finding.problem.isprintable()


def test_every_message_has_a_case() -> None:
    cases = [*FILES, *SHAPES, *VALUES, *CAMPAIGNS, *LISTS, *PROGRAMMES]
    seen = {line.rsplit(" ", 1)[1] for _, lines in cases for line in lines}

    assert seen | NOT_BY_FILE == set(MESSAGES)
