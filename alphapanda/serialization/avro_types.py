"""Structs as Avro: the schema of a type, and its values to what an Avro library takes and back.

| Python | Avro |
| --- | --- |
| str, and every id | string |
| int | long |
| float | double |
| Decimal | string with `"format": "decimal"`: exact, whatever its scale |
| datetime | long with `timestamp-micros`, in UTC |
| an enum | enum; letters that Avro does not allow in a symbol become `_` (`SL-M` is `SL_M`) |
| X or None | a union with null, whose default is null where the field has that default |
| tuple | array |
| dict | map |
| a struct | record, also where JSON has it as an array |

An envelope's `type` is a string, so that a new kind of event changes no other kind's schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAlias, get_origin

import msgspec
from msgspec import inspect

from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS

NAMESPACE = "alphapanda"

Schema: TypeAlias = dict[str, Any] | list[Any] | str
"""An Avro schema as its JSON has it."""

Convert: TypeAlias = Callable[[Any], Any]

_ILLEGAL = re.compile(r"[^A-Za-z0-9_]")

_PLAIN: Mapping[type[inspect.Type], str] = {
    inspect.StrType: "string",
    inspect.IntType: "long",
    inspect.FloatType: "double",
    inspect.BoolType: "boolean",
}


@dataclass(frozen=True, slots=True)
class AvroType:
    """How one type looks in Avro.

    Attributes:
        schema: its schema; a type with a name is written out at its first use and named after that.
        encode: a value to what an Avro library writes; None where that is the value itself.
        decode: what an Avro library read to a value; None where that is the value itself.
    """

    schema: Schema
    encode: Convert | None = None
    decode: Convert | None = None


def event_type(kind: EventType) -> AvroType:
    """Return how the envelope of events of `kind` looks in Avro."""
    return _TypeWalk().record(_envelope(kind), _event_name(kind))


def partial_event(kind: EventType, paths: Collection[Sequence[str | int]]) -> AvroType:
    """Return the envelope of events of `kind` with only the fields on `paths`: `("data", "last_price")`.

    Read with its schema, an event's other fields are skipped. `decode` gives the fields as their JSON has them.
    """
    found = _envelope(kind)
    wanted: dict[type, set[str]] = {}
    for path in paths:
        _mark(found, path, wanted)
    return _TypeWalk(wanted).record(found, _event_name(kind))


def symbol_of(member: Enum) -> str:
    """Return an enum's member as Avro has it."""
    return _ILLEGAL.sub("_", str(member.value))


def _envelope(kind: EventType) -> inspect.StructType:
    found = inspect.type_info(EventEnvelope[PAYLOADS[kind]])  # type: ignore[valid-type]
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{found} is no struct.")
    return found


def _event_name(kind: EventType) -> str:
    return "".join(part.capitalize() for part in kind.value.split("_")) + "Event"


def _mark(found: inspect.Type, path: Sequence[str | int], wanted: dict[type, set[str]]) -> None:
    """Note the fields of each struct that a path goes through; behind its end all of them."""
    match found:
        case inspect.UnionType(types=types):
            for one in types:
                _mark(one, path, wanted)
        case inspect.VarTupleType(item_type=inner) | inspect.DictType(value_type=inner):
            _mark(inner, (), wanted)
        case inspect.StructType():
            marked = wanted.setdefault(found.cls, set())
            named = bool(path) and isinstance(path[0], str) and not found.array_like  # JSON has a list of values
            key = path[0] if named else None
            for field in found.fields:
                if key is None or key == field.name:
                    marked.add(field.name)
                    _mark(field.type, path[1:] if key is not None else (), wanted)
        case _:
            pass


class _TypeWalk:
    """Goes through the types of one schema; remembers which names are defined.

    Args:
        wanted: the fields of each struct that are read; all of all without it.
    """

    def __init__(self, wanted: Mapping[type, Collection[str]] | None = None) -> None:
        self._wanted = wanted
        self._named: dict[str, tuple[type, AvroType]] = {}

    def of(self, found: inspect.Type) -> AvroType:
        plain = _PLAIN.get(type(found))
        if plain is not None:
            return AvroType(plain)
        match found:
            case inspect.DecimalType():
                made = AvroType({"type": "string", "format": "decimal"}, str, Decimal)
            case inspect.DateTimeType():
                made = AvroType({"type": "long", "logicalType": "timestamp-micros"})
            case inspect.EnumType():
                made = self._enum(found.cls)
            case inspect.UnionType():
                made = self._optional(found)
            case inspect.VarTupleType():
                made = self._array(found)
            case inspect.DictType(key_type=inspect.StrType()):
                made = self._map(found)
            case inspect.StructType():
                made = self.record(found, found.cls.__name__)
            case _:
                raise TypeError(f"{found} has no form in Avro.")
        return made

    def record(self, found: inspect.StructType, name: str) -> AvroType:
        known = self._known(name, found.cls)
        if known is not None:
            return known
        fields: list[dict[str, Any]] = []
        types: dict[str, AvroType] = {}
        chosen = [one for one in found.fields if self._wanted is None or one.name in self._wanted[found.cls]]
        for field in chosen:
            is_kind = isinstance(field.type, inspect.EnumType) and field.type.cls is EventType
            made = _KIND if is_kind else self.of(field.type)
            types[field.name] = made
            fields.append({"name": field.name, **_with_default(field, made)})
        full = AvroType(
            {"type": "record", "name": f"{NAMESPACE}.{name}", "fields": fields},
            _struct_encoder(types),
            _struct_decoder(found, types) if len(chosen) == len(found.fields) else _partial_decoder(found, types),
        )
        self._named[name] = found.cls, AvroType(f"{NAMESPACE}.{name}", full.encode, full.decode)
        return full

    def _known(self, name: str, cls: type) -> AvroType | None:
        if name not in self._named:
            return None
        named, known = self._named[name]
        if named is not cls:
            raise TypeError(f"{cls} and {named} would both be {name}.")
        return known

    def _enum(self, cls: type[Enum]) -> AvroType:
        known = self._known(cls.__name__, cls)
        if known is not None:
            return known
        symbols = {member: symbol_of(member) for member in cls}
        members = {symbol: member for member, symbol in symbols.items()}
        if len(members) != len(symbols):
            raise TypeError(f"Two members of {cls} would be one symbol.")
        name = f"{NAMESPACE}.{cls.__name__}"
        full = AvroType(
            {"type": "enum", "name": name, "symbols": list(members)}, symbols.__getitem__, members.__getitem__
        )
        self._named[cls.__name__] = cls, AvroType(name, full.encode, full.decode)
        return full

    def _optional(self, found: inspect.UnionType) -> AvroType:
        others = [one for one in found.types if not isinstance(one, inspect.NoneType)]
        if len(others) != 1 or len(found.types) != 2:
            raise TypeError(f"{found} is not one type or None.")
        inner = self.of(others[0])
        encode, decode = inner.encode, inner.decode
        return AvroType(
            ["null", inner.schema],
            None if encode is None else lambda value: None if value is None else encode(value),
            None if decode is None else lambda value: None if value is None else decode(value),
        )

    def _array(self, found: inspect.VarTupleType) -> AvroType:
        inner = self.of(found.item_type)
        encode, decode = inner.encode, inner.decode
        return AvroType(
            {"type": "array", "items": inner.schema},
            list if encode is None else lambda values: [encode(value) for value in values],
            tuple if decode is None else lambda values: tuple([decode(value) for value in values]),
        )

    def _map(self, found: inspect.DictType) -> AvroType:
        inner = self.of(found.value_type)
        if inner.encode is not None or inner.decode is not None:
            raise TypeError(f"{found} has values that need a conversion.")
        return AvroType({"type": "map", "values": inner.schema}, None, dict)


_KIND = AvroType("string", lambda kind: kind.value, EventType)


def _with_default(field: inspect.Field, made: AvroType) -> dict[str, Any]:
    """Return a field's type, and its default as JSON if it has one."""
    if field.required:
        return {"type": made.schema}
    default = field.default
    if default is msgspec.NODEFAULT and callable(field.default_factory):
        default = field.default_factory()
    value = default if made.encode is None else made.encode(default)
    if isinstance(value, datetime):
        raise TypeError(f"{field.name} has a time as its default.")
    if isinstance(made.schema, list) and value is not None:  # a union's default is of its first type
        return {"type": [*reversed(made.schema)], "default": value}
    return {"type": made.schema, "default": value}


def _struct_encoder(types: Mapping[str, AvroType]) -> Convert:
    names = tuple(types)
    converters = tuple((name, made.encode) for name, made in types.items() if made.encode is not None)
    values_of = attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]

    def encode(value: Any) -> dict[str, Any]:
        made = dict(zip(names, values_of(value), strict=True))
        for name, convert in converters:
            made[name] = convert(made[name])
        return made

    return encode


def _struct_decoder(found: inspect.StructType, types: Mapping[str, AvroType]) -> Convert:
    converters = tuple((name, made.decode) for name, made in types.items() if made.decode is not None)

    def decode(read: dict[str, Any]) -> Any:
        made = dict(read)  # a field's default is one value for all that lack the field
        for name, convert in converters:
            made[name] = convert(made[name])
        return found.cls(**made)

    return decode


def _partial_decoder(found: inspect.StructType, types: Mapping[str, AvroType]) -> Convert:
    """Return what makes a dict of some fields, without those that JSON leaves out for their default."""
    converters = tuple((name, made.decode) for name, made in types.items() if made.decode is not None)
    omits = (get_origin(found.cls) or found.cls).__struct_config__.omit_defaults
    defaults = {field.name: field.default for field in found.fields if omits and field.name in types}

    def decode(read: dict[str, Any]) -> dict[str, Any]:
        made = dict(read)
        for name, convert in converters:
            made[name] = convert(made[name])
        for name, default in defaults.items():
            if made[name] is default:  # as msgspec leaves out the default itself
                del made[name]
        return made

    return decode
