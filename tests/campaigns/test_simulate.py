"""A campaign tried on past purchases: what it would have paid, to whom, and when its budget would have run out."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from coalition.campaigns.plot import svg
from coalition.campaigns.render import rendered, sentence
from coalition.campaigns.simulate import (
    Bin,
    PastAction,
    PastInvitation,
    PastPurchase,
    Preview,
    shift_for,
    simulate,
)
from coalition.chain.keccak import keccak
from tests.campaigns.files import CONTEXT, QUEST, account, campaign_of, of_kind, with_lines

MAY = 1_493_596_800
DAY = 86_400
WEEK = 7 * DAY


def bought(member: int, day: int, partner: int, spend_minor: int = 1_000) -> PastPurchase:
    """A purchase on a day of May, counted from 0, at noon."""
    time = MAY + day * DAY + DAY // 2
    receipt = 900_000 - 1_000 * day + member  # tills do not agree on an order
    return PastPurchase(time, partner, account(member), receipt, spend_minor, spend_minor // 100)


PURCHASES = [
    *(bought(1, day, partner) for day, partner in enumerate([1, 2, 3])),
    *(bought(2, day, partner) for day, partner in enumerate([1, 2, 2])),
    bought(3, 5, 1),
    bought(4, 6, 2, 499),
    *(bought(5, day, partner) for day, partner in enumerate([3, 2, 1], 10)),
    bought(6, -1, 1),
    bought(6, 31, 1),
]


def preview_of(tmp_path: Path, text: str = QUEST, **options: object) -> Preview:
    return simulate(campaign_of(tmp_path, text), PURCHASES, keccak, **options)  # type: ignore[arg-type]


def test_a_quest_is_previewed(tmp_path: Path) -> None:
    preview = preview_of(tmp_path)

    assert preview.purchases == 11
    assert preview.members_seen == 5
    assert preview.members_reached == 2
    assert preview.members_with_progress == 4
    assert (preview.awards, preview.awards_cut, preview.points_total) == (2, 0, 600)
    assert preview.points_by_sponsor == {1: 360, 2: 240}
    assert preview.points_by_month == {"2017-05": 600}
    assert preview.points_per_member == (Bin(300, 300, 2),)
    assert preview.short_by == (Bin(1, 1, 1), Bin(2, 2, 1))
    assert preview.short_unit == "partners"
    assert preview.ran_out_at is None
    assert preview.budget_used_bps == 120
    assert preview.notes == ()


def test_the_order_of_the_past_does_not_matter(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, QUEST)

    assert simulate(campaign, reversed(PURCHASES), keccak) == simulate(campaign, PURCHASES, keccak)


def test_a_budget_runs_out(tmp_path: Path) -> None:
    preview = preview_of(tmp_path, with_lines({8: "budget: 400 points"}))

    assert (preview.points_total, preview.awards, preview.awards_cut) == (400, 2, 1)
    assert preview.ran_out_at == bought(5, 12, 1).time
    assert preview.points_per_member == (Bin(100, 100, 1), Bin(300, 300, 1))


def test_sponsors_share_to_the_last_point(tmp_path: Path) -> None:
    thirds = "sponsors: {grocery: 33.33 %, florist: 33.33 %, fuel: 33.34 %}"

    preview = preview_of(tmp_path, with_lines({7: thirds, 8: "budget: 500 points"}))

    assert preview.points_total == 500
    assert preview.points_by_sponsor == {1: 166, 2: 167, 3: 167}


def test_a_cap_cuts_awards(tmp_path: Path) -> None:
    text = of_kind("stamps", "{stamps: 1, award: 200 points}", "cap per member: 300 points")

    preview = preview_of(tmp_path, text)

    assert preview.points_per_member == (Bin(200, 200, 2), Bin(300, 300, 3))
    assert preview.awards_cut == 6


def test_a_list_keeps_others_out(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(f"account\n{account(1)}\n{account(9)}\n{account(2)}\n")

    preview = preview_of(tmp_path, with_lines({}, "segment: members.csv"))

    assert (preview.members_seen, preview.members_reached, preview.points_total) == (5, 1, 300)
    assert "Everybody who may join" in preview.notes[0]


def test_a_dividend_is_claimed_at_the_end(tmp_path: Path) -> None:
    preview = preview_of(tmp_path, of_kind("dividend", "{of spend: 10 %, payable from: 2017-06-15}"))

    assert preview.points_total == 10 * 100 + 49
    assert preview.points_by_month == {"2017-06": 1_049}


def test_a_draw_is_counted_as_its_average(tmp_path: Path) -> None:
    preview = preview_of(
        tmp_path, of_kind("surprise", "{chance: 5 %, prize: 1000 points, entries: 2, least spend: 5.00}")
    )

    assert preview.points_per_member == (Bin(50, 50, 1), Bin(100, 100, 3))
    assert "on average" in preview.notes[0]


@pytest.mark.parametrize(
    ("kind", "terms", "note"),
    [
        ("referral", "{new member: 5}", "Invitations"),
        ("action", "{action: 1, award: 5}", "Attested"),
    ],
)
def test_what_purchases_cannot_show_is_said(tmp_path: Path, kind: str, terms: str, note: str) -> None:
    attestor = f"attestor: '{account(77)}'" if kind == "action" else "opt in: no"

    preview = preview_of(tmp_path, of_kind(kind, terms, attestor))

    assert preview.points_total == 0
    assert preview.notes[0].startswith(note)


def test_attested_actions_are_tried_too(tmp_path: Path) -> None:
    text = of_kind("action", "{action: 7, award: 40 points, at most: 2 per week}", f"attestor: '{account(77)}'")
    may = [PastAction(MAY + day * DAY, account(1), 7) for day in (6, 4, 5)]
    other, early = PastAction(MAY, account(2), 8), PastAction(MAY - 1, account(2), 7)

    preview = preview_of(tmp_path, text, actions=[*may, other, early])

    assert (preview.actions, preview.actions_refused) == (4, 2), "the week is full, and the code is another"
    assert (preview.points_total, preview.members_reached) == (80, 1)
    assert preview.points_per_member == (Bin(80, 80, 1),)
    assert preview.notes == ()
    alone = simulate(campaign_of(tmp_path, text), [], keccak, actions=[may[0]])
    assert (alone.purchases, alone.members_seen, alone.points_total) == (0, 1, 40)


def test_actions_move_with_the_purchases(tmp_path: Path) -> None:
    text = of_kind("action", "{action: 7, award: 40 points}", f"attestor: '{account(77)}'")
    action = PastAction(MAY - 3 * WEEK, account(1), 7)

    assert preview_of(tmp_path, text, actions=[action]).points_total == 0
    assert preview_of(tmp_path, text, actions=[action], shift_seconds=4 * WEEK).points_total == 40


def test_invitations_are_tried_too(tmp_path: Path) -> None:
    text = of_kind("referral", "{new member: 50 points, referrer: 20 points}")
    came = [
        PastInvitation(MAY + 10 * DAY, account(5), account(1)),  # buys on the 10th
        PastInvitation(MAY + 11 * DAY, account(2), account(1)),  # bought before
        PastInvitation(MAY + 11 * DAY, account(8), account(9)),  # by nobody's account
        PastInvitation(MAY + 11 * DAY, account(7), account(7)),
    ]

    preview = preview_of(tmp_path, text, invitations=came)

    assert (preview.invitations, preview.invitations_refused) == (4, 3)
    assert (preview.awards, preview.points_total, preview.members_reached) == (2, 70, 2)
    assert preview.notes == ()


def test_what_is_left_out_of_a_preview_is_said(tmp_path: Path) -> None:
    action, came = PastAction(MAY, account(1), 7), PastInvitation(MAY, account(8), account(1))

    preview = preview_of(tmp_path, QUEST, actions=[action], invitations=[came])

    assert (preview.actions, preview.invitations, preview.points_total) == (0, 0, 600)
    assert [note.split(":")[0] for note in preview.notes] == [
        "Attested actions were left out",
        "Invitations were left out",
    ]


def test_a_campaign_to_come_is_tried_on_the_past_by_whole_weeks(tmp_path: Path) -> None:
    coming = campaign_of(tmp_path, with_lines({4: "opens: 2018-05-01", 5: "closes: 2018-06-01"}))
    first, last = PURCHASES[-2].time, PURCHASES[-1].time

    shift = shift_for(coming, first, last)

    assert shift == 52 * WEEK
    assert simulate(coming, PURCHASES, keccak).purchases == 0
    moved = simulate(coming, PURCHASES, keccak, shift_seconds=shift)
    assert (moved.purchases, moved.members_reached) == (10, 1)  # 1 May 2017, a Monday, comes to Monday, 30 April 2018


@pytest.mark.parametrize(("days", "shift"), [(60, 0), (3, -WEEK)])
def test_purchases_fill_the_window_or_end_in_its_last_week(tmp_path: Path, days: int, shift: int) -> None:
    campaign = campaign_of(tmp_path, QUEST)
    last = campaign.closes_at + DAY

    assert shift_for(campaign, last - days * DAY, last) == shift


def test_many_values_share_bins(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, of_kind("multiplier", "{of spend: 100 %}"))
    purchases = [bought(member, 1, 1, 10 * member) for member in range(1, 101)]

    preview = simulate(replace(campaign, budget_points=10**9), purchases, keccak)

    assert len(preview.points_per_member) <= 10
    assert sum(one.members for one in preview.points_per_member) == 100
    assert preview.points_per_member[1] == Bin(200, 399, 20)


def test_a_preview_is_json(tmp_path: Path) -> None:
    known = json.loads(json.dumps(preview_of(tmp_path).to_json()))

    assert known["points_total"] == 600
    assert known["points_per_member"] == [{"lowest": 300, "highest": 300, "members": 2}]
    assert known["points_by_sponsor"] == {"1": 360, "2": 240}


def test_a_preview_is_printed(tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())

    console.print(rendered(preview_of(tmp_path), CONTEXT))

    text = console.export_text()
    assert "This would have cost 600 points, reached 2 members of 5, and used 1.2 % of the budget." in text
    assert "paid by florist" in text and "in 2017-05" in text
    assert "partners short of the next award" in text
    (bar,) = [line for line in text.splitlines() if "300" in line and "2 members" in line and "█" in line]
    assert bar.count("█") == 40


def test_refused_actions_are_printed(tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    text = of_kind("action", "{action: 7, award: 40 points}", f"attestor: '{account(77)}'")
    said = [PastAction(MAY + DAY, account(1), action) for action in (7, 8)]

    console.print(rendered(preview_of(tmp_path, text, actions=said), CONTEXT))

    shown = console.export_text()
    assert "2 (1 refused)" in shown and "members with any of these" in shown and "Note" not in shown


def test_a_preview_is_drawn(tmp_path: Path) -> None:
    preview = replace(preview_of(tmp_path), name="<Three> & more")

    root = ElementTree.fromstring(svg(preview))

    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:2] == ["<Three> & more", sentence(preview)]
    assert {"Members by points paid", "Members on their way, by partners short", "Points by month"} <= set(texts)
    bars = [int(one.attrib["width"]) for one in root.iter("{http://www.w3.org/2000/svg}rect") if "x" in one.attrib]
    assert bars == [440, 440, 440, 440]
