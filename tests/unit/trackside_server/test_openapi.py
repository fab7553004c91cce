"""The REST description says what models and submission say, and the committed file says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from trackside.models.fields import FIELDS
from trackside_server import openapi
from trackside_server.openapi_bodies import SUBMISSION


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_committed_file_is_what_the_models_generate() -> None:
    assert openapi.main(["--check"]) == 0, "Run: python -m trackside_server.openapi"


def test_a_file_that_differs_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    stale = tmp_path / "openapi.json"
    stale.write_text("{}")
    monkeypatch.setattr(openapi, "OPENAPI_FILE", stale)
    assert openapi.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert openapi.main([]) == 0
    assert openapi.main(["--check"]) == 0


def test_every_reference_leads_to_a_schema() -> None:
    document = json.loads(json.dumps(openapi.build()))
    schemas = document["components"]["schemas"]
    assert {ref.rsplit("/", 1)[1] for ref in references(document)} <= set(schemas)


def test_a_submission_may_say_exactly_what_is_read() -> None:
    assert set(SUBMISSION) == set(FIELDS)


def test_operations_have_names_of_their_own() -> None:
    paths = openapi.build()["paths"]
    assert isinstance(paths, dict)
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names)) == len(openapi.ROUTES)


def test_what_the_server_answers_has_no_optional_fields_unless_they_are_left_out_on_the_wire() -> None:
    schemas = json.loads(json.dumps(openapi.build()))["components"]["schemas"]
    assert set(schemas["Job"]["required"]) == set(schemas["Job"]["properties"])
    assert schemas["JobSpec"].get("required", []) == []


def test_stream_messages_are_told_apart_by_their_type() -> None:
    schemas = json.loads(json.dumps(openapi.build()))["components"]["schemas"]
    assert schemas["ServerMessage"]["discriminator"]["propertyName"] == "type"
    assert schemas["ClientMessage"]["discriminator"]["propertyName"] == "op"
    assert schemas["Event"]["discriminator"]["mapping"].keys() == {"job", "job_deleted", "queue", "run"}
