"""The example of `docs/tiers.md`, row by row."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from coalition.ledger.tiers import (
    Programme,
    Tier,
    TierState,
    bonus_points,
    missing_to_next,
    qualified,
    tier_at,
    with_floor,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tiers.md").read_text()
EXAMPLE = PAGE.partition("\n## Example\n")[2].partition("\n## ")[0]


def seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp())


def number(text: str) -> int:
    return int(text.replace(",", ""))


def rows(pattern: str) -> list[tuple[str, ...]]:
    return re.findall(rf"^{pattern}$", EXAMPLE, re.MULTILINE)


def test_each_row_of_the_example_is_so() -> None:
    tiers = rows(r"\| (\d) \| ([\d,]+) \| ([\d,]+) \|")
    programme = Programme(
        tuple(Tier(number(threshold), number(multiplier)) for _, threshold, multiplier in tiers),
        soft_landing_days=30,
        inactivity_days=180,
        inactivity_tiers=1,
    )
    schedule = [(0, programme)]
    since, state = seconds("2025-03-10 09:00"), TierState()
    steps = rows(r"\| (\d{4}-\d\d-\d\d \d\d:\d\d) \| (.*?) \|(?: ([\d,]+))? \| (\d) \| ([\d,]+) \|")

    assert (len(tiers), len(steps)) == (4, 13)
    for when, what, bonus, tier, missing in steps:
        time = seconds(when)
        bought, paid = re.match(r"buys for ([\d,]+)", what), re.match(r"pays for tier (\d) until (.*)", what)
        assert bool(bought) == bool(bonus), when
        if bought:
            points = number(bought[1])
            before = tier_at(schedule, state, since, time)
            assert bonus_points(schedule, before, points, time) == number(bonus), when
            state = qualified(schedule, state, since, time, points=points, spend_minor=0)
        if paid:
            state = with_floor(state, int(paid[1]), seconds(paid[2]))
        now = tier_at(schedule, state, since, time), missing_to_next(schedule, state, since, time)
        assert now == (int(tier), number(missing)), when
