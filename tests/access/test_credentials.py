"""API keys: seen once, kept as hashes, known to every node, with an overlap when they are rotated, useless once revoked."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError

from coalition.access import Access, Scope
from coalition.access.credentials import LOOK_SECONDS, OVERLAP_SECONDS_MAX
from coalition.access.scopes import ALL_SCOPES, TILL_SCOPES
from coalition.access.secret_text import id_of
from coalition.errors import AccessDenied, InputError, NotFound, Unavailable
from coalition.submit import migrate
from coalition.submit.tables import access_keys
from tests.access.calls import granted, refused, statements
from tests.access.conftest import START, Clock

Make = Callable[[], Access]


def test_key_is_kept_as_a_hash_only(access: Access, engine: Engine) -> None:
    key = access.credentials.issue(7, "till")

    assert re.fullmatch(r"ck_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", key)
    with engine.connect() as connection:
        row = connection.execute(select(access_keys)).one()
    assert (row.id, row.partner, row.label, row.revoked_at) == (id_of(key), 7, "till", None)
    assert key.split("_")[2] not in str(tuple(row))
    grant = granted(access, key)
    assert (grant.credential.partner, grant.scopes) == (7, TILL_SCOPES)


def test_keys_differ_and_are_listed_by_partner(access: Access) -> None:
    keys = {access.credentials.issue(1, "till") for _ in range(20)}

    assert len(keys) == 20
    assert [one.partner for one in access.credentials.all(1)] == [1] * 20
    assert access.credentials.all(2) == []


def test_typing_errors_and_forgeries(access: Access) -> None:
    key = access.credentials.issue(1, "till")
    for place in range(len(key)):
        other = "x" if key[place] != "x" else "y"
        assert refused(access, key[:place] + other + key[place + 1 :]) == "credential_invalid"
    for wrong in ("", "ck_", key + "\n", key.replace("_", "-"), "ключ" * 20, "\ud800"):
        assert refused(access, wrong) == "credential_invalid"


def test_whatever_is_wrong_costs_the_same_and_says_the_same(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    own = access.credentials.issue(1, "till")
    right, compared = hmac.compare_digest, list[None]()
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(None) or right(a, b))
    monkeypatch.setattr("coalition.access.secret_text._checksum", lambda start: "000000")
    costs, sentences = set(), set()
    for wrong in (own[:16] + "0" * 49, "ck_zzzzzzzzzzzz_" + "0" * 49, "no key at all"):
        compared.clear()
        with statements() as asked, pytest.raises(AccessDenied) as caught:
            access.looked_up(wrong)
        costs.add((len(compared), *asked))
        sentences.add((caught.value.code, str(caught.value)))

    assert len(costs) == len(sentences) == 1
    assert next(iter(costs))[0] == 2


def test_a_key_that_counts_costs_no_query(access: Access, clock: Clock) -> None:
    key = access.credentials.issue(1, "till")
    granted(access, key)
    with statements() as asked:
        for _ in range(100):
            granted(access, key)
    assert asked == []

    clock.now += LOOK_SECONDS
    with statements() as asked:
        granted(access, key)
        granted(access, key)
    assert len([one for one in asked if one.startswith("SELECT")]) == 1


def test_nodes_of_one_database_share_keys(node: Make, clock: Clock) -> None:
    one, two = node(), node()
    key = one.credentials.issue(1, "till")
    assert granted(two, key).credential.partner == 1, "a new key is known everywhere at once"

    two.credentials.revoke(id_of(key))
    assert refused(two, key) == "credential_revoked"
    assert granted(one, key), "the other one looks once a second"
    clock.now += LOOK_SECONDS
    assert refused(one, key) == "credential_revoked"


def test_once_revoked_a_key_stays_so_from_the_first_time(access: Access, clock: Clock) -> None:
    key = access.credentials.issue(1, "till")
    first = access.credentials.revoke(id_of(key))
    clock.now += 100

    assert first.revoked_at == START
    assert access.credentials.revoke(id_of(key)) == first


def test_rotation_with_overlap_on_two_nodes(node: Make, clock: Clock) -> None:
    one, two = node(), node()
    old = one.credentials.issue(1, "till", {Scope.READ})
    new = one.credentials.rotate(id_of(old), 3_600)

    assert id_of(new) == id_of(old) and new != old
    for each in (one, two):
        assert granted(each, old).scopes == granted(each, new).scopes == {Scope.READ}
    clock.now = START + 3_599
    assert granted(two, old)
    clock.now = START + 3_600
    for each in (one, two):
        assert refused(each, old) == "credential_expired"
        assert granted(each, new)
    assert one.credentials.rotate(id_of(old), 60) not in (old, new)
    assert refused(one, old) == "credential_invalid", "two secrets are kept at most"


def test_rotation_without_overlap_ends_every_secret_before(access: Access) -> None:
    first = access.credentials.issue(1, "till")
    second = access.credentials.rotate(id_of(first), 3_600)
    with pytest.raises(InputError) as caught:
        access.credentials.rotate(id_of(first), 3_600)
    assert caught.value.code == "rotation_unfinished"
    assert granted(access, first) and granted(access, second)

    third = access.credentials.rotate(id_of(first), 0)
    assert refused(access, first) == "credential_invalid"
    assert refused(access, second) == "credential_expired"
    assert granted(access, third)


@pytest.mark.parametrize("seconds", [-1, OVERLAP_SECONDS_MAX + 1])
def test_overlaps(access: Access, seconds: int) -> None:
    key = access.credentials.issue(1, "till")
    with pytest.raises(InputError) as caught:
        access.credentials.rotate(id_of(key), seconds)
    assert caught.value.code == "overlap_invalid"


def test_keys_that_are_not_there_or_another_partners(access: Access) -> None:
    key_id = id_of(access.credentials.issue(1, "till"))
    for wrong, partner in (("nothing", None), (key_id, 2)):
        with pytest.raises(NotFound, match="no key of that id"):
            access.credentials.revoke(wrong, partner)
        with pytest.raises(NotFound, match="no key of that id"):
            access.credentials.rotate(wrong, 0, partner)
    access.credentials.revoke(key_id)
    with pytest.raises(NotFound, match="revoked"):
        access.credentials.rotate(key_id, 0)


def test_what_a_key_may_is_kept(node: Make) -> None:
    sources = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    key = node().credentials.issue(1, "office", ALL_SCOPES, sources=sources, rate_limit="5/minute")

    found = granted(node(), key).credential
    assert (found.label, found.scopes, found.sources, found.rate_limit) == ("office", ALL_SCOPES, sources, "5/minute")


def test_last_use_is_kept_by_the_hour(access: Access, clock: Clock) -> None:
    key = access.credentials.issue(1, "till")
    assert [one.last_used_at for one in access.credentials.all()] == [None]
    clock.now = START + 5_000
    granted(access, key)
    assert [one.last_used_at for one in access.credentials.all()] == [START + 3_600]


@pytest.mark.parametrize(
    ("label", "scopes", "limit", "code"),
    [
        ("", TILL_SCOPES, None, "label_invalid"),
        ("x" * 81, TILL_SCOPES, None, "label_invalid"),
        ("a\nb", TILL_SCOPES, None, "label_invalid"),
        ("till", (), None, "scope_invalid"),
        ("till", ["everything"], None, "scope_invalid"),
        ("till", TILL_SCOPES, "many", "rate_limit_invalid"),
        ("till", TILL_SCOPES, "0/minute", "rate_limit_invalid"),
    ],
)
def test_keys_that_are_not_issued(access: Access, label: str, scopes: list[Scope], limit: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        access.credentials.issue(1, label, scopes, rate_limit=limit)
    assert caught.value.code == code
    assert access.credentials.all() == []


def test_a_database_that_does_not_answer_lets_nobody_in_for_long(node: Make, engine: Engine, clock: Clock) -> None:
    access = node()
    key = access.credentials.issue(1, "till")
    granted(access, key)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE access_heads RENAME TO elsewhere"))

    assert granted(access, key)
    clock.now += LOOK_SECONDS
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            granted(access, key)
        assert caught.value.code == "storage_unavailable"
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO access_heads"))
    assert granted(access, key)


def test_two_nodes_on_postgresql(empty_server: str, clock: Clock) -> None:
    engines = [create_engine(empty_server), create_engine(empty_server)]
    migrate(engines[0])
    one, two = (Access(engine, clock=clock) for engine in engines)
    key = one.credentials.issue(1, "till")
    granted(two, key)
    token, _ = two.tokens.issue(key, frozenset({Scope.READ}))
    assert granted(one, token).scopes == {Scope.READ}
    new = two.credentials.rotate(id_of(key), 60)
    clock.now += LOOK_SECONDS
    assert granted(one, key) and granted(one, new)
    clock.now += 60
    assert refused(one, key) == "credential_expired"
    begun = one.log.begin("cli", None, "a", "", "")
    two.log.add("cli", 1, "b", "", "done", "")
    two.log.end(begun, "done", partner=1)
    assert one.log.verify().number == 3
    assert [(row.number, row.outcome) for row in two.log.page(partner=1)] == [(2, "done"), (begun, "done")]
    with pytest.raises(DBAPIError, match="only added to"), engines[1].begin() as connection:
        connection.execute(text("DELETE FROM access_log WHERE number = 2"))
    for engine in engines:
        engine.dispose()
