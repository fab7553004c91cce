"""Events reach every listener in order, each once, with no gap."""

import asyncio
import random
from datetime import UTC, datetime

import pytest

from trackside.errors import TryAgain
from trackside.models import RunChanged
from trackside_server.engine.hub import Hub

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def event(number):
    return RunChanged(number, NOW, f"run-{number}")


class Log:
    """Events as a store keeps them: committed first, published some time later."""

    def __init__(self, batch=3):
        self.kept = []
        self.hub = Hub(self.read)
        self._batch = batch

    async def read(self, since):
        await asyncio.sleep(0)
        return [each for each in self.kept if each.id > since][: self._batch]

    def commit(self):
        self.kept.append(event(len(self.kept) + 1))

    def publish(self):
        self.hub.publish([each for each in self.kept if each.id > self.hub.last])


async def take(listening, count):
    found = []
    async for each in listening:
        found.append(each.id)
        if len(found) == count:
            break
    await listening.aclose()
    return found


def test_a_listener_hears_what_was_and_what_comes():
    async def main():
        log = Log()
        for _ in range(10):
            log.commit()
        log.publish()
        task = asyncio.create_task(take(log.hub.listen(4), 8))
        await asyncio.sleep(0.01)
        for _ in range(2):
            log.commit()
        log.publish()
        assert await asyncio.wait_for(task, 5) == list(range(5, 13))
        assert not log.hub.has_listeners

    asyncio.run(main())


@pytest.mark.parametrize("seed", range(20))
def test_there_is_no_gap_and_no_repeat_whenever_one_begins_to_listen(seed):
    async def main():
        chance, log = random.Random(seed), Log()
        listeners = []
        for _ in range(60):
            for _ in range(chance.randrange(4)):
                log.commit()
            if chance.random() < 0.6:
                log.publish()
            if chance.random() < 0.3:
                since = chance.randrange(log.hub.last + 1)
                listeners.append((since, asyncio.create_task(take(log.hub.listen(since), 400 - since))))
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
        while len(log.kept) < 400:
            log.commit()
        log.publish()
        for since, task in listeners:
            assert await asyncio.wait_for(task, 5) == list(range(since + 1, 401))

    asyncio.run(main())


def test_a_listener_from_now_on_hears_nothing_old():
    async def main():
        log = Log()
        log.commit()
        log.publish()
        task = asyncio.create_task(take(log.hub.listen(), 1))
        await asyncio.sleep(0.01)
        log.commit()
        log.publish()
        assert await asyncio.wait_for(task, 5) == [2]

    asyncio.run(main())


def test_a_position_ahead_of_this_server_is_waited_for():
    """Another server of the home was faster: what it told is not told again."""

    async def main():
        log = Log()
        task = asyncio.create_task(take(log.hub.listen(3), 1))
        await asyncio.sleep(0.01)
        for _ in range(4):
            log.commit()
            log.publish()
        assert await asyncio.wait_for(task, 5) == [4]

    asyncio.run(main())


def test_a_listener_that_falls_too_far_behind_is_cut_off_and_the_others_are_not():
    async def main():
        log = Log(batch=10_000)
        slow, quick = log.hub.listen(0), log.hub.listen(0)
        log.commit()
        log.publish()
        assert (await anext(slow)).id == (await anext(quick)).id == 1
        heard = 1
        for _ in range(50):
            for _ in range(50):
                log.commit()
            log.publish()
            for _ in range(50):
                heard = (await anext(quick)).id
        assert heard == 2501
        with pytest.raises(TryAgain, match="too far behind"):
            await take(slow, 2501)
        log.commit()
        log.publish()
        assert await asyncio.wait_for(take(log.hub.listen(1), 2501), 5) == list(range(2, 2503)), "it resumes"
        await quick.aclose()

    asyncio.run(main())


def test_closing_ends_every_listener():
    async def main():
        log = Log()
        task = asyncio.create_task(take(log.hub.listen(0), 1))
        await asyncio.sleep(0.01)
        log.hub.close()
        with pytest.raises(TryAgain):
            await asyncio.wait_for(task, 5)

    asyncio.run(main())
