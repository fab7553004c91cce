"""Which way a panel goes to be live."""

from __future__ import annotations

import pytest

from trackside.display.frontend import front_end
from trackside.errors import InvalidInput


@pytest.mark.parametrize(
    ("environ", "names", "modules", "expected"),
    [
        ({}, [], [], "lab"),
        ({"JPY_SESSION_NAME": "/work/a.ipynb", "JPY_PARENT_PID": "7"}, ["_job"], ["IPython"], "lab"),
        ({"VSCODE_PID": "7"}, [], [], "widget"),
        ({"VSCODE_CWD": "/work"}, [], [], "widget"),
        ({"VSCODE_PID": "7", "JPY_SESSION_NAME": "/work/a.ipynb"}, [], [], "lab"),  # JupyterLab started in VS Code
        ({"JPY_SESSION_NAME": "/work/a.ipynb"}, ["__vsc_ipynb_file__"], [], "widget"),  # VS Code on a Jupyter server
        ({}, [], ["google.colab"], "widget"),
        ({"TRACKSIDE_FRONTEND": "widget"}, [], [], "widget"),
        ({"TRACKSIDE_FRONTEND": "lab", "VSCODE_PID": "7"}, ["__vsc_ipynb_file__"], [], "lab"),
    ],
)
def test_a_widget_only_where_the_front_end_is_known_to_be_another(
    environ: dict[str, str], names: list[str], modules: list[str], expected: str
) -> None:
    assert front_end(environ, names, modules) == expected


def test_an_unknown_wish_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidInput, match="notebook") as caught:
        front_end({"TRACKSIDE_FRONTEND": "notebook"}, [], [])
    assert "widget" in caught.value.hint
