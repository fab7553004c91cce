"""The client that waits is the client that awaits, and nobody wrote it twice."""

import inspect

import pytest

from trackside.client import AsyncClient, Client
from trackside.client._async.jobs import AsyncJobs
from trackside.client._async.monitoring import AsyncMonitoring
from trackside.client._async.runs import AsyncRuns
from trackside.client._sync.jobs import Jobs
from trackside.client._sync.monitoring import Monitoring
from trackside.client._sync.runs import Runs
from trackside.client.generate import drift, main, synchronous


def test_the_committed_files_are_what_the_generator_gives():
    assert drift() == [], "run `python -m trackside.client.generate`"


def test_awaiting_words_fall_away_and_names_are_swapped():
    source = '''
async def read(self) -> Awaitable[str]:
    """Ask the AsyncClient."""
    async with aclosing(self.flow()) as flow:
        async for part in flow:
            found = await self.ask(part)
    return [x async for x in flow], (await self.b()).c  # noqa: ASYNC109
'''
    assert (
        synchronous(source)
        == '''
def read(self) -> str:
    """Ask the Client."""
    with closing(self.flow()) as flow:
        for part in flow:
            found = self.ask(part)
    return [x for x in flow], (self.b()).c
'''
    )


def test_an_unknown_word_is_a_usage_error(capsys):
    assert main(["--what"]) == 2
    assert "--check" in capsys.readouterr().err


def public(kind):
    return {name: member for name, member in inspect.getmembers(kind) if not name.startswith("_") and callable(member)}


PAIRS = [(AsyncClient, Client), (AsyncJobs, Jobs), (AsyncRuns, Runs), (AsyncMonitoring, Monitoring)]


@pytest.mark.parametrize(("awaiting", "waiting"), PAIRS, ids=[pair[1].__name__ for pair in PAIRS])
def test_both_have_the_same_names_with_the_same_parameters_and_the_same_words(awaiting, waiting):
    ours, theirs = public(awaiting), public(waiting)
    assert ours.keys() == theirs.keys()
    for name, method in ours.items():
        assert shape(method) == shape(theirs[name]), name
        assert (method.__doc__ or "").replace("Async", "") == (theirs[name].__doc__ or ""), name
    assert shape(awaiting.__init__) == shape(waiting.__init__)


def shape(method):
    parameters = inspect.signature(method).parameters.values()
    return [(one.name, one.kind, one.default, str(one.annotation).replace("Async", "")) for one in parameters]


def test_what_is_awaited_there_is_returned_here():
    for awaiting, waiting in PAIRS:
        for name, method in public(waiting).items():
            assert not inspect.iscoroutinefunction(method), name
            assert inspect.isgeneratorfunction(method) == inspect.isasyncgenfunction(public(awaiting)[name]), name
