"""The campaigns of the demo, as facts and as files.

27 of them are the data's own: their days, the households at which they were aimed, and the partners whose products their coupons
were for are real. What they pay is our choice, by type, and so are the campaigns that the coalition runs beside them:

| campaign | what it pays |
|---|---|
| type A (mailed to many, coupons of many partners) | 300 points once, when 100.00 was spent at these partners |
| type B (coupons of one or two partners) | twice the base points at these partners, up to 1,000 points a member |
| type C (runs for months) | 50 points for each 50.00 spent at these partners, up to 1,000 points a member |
| quest, four weeks in each quarter | 300 points for visits to three of five partners |
| threshold, each quarter | 150 points for each 150.00 spent at grocery, drugstore and fuel |
| multiplier, all year | twice the base points at the bakery on Tuesdays and Wednesdays |
| levels, all year | 100, 250 and 500 points for three stages at seven small partners |

A campaign's partners hold at least a twentieth of its coupons each, and share its cost by them. Budgets are finite: no
campaign of the data can exceed its own, as that is the members' cap times their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from coalition.demo import journey

__all__ = ["Promotion", "promotions", "write_file"]

QUEST_PARTNERS = ("greengrocer", "butcher", "deli", "bakery", "drugstore")
QUEST_WEEKS = 4
THRESHOLD_PARTNERS = ("grocery", "drugstore", "fuel")
LEVEL_PARTNERS = ("fishmonger", "deli", "bakery", "restaurant", "health-food", "florist", "wine-shop")
COUPON_PART_MIN = 20
MEMBER_CAP_POINTS = 1_000
TUESDAY, WEDNESDAY = 1, 2
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STORES_OFFSET_MINUTES = -300


@dataclass(frozen=True, slots=True)
class Promotion:
    """A campaign of the demo. Partners are slugs, times Unix seconds, shares whole percentages.

    `numbers` are what its kind is about, in cents, points and minutes. `members` are those at whom it is aimed (None: all), and
    `data_id` is its number in the data (None: one of ours). `cap_points` is what one member gets in all, 0 for no cap.
    """

    key: str
    name: str
    says: str
    kind: str
    opens_at: int
    closes_at: int
    partners: tuple[str, ...]
    shares: tuple[tuple[str, int], ...]
    budget_points: int
    numbers: Mapping[str, int]
    cap_points: int = 0
    members: tuple[str, ...] | None = None
    data_id: int | None = None


def promotions() -> list[Promotion]:
    """All campaigns of the demo, in the order in which they open.

    Raises: JourneyMissing.
    """
    first = journey.first_day()
    last = first + timedelta(days=journey.day_count() - 1)
    quarters = [date(first.year, month, 1) for month in (1, 4, 7, 10)]
    ends = [*quarters[1:], last + timedelta(days=1)]
    found = journey.campaigns()
    weeks = timedelta(weeks=QUEST_WEEKS)
    days = [*quarters, *ends, *(day + weeks for day in quarters)]
    days += [max(first, one.first_day) for one in found] + [one.last_day + timedelta(days=1) for one in found]
    at = dict(zip(days, journey.midnights(days), strict=True))

    made = [_of_data(one, at[max(first, one.first_day)], at[one.last_day + timedelta(days=1)]) for one in found]
    made += [_quest(number, at[day], at[day + weeks]) for number, day in enumerate(quarters, 1)]
    made += [
        _threshold(number, at[day], at[end]) for number, (day, end) in enumerate(zip(quarters, ends, strict=True), 1)
    ]
    made += [_multiplier(at[quarters[0]], at[ends[-1]]), _levels(at[quarters[0]], at[ends[-1]])]
    return sorted(made, key=lambda one: one.opens_at)


def write_file(promotion: Promotion, folder: Path, accounts: list[str] | None) -> Path:
    """Write a campaign's file, and the list of its segment beside it; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"campaign: {promotion.name}",
        f"says: {promotion.says}",
        f"kind: {promotion.kind}",
        f"opens: {_time(promotion.opens_at)}",
        f"closes: {_time(promotion.closes_at)}",
        f"partners: [{', '.join(promotion.partners)}]",
        f"sponsors: {{{', '.join(f'{slug}: {share} %' for slug, share in promotion.shares)}}}",
        f"budget: {promotion.budget_points} points",
        f"terms: {{{_terms(promotion)}}}",
    ]
    if promotion.cap_points:
        lines.append(f"cap per member: {promotion.cap_points} points")
    if accounts is not None:
        lines.append(f"segment: {promotion.key}.csv")
        (folder / f"{promotion.key}.csv").write_text("\n".join(["account", *accounts, ""]))
    file = folder / f"{promotion.key}.yaml"
    file.write_text("\n".join([*lines, ""]))
    return file


def _of_data(campaign: journey.JourneyCampaign, opens_at: int, closes_at: int) -> Promotion:
    coupons = sum(campaign.coupons.values())
    partners = {slug: count for slug, count in campaign.coupons.items() if count * COUPON_PART_MIN >= coupons}
    where = ", ".join(partners)
    cap, numbers, kind = MEMBER_CAP_POINTS, {"spend_minor": 5_000, "points": 50, "every_time": 1}, "threshold"
    says = f"Get 50 points for each 50 dollars that you spend here ({where})."
    if campaign.letter == "A":
        cap, numbers = 300, {"spend_minor": 10_000, "points": 300, "every_time": 0}
        says = f"Spend 100 dollars here ({where}) and get 300 points."
    elif campaign.letter == "B":
        kind, numbers = "multiplier", {"extra_bps": 10_000, "weekdays": 127, "utc_offset_minutes": 0}
        says = f"Get twice the points here ({where})."
    return Promotion(
        key=f"data-{campaign.id}",
        name=f"Mailing {campaign.id} ({campaign.letter})",
        says=says,
        kind=kind,
        opens_at=opens_at,
        closes_at=closes_at,
        partners=tuple(partners),
        shares=_shares(partners),
        budget_points=cap * len(campaign.members),
        numbers=numbers,
        cap_points=cap,
        members=campaign.members,
        data_id=campaign.id,
    )


def _quest(number: int, opens_at: int, closes_at: int) -> Promotion:
    return Promotion(
        key=f"quest-{number}",
        name=f"Three of five, quarter {number}",
        says="Visit three of these five shops within four weeks and get 300 points.",
        kind="quest",
        opens_at=opens_at,
        closes_at=closes_at,
        partners=QUEST_PARTNERS,
        shares=_shares(dict.fromkeys(QUEST_PARTNERS, 1)),
        budget_points=1_000_000,
        numbers={"visits": 3, "points": 300},
    )


def _threshold(number: int, opens_at: int, closes_at: int) -> Promotion:
    return Promotion(
        key=f"threshold-{number}",
        name=f"Every 150 dollars, quarter {number}",
        says="Get 150 points for each 150 dollars at grocery, drugstore and fuel.",
        kind="threshold",
        opens_at=opens_at,
        closes_at=closes_at,
        partners=THRESHOLD_PARTNERS,
        shares=_shares(dict.fromkeys(THRESHOLD_PARTNERS, 1)),
        budget_points=2_000_000,
        numbers={"spend_minor": 15_000, "points": 150, "every_time": 1},
    )


def _multiplier(opens_at: int, closes_at: int) -> Promotion:
    return Promotion(
        key="multiplier",
        name="Double bakery days",
        says="Twice the points at the bakery on Tuesdays and Wednesdays.",
        kind="multiplier",
        opens_at=opens_at,
        closes_at=closes_at,
        partners=("bakery",),
        shares=(("bakery", 100),),
        budget_points=200_000,
        numbers={
            "extra_bps": 10_000,
            "weekdays": 1 << TUESDAY | 1 << WEDNESDAY,
            "utc_offset_minutes": STORES_OFFSET_MINUTES,
        },
    )


def _levels(opens_at: int, closes_at: int) -> Promotion:
    return Promotion(
        key="levels",
        name="Taste tour",
        says="Three visits to our small shops, then three different ones, then 100 dollars, and a reward at each level.",
        kind="levels",
        opens_at=opens_at,
        closes_at=closes_at,
        partners=LEVEL_PARTNERS,
        shares=_shares(dict.fromkeys(LEVEL_PARTNERS, 1)),
        budget_points=2_500_000,
        numbers={
            "visits": 3,
            "visits_points": 100,
            "different": 3,
            "different_points": 250,
            "spend_minor": 10_000,
            "spend_points": 500,
        },
    )


def _shares(weights: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Whole percentages in proportion; the heaviest partner, the first of them, bears what rounding leaves."""
    total = sum(weights.values())
    shares = {slug: 100 * weight // total for slug, weight in weights.items()}
    shares[max(weights, key=lambda slug: weights[slug])] += 100 - sum(shares.values())
    return tuple(shares.items())


def _terms(promotion: Promotion) -> str:
    numbers = promotion.numbers
    if promotion.kind == "quest":
        return f"visits: {numbers['visits']}, award: {numbers['points']} points"
    if promotion.kind == "threshold":
        spend, again = _dollars(numbers["spend_minor"]), "yes" if numbers["every_time"] else "no"
        return f"spend: {spend}, award: {numbers['points']} points, every time: {again}"
    if promotion.kind == "multiplier":
        days = [name for day, name in enumerate(WEEKDAYS) if numbers["weekdays"] >> day & 1]
        offset = numbers["utc_offset_minutes"]
        zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
        return f'times: {1 + numbers["extra_bps"] // 10_000}, on: [{", ".join(days)}], time zone: "{zone}"'
    stages = (
        f"{{visits: {numbers['visits']}, award: {numbers['visits_points']} points}}",
        f"{{partners: {numbers['different']}, award: {numbers['different_points']} points}}",
        f"{{spend: {_dollars(numbers['spend_minor'])}, award: {numbers['spend_points']} points}}",
    )
    return f"stages: [{', '.join(stages)}]"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
