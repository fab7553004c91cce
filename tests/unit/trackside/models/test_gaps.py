"""Nobody meets a megabyte of zeros in a log that was too long."""

from trackside.models.gaps import gaps_told


def test_a_part_that_is_not_kept_becomes_one_line_that_says_how_much():
    told = gaps_told(b"first\nli" + bytes(2 << 20) + b"ne\nlast\n").decode()
    assert told == ("first\nli\n… 2.0 MB of output are not kept here: the log was longer than max_output …\nne\nlast\n")


def test_zeros_that_a_job_wrote_itself_stay():
    own = b"a\0b" + bytes(4095) + b"c"
    assert gaps_told(own) == own
