"""Pages of jobs and runs."""

import msgspec
import pytest

from trackside.models import JobPage, RunPage


@pytest.mark.parametrize("page", [RunPage, JobPage])
def test_a_page_is_iterated_over_and_counted_as_what_is_on_it_and_sent_as_before(page):
    one = page(["a", "b"], "more")
    assert (list(one), len(one), bool(page([]))) == (["a", "b"], 2, False)
    assert msgspec.json.decode(msgspec.json.encode(one))["next"] == "more"
