import json
import math

import httpx
import msgspec
import pytest
from tests.talking import Recorder, Torn, sse

from trackside.client import Client
from trackside.errors import InvalidInput, NotFound, ServerUnreachable
from trackside.models import RunInfo
from trackside.models.stream import Done, LogChunk, MetricsChunk

RUN = RunInfo(id="job-1", uuid="u", home_id="h", name="a", status="running", run_dir="/r")


def speaking(*answers):
    wire = Recorder(*answers)
    return Client("http://127.0.0.1:1/", "t", transport=wire).runs, wire


def path(request):
    return request.url.raw_path.decode().removeprefix("/trackside/api/v1/")


def page(*paths):
    return httpx.Response(
        200,
        json={
            "artifacts": [
                {"path": path, "name": path.split("/")[-1], "size": 1, "modified": "2026-11-22T09:30:00Z"}
                for path in paths
            ]
        },
    )


def test_a_list_is_narrowed_by_what_is_given():
    runs, wire = speaking(httpx.Response(200, json={"runs": [msgspec.to_builtins(RUN)], "next": "c"}))
    assert runs.list("base line", tag="x", status="failed", limit=3, cursor="a").next == "c"
    assert dict(wire.last.url.params) == {
        "query": "base line", "tag": "x", "status": "failed", "limit": "3", "cursor": "a",
    }  # fmt: skip


def test_iterate_goes_over_all_pages():
    pages = [{"runs": [msgspec.to_builtins(RUN)], "next": cursor} for cursor in ("a", None)]
    runs, wire = speaking(*(httpx.Response(200, json=one) for one in pages))
    assert len(list(runs.iterate("q"))) == 2
    assert [request.url.params.get("cursor") for request in wire.requests] == [None, "a"]


def test_media_are_a_page_of_records_with_the_facts_of_their_kind():
    record = {"_timestamp": "t", "key": "a/b", "kind": "image", "path": "media/a/b/1.png", "step": 1, "width": 4}
    answer = {"media": [record], "next": "7", "keys": [{"key": "a/b", "kind": "image", "count": 3}], "position": 9}
    runs, wire = speaking(httpx.Response(200, json=answer))
    page = runs.media("job-1", "a/b", kind="image", limit=1, cursor="8")
    assert dict(wire.last.url.params) == {"key": "a/b", "kind": "image", "limit": "1", "cursor": "8"}
    assert (page.media[0].timestamp, page.media[0].width, page.media[0].rows) == ("t", 4, None)
    assert (page.next, page.keys[0].count, page.position) == ("7", 3, 9)


def test_patch_sends_only_what_is_given():
    runs, wire = speaking(httpx.Response(200, json=msgspec.to_builtins(RUN)))
    assert runs.patch("job-1", tags=["a"]) == RUN
    assert (wire.last.method, json.loads(wire.last.content)) == ("PATCH", {"tags": ["a"]})
    runs.patch("job-1", name="b")
    assert json.loads(wire.last.content) == {"name": "b"}


def test_metrics_are_asked_for_by_key_and_place():
    answer = {
        "run_id": "job-1",
        "x": "time",
        "series": {"loss": {"x": [0], "y": [None], "count": 1, "last": "NaN"}},
        "next": 9,
    }
    runs, wire = speaking(httpx.Response(200, json=answer))
    assert runs.metrics("job-1", ["loss", "acc"], x="time", max_points=100, since=4).series["loss"].last == "NaN"
    assert dict(wire.last.url.params) == {"keys": "loss,acc", "x": "time", "max_points": "100", "since": "4"}
    runs.metrics("job-1", "loss")
    assert wire.last.url.params["keys"] == "loss"


def test_records_come_as_logged_with_floats_restored_and_torn_lines_left_out():
    content = b'{"_idx": 0, "loss": "NaN", "note": "ok"}\n{"_idx": 1, "lo\n\n[1]\n{"_idx": 2, "loss": "-Infinity"}'
    runs, wire = speaking(page("meta.json", "metrics.jsonl"), httpx.Response(200, content=content))
    first, second = runs.records("job-1")
    assert math.isnan(first["loss"])
    assert first["note"] == "ok"
    assert second == {"_idx": 2, "loss": -math.inf}
    assert path(wire.last) == "runs/job-1/artifacts/metrics.jsonl?root=run"


def test_a_run_that_logged_nothing_has_no_records():
    runs, _ = speaking(page("meta.json"))
    assert runs.records("job-1") == []


def test_runs_are_compared_by_their_ids():
    runs, wire = speaking(httpx.Response(200, json={"runs": [], "config": [], "metrics": []}))
    assert runs.compare(["job-1", 2, RUN]).metrics == []
    assert wire.last.url.params["ids"] == "job-1,2,job-1"
    with pytest.raises(InvalidInput, match="comma"):
        runs.compare(["a,b", "c"])


def test_an_artifact_is_its_bytes_whatever_its_name():
    runs, wire = speaking(httpx.Response(200, content=b"\x00\xff"))
    assert runs.artifact("job-1", "plots/a b?.png") == b"\x00\xff"
    assert path(wire.last) == "runs/job-1/artifacts/plots/a%20b%3F.png?root=artifacts"


@pytest.mark.parametrize("wrong", ["", "/etc/passwd", "../x", "a/../../x", "a//b", ".", "a/."])
def test_a_path_that_leaves_the_run_is_refused_before_it_is_sent(wrong):
    runs, wire = speaking(httpx.Response(200))
    with pytest.raises(InvalidInput, match="not the path of a file in a run"):
        runs.artifact("job-1", wrong)
    assert wire.requests == []


def test_a_download_lands_in_a_folder_under_its_own_name_or_in_the_file_named(tmp_path):
    runs, _ = speaking(httpx.Response(200, content=b"model"))
    assert runs.download("job-1", "sub/model.pt", tmp_path) == tmp_path / "model.pt"
    assert runs.download("job-1", "sub/model.pt", tmp_path / "other.pt") == tmp_path / "other.pt"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"model.pt": b"model", "other.pt": b"model"}


def body(*parts):
    return lambda request: httpx.Response(200, stream=Torn(parts))


def test_a_download_that_breaks_begins_anew_and_leaves_no_half(tmp_path):
    runs, _ = speaking(body(b"mod", httpx.ReadError("x")), body(b"model"))
    assert runs.download("job-1", "model.pt", tmp_path).read_bytes() == b"model"
    runs, wire = speaking(body(b"mod", httpx.ReadError("x")))
    (tmp_path / "model.pt").write_bytes(b"old")
    with pytest.raises(ServerUnreachable):
        runs.download("job-1", "model.pt", tmp_path)
    assert len(wire.requests) == 3
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("model.pt", b"old")]


def test_a_download_of_what_is_not_there_makes_nothing(tmp_path):
    runs, _ = speaking(
        httpx.Response(404, json={"error": {"code": "not_found", "message": "The run has no file 'x'."}})
    )
    with pytest.raises(NotFound):
        runs.download("job-1", "x", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_to_where_nothing_can_be_written_says_where(tmp_path):
    runs, _ = speaking(httpx.Response(200, content=b"model"))
    with pytest.raises(InvalidInput, match=r"missing/model.pt cannot be written: No such file"):
        runs.download("job-1", "model.pt", tmp_path / "missing" / "model.pt")


def test_outputs_are_the_records_of_the_cell():
    runs, wire = speaking(httpx.Response(200, json=[{"output_type": "display_data"}]))
    assert runs.outputs("job-1") == [{"output_type": "display_data"}]
    assert path(wire.last) == "runs/job-1/outputs"


def test_a_stream_begins_where_asked_and_resumes_both_positions_at_once():
    first = b"id: log:3,metrics:0\n" + sse(LogChunk("log", 0, 3, "abc")).split(b"\n", 1)[1]
    second = sse(MetricsChunk("metrics", 0, 9, []), Done("log", 3, "completed"))
    runs, wire = speaking(body(first, httpx.ReadError("x")), body(second))
    kinds = [type(message).__name__ for message in runs.stream("job-1", begin="end")]
    assert kinds == ["LogChunk", "MetricsChunk", "Done"]
    assert wire.requests[0].url.params["from"] == "end"
    assert wire.last.headers["Last-Event-ID"] == "log:3,metrics:0"
