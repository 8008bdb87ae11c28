"""Reads YAML or JSON as text in places: every value keeps its line and column, and no value is guessed at.

A value stays the text that stands in the file: `no` is not false, `1.0` is no float, `12:30` no number of base 60. What it means is
decided by its field alone. Only plain YAML is read: no anchors, no tags, one document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coalition.campaigns.findings import Place, Report

__all__ = ["Entries", "Items", "Node", "Scalar", "Source", "read_source"]

BYTES_MAX = 65_536
DEPTH_MAX = 8
BRACKETS = re.compile(r"[\[\]{}]")
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
CORNER = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value, as text. `is_plain` if it stands without quotes."""

    place: Place
    text: str
    is_plain: bool

    @property
    def is_empty(self) -> bool:
        """True if there is nothing, or a null."""
        return not self.text.strip() or (self.is_plain and self.text.lower() in {"null", "~"})


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """Fields in their order, with those that stand there twice."""

    place: Place
    pairs: tuple[tuple[Scalar, Node], ...]


Node = Scalar | Items | Entries


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: its bytes, and what stands in it; None if it could not be read."""

    path: Path
    content: bytes
    root: Node | None


class _Unreadable(Exception):
    """Raised when there is no point in reading on; the report knows why."""


def read_source(path: Path, report: Report) -> Source:
    """Read a file; a name that ends in `.json` is read as JSON, any other as YAML."""
    content = b""
    try:
        content = _content(path, report)
        text = _text(content, report)
        if path.suffix.lower() == ".json":
            _require_json(text, report)
            # JSON is YAML but for tabs between its parts; within quotes it has none
            text = text.replace("\t", " ")
        else:
            _require_no_tabs(text, report)
        return Source(path, content, _tree(text, report))
    except _Unreadable:
        return Source(path, content, None)


def _content(path: Path, report: Report) -> bytes:
    if not path.is_file():
        raise _told(report, "file_missing", Place())
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise _told(report, "file_too_large", Place(), size=size, most=BYTES_MAX)
        return path.read_bytes()
    except OSError as error:
        raise _told(report, "file_unreadable", Place(), reason=error.strerror) from None


def _text(content: bytes, report: Report) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = Place(before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        raise _told(report, "not_utf8", place, byte=f"0x{content[error.start]:02x}") from None
    if not text.strip():
        raise _told(report, "file_empty", CORNER)
    return text


def _require_json(text: str, report: Report) -> None:
    if _depth(text) > DEPTH_MAX:
        raise _told(report, "nested_too_deep", CORNER, most=DEPTH_MAX)
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise _told(
            report, "syntax_invalid", Place(error.lineno, error.colno), language="JSON", reason=error.msg
        ) from None


def _depth(text: str) -> int:
    """How deep brackets and braces outside of quotes go."""
    deepest = depth = 0
    for sign in BRACKETS.findall(QUOTED.sub("", text)):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _require_no_tabs(text: str, report: Report) -> None:
    indented = [
        (number, line[: len(line) - len(line.lstrip())])
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]
    with_tab = [Place(number, indent.index("\t") + 1) for number, indent in indented if "\t" in indent]
    for place in with_tab:
        report.add("tab_indents", place)
    if with_tab:
        raise _Unreadable


def _tree(text: str, report: Report) -> Node:
    events = _Events(text, report)
    try:
        events.skip(yaml.StreamStartEvent)
        if events.is_next(yaml.StreamEndEvent):
            raise _told(report, "file_empty", CORNER)
        events.skip(yaml.DocumentStartEvent)
        root = events.node(1)
        events.skip(yaml.DocumentEndEvent)
        if not events.is_next(yaml.StreamEndEvent):
            raise _told(report, "documents_several", events.place)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else CORNER
        raise _told(report, "syntax_invalid", place, language="YAML", reason=error.problem or error.context) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        raise _told(report, "syntax_invalid", place, language="YAML", reason="a control character") from None
    return root


class _Events:
    """The parser's events, one ahead; nodes are built from them, so that nothing is expanded."""

    def __init__(self, text: str, report: Report) -> None:
        self._report = report
        self._events: Iterator[yaml.Event] = iter(())
        self._next: yaml.Event | None = None
        self._text = text

    @property
    def place(self) -> Place:
        """Where the next event is."""
        mark = self._peek().start_mark
        return Place(mark.line + 1, mark.column + 1)

    def is_next(self, kind: type[yaml.Event]) -> bool:
        """True if the next event is of this kind."""
        return isinstance(self._peek(), kind)

    def skip(self, kind: type[yaml.Event]) -> yaml.Event:
        """Take the next event, which is of this kind."""
        event = self._peek()
        assert isinstance(event, kind)
        self._next = None
        return event

    def node(self, depth: int) -> Node:
        """Take a whole node."""
        event, place = self._peek(), self.place
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _told(self._report, "alias_used", place)
        if event.tag is not None:
            raise _told(self._report, "tag_used", place, tag=event.tag)
        if depth > DEPTH_MAX:
            raise _told(self._report, "nested_too_deep", place, most=DEPTH_MAX)
        self._next = None
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(place, _paired(event.value), event.style is None)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(place, tuple(self._nodes(yaml.SequenceEndEvent, depth)))
        return Entries(place, tuple(self._pairs(depth)))

    def _nodes(self, end: type[yaml.Event], depth: int) -> Iterator[Node]:
        while not self.is_next(end):
            yield self.node(depth + 1)
        self.skip(end)

    def _pairs(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        nodes = self._nodes(yaml.MappingEndEvent, depth)
        for key in nodes:
            if not isinstance(key, Scalar):
                raise _told(self._report, "mapping_wanted", key.place)
            yield key, next(nodes)

    def _peek(self) -> yaml.Event:
        if self._next is None:
            if self._text:
                self._events, self._text = yaml.parse(self._text, Loader=yaml.SafeLoader), ""
            self._next = next(self._events)
        return self._next


def _paired(text: str) -> str:
    """JSON writes letters beyond 16 bits as two halves: put them together; a half that is alone becomes a question mark."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _told(report: Report, code: str, place: Place, **values: Any) -> _Unreadable:
    report.add(code, place, **values)
    return _Unreadable()
