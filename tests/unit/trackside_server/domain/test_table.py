"""Runs as columns."""

from datetime import UTC, datetime, timedelta

from trackside.models import MetricFacts
from trackside_server.domain.record import RunRow
from trackside_server.domain.table import MOST_COLUMNS, columns_of, settings_of

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def row(run_id, status="completed", **fields):
    return RunRow(id=run_id, uuid="u", name=run_id, status=status, run_dir="/r", created_at=NOW, **fields)


def test_every_column_has_a_place_for_every_run():
    rows = [
        row("b", config={"opt": {"lr": 0.1}, "opt.lr": 9, "layers": [8, 8]}, tags=("x",), duration_seconds=2.0),
        row("a", "running", started_at=NOW - timedelta(seconds=5), config={"opt": "sgd"}, summary={"acc": "NaN"},
            metrics={"val/loss": MetricFacts(3, "NaN", 0.1, 2.0)}),
    ]  # fmt: skip
    assert columns_of(rows, NOW) == {
        "id": ["b", "a"], "name": ["b", "a"], "status": ["completed", "running"], "tags": [["x"], []],
        "started": [None, NOW - timedelta(seconds=5)], "duration": [2.0, 5.0],
        "config.opt.lr": [0.1, None], "config.layers": [[8, 8], None], "config.opt": [None, "sgd"],
        "summary.acc": [None, "NaN"],
        "val/loss.last": [None, "NaN"], "val/loss.min": [None, 0.1], "val/loss.max": [None, 2.0],
    }  # fmt: skip


def test_a_table_has_an_end_to_its_columns():
    rows = [row(str(number), config={f"k{number}-{key}": key for key in range(900)}) for number in range(4)]
    found = columns_of(rows, NOW)
    assert len(found) == MOST_COLUMNS
    assert {len(column) for column in found.values()} == {4}


def test_settings_that_are_nested_have_a_column_each():
    rows = [row("b", config={"opt": {"name": "adam", "lr": 0.1}}), row("a", config={"opt": {"name": "adam"}, "n": 1})]
    assert settings_of(rows) == {"opt.name": ["adam", "adam"], "opt.lr": [0.1, None], "n": [None, 1]}
