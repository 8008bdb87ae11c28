"""What must not be in a log line is taken out of it."""

from __future__ import annotations

import io
import json
import logging
import os

import pytest

from coalition.access.secret_text import new_key, new_token
from coalition.telemetry.lines import Lines
from coalition.telemetry.logs import request_logger, written_as_json
from coalition.telemetry.scrub import scrubbed
from coalition.telemetry.seen import SEEN, Seen

ACCOUNT = "0x1991751B48B57A2eEf4a0E9A19b3b61F2Aaae51d"
SIGNATURE = "0x" + "5e" * 65
HASH = "0x" + "ab" * 32


def test_secrets_go_and_hashes_stay() -> None:
    key, token = new_key("0123456789ab"), new_token()
    text = scrubbed(
        f"key {key}, token {token}, Authorization: Bearer {key[3:]}, secret {key[16:]}, webhook whsec_{key[16:]}, "
        f"postgresql://ledger:hunter2@db/x, account {ACCOUNT}, "
        f"signature {SIGNATURE}, transaction {HASH}"
    )

    for secret in (key, key[3:], key[16:], token, "hunter2", ACCOUNT, SIGNATURE[2:]):
        assert secret not in text
    assert HASH in text and "0x1991…" in text and "@db/x" in text


def test_records_and_tracebacks_are_lines_of_json_without_secrets() -> None:
    stream = io.BytesIO()
    token = SEEN.set(Seen("0123456789abcdef"))
    with written_as_json("info", stream):
        logging.getLogger("coalition.submit").warning("key %s does not work", ACCOUNT)
        logging.getLogger("httpx").info("GET http://node")
        try:
            raise ValueError(f"wrong: {SIGNATURE}")
        except ValueError:
            logging.getLogger("coalition.api").exception("internal error")
    SEEN.reset(token)
    logging.getLogger("coalition.submit").error("after it")

    first, second = (json.loads(line) for line in stream.getvalue().decode().splitlines())
    assert first["event"] == "key 0x1991… does not work"
    assert (first["level"], first["logger"]) == ("warning", "coalition.submit")
    assert first["request_id"] == second["request_id"] == "0123456789abcdef"
    assert first["timestamp"].endswith("Z")
    assert "ValueError" in second["exception"] and SIGNATURE not in stream.getvalue().decode()


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("warning", 0)])
def test_requests_are_written_at_info(level: str, lines: int) -> None:
    stream = io.BytesIO()
    with Lines(stream) as out:
        request_logger(level, out).info("request", route="earn", status=201)

    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(found) == lines
    assert all(line["route"] == "earn" and line["level"] == "info" for line in found)


def test_a_reader_that_stopped_reading_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream, Lines(stream, lines_max=100) as out:
        for number in range(2_000):
            out.write(b"%d" % number + b"x" * 1_000 + b"\n")
        assert out.dropped > 0
        os.close(reading)
