"""What goes wrong below the handlers, and on the way to them."""

from __future__ import annotations

import logging

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient

from coalition import errors
from coalition.api.errors import STATUS_BY_CODE, STATUS_BY_TYPE, problem_of
from coalition.ledger.operations import Rejection
from coalition.service.answers import REASONS
from tests.api.conftest import Till, code_of
from tests.api.fakes import FakeBook

SECRET = "the-passphrase-of-everything"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (errors.ChainUnavailable(f"The node at http://{SECRET}/ is away.", url=SECRET), 503, "chain_unavailable"),
        (errors.StorageFull(f"The disk is full: {SECRET}"), 503, "storage_full"),
        (errors.Unavailable(SECRET, code="storage_unavailable"), 503, "storage_unavailable"),
        (errors.Unavailable(SECRET, code="database_locked"), 503, "database_locked"),
        (errors.SetupError(f"There is no contract at {SECRET}.", code="contract_missing"), 503, "chain_unavailable"),
        (errors.Unavailable(SECRET, code="database_unavailable"), 503, "database_unavailable"),
        (errors.Unavailable("Not now.", code="closed"), 503, "closed"),
        (errors.OutcomePending("Not yet."), 503, "outcome_pending"),
        (errors.AccessDenied("Suspended.", code="partner_not_active"), 403, "partner_not_active"),
        (errors.AccessDenied("Revoked.", code="key_revoked"), 403, "key_revoked"),
        (errors.Refused("Used.", code="receipt_used"), 409, "receipt_used"),
        (errors.Refused("Paused.", code="ledger_paused"), 503, "ledger_paused"),
        (errors.ReceiptConflict("Other content."), 409, "receipt_conflict"),
        (errors.NotFound("No.", code="operation_unknown"), 404, "operation_unknown"),
        (errors.InputError("No."), 422, "input_invalid"),
        (errors.SetupError(SECRET), 500, "internal_error"),
        (errors.IntegrityError(SECRET), 500, "internal_error"),
        (errors.CoalitionError(SECRET, code="anything"), 500, "internal_error"),
        (HTTPException(403, SECRET), 500, "internal_error"),
        (RuntimeError(SECRET), 500, "internal_error"),
        (AssertionError(SECRET), 500, "internal_error"),
        (MemoryError(SECRET), 500, "internal_error"),
    ],
)
def test_every_exception_has_a_status(
    till: Till, book: FakeBook, fault: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    book.fault = fault
    with caplog.at_level(logging.ERROR, "coalition.api"):
        answer = till.earn()
    assert code_of(answer, status) == code
    assert SECRET not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
    if status == 500:
        assert answer.json()["error_id"] in caplog.text
        assert till.key not in caplog.text


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (errors.OutcomePending("Not yet."), "1"),
        (errors.ChainUnavailable("The node does not answer."), "5"),
        (errors.Refused("Paused.", code="ledger_paused"), "60"),
    ],
)
def test_when_to_try_again(fault: errors.CoalitionError, seconds: str) -> None:
    assert problem_of(fault).headers["retry-after"] == seconds


def test_every_class_is_in_the_table() -> None:
    named = [getattr(errors, name) for name in errors.__all__]
    unnamed = {kind for kind in named if not any(issubclass(kind, one) for one, _ in STATUS_BY_TYPE)}
    assert unnamed == {errors.CoalitionError, errors.SetupError, errors.IntegrityError}
    order = [kind for kind, _ in STATUS_BY_TYPE]
    for place, kind in enumerate(order):
        assert not any(issubclass(kind, earlier) for earlier in order[:place]), "the more special one comes first"


@pytest.mark.parametrize("rejection", list(Rejection))
def test_every_rejection_is_an_answer(rejection: Rejection) -> None:
    answer = problem_of(errors.Refused(REASONS[rejection], code=rejection.code))
    assert answer.status_code == (409 if rejection is Rejection.RECEIPT_USED else 422)


def test_codes_with_a_status_of_their_own_are_not_rejections_but_one() -> None:
    assert {one.code for one in Rejection} & STATUS_BY_CODE.keys() == {"receipt_used"}


def test_unknown_route(http: TestClient) -> None:
    for path in ("/nothing", "/v1", "/v1/earn/", "/v2/earn", "/v1/members"):
        assert code_of(http.get(path), 404) == "route_unknown"


def test_wrong_method(till: Till) -> None:
    answer = till.get("/v1/earn")
    assert code_of(answer, 405) == "method_not_allowed"
    assert answer.headers["allow"] == "POST"
    assert till.http.delete("/v1/operations", headers=till.headers).headers["allow"] == "GET, POST"
    assert code_of(till.http.delete("/v1/operations/R-1", headers=till.headers), 405) == "method_not_allowed"


def test_numbers_that_javascript_would_round_are_text() -> None:
    answer = problem_of(errors.InputError("No.", most=2**60, few=2**48, status=1))
    assert b'"most": "0x1000000000000000"' in bytes(answer.body)
    assert b'"few": 281474976710656' in bytes(answer.body)
    assert b'"status": 422' in bytes(answer.body)
