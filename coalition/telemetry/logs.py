"""Log lines as JSON on standard error: those of this package and of the libraries alike."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from coalition.telemetry.lines import Lines
from coalition.telemetry.scrub import scrubbed
from coalition.telemetry.seen import SEEN

__all__ = ["LEVELS", "request_logger", "written_as_json"]

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
QUIET = ("httpx", "httpcore", "uvicorn.access", "alembic")


@contextmanager
def written_as_json(level: str = "info", stream: BinaryIO | None = None) -> Iterator[Lines]:
    """Write every log record of this process as one line of JSON, to standard error or `stream`; yield who writes them.

    `level` is one of `LEVELS`. Libraries that tell each of their steps are heard from `warning` on.
    """
    with Lines(stream or sys.stderr.buffer) as lines, _handled(level, lines):
        yield lines


@contextmanager
def _handled(level: str, lines: Lines) -> Iterator[None]:
    handler = logging.StreamHandler(lines)
    shared: list[Processor] = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _time, _request]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _scrub,
                structlog.processors.JSONRenderer(_json),
            ],
        )
    )
    root = logging.getLogger()
    before = root.level, [(name, logging.getLogger(name).level) for name in QUIET]
    root.addHandler(handler)
    root.setLevel(LEVELS[level])
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, LEVELS[level]))
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        for name, was in before[1]:
            logging.getLogger(name).setLevel(was)


def request_logger(level: str, lines: Lines) -> FilteringBoundLogger:
    """Return the logger of answered requests: one line each, of fields that the caller chose, so that nothing is scrubbed.

    It does not go through `logging`, which would take several times as long.
    """
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(cast(BinaryIO, lines)),
        processors=[structlog.processors.add_log_level, _time, _bytes],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        context_class=dict,
    )
    return logger.bind(logger="coalition.requests")


_time = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _request(_logger: Any, _name: str, event: EventDict) -> EventDict:
    seen = SEEN.get()
    if seen is not None:
        event["request_id"] = seen.request_id
    return event


def _scrub(_logger: Any, _name: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if not isinstance(value, int | float | None):
            event[name] = scrubbed(str(value))
    return event


def _json(event: MutableMapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event).decode()


def _bytes(_logger: Any, _name: str, event: EventDict) -> bytes:
    return orjson.dumps(event)
