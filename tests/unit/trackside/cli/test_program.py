import json
import subprocess
import sys

import pytest

from trackside import errors
from trackside.cli import explain, main
from trackside.cli.program import UsageError, exit_code, parser

VERBS = [
    "submit",
    "jobs",
    "show",
    "logs",
    "explain",
    "cancel",
    "retry",
    "delete",
    "runs",
    "artifacts",
    "import",
    "export",
    "gpus",
    "server",
    "doctor",
    "prune",
]  # what README and the design name for this version


FAMILIES = [
    (UsageError("x"), 2),
    (errors.InvalidInput("x"), 3),
    (errors.NotCarried("x"), 3),
    (errors.NotFound("x"), 4),
    (errors.AmbiguousName("x"), 4),
    (errors.NotAllowed("x"), 5),
    (errors.TryAgain("x"), 6),
    (errors.ServerUnreachable("x"), 6),
    (errors.WaitTimeout("x"), 6),
    (errors.Conflict("x"), 1),
    (errors.JobFailed("x"), 1),
    (errors.InternalError("x"), 1),
]


@pytest.mark.parametrize(("error", "code"), FAMILIES, ids=lambda value: type(value).__name__)
def test_the_exit_code_says_what_to_do_next(error, code, monkeypatch, capsys):
    def run(terminal, arguments):
        raise error

    monkeypatch.setattr(explain, "run", run)
    assert exit_code(error) == code
    assert main(["explain", "x"]) == code
    assert capsys.readouterr().err == "error: x\n"


def test_an_error_is_one_line_with_its_hint(monkeypatch, capsys):
    def run(terminal, arguments):
        raise errors.NotFound("There is no\njob 'x'.", hint="Did you mean 'y'?")

    monkeypatch.setattr(explain, "run", run)
    main(["explain", "x"])
    assert capsys.readouterr().err == "error: There is no job 'x'. Did you mean 'y'?\n"


@pytest.mark.parametrize("words", [["--json", "explain", "x"], ["explain", "x", "--json"], ["explain", "--json", "x"]])
def test_json_holds_before_and_behind_the_verb_and_for_errors(words, monkeypatch, capsys):
    def run(terminal, arguments):
        raise errors.NotFound("No.", hint="Yes?", code="job_not_found")

    monkeypatch.setattr(explain, "run", run)
    assert main(words) == 4
    said = capsys.readouterr()
    assert json.loads(said.out) == {"data": None, "error": {"code": "job_not_found", "message": "No.", "hint": "Yes?"}}
    assert said.err == ""


def test_an_answer_is_data_in_the_envelope(monkeypatch, capsys):
    monkeypatch.setattr(explain, "run", lambda terminal, arguments: terminal.answer({"a": [1]}, "one"))
    assert main(["explain", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"data": {"a": [1]}, "error": None}
    assert main(["explain", "x"]) == 0
    assert capsys.readouterr().out == "one\n"


def test_a_level_of_words_that_is_none_is_named(monkeypatch, capsys):
    monkeypatch.setenv("TRACKSIDE_LOG", "loud")
    assert main(["explain", "x"]) == 3
    assert "TRACKSIDE_LOG: 'loud' is no level" in capsys.readouterr().err


def test_ctrl_c_is_130(monkeypatch):
    def run(terminal, arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(explain, "run", run)
    assert main(["explain", "x"]) == 130


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jbos"], "'jbos' is not a verb of trackside. Did you mean 'jobs'?"),
        (["frobnicate"], "Known: submit, jobs,"),
        ([], "The following arguments are required: VERB."),
        (["jobs", "--stat", "x"], "`trackside jobs` does not take '--stat'. Did you mean '--status'"),
        (["jobs", "--limit", "many"], "Argument --limit: invalid int value: 'many'."),
        (["server", "restart"], "invalid choice: 'restart'"),
        (["cancel"], "The following arguments are required: JOB."),
        (["show", "x", "--", "y"], "Nothing can stand behind -- here."),
    ],
)
def test_a_line_that_cannot_be_read_is_2_with_a_sentence(words, said, capsys):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_usage_error_is_an_envelope_too(capsys):
    assert main(["jobs", "--nope", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


def test_json_behind_two_dashes_is_the_commands_own():
    assert parser("submit").parse_args(["submit"]).json is False


def test_every_verb_explains_itself(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for verb in VERBS:
        assert f"    {verb} " in told
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        assert f"usage: trackside {verb}" in capsys.readouterr().out


def test_url_and_token_hold_before_and_behind_the_verb():
    for words in (["--url", "u", "--token", "t", "gpus"], ["gpus", "--url", "u", "--token", "t"]):
        arguments = parser().parse_args(words)
        assert (arguments.url, arguments.token) == ("u", "t")


def test_help_needs_neither_http_nor_wire_values():
    code = "import sys; from trackside.cli.program import parser; parser(); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"httpx", "msgspec", "asyncio"} & set(shown.stdout.split())


def test_a_reader_that_has_enough_is_no_error():
    code = "import sys; from trackside.cli import explain, main\n"
    code += "explain.run = lambda terminal, arguments: terminal.answer(None, 'x\\n' * 100000)\n"
    code += "sys.exit(main(['explain', 'x']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 0
