"""The front-end code of panels is there, under the bar, and brings nothing of JupyterLab."""

from __future__ import annotations

import pytest

from trackside.display.static_code import static_code
from trackside.errors import MissingPackage

_BAR = 150_000


@pytest.mark.parametrize("kind", ["job", "track", "artifacts", "parts"])
def test_a_module_has_at_most_150_kilobytes(kind: str) -> None:
    assert 10_000 < len(static_code(kind).encode()) <= _BAR


@pytest.mark.parametrize("kind", ["job", "track", "artifacts"])
def test_a_panel_is_one_module_that_needs_no_other(kind: str) -> None:
    code = static_code(kind)
    assert "as default" in code
    assert not code.startswith("import")
    assert ";import" not in code
    assert "react.production" not in code


def test_a_module_that_was_not_built_is_named_with_what_to_do() -> None:
    with pytest.raises(MissingPackage, match=r"nothing\.js") as caught:
        static_code("nothing")
    assert "make setup" in caught.value.hint
