"""The documents name what is there: codes, targets, invariants, contracts; and their links lead somewhere."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from coalition.api.errors import STATUS_BY_CODE
from coalition.chain.reverts import TABLE
from coalition.errors import AccessDenied, CoalitionError, NotFound, Refused, Unavailable
from coalition.ledger.invariants import INVARIANTS
from coalition.ledger.operations import Rejection

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ERRORS = (DOCS / "errors.md").read_text()
README = (ROOT / "README.md").read_text()
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
CODE_PLACES = {"problem": 1, "_document": 1, "RowError": 1}
"""Functions that take a code by its place, counted from 0."""

UNSEEN = {
    "amount_negative": "coalition/service/files.py",
    "login_refused": "coalition/client/login.py",
}
"""Codes that stand in none of the places that `codes_of` looks at, and the file of each."""


GENERAL = {kind.__name__ for kind in (CoalitionError, NotFound, Refused, AccessDenied, Unavailable)}
"""Classes without a code of their own."""


def codes_of(tree: ast.AST) -> Iterator[str]:
    """Codes written out in a module: `code=…`, a class's `code = …`, and those given by their place."""
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "code":
            values = [node.value]
        elif isinstance(node, ast.ClassDef):
            assigned = [one for one in node.body if isinstance(one, ast.Assign)]
            values = [one.value for one in assigned if [ast.unparse(target) for target in one.targets] == ["code"]]
        elif isinstance(node, ast.Call):
            place = CODE_PLACES.get(ast.unparse(node.func).rpartition(".")[2])
            values = [] if place is None else node.args[place : place + 1]
        yield from (one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str))


def codes_used() -> set[str]:
    """Every code that the package can give."""
    modules = (ROOT / "coalition").rglob("*.py")
    written = {code for module in modules for code in codes_of(ast.parse(module.read_text()))}
    from_tables = {code for _, code, _ in TABLE.values()} | {rejection.code for rejection in Rejection}
    return written | from_tables | set(STATUS_BY_CODE) | set(UNSEEN)


def codes_documented() -> Counter[str]:
    """Codes that have a row, and how many."""
    return Counter(re.findall(r"^\| `([a-z0-9_]+)` \|", ERRORS, re.MULTILINE))


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_errors_of_a_general_class_have_a_code() -> None:
    trees = [(module, ast.parse(module.read_text())) for module in (ROOT / "coalition").rglob("*.py")]
    calls = [(module, node) for module, tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [(module, call) for module, call in calls if ast.unparse(call.func) in GENERAL]

    assert [
        f"{module}:{call.lineno}" for module, call in made if "code" not in {one.arg for one in call.keywords}
    ] == []


def test_every_code_is_documented_and_every_documented_code_is_used() -> None:
    assert codes_used() ^ set(codes_documented()) == set()


def test_every_code_has_one_row() -> None:
    assert [code for code, rows in codes_documented().items() if rows > 1] == []


@pytest.mark.parametrize(("code", "file"), UNSEEN.items())
def test_codes_that_the_search_does_not_see_are_there(code: str, file: str) -> None:
    assert f'"{code}"' in (ROOT / file).read_text()


@pytest.mark.parametrize("code", STATUS_BY_CODE)
def test_the_documented_status_is_the_one_given(code: str) -> None:
    (where,) = re.findall(rf"^\| `{code}` \| ([^|]+) \|", ERRORS, re.MULTILINE)

    assert str(STATUS_BY_CODE[code]) in where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]
    missing = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            missing.append(link)

    assert missing == []


def test_targets_named_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text())}

    assert {"demo", "test"} <= named <= targets


def test_make_help_lists_every_target_that_is_meant_for_people() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    assert phony is not None
    inner = {"node", "node-optional", "python", "brownie-env", "slither-env"}
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {line.split()[0] for line in told.splitlines()} == set(phony[1].replace("\\", "").split()) - inner


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_every_invariant_has_a_section(invariant: str) -> None:
    assert f"\n## `{invariant}`\n" in (DOCS / "invariants.md").read_text()


def test_every_contract_is_in_the_architecture() -> None:
    architecture = (DOCS / "architecture.md").read_text()
    sources = [file for file in (ROOT / "contracts").rglob("*.sol") if "test" not in file.parts]

    assert [file.name for file in sources if f"`{file.stem}`" not in architecture] == []


def test_every_decision_is_in_the_index() -> None:
    decisions = sorted(file.name for file in (DOCS / "decisions").glob("[0-9]*.md"))
    index = (DOCS / "decisions" / "README.md").read_text()

    assert re.findall(r"\]\(([0-9][^)]+)\)", index) == decisions


def test_the_read_me_leads_to_every_page() -> None:
    pages = [str(page.relative_to(ROOT)) for page in DOCS.glob("*.md")]

    assert [page for page in pages if f"]({page})" not in README] == []
