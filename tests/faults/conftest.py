"""The table of faults: each test is a row. ``--times N`` runs the whole table so often; at the end it is printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.row import Row
from tests.serving import Place, stop_templates

_ROWS = pytest.StashKey[dict[str, list["Outcome"]]]()


class Outcome:
    """How one run of one row went; ``impossible`` says why it cannot be run here."""

    def __init__(self) -> None:
        self.row: Row | None = None
        self.passed = True
        self.impossible = ""
        self.seconds = 0.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=int, default=1, help="how often the table of faults is run")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the whole table, then the whole table again."""
    times = metafunc.config.getoption("--times", default=1)
    if times > 1:
        metafunc.fixturenames.append("turn")
        metafunc.parametrize("turn", range(1, times + 1), scope="session")


@pytest.fixture
def row(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Row]:
    """One row: a place of its own, and what must hold at the end of every row."""
    place = Place(tmp_path / "place")
    row = Row(place, request.function.__doc__.strip())
    _outcome(request.node).row = row
    try:
        yield row
        if not _outcome(request.node).impossible and _outcome(request.node).passed:
            row.check()
    finally:
        row.close()
        stop_templates(place.home)


def _outcome(item: pytest.Item) -> Outcome:
    outcomes = item.config.stash[_ROWS].setdefault(item.function.__name__, [])  # type: ignore[attr-defined]
    if not outcomes or getattr(outcomes[-1], "of", item.nodeid) != item.nodeid:
        outcomes.append(Outcome())
        outcomes[-1].of = item.nodeid  # type: ignore[attr-defined]
    return outcomes[-1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    outcome = _outcome(item)
    outcome.seconds += call.duration
    if isinstance(call.excinfo and call.excinfo.value, pytest.skip.Exception):
        outcome.impossible = str(call.excinfo.value)
    elif call.excinfo is not None:
        outcome.passed = False
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    outcomes = config.stash[_ROWS]
    if not outcomes:
        return
    write = terminalreporter.write_line
    terminalreporter.section("faults")
    for runs in outcomes.values():
        last = runs[-1]
        passed = sum(run.passed and not run.impossible for run in runs)
        mark = f"{passed}/{len(runs)}"
        seconds = sum(run.seconds for run in runs) / len(runs)
        write(f"{mark:>5}  {seconds:5.1f} s  {last.row.title if last.row else '?'}")
        if last.impossible:
            write(f"                not possible here: {last.impossible}")
        for line in last.row.story if last.row is not None else []:
            write(f"                {line}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A table with a row that was not possible is not green where it was asked for by ``make faults``."""
    runs = [run for outcomes in session.config.stash[_ROWS].values() for run in outcomes]
    if any(run.impossible for run in runs) and session.config.getoption("--times", default=1) > 1:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
