"""Reads nodes by tables of fields: each field has a name and a reader, and whatever is wrong goes to the report.

A reader takes a node and a `Reader` and returns the value, or `UNREAD` after it has told why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from coalition.campaigns.findings import Place, Report, Written, suggestion
from coalition.campaigns.source import Entries, Items, Node, Scalar
from coalition.campaigns.values import Parser, Wrong

__all__ = ["UNREAD", "Field", "NodeReader", "Reader", "items", "keyed", "read_fields", "value"]


class _Unread:
    def __repr__(self) -> str:
        return "UNREAD"


UNREAD: Any = _Unread()
"""Stands for a value that could not be read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Where reading has come to: the report, the path of the field, the currency's decimals, and where each field stands."""

    report: Report
    minor_digits: int = 2
    path: str = ""
    places: dict[str, Place] = field(default_factory=dict)

    def at(self, name: str) -> Reader:
        """One field deeper."""
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def nth(self, number: int) -> Reader:
        """At one entry of a list, counted from 1."""
        return replace(self, path=f"{self.path}[{number}]")

    def wrong(self, code: str, place: Place, **values: Any) -> Any:
        """Tell what is wrong here; return `UNREAD`."""
        self.report.add(code, place, self.path, **values)
        return UNREAD

    def wrong_in(self, name: str, code: str, **values: Any) -> None:
        """Tell what is wrong with a field below this one that was read, or with this one where it is missing."""
        below = self.at(name)
        place = self.places.get(below.path) or self.places.get(self.path) or Place(1, 1)
        below.wrong(code, place, **values)


NodeReader = Callable[[Node, Reader], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a file: its name, how it is read, an example, and what counts without it; `UNREAD` if it must be there."""

    name: str
    read: NodeReader
    example: str
    default: Any = UNREAD
    says: str = ""

    @property
    def is_required(self) -> bool:
        """True if a file without it is wrong."""
        return self.default is UNREAD


def value(parser: Parser) -> NodeReader:
    """One value, read by a parser."""

    def read(node: Node, at: Reader) -> Any:
        if not isinstance(node, Scalar):
            return at.wrong("value_wanted", node.place)
        if node.is_empty:
            return at.wrong("field_empty", node.place)
        try:
            return parser(node.text.strip(), at.minor_digits)
        except Wrong as wrong:
            return at.wrong(wrong.code, node.place, **wrong.values)

    return read


def items(read_one: NodeReader, most: int, twice: str | None = None) -> NodeReader:
    """A list; one value alone is a list of one. `twice` is the code for an entry that repeats another."""

    def read(node: Node, at: Reader) -> Any:
        nodes = node.nodes if isinstance(node, Items) else (node,)
        if isinstance(node, Entries):
            return at.wrong("list_wanted", node.place)
        if not nodes:
            return at.wrong("list_empty", node.place)
        if len(nodes) > most:
            return at.wrong("list_too_long", node.place, count=len(nodes), most=most)
        read_ones: list[Any] = []
        for number, one in enumerate(nodes, 1):
            here = at.nth(number)
            known = read_one(one, here)
            if twice and known is not UNREAD and known in read_ones:
                known = here.wrong(twice, one.place, value=_written(one), number=known)
            read_ones.append(known)
        return UNREAD if any(one is UNREAD for one in read_ones) else tuple(read_ones)

    return read


def keyed(read_key: NodeReader, read_value: NodeReader, most: int, twice: str) -> NodeReader:
    """Fields whose names are values, too, such as sponsors: pairs of both."""

    def read(node: Node, at: Reader) -> Any:
        if not isinstance(node, Entries):
            return at.wrong("mapping_wanted", node.place)
        if not node.pairs:
            return at.wrong("list_empty", node.place)
        if len(node.pairs) > most:
            return at.wrong("list_too_long", node.place, count=len(node.pairs), most=most)
        pairs: list[tuple[Any, Any]] = []
        for key, below in node.pairs:
            here = at.at(Written(key.text)[:40])
            known = read_key(key, here)
            if known is not UNREAD and known in [other for other, _ in pairs]:
                known = here.wrong(twice, key.place, value=_written(key), number=known)
            pairs.append((known, read_value(below, here)))
        return UNREAD if any(UNREAD in pair for pair in pairs) else tuple(pairs)

    return read


def read_fields(node: Node, fields: Sequence[Field], at: Reader) -> dict[str, Any]:
    """Return each field's value, its default, or `UNREAD`; tell of fields that are unknown, missing or there twice."""
    found: dict[str, Any] = {}
    if not isinstance(node, Entries):
        at.wrong("mapping_wanted", node.place)
        return {one.name: UNREAD for one in fields}
    at.places.setdefault(at.path, node.place)
    known = {one.name: one for one in fields}
    for key, below in node.pairs:
        name, here = key.text, at.at(key.text[:40])
        if name not in known:
            here.wrong("field_unknown", key.place, suggestion=suggestion(name, known))
        elif name in found:
            here.wrong("field_twice", key.place, line=at.places[here.path].line)
        else:
            here.places[here.path] = key.place
            found[name] = known[name].read(below, here)
    return found | _absent(found, fields, at)


def _absent(found: Mapping[str, Any], fields: Iterable[Field], at: Reader) -> dict[str, Any]:
    missing = [one for one in fields if one.name not in found]
    for one in missing:
        if one.is_required:
            at.wrong("field_missing", at.places[at.path], name=one.name, example=one.example)
    return {one.name: one.default for one in missing}


def _written(node: Node) -> Written:
    return Written(node.text if isinstance(node, Scalar) else "")
