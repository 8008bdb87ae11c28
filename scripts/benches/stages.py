"""Processor time by stage: what each thread was doing, looked at every few milliseconds and weighed by its own clock."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

__all__ = ["STAGES", "profiled"]

EVERY_SECONDS = 0.005
# The innermost frame that any of these names decides; the first name that fits it counts.
STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("request: sockets and HTTP", ("/uvicorn/", "/httptools/", "/uvloop/")),
    ("request: body read strictly", ("api/bodies.py", "api/bulk_bodies.py")),
    ("request: API key", ("coalition/access/",)),
    ("request: checks, receipt number", ("service/asked.py", "service/checks.py", "api/asking.py", "ledger/ids.py")),
    (
        "request: routing, dependencies, validation",
        ("/fastapi/", "/starlette/", "api/context.py", "api/preferences.py"),
    ),
    ("request: waiting and telling", ("api/posting_queue.py", "submit/outcomes.py")),
    ("answer: rendered", ("api/responses.py", "api/render.py", "api/times.py", "api/locations.py")),
    ("bulk: lines in and out", ("api/bulk.py", "service/bulk.py")),
    ("counted before?", ("index/queries.py", "index/records.py", "service/answers.py")),
    ("recorded (outbox)", ("submit/intake.py", "submit/outbox.py", "submit/content.py", "submit/receipt_texts.py")),
    ("encoded and signed", ("submit/dispatcher.py", "submit/sequencer.py", "chain/codec.py", "chain/transactions.py")),
    ("sent and looked after", ("submit/sender.py", "submit/watch.py", "submit/counts.py")),
    ("read from the chain", ("index/source.py", "chain/history.py", "chain/logs.py")),
    (
        "written to the read model",
        ("index/projection.py", "index/rows.py", "index/derive.py", "index/follower.py", "index/"),
    ),
    ("outcomes matched", ("submit/submitter.py", "submit/board.py", "ledger/records.py")),
)


@contextmanager
def profiled(target: Path) -> Iterator[None]:
    """Profile this process inside, and write seconds by stage to `target`."""
    seconds: Counter[str] = Counter()
    over = threading.Event()
    thread = threading.Thread(target=_look, args=(seconds, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        target.write_text(json.dumps(seconds))


def _look(seconds: Counter[str], over: threading.Event) -> None:
    own, clocks = threading.get_ident(), dict[int, float]()
    while not over.wait(EVERY_SECONDS):
        for ident, frame in sys._current_frames().items():
            if ident == own:
                continue
            try:
                used = time.clock_gettime(time.pthread_getcpuclockid(ident))
            except (OSError, ProcessLookupError):
                continue
            before = clocks.get(ident, used)
            clocks[ident] = used
            if used > before:
                seconds[_stage(frame)] += used - before


def _stage(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        for stage, parts in STAGES:
            if any(part in name for part in parts):
                return stage
        frame = frame.f_back
    return "others"
