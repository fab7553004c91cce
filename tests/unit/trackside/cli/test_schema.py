"""What the program says of itself is what it is."""

import json

import pytest

from trackside.cli import answers, program
from trackside.cli.schema import described
from trackside.errors import NotFound


def test_every_verb_is_described_with_its_answer():
    found = described()
    assert [verb["name"] for verb in found["verbs"]] == list(program._VERBS)
    assert all(verb["summary"] and verb["answer"] for verb in found["verbs"])
    assert json.loads(json.dumps(found)) == found
    assert {each["name"] for each in found["options"]} >= {"json", "url", "token", "ca_cert"}


def test_arguments_say_how_they_are_written():
    (verb,) = described("submit")["verbs"]
    known = {each["name"]: each for each in verb["arguments"]}
    assert known["gpus"]["flags"] == ["-g", "--gpus"]
    assert (known["tag"]["many"], known["tag"]["switch"]) == (True, False)
    assert known["wait"]["switch"]
    assert (known["file"]["flags"], known["file"]["required"]) == ([], False)
    assert len(verb["answer"]["anyOf"]) == 5


def test_what_an_answer_refers_to_is_there():
    found = described()
    text = json.dumps(found)
    for name in {part.split('"')[0] for part in text.split('"#/definitions/')[1:]}:
        assert name in found["definitions"]
    assert "Job" in described("show")["definitions"]
    assert "RunPage" not in described("show")["definitions"]


def test_a_wrong_verb_names_the_near_one():
    with pytest.raises(NotFound, match="Did you mean 'submit'"):
        described("submitt")


def test_every_verb_has_a_type_and_every_type_a_verb():
    assert set(answers.answer_types()) == set(program._VERBS)
