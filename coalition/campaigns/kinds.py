"""The fields of `terms`, a table for each kind, and the words that they become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from coalition.campaigns.fields import UNREAD, Field, Reader, items, read_fields, value
from coalition.campaigns.findings import Written
from coalition.campaigns.source import Node
from coalition.campaigns.values import (
    Parser,
    Wrong,
    amount,
    choice,
    duration,
    factor,
    hours,
    number,
    or_word,
    percent,
    points,
    time,
    weekday,
    yes_or_no,
    zone,
)
from coalition.ledger.operations import BPS, SPEND_MINOR_MAX
from coalition.ledger.rules import action, levels, milestone, quest, surprise
from coalition.ledger.rules.dividend import DividendTerms
from coalition.ledger.rules.local_time import DAY_SECONDS, MINUTES_PER_DAY, WEEK_SECONDS
from coalition.ledger.rules.multiplier import MultiplierTerms
from coalition.ledger.rules.referral import ReferralTerms
from coalition.ledger.rules.stamps import StampTerms
from coalition.ledger.rules.streak import RECORD_UNITS, StreakTerms
from coalition.ledger.rules.terms import BADGE_MAX, COUNT_MAX, POINTS_MAX, RATE_BPS_MAX
from coalition.ledger.rules.threshold import ThresholdTerms

__all__ = ["CLAIM_SECONDS", "KINDS", "Frame", "KindOfFile"]

CLAIM_SECONDS = 30 * DAY_SECONDS
"""Time after a campaign in which it can still be claimed from."""

EVERY_DAY = tuple(range(7))


class RuleTerms(Protocol):
    """Terms of a kind, as its twin has them."""

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """What terms borrow from the campaign: its partners' numbers, rising, and its window in Unix seconds."""

    partners: tuple[int, ...]
    opens_at: int
    closes_at: int


Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KindOfFile:
    """A kind as files have it.

    `build` makes its terms of values; `cross` tells what is wrong between fields, all of which were read; `award` is the most
    points of one award, for the member and its companion; `attests` is true if an attestor is needed.
    """

    fields: tuple[Field, ...]
    build: Callable[[Values, Frame], RuleTerms]
    award: Callable[[Values], int] = lambda terms: int(terms.get("award", 0))
    attests: Callable[[Values], bool] = lambda terms: False
    cross: Callable[[Values, Frame, Reader], None] = lambda terms, frame, at: None
    draws: bool = False


def _field(name: str, parser: Parser, example: str, says: str, default: Any = UNREAD) -> Field:
    return Field(name, value(parser), example, default, says)


AWARD = _field("award", points(1, POINTS_MAX), "300 points", "points of one award", 0)
BADGE = _field("badge", number(1, BADGE_MAX), "7", "number of the badge that comes with it", 0)
LEAST_SPEND = _field("least spend", amount(0, SPEND_MINOR_MAX), "5.00", "purchases below do not count", 0)
TIME_ZONE = _field("time zone", zone, "+02:00", "offset of the shops' clocks from UTC", 0)
NO_LIMIT = {"no limit": 0}


def _needs_award(terms: Values, frame: Frame, at: Reader) -> None:
    if not terms["award"] and not terms["badge"]:
        at.wrong_in("award", "award_nothing")


def _require_one(names: tuple[str, ...], terms: Values, at: Reader) -> bool:
    count = sum(terms[name] is not None for name in names)
    if count != 1:
        at.wrong("choose_one", at.places[at.path], names=" and ".join(f"`{name}`" for name in names), count=count)
    return count == 1


def _check_multiplier(terms: Values, frame: Frame, at: Reader) -> None:
    _require_one(("times", "of spend"), terms, at)


def _multiplier(terms: Values, frame: Frame) -> MultiplierTerms:
    by_points = terms["times"] is not None
    from_minute, to_minute = terms["between"]
    return MultiplierTerms(
        basis=0 if by_points else 1,
        rate_bps=terms["times"] - BPS if by_points else terms["of spend"],
        weekday_mask=sum(1 << day for day in terms["on"]),
        from_minute=from_minute,
        to_minute=to_minute,
        utc_offset_minutes=terms["time zone"],
        min_spend_minor=terms["least spend"],
    )


MULTIPLIER = KindOfFile(
    fields=(
        _field("times", factor(BPS + 1, BPS + RATE_BPS_MAX), "3", "so many times the base points in all", None),
        _field("of spend", percent(1, RATE_BPS_MAX), "2 %", "so much of the spend, in minor units, as points", None),
        Field("on", items(value(weekday), 7, "weekday_twice"), "[saturday, sunday]", EVERY_DAY, "weekdays"),
        _field("between", hours, "17:00-19:00", "hours of the day", (0, MINUTES_PER_DAY)),
        TIME_ZONE,
        LEAST_SPEND,
    ),
    build=_multiplier,
    award=lambda terms: 0,
    cross=_check_multiplier,
)

THRESHOLD = KindOfFile(
    fields=(
        _field("spend", amount(1, SPEND_MINOR_MAX), "100.00", "what purchases must add up to"),
        AWARD,
        _field("every time", yes_or_no, "yes", "again each time so much more is spent, not only once", False),
        BADGE,
    ),
    build=lambda terms, frame: ThresholdTerms(terms["spend"], terms["award"], int(terms["every time"]), terms["badge"]),
    cross=_needs_award,
)

STAMPS = KindOfFile(
    fields=(
        _field("stamps", number(1, COUNT_MAX), "10", "purchases that fill a card"),
        AWARD,
        LEAST_SPEND,
        _field("cards", or_word(NO_LIMIT, number(1, COUNT_MAX)), "3", "most cards of one member", 0),
        BADGE,
    ),
    build=lambda terms, frame: StampTerms(
        terms["stamps"], terms["least spend"], terms["award"], terms["cards"], terms["badge"]
    ),
    cross=_needs_award,
)


def _run(written: str, digits: int) -> tuple[int, int]:
    """The length of a unit in seconds, and how many of them: `4 weeks`."""
    seconds = duration(DAY_SECONDS, RECORD_UNITS * WEEK_SECONDS)(written, digits)
    unit = WEEK_SECONDS if "week" in written.lower() else DAY_SECONDS
    if seconds % unit:
        raise Wrong("duration_invalid", value=Written(written))
    return unit, seconds // unit


def _check_streak(terms: Values, frame: Frame, at: Reader) -> None:
    _needs_award(terms, frame, at)
    count = terms["in a row"][1]
    if count + terms["may miss"] > RECORD_UNITS:
        at.wrong_in("in a row", "streak_too_long", count=count, most=RECORD_UNITS)


STREAK = KindOfFile(
    fields=(
        _field("in a row", _run, "4 weeks", "days, or weeks from Monday to Sunday, with a purchase each"),
        AWARD,
        _field("may miss", number(0, RECORD_UNITS), "1", "of them in between", 0),
        LEAST_SPEND,
        TIME_ZONE,
        _field("awards", or_word(NO_LIMIT, number(1, COUNT_MAX)), "3", "most awards of one member", 0),
        BADGE,
    ),
    build=lambda terms, frame: StreakTerms(
        terms["in a row"][0],
        terms["in a row"][1],
        terms["may miss"],
        terms["award"],
        terms["least spend"],
        terms["time zone"],
        terms["awards"],
        terms["badge"],
    ),
    cross=_check_streak,
)


def _check_dividend(terms: Values, frame: Frame, at: Reader) -> None:
    latest = frame.closes_at + CLAIM_SECONDS - 1
    if terms["payable from"] > latest:
        at.wrong_in("payable from", "payable_too_late", latest="30 days after `closes`")
    elif terms["payable from"] <= frame.opens_at:
        at.wrong_in("payable from", "payable_too_soon", opens="`opens`")


DIVIDEND = KindOfFile(
    fields=(
        _field("of spend", percent(1, RATE_BPS_MAX), "10 %", "so much of the spend, in minor units, as points"),
        _field("payable from", time, "2018-01-01", "from then on it is paid to who claims it"),
    ),
    build=lambda terms, frame: DividendTerms(terms["of spend"], terms["payable from"]),
    award=lambda terms: 0,
    cross=_check_dividend,
)


def _check_quest(terms: Values, frame: Frame, at: Reader) -> None:
    _needs_award(terms, frame, at)
    if terms["visits"] > len(frame.partners):
        at.wrong_in("visits", "visits_over_partners", visits=terms["visits"], count=len(frame.partners))


QUEST = KindOfFile(
    fields=(
        _field("visits", number(1, 64), "3", "different partners, of those of the campaign"),
        AWARD,
        _field(
            "within",
            or_word({"the campaign": 0}, duration(60, quest.WINDOW_SECONDS_MAX)),
            "30 days",
            "counted from the first visit",
            0,
        ),
        LEAST_SPEND,
        _field("again", number(0, quest.REPEATS_MAX), "2", "how many times more it can be done", 0),
        BADGE,
    ),
    build=lambda terms, frame: quest.QuestTerms(
        terms["visits"],
        terms["award"],
        terms["within"],
        terms["least spend"],
        terms["badge"],
        terms["again"],
        frame.partners,
    ),
    cross=_check_quest,
)

CONDITIONS = {
    "visits": levels.Condition.VISITS,
    "spend": levels.Condition.SPEND,
    "partners": levels.Condition.PARTNERS,
    "actions": levels.Condition.ACTIONS,
}

STAGE_FIELDS = (
    _field("visits", number(1, POINTS_MAX), "3", "purchases", None),
    _field("spend", amount(1, SPEND_MINOR_MAX), "100.00", "what purchases must add up to", None),
    _field("partners", number(1, 64), "3", "different partners", None),
    _field("actions", number(1, POINTS_MAX), "2", "attested actions", None),
    _field("action", number(1, action.ACTION_MAX), "7", "code of the actions that count; without it, all", 0),
    AWARD,
    LEAST_SPEND,
    BADGE,
)


def _stage(node: Node, at: Reader) -> Any:
    terms = read_fields(node, STAGE_FIELDS, at)
    if UNREAD in terms.values() or not _require_one(tuple(CONDITIONS), terms, at):
        return UNREAD
    if terms["actions"] is None and terms["action"]:
        at.wrong_in("action", "field_unused", reason="the stage counts no actions")
    if terms["actions"] is not None and terms["least spend"]:
        at.wrong_in("least spend", "field_unused", reason="actions have no spend")
    name = next(name for name in CONDITIONS if terms[name] is not None)
    return levels.Stage(
        CONDITIONS[name], terms[name], terms["least spend"], terms["award"], terms["badge"], terms["action"]
    )


def _check_levels(terms: Values, frame: Frame, at: Reader) -> None:
    for place, stage in enumerate(terms["stages"], 1):
        if stage.condition == levels.Condition.PARTNERS and stage.threshold > len(frame.partners):
            at.at("stages").nth(place).wrong_in(
                "partners", "visits_over_partners", visits=stage.threshold, count=len(frame.partners)
            )
    if not any(stage.points or stage.badge for stage in terms["stages"]):
        at.wrong_in("stages", "award_nothing")


def _levels(terms: Values, frame: Frame) -> levels.LevelsTerms:
    visits_partners = any(stage.condition == levels.Condition.PARTNERS for stage in terms["stages"])
    return levels.LevelsTerms(terms["stages"], frame.partners if visits_partners else ())


LEVELS = KindOfFile(
    fields=(
        Field(
            "stages",
            items(_stage, levels.STAGES_MAX),
            "[{visits: 3, award: 300 points}]",
            says="one after another; each has one of `visits`, `spend`, `partners` and `actions`",
        ),
    ),
    build=_levels,
    award=lambda terms: max(stage.points for stage in terms["stages"]),
    attests=lambda terms: any(stage.condition == levels.Condition.ACTIONS for stage in terms["stages"]),
    cross=_check_levels,
)

MILESTONES = {name.name.lower(): name for name in milestone.MilestoneType}


def _check_milestone(terms: Values, frame: Frame, at: Reader) -> None:
    _needs_award(terms, frame, at)
    is_birthday = terms["of"] == milestone.MilestoneType.BIRTHDAY
    if is_birthday and not terms["action"]:
        at.wrong_in("action", "action_missing")
    elif terms["action"] and not is_birthday:
        at.wrong_in("action", "field_unused", reason="only birthdays are attested")


MILESTONE = KindOfFile(
    fields=(
        _field("of", choice(MILESTONES), "anniversary", "`enrolment`, `anniversary` or `birthday`"),
        AWARD,
        _field("since", time, "2017-01-01", "milestones before do not count; without it, those before `opens`", None),
        _field("action", number(1, action.ACTION_MAX), "7", "code by which a birthday is attested", 0),
        BADGE,
    ),
    build=lambda terms, frame: milestone.MilestoneTerms(
        terms["of"],
        terms["award"],
        frame.opens_at if terms["since"] is None else terms["since"],
        terms["action"],
        terms["badge"],
    ),
    attests=lambda terms: terms["of"] == milestone.MilestoneType.BIRTHDAY,
    cross=_check_milestone,
)


def _check_referral(terms: Values, frame: Frame, at: Reader) -> None:
    if not terms["new member"] and not terms["referrer"]:
        at.wrong_in("new member", "award_nothing")


REFERRAL = KindOfFile(
    fields=(
        _field("new member", points(0, POINTS_MAX), "500 points", "points for who was invited", 0),
        _field("referrer", points(0, POINTS_MAX), "500 points", "points for who invited", 0),
        LEAST_SPEND,
    ),
    build=lambda terms, frame: ReferralTerms(terms["new member"], terms["referrer"], terms["least spend"]),
    award=lambda terms: int(terms["new member"] + terms["referrer"]),
    cross=_check_referral,
)


def _limit(written: str, digits: int) -> tuple[int, int]:
    """How many in which period in seconds, 0 for the campaign: `3 per day`, `1 per 30 days`, `5`."""
    count, _, period = written.partition(" per ")
    length = duration(60, action.PERIOD_SECONDS_MAX)
    singular = f"1 {period}" if period[:1].isalpha() else period
    return number(1, COUNT_MAX)(count, digits), length(singular, digits) if period else 0


def _check_action(terms: Values, frame: Frame, at: Reader) -> None:
    _needs_award(terms, frame, at)
    if terms["badge"] and not terms["badge after"]:
        at.wrong_in("badge", "badge_after_missing")
    if terms["badge after"] and not terms["badge"]:
        at.wrong_in("badge after", "badge_missing")


ACTION = KindOfFile(
    fields=(
        _field(
            "action",
            or_word({"any": 0}, number(1, action.ACTION_MAX)),
            "7",
            "code of the actions that count; `any` for all",
        ),
        AWARD,
        _field("at most", or_word({"no limit": (0, 0)}, _limit), "3 per day", "what exceeds it does not count", (0, 0)),
        BADGE,
        _field("badge after", number(1, COUNT_MAX), "10", "the action with which the badge comes", 0),
    ),
    build=lambda terms, frame: action.ActionTerms(
        terms["action"],
        terms["award"],
        terms["at most"][0],
        terms["at most"][1],
        terms["badge"],
        terms["badge after"],
    ),
    attests=lambda terms: True,
    cross=_check_action,
)


def _check_surprise(terms: Values, frame: Frame, at: Reader) -> None:
    if terms["entries"] * terms["prize"] > POINTS_MAX:
        at.wrong_in("prize", "prize_too_large", entries=terms["entries"], points=terms["prize"], most=POINTS_MAX)


SURPRISE = KindOfFile(
    fields=(
        _field("chance", percent(1, BPS), "5 %", "with which an entry wins"),
        _field("prize", points(1, POINTS_MAX), "1000 points", "points of one prize"),
        _field("entries", number(1, surprise.ENTRIES_MAX), "10", "purchases of one member that enter at most"),
        LEAST_SPEND,
    ),
    build=lambda terms, frame: surprise.SurpriseTerms(
        terms["chance"], terms["prize"], terms["entries"], terms["least spend"]
    ),
    award=lambda terms: int(terms["prize"]),
    cross=_check_surprise,
    draws=True,
)

KINDS: dict[str, KindOfFile] = {
    "multiplier": MULTIPLIER,
    "threshold": THRESHOLD,
    "stamps": STAMPS,
    "streak": STREAK,
    "dividend": DIVIDEND,
    "quest": QUEST,
    "levels": LEVELS,
    "milestone": MILESTONE,
    "referral": REFERRAL,
    "action": ACTION,
    "surprise": SURPRISE,
}
"""By the name that stands behind `kind`."""
