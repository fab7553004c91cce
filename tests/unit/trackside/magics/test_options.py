"""What stands behind a magic's name is read whole, or refused in one sentence."""

import pytest

from trackside.errors import InvalidInput
from trackside.magics.options import Option, Usage, read_arguments

USAGE = Usage(
    "%%submit",
    "Run the cell as a job.",
    (
        Option(("-n", "--name"), "what the job is called", "NAME"),
        Option(("-g", "--gpus"), "GPUs", "N"),
        Option(("-e", "--env"), "a variable", "K=V", many="each"),
        Option(("--run",), "runs", "RUN…", many="rest"),
        Option(("-w", "--wait"), "wait for the end"),
        Option(("--priority",), "order in the queue", "N"),
    ),
    words="FILE",
    later=("--sweep",),
)


def read(line):
    return read_arguments(USAGE, line)


@pytest.mark.parametrize("line", ["-n baseline", "--name baseline", "--name=baseline", "-nbaseline", "-n 'baseline'"])
def test_an_option_may_be_written_as_people_write_it(line):
    assert read(line).text("name") == "baseline"


def test_switches_words_and_repeated_options_are_kept_apart():
    arguments = read("train.py -e A=1 -w --env B=2 other")
    assert arguments.words == ["train.py", "other"]
    assert arguments.texts("env") == ["A=1", "B=2"]
    assert arguments.has("wait")
    assert not arguments.has("name")


def test_an_option_may_take_several_words():
    assert read("--run a b c -w").texts("run") == ["a", "b", "c"]
    assert read("--run a --run b").texts("run") == ["a", "b"]


def test_names_are_split_at_commas():
    assert read("--run a,b, c").names("run") == ["a", "b", "c"]


def test_a_negative_number_is_a_value_and_a_word():
    assert read("--priority -5").text("priority") == "-5"
    assert read("-5").words == ["-5"]


def test_what_stands_behind_two_dashes_is_kept_as_typed():
    arguments = read("-n x --  python -c 'print(1)'  --name y")
    assert arguments.rest == "python -c 'print(1)'  --name y"
    assert arguments.text("name") == "x"


def test_two_dashes_inside_quotes_belong_to_the_value():
    assert read("-n 'a -- b' -w").text("name") == "a -- b"


def test_no_dashes_means_no_rest():
    assert read("-w").rest is None
    assert read("-w --").rest == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--gpu 2", "--gpu is not an option of %%submit. Did you mean --gpus?"),
        ("--nmae=x", "--nmae is not an option of %%submit. Did you mean --name?"),
        ("--zzz", "--zzz is not an option of %%submit. %%submit? shows what it takes."),
        ("-q", "-q is not an option of %%submit"),
        ("--sweep lr=1", "--sweep is not built in this version of Trackside"),
        ("--name", "--name needs a value. Write --name NAME."),
        ("--name -w", "--name needs a value"),
        ("--name a -n b", "-n was given twice"),
        ("--wait=yes", "--wait takes no value, 'yes' was given"),
        ("-n 'a", 'a quotation mark is not closed in "-n \'a"'),
    ],
)
def test_what_cannot_be_read_is_named(line, message):
    with pytest.raises(InvalidInput) as caught:
        read(line)
    assert message in str(caught.value)


def test_a_magic_without_words_refuses_one():
    with pytest.raises(InvalidInput, match="%jobs takes options only; 'x' is not one"):
        read_arguments(Usage("%jobs", "List jobs."), "x")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many"])
def test_a_number_that_is_none_is_refused(text):
    arguments = read(f"-g {text}")
    with pytest.raises(InvalidInput, match="is not a whole number above 0"):
        arguments.whole("gpus", 1)


def test_numbers_are_read():
    assert read("-g 3").whole("gpus", 1) == 3
    assert read("").whole("gpus", 7) == 7
    assert read("--priority 0.6").fraction("priority") == 0.6
    assert read("").fraction("priority") == 0.0
    with pytest.raises(InvalidInput, match="from 0 up to 1"):
        read("--priority 1").fraction("priority")
