"""The head of a table in a file of a run, and the list of very many files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx
import msgspec
import polars as pl
import pytest

from tests.serving import SLACK, LiveServer
from trackside import models
from trackside.client import Client


@pytest.fixture(scope="module")
def run(live: LiveServer) -> Path:
    """The folder of a run with tables in it."""
    job = live.ended(live.submit(command=["true"])["id"])
    artifacts = Path(job["run_dir"]) / "artifacts"
    (artifacts / "tables").mkdir()
    (artifacts / "tables" / "a b.csv").write_text("step,loss\n" + "".join(f"{n},{1 / (1 + n)}\n" for n in range(600)))
    (artifacts / "scores.tsv").write_text("name\tscore\nbase\t0.5\n")
    pl.DataFrame({"id": range(1000), "word": ["é"] * 1000}).write_parquet(artifacts / "rows.parquet")
    (artifacts / "broken.parquet").write_bytes(b"PAR1 nothing of the kind PAR1")
    (artifacts / "model.bin").write_bytes(b"\0\1")
    (artifacts / "out.csv").symlink_to("/etc/passwd")
    (artifacts / "log.csv").symlink_to("../output.log")
    return artifacts.parent


def _preview(server: LiveServer, run: Path, **query: object) -> httpx.Response:
    return server.get(f"runs/{run.name}/preview", params=query)


def test_a_csv_answers_its_first_rows_with_their_types(live: LiveServer, run: Path) -> None:
    found = msgspec.json.decode(_preview(live, run, path="tables/a b.csv").content, type=models.TablePreview)
    assert [(each.name, each.type) for each in found.columns] == [("step", "int64"), ("loss", "float64")]
    assert (len(found.rows), found.rows[1], found.width, found.total) == (50, ["1", "0.5"], 2, 600)


def test_tsv_and_parquet_do_too_and_as_many_rows_as_asked_for(live: LiveServer, run: Path) -> None:
    assert _preview(live, run, path="scores.tsv").json()["rows"] == [["base", "0.5"]]
    found = _preview(live, run, path="rows.parquet", rows=2).json()
    assert (found["rows"], found["total"]) == ([["0", "é"], ["1", "é"]], 1000)
    assert _preview(live, run, path="artifacts/rows.parquet", root="run", rows=1).json()["rows"] == [["0", "é"]]


def test_the_client_asks_for_it_by_the_same_name(live: LiveServer, run: Path) -> None:
    with Client(live.url, token=live.token) as client:
        found = client.runs.preview(run.name, "rows.parquet", rows=3)
    assert (found.columns[0], len(found.rows)) == (models.PreviewColumn("id", "int64"), 3)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"path": "broken.parquet"}, 400, "not_a_table"),
        ({"path": "model.bin"}, 400, "not_a_table"),
        ({"path": "log.csv"}, 400, "invalid_input"),
        ({"path": "output.log", "root": "run"}, 400, "not_a_table"),
        ({"path": "absent.csv"}, 404, "artifact_not_found"),
        ({"path": "tables"}, 404, "artifact_not_found"),
        ({"path": "../../other/x.csv"}, 400, "invalid_input"),
        ({"path": "/etc/passwd"}, 400, "invalid_input"),
        ({"path": "out.csv"}, 400, "invalid_input"),
        ({"path": "a\0.csv"}, 404, "artifact_not_found"),
        ({"path": "rows.parquet", "rows": 0}, 400, "invalid_input"),
        ({"path": "rows.parquet", "rows": 501}, 400, "invalid_input"),
        ({"path": "rows.parquet", "rows": "many"}, 400, "invalid_input"),
        ({"path": "rows.parquet", "root": "home"}, 400, "invalid_input"),
        ({}, 400, "invalid_input"),
    ],
)
def test_what_cannot_be_shown_is_said(
    live: LiveServer, run: Path, query: dict[str, object], status: int, code: str
) -> None:
    answer = _preview(live, run, **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert "root:x" not in answer.text


def test_ten_thousand_files_are_all_listed_and_soon(live: LiveServer, run: Path) -> None:
    folder = run / "artifacts" / "many"
    for number in range(100):
        (folder / f"part-{number}").mkdir(parents=True)
        for each in range(100):
            (folder / f"part-{number}" / f"{each}.txt").touch()
    began = time.monotonic()
    page = msgspec.json.decode(live.get(f"runs/{run.name}/artifacts").content, type=models.ArtifactPage)
    took = time.monotonic() - began
    assert sum(each.path.startswith("many/") for each in page.artifacts) == 10_000
    assert not page.truncated
    assert [each.path for each in page.artifacts] == sorted(each.path for each in page.artifacts)
    print(f"10,000 files listed in {took:.3f} s")
    assert took < 1 + SLACK


def test_of_too_many_files_those_nearest_to_the_root_are_listed(live: LiveServer, run: Path) -> None:
    folder = run / "artifacts" / "a-lot"
    folder.mkdir()
    for number in range(21_000):
        os.close(os.open(folder / str(number), os.O_CREAT | os.O_WRONLY))
    page = msgspec.json.decode(
        live.get(f"runs/{run.name}/artifacts", params={"root": "run"}).content, type=models.ArtifactPage
    )
    assert (len(page.artifacts), page.truncated) == (20_000, True)
    assert {"meta.json", "output.log", "artifacts/scores.tsv"} <= {each.path for each in page.artifacts}
