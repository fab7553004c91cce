"""Records of the standard ``logging`` in the log of a run."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackside.tracking import Run, RunFolder, init, read_metrics
from trackside.tracking.integrations import LogHandler


@pytest.fixture
def logger(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    """A logger of this test alone."""
    logger = logging.getLogger(f"test.{request.node.name}")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    yield logger
    for handler in list(logger.handlers):
        handler.close()


@pytest.fixture
def job(home: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    folder = RunFolder(home / "runs" / "job-1")
    folder.create()
    folder.meta.write_text(json.dumps({"run_id": "job-1", "status": "running"}))
    monkeypatch.setenv("TRACKSIDE_RUN_DIR", str(folder.path))
    return folder


def _quick() -> Run:
    return init(system_metrics=False, capture_git=False, capture_pip=False)


def _log(run: Run) -> str:
    return (run.run_dir / "output.log").read_text()


def test_half_a_character_is_spelt_out() -> None:
    run = _quick()
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "half a \udcff sign", None, None)
    LogHandler().handle(record)  # by itself: pytest, which hears every logger, cannot pass it on
    assert _log(run).endswith("half a \\udcff sign\n")


def test_records_are_lines_of_the_runs_log_by_the_rules_of_logging(logger: logging.Logger) -> None:
    run = _quick()
    logger.addHandler(LogHandler("WARNING"))
    logger.info("not this")
    logger.warning("lost %d of %d", 1, 2)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logger.exception("no such thing")
    first, second, *rest = _log(run).splitlines()
    assert first.endswith(f" WARNING {logger.name}: lost 1 of 2")
    assert second.endswith("no such thing")
    assert rest[-1] == "ZeroDivisionError: division by zero"


def test_a_formatter_is_taken_as_any_handler_takes_it(logger: logging.Logger) -> None:
    run = _quick()
    handler = LogHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s|%(message)s"))
    logger.addHandler(handler)
    logger.debug("x")
    assert _log(run) == "DEBUG|x\n"


def test_the_open_run_is_written_to_and_none_is_made(logger: logging.Logger, home: Path) -> None:
    logger.addHandler(LogHandler())
    logger.info("before")
    assert not (home / "runs").exists()
    with _quick() as one:
        logger.info("in one")
    logger.info("between")
    with _quick() as two:
        logger.info("in two")
    assert [_log(run).split(": ", 1)[1] for run in (one, two)] == ["in one\n", "in two\n"]


def test_a_run_that_is_given_is_written_to_whichever_is_open(logger: logging.Logger) -> None:
    first, second = _quick(), _quick()
    logger.addHandler(LogHandler(run=first))
    logger.info("x")
    assert "x" in _log(first)
    assert not (second.run_dir / "output.log").exists()


def test_numbers_travel_beside_the_text(logger: logging.Logger) -> None:
    run = _quick()
    handler = LogHandler()
    logger.addHandler(handler)
    logger.info("epoch done", extra={"metrics": {"loss": 0.5, "odd": [1, 2]}, "step": 3})
    (record,) = read_metrics(run.run_dir / "metrics.jsonl")
    assert (record["step"], record["loss"], "odd" in record, handler.dropped) == (3, 0.5, False, 1)
    assert "epoch done" in _log(run)


def test_in_a_job_a_line_that_is_printed_is_not_written_again(logger: logging.Logger, job: RunFolder) -> None:
    logger.addHandler(LogHandler())
    logger.info("for the log alone")
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.WARNING)
    logger.addHandler(console)
    logger.info("below the console's level")
    logger.warning("printed")
    assert [line.split(": ", 1)[1] for line in job.log.read_text().splitlines()] == [
        "for the log alone", "below the console's level",
    ]  # fmt: skip
    assert not job.metrics.exists()


def test_a_line_that_cannot_be_written_is_counted_and_said_once(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    run = _quick()
    (run.run_dir / "output.log").mkdir()
    handler = LogHandler()
    logger.addHandler(handler)
    logger.info("one")
    logger.info("two")
    assert handler.dropped == 2
    assert len([record for record in caplog.records if record.name == "trackside"]) == 1
