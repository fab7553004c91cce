"""A submission as it travels: the caller's fields as JSON. Pure; the server reads and checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from trackside.errors import InvalidInput
from trackside.models import JobSpec
from trackside.tracking.values import spell_floats

__all__ = ["Fields", "body"]

Fields = Mapping[str, object] | JobSpec
_UNSEEN = ("secrets", "environment")
"""Fields whose values must not stand in a message."""


def body(fields: Fields | list[Fields]) -> bytes:
    """Return the JSON of one submission or several.

    Raises InvalidInput naming the field whose value JSON cannot hold.
    """
    plain = [_plain(one) for one in fields] if isinstance(fields, list) else _plain(fields)
    try:
        return msgspec.json.encode(plain)
    except (TypeError, ValueError, RecursionError):
        for one in plain if isinstance(plain, list) else [plain]:
            _name_the_wrong_one(one)
        raise


def _plain(fields: Fields) -> dict[str, object]:
    if isinstance(fields, JobSpec):
        plain = msgspec.to_builtins(fields)
        # of these a spec holds only the names; their values are not ours to send again
        fields = {key: value for key, value in plain.items() if key not in ("format", "environment", "secrets")}
    if not isinstance(fields, Mapping):
        raise InvalidInput(f"{fields!r} is not a submission.", hint="Give a mapping such as {'command': ['true']}.")
    plain = {str(key): value for key, value in fields.items() if value is not None}
    if isinstance(plain.get("secrets"), Mapping):  # they may be of a type of their own, with a repr that hides them
        secrets = cast("Mapping[object, object]", plain["secrets"])
        plain["secrets"] = {key: str(item) if isinstance(item, str) else item for key, item in secrets.items()}
    if "config" in plain:
        plain["config"] = spell_floats(plain["config"])
    return plain


def _name_the_wrong_one(fields: Mapping[str, object]) -> None:
    for field, value in fields.items():
        try:
            msgspec.json.encode(value)
        except (TypeError, ValueError, RecursionError) as error:
            if field in _UNSEEN:
                raise InvalidInput(f"{field}: these cannot travel.", hint="Names and values are texts.") from None
            raise InvalidInput(f"{field}: {type(value).__name__} {_short(value)} cannot travel: {error}.") from error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
