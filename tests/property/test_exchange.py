"""What is exported as CSV and imported again is the same run: steps, times, numbers, NaN and infinities."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from trackside.tracking import RunFolder, read_metrics
from trackside.tracking.clock import timestamp
from trackside.tracking.encoding import choose_encoding
from trackside.tracking.exporting import export_runs
from trackside.tracking.importing import Imported, import_runs
from trackside.tracking.importing.csv_file import STEPS, TIMES, parse_value
from trackside.tracking.values import loggable

TAKEN = {"_idx", "step", *STEPS, *TIMES}
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""A table with NUL bytes is taken for no table."""
KEYS = st.text(LETTERS, min_size=1, max_size=8).filter(lambda key: key.strip() == key and key.lower() not in TAKEN)
TEXTS = st.text(LETTERS, max_size=20).filter(lambda text: text.strip() and isinstance(parse_value(text), str))
VALUES = st.floats() | st.integers() | st.booleans() | TEXTS
STEP = st.none() | st.integers(-(2**70), 2**70)
MOMENT = st.floats(1e8, 4e9)
RECORDS = st.lists(st.tuples(st.dictionaries(KEYS, VALUES, max_size=4), STEP, MOMENT), min_size=1, max_size=8)


@settings(max_examples=40)
@given(RECORDS)
def test_a_run_that_went_out_as_csv_comes_back_the_same(records) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place) / "run")
        folder.create()
        folder.update_meta(run_id="run", name="run", status="completed")
        line = choose_encoding("json").line
        with folder.metrics.open("wb") as file:
            for index, (metrics, step, moment) in enumerate(records):
                begin = {"_idx": index, "_timestamp": timestamp(moment)} | ({} if step is None else {"step": step})
                file.write(line(begin | loggable(metrics)))
        (written,) = export_runs("csv", [folder], Path(place) / "run.csv")
        assert written.path is not None
        (result,) = import_runs("csv", [written.path], home=Path(place) / "home")
        assert isinstance(result, Imported), result
        before, after = read_metrics(folder.metrics), read_metrics(result.folder.metrics)
        assert [sorted(map(repr, record.items())) for record in after] == [
            sorted(map(repr, record.items())) for record in before
        ]


@given(RECORDS)
def test_an_export_as_json_says_what_the_files_say(records) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place) / "run")
        folder.create()
        folder.update_meta(run_id="run", name="run", status="completed")
        line = choose_encoding("json").line
        lines = [line({"_idx": index, **loggable(metrics)}) for index, (metrics, _, _) in enumerate(records)]
        folder.metrics.write_bytes(b"".join(lines))
        (written,) = export_runs("json", [folder], Path(place) / "run.json")
        assert written.path is not None
        (told,) = json.loads(written.path.read_bytes())["runs"]
        assert told["metrics"] == [json.loads(each) for each in lines]
