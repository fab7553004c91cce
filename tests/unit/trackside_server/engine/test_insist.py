"""What happened is written again and again until there is room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from trackside.errors import InvalidInput, TryAgain
from trackside_server.engine.insist import insist


class Store:
    """Fails with these errors, one after the other, then writes."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def write(self, change: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return change(None)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are noted, not waited for."""
    taken: list[float] = []

    async def at_once(seconds: float) -> None:
        taken.append(seconds)

    monkeypatch.setattr("trackside_server.engine.insist.asyncio.sleep", at_once)
    return taken


def test_a_full_disk_is_tried_again_with_growing_pauses_until_there_is_room(pauses: list[float]) -> None:
    full = [TryAgain("The disk is full.", code="disk_full")] * 8
    assert asyncio.run(insist(Store(*full), lambda tx: "written")) == "written"  # type: ignore[arg-type]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


@pytest.mark.parametrize("error", [TryAgain("closed", code="store_closed"), InvalidInput("wrong")])
def test_what_no_patience_cures_is_raised_at_once(error: Exception, pauses: list[float]) -> None:
    with pytest.raises(type(error)):
        asyncio.run(insist(Store(error), lambda tx: None))  # type: ignore[arg-type]
    assert pauses == []
