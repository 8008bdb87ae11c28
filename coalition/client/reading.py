"""JSON values as frozen dataclasses, by their annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from coalition.client.errors import ApiError, Word

__all__ = ["read"]

T = TypeVar("T")


def read(kind: type[T], value: object) -> T:
    """Return `value` as `kind`. Members that `kind` does not know are left out: a later service may send more.

    Raises:
        ValueError: a member is missing or of another type; the sentence names it.
    """
    found: T = _value(kind, value, kind.__name__)
    return found


def _value(kind: Any, value: object, name: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _value(inner[0], value, name)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(inner[0], one, f"{name}[{place}]") for place, one in enumerate(value))
    if origin is Mapping and isinstance(value, dict):
        return {key: _value(inner[1], one, f"{name}.{key}") for key, one in value.items()}
    if isinstance(kind, type) and isinstance(value, dict) and (is_dataclass(kind) or kind is ApiError):
        return _problem(value) if kind is ApiError else kind(**_members(kind, value, name))
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if kind in (str, int, bool) and type(value) is kind:
        return value
    raise ValueError(f"{name} is {type(value).__name__}, not {getattr(kind, '__name__', kind)}")


def _problem(value: Mapping[str, Any]) -> ApiError:
    if not isinstance(value.get("code"), str):
        raise ValueError("a problem has no code")
    return ApiError(**Word.of(value)._asdict())


def _members(kind: type, value: Mapping[str, object], name: str) -> dict[str, Any]:
    missing = [field for field, optional in _fields(kind).items() if not optional and field not in value]
    if missing:
        raise ValueError(f"{name} has no {missing[0]}")
    hints = _hints(kind)
    return {field: _value(hints[field], value[field], f"{name}.{field}") for field in hints if field in value}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _fields(kind: Any) -> dict[str, bool]:
    return {field.name: field.default is not MISSING for field in fields(kind)}
