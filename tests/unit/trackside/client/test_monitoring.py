import httpx
import msgspec
import pytest
from tests.talking import AT, Recorder, Torn, sse

from trackside.client import Client
from trackside.errors import InvalidInput
from trackside.models import SystemSample
from trackside.models.stream import Subscribed, SystemMessage

SAMPLE = SystemSample(
    at=AT, cpu_count=2, cpu_percent=5.0, memory_total=8, memory_used=3, disk_total=9, disk_used=1, jobs={"running": 1}
)


def speaking(answer):
    wire = Recorder(answer)
    return Client("http://127.0.0.1:1/", "t", transport=wire).monitoring, wire


def streaming(request):
    return httpx.Response(200, stream=Torn([sse(Subscribed("", 0), SystemMessage("", SAMPLE))]))


def test_status_is_the_machine_now():
    monitoring, wire = speaking(httpx.Response(200, json=msgspec.to_builtins(SAMPLE)))
    assert monitoring.status() == SAMPLE
    assert wire.last.url.path.endswith("/api/v1/system")
    assert dict(wire.last.url.params) == {"details": "1"}


def test_a_stream_gives_sample_after_sample_at_the_interval_asked_for():
    monitoring, wire = speaking(streaming)
    assert next(monitoring.stream(interval=2)) == SAMPLE
    assert dict(wire.last.url.params) == {"interval": "2"}


def test_types_choose_the_fields():
    monitoring, _ = speaking(streaming)
    assert next(monitoring.stream(types=["memory", "jobs"])) == {
        "at": AT, "memory_total": 8, "memory_used": 3, "jobs": {"running": 1},
    }  # fmt: skip


def test_details_are_asked_for_where_they_are_wanted():
    monitoring, wire = speaking(streaming)
    assert next(monitoring.stream(types=["processes"])) == {"at": AT, "processes": []}
    assert dict(wire.last.url.params) == {"interval": "5.0", "details": "1"}


def test_a_wrong_type_lists_the_near_ones_before_anything_is_sent():
    monitoring, wire = speaking(streaming)
    with pytest.raises(InvalidInput, match="Did you mean 'memory'"):
        monitoring.stream(types=["memry"])
    assert wire.requests == []
