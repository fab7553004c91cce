"""Whatever a person quotes behind a magic is read as it was meant."""

import contextlib
import shlex

from hypothesis import given
from hypothesis import strategies as st

from trackside.errors import InvalidInput
from trackside.magics.options import read_arguments
from trackside.magics.usages import SUBMIT, SUBMIT_LINE

VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1).filter(
    lambda value: not value.startswith("-")
)
COMMANDS = st.text("abc '\"\\|>$-=\n", min_size=1).filter(str.strip)


@given(VALUES, st.booleans())
def test_a_quoted_value_is_read_whole(value, attached):
    line = f"--name={shlex.quote(value)}" if attached else f"-n {shlex.quote(value)} --wait"
    assert read_arguments(SUBMIT, line).text("name") == value


@given(st.lists(VALUES, max_size=4), VALUES)
def test_repeated_options_keep_their_order_and_words_theirs(tags, name):
    line = " ".join([*(f"--tag {shlex.quote(tag)}" for tag in tags), "-n", shlex.quote(name), "x.py"])
    arguments = read_arguments(SUBMIT_LINE, line)
    assert arguments.texts("tag") == tags
    assert arguments.words == ["x.py"]


@given(COMMANDS)
def test_what_stands_behind_two_dashes_is_never_touched(command):
    assert read_arguments(SUBMIT_LINE, f"-w -- {command}").rest == command.strip()


@given(st.text())
def test_any_line_is_read_or_refused_as_bad_input(line):
    with contextlib.suppress(InvalidInput):
        read_arguments(SUBMIT, line)
