"""`docs/campaigns.md` has every field, every kind and every message, and its examples check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from coalition.campaigns.check import campaign_fields
from coalition.campaigns.fields import Field
from coalition.campaigns.kinds import KINDS, STAGE_FIELDS
from coalition.campaigns.messages import MESSAGES
from coalition.campaigns.tier_file import TIER_FIELDS, check_tiers, programme_fields
from tests.campaigns.files import CONTEXT, checked

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "campaigns.md").read_text()
WITH_SHOPS = replace(CONTEXT, partners=CONTEXT.partners | {"pharmacy": 4, "bakery": 5})


def section(heading: str) -> str:
    """What stands between a heading and the next of its rank."""
    rank = re.match(r"#+", heading)
    assert rank is not None
    _, found, rest = PAGE.partition(f"\n{heading}\n")
    assert found, heading
    return re.split(rf"\n#{{1,{len(rank[0])}}} ", rest)[0]


def rows(fields: Iterable[Field]) -> list[str]:
    """The rows of a table of fields."""
    return [f"| `{one.name}` | {'yes' if one.is_required else 'no'} | `{one.example}` | {one.says} |" for one in fields]


def test_every_message_has_its_row() -> None:
    found = re.findall(r"^\| `([a-z0-9_]+)` \|", section("## Messages"), re.MULTILINE)

    assert sorted(found) == sorted(MESSAGES)


def test_every_field_has_its_row() -> None:
    text = section("## Fields")

    assert [row for row in rows(campaign_fields(CONTEXT)) if row not in text] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_section(kind: str) -> None:
    text = section(f"### {kind}")
    fields = [*KINDS[kind].fields, *(STAGE_FIELDS if kind == "levels" else ())]

    assert [line for line in text.splitlines() if line.startswith("| `")] == rows(fields)


def test_tiers_have_their_rows() -> None:
    text = section("## Tiers")

    assert [row for row in rows(programme_fields()) if row not in text] == []
    assert [name for name, says in TIER_FIELDS.items() if f"| `{name}` | {says} |" not in text] == []


def test_the_examples_of_the_page_check(tmp_path: Path) -> None:
    campaign, tiers = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "tiers.yaml").write_text(tiers)

    assert checked(tmp_path, campaign, WITH_SHOPS).findings == ()
    assert check_tiers(tmp_path / "tiers.yaml").findings == ()


def values_of(heading: str) -> dict[str, tuple[list[str], list[str]]]:
    """The table of how values are written: what is right, and what is wrong."""
    table = re.findall(r"^\| ([a-z ]+) \| (.+) \| (.*) \|$", section(heading), re.MULTILINE)
    return {name: (re.findall(r"`([^`]+)`", right), re.findall(r"`([^`]+)`", wrong)) for name, right, wrong in table}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("points", "budget: {}"),
        ("money", "terms: {{visits: 2, award: 1, least spend: '{}'}}"),
        ("percentage", "sponsors: {{grocery: {}, florist: {}}}"),
        ("length of time", "early end: {}"),
        ("yes or no", "opt in: {}"),
        ("time", "opens: {}"),
    ],
)
def test_values_are_read_as_the_page_says(tmp_path: Path, name: str, line: str) -> None:
    right, wrong = values_of("## Write one")[name]
    field = line.partition(":")[0]
    base = (
        "campaign: c\nsays: s\nkind: quest\nopens: 2017-05-01\ncloses: 2017-06-01\npartners: [1, 2]\n"
        "sponsors: {grocery: 100 %}\nbudget: 50000\nterms: {visits: 2, award: 1}\n"
    )
    kept = [known for known in base.splitlines() if not known.startswith(f"{field}:")]

    def codes(value: str) -> set[str]:
        findings = checked(tmp_path, "\n".join([*kept, line.format(value, value)])).findings
        return {finding.code for finding in findings}

    assert right and wrong
    assert [value for value in right if codes(value) - {"shares_wrong"}] == []
    assert [value for value in wrong if not codes(value) - {"shares_wrong"}] == []
