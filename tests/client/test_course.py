"""Whether a request is sent again, and when; without a network, with a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from coalition.client import ApiError, OutcomeUnknown, Patience, campaign_requests, event_requests, requests
from coalition.client.course import Course, Outcome
from coalition.client.request import Request
from tests.client.transports import problem

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
EARN = requests.earn(MEMBER, "r-1", 100)
ASK = requests.me()
PROPOSE = campaign_requests.propose_campaign({"campaign": "x"})
ADD = event_requests.add_webhook("https://shop.example/hook")
LOG_IN = httpx.Response(200, html="<p>Welcome to our network</p>")


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def course(request: Request[object], clock: Clock | None = None, chance: float = 0.5) -> Course[object]:
    return Course(request, Patience(), clock or Clock(), lambda: chance)


def ends(request: Request[object], *outcomes: Outcome) -> ApiError:
    """The error that the last of these outcomes ends in; the others must lead to another attempt."""
    found = course(request)
    for outcome in outcomes[:-1]:
        assert found.after(outcome) is not None
    with pytest.raises(ApiError) as raised:
        found.after(outcomes[-1])
    return raised.value


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
@pytest.mark.parametrize("request_", [EARN, ASK, PROPOSE])
def test_a_refusal_ends_it_at_once(request_: Request[object], status: int) -> None:
    error = ends(request_, problem(status, "so_it_is"))

    assert (type(error), error.status, error.code, error.detail) == (ApiError, status, "so_it_is", "So it is")
    assert error.why == {"more": 1}


@pytest.mark.parametrize(
    "outcome",
    [
        httpx.ReadTimeout(""),
        httpx.ReadError(""),
        httpx.RemoteProtocolError(""),
        problem(502, "x"),
        problem(503, "x"),
        problem(504, "x"),
        httpx.Response(503),
    ],
)
def test_what_may_have_arrived_is_repeated_only_where_that_is_harmless(outcome: Outcome) -> None:
    assert [course(one).after(outcome) for one in (EARN, ASK, ADD)] == [0.1, 0.1, 0.1]
    assert type(ends(PROPOSE, outcome)) is OutcomeUnknown


def test_what_is_being_answered_is_asked_again_and_settles_nothing() -> None:
    in_use = problem(409, "idempotency_key_in_use")
    assert course(ADD).after(in_use) == 0.1
    found = Course(ADD, Patience(deadline_seconds=0.3), Clock(), lambda: 0.9)
    assert found.after(httpx.ReadError("")) is not None
    with pytest.raises(OutcomeUnknown):
        found.after(in_use)


@pytest.mark.parametrize(
    "outcome", [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout(""), problem(429, "x")]
)
def test_what_surely_did_not_arrive_is_repeated_always(outcome: Outcome) -> None:
    assert [course(one).after(outcome) for one in (EARN, ASK, PROPOSE)] == [0.1, 0.1, 0.1]


@pytest.mark.parametrize("outcome", [problem(503, "not_ready"), httpx.ConnectError("")])
def test_health_and_readiness_are_asked_once(outcome: Outcome) -> None:
    assert type(ends(requests.health(), outcome)) is ApiError
    assert type(ends(requests.ready(), outcome)) is ApiError


def test_pauses_double_up_to_the_longest() -> None:
    found = course(EARN, chance=0.9999999)
    pauses = [found.after(httpx.ReadError("")) for _ in range(9)]

    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10])


def test_pauses_are_spread_from_nothing_on() -> None:
    assert course(EARN, chance=0.0).after(httpx.ReadError("")) == 0.0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept_and_spread(status: int) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    assert course(EARN).after(problem(status, "x", **{"Retry-After": "7"})) == 7.1
    assert course(EARN).after(problem(status, "x", **{"Retry-After": later})) == pytest.approx(30, abs=2)
    assert course(EARN).after(problem(status, "x", **{"Retry-After": "soon"})) == 0.1


def test_a_retry_after_beyond_the_deadline_ends_it_at_once() -> None:
    error = ends(EARN, problem(503, "ledger_paused", **{"Retry-After": "60"}))

    assert (type(error), error.code) == (OutcomeUnknown, "ledger_paused")


def test_the_deadline_counts_from_the_first_attempt() -> None:
    clock = Clock()
    found = course(EARN, clock)
    clock.seconds += 59.8
    assert found.after(httpx.ReadError("")) is not None
    clock.seconds += 0.1

    with pytest.raises(OutcomeUnknown, match=r"ReadTimeout, 2 attempts \(outcome_unknown\).*'r-1'.*safe"):
        found.after(httpx.ReadTimeout(""))


def test_an_attempt_gets_what_is_left() -> None:
    clock = Clock()
    found = course(EARN, clock)
    assert (found.attempt()["timeout"].read, found.attempt()["headers"]["Prefer"]) == (35, "wait=34")
    clock.seconds += 57

    assert found.attempt()["timeout"].as_dict() == {"connect": 3, "read": 3, "write": 3, "pool": 3}
    assert found.attempt()["headers"]["Prefer"] == "wait=2"


def test_every_attempt_sends_the_same_bytes() -> None:
    found = course(EARN)
    before = found.attempt()["content"]
    found.after(httpx.ReadError(""))

    assert found.attempt()["content"] is before


def test_every_attempt_sends_the_same_key_and_another_request_another() -> None:
    found = course(ADD)
    before = found.attempt()["headers"]["Idempotency-Key"]
    found.after(httpx.ReadError(""))

    assert found.attempt()["headers"]["Idempotency-Key"] == before
    assert event_requests.add_webhook("https://shop.example/hook").idempotency_key != before


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_key_says_nothing_of_an_attempt_before(status: int) -> None:
    assert type(ends(EARN, httpx.ReadError(""), problem(status, "credential_revoked"))) is OutcomeUnknown
    assert type(ends(EARN, httpx.ConnectError(""), problem(status, "credential_revoked"))) is ApiError


def test_a_refusal_of_the_operation_settles_the_attempts_before() -> None:
    assert type(ends(EARN, httpx.ReadError(""), problem(422, "balance_too_low"))) is ApiError


def test_no_connection_after_a_lost_answer_leaves_the_outcome_unknown() -> None:
    found = Course(EARN, Patience(deadline_seconds=0.3), Clock(), lambda: 0.9)
    assert found.after(httpx.ReadError("")) is not None

    with pytest.raises(OutcomeUnknown) as raised:
        found.after(httpx.ConnectError(""))
    assert (raised.value.code, raised.value.receipt) == ("outcome_unknown", "r-1")


@pytest.mark.parametrize("outcome", [problem(500, "internal_error"), LOG_IN, httpx.Response(302), httpx.Response(404)])
def test_what_is_not_the_ledgers_refusal_leaves_the_outcome_unknown(outcome: Outcome) -> None:
    assert type(ends(EARN, outcome)) is OutcomeUnknown
    assert type(ends(ASK, outcome)) is ApiError


@pytest.mark.parametrize(
    "body",
    [[], {}, {"partner": "1"}, {"partner": True}, None, {"partner": 1, "name": 2, "currency": "", "earn_rate_bps": 1}],
)
def test_answers_of_another_form_are_not_guessed_at(body: object) -> None:
    assert ends(ASK, httpx.Response(200, json=body)).code == "answer_malformed"


def test_members_that_are_not_known_are_left_out() -> None:
    found = course(ASK)
    known = {"partner": 1, "name": "n", "currency": "USD", "earn_rate_bps": 5, "status": "active"}

    assert found.after(httpx.Response(200, json=known | {"of_a_later_service": [1]})) is None
    assert {name: getattr(found.answer, name) for name in known} == known


def test_times_need_an_offset() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        requests.redeem(MEMBER, "r", 1, deadline=datetime(2026, 1, 1))
