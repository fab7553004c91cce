"""The client against real servers: killed, restarted, moved, behind TLS, found by kernels, started on demand."""

import asyncio
import itertools
import json
import os
import ssl
import statistics
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.certificates import Authority
from tests.serving import LiveServer, Place, stop_templates, until
from trackside.client import AsyncClient, Client
from trackside.errors import InvalidInput, NotAllowed, NotFound, ServerUnreachable, WaitTimeout
from trackside.models import JobChanged
from trackside.models.stream import Done, LogChunk, MetricsChunk

COUNT = "i=0; while [ $i -lt {last} ]; do echo line $i; i=$((i+1)); sleep {pause}; done"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for all tests that leave it alive."""
    place = Place(tmp_path_factory.mktemp("shared") / "place")
    server = LiveServer(place).start()
    yield server
    server.stop()
    stop_templates(place.home)


@pytest.fixture
def client(shared):
    with Client(shared.url, shared.token) as client:
        yield client


def counting(last, pause=0.02):
    return {"command": COUNT.format(last=last, pause=pause), "workdir": "/tmp"}


def lines(last):
    return "".join(f"line {number}\n" for number in range(last))


def comes_back(server):
    """Kill the server and start it again at the address that it had."""
    port = int(server.url.split(":")[2].strip("/"))
    server.kill()
    return LiveServer(server.place, token=server.token, port=port).start()


def test_a_job_from_submission_to_its_last_line(client):
    job = client.jobs.submit(
        {"command": ["sh", "-c", "echo out; echo err >&2; exit 3"], "name": "first", "tags": ["x"]}
    )
    number = int(job.id.removeprefix("job-"))
    assert job.status == "pending"
    ended = client.jobs.wait(job, timeout=30)
    assert (ended.status, ended.exit_code, ended.reason.code) == ("failed", 3, "exit_code")
    assert client.jobs.get("first") == client.jobs.get(number) == client.jobs.get(job.id)
    assert client.jobs.logs("first") == "out\nerr\n"
    assert client.jobs.logs("first", tail=1) == "err\n"
    assert [found.id for found in client.jobs.iterate(tag="x", status="failed")] == [job.id]
    assert client.jobs.explain(job).status == "failed"
    again = client.jobs.retry(job)
    assert (again.id, client.jobs.wait(again, timeout=30).attempt) == (job.id, 2)
    client.jobs.delete(job)
    with pytest.raises(NotFound):
        client.jobs.get("first")


def test_a_cancelled_job_ends_as_cancelled(client):
    job = client.jobs.submit({"command": ["sleep", "600"]})
    until(lambda: client.jobs.get(job).is_running, "the start")
    client.jobs.cancel(job)
    assert client.jobs.wait(job, timeout=30).status == "cancelled"


def test_wrong_input_comes_back_in_the_servers_words_and_makes_nothing(client):
    with pytest.raises(InvalidInput, match="Did you mean 'command'"):
        client.jobs.submit({"comand": ["true"], "tags": ["wrong"]})
    good = {"command": ["true"], "tags": ["wrong"]}
    with pytest.raises(InvalidInput, match="Job 2 of 2"):
        client.jobs.submit_many([good, {**good, "memory": "8"}])
    assert client.jobs.list(tag="wrong").jobs == []


def test_one_key_makes_one_job_also_from_ten_threads_at_once(client):
    made = []
    threads = [
        threading.Thread(
            target=lambda: made.append(client.jobs.submit({"command": ["true"]}, idempotency_key="nightly").id)
        )
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 10
    assert len(set(made)) == 1


def test_a_dry_run_says_what_would_be(client):
    plan = client.jobs.submit({"command": ["true"], "time": "1h", "tags": ["dry"]}, dry_run=True)
    assert plan.spec.time == 3600
    assert next(limit for limit in plan.limits if limit.name == "time").enforced
    assert client.jobs.list(tag="dry").jobs == []


def test_awaiting_does_the_same(shared):
    async def go():
        async with AsyncClient(shared.url, shared.token) as client:
            assert await client.health()
            jobs = await client.jobs.submit_many([counting(3), {"command": "exit 4"}])
            ended = await client.jobs.wait(jobs, timeout=30)
            texts = [text async for text in client.jobs.logs(jobs[0], follow=True)]
            return [job.exit_code for job in ended], "".join(texts), await client.jobs.logs(jobs[0])

    assert asyncio.run(go()) == ([0, 4], lines(3), lines(3))


def test_a_wrong_token_is_named(shared):
    with Client(shared.url, "wrong") as client, pytest.raises(NotAllowed, match="the token is wrong"):
        client.info()


def test_a_server_without_our_routes_is_named(shared):
    with (
        Client(f"{shared.url}elsewhere/", shared.token) as client,
        pytest.raises(ServerUnreachable, match="not a Trackside"),
    ):
        client.info()


def test_waiting_is_over_within_a_moment_of_the_end(client):
    """Told by the stream: the jobs' own clocks say when they ended."""
    late = []
    for _ in range(5):
        job = client.jobs.wait(client.jobs.submit({"command": ["sleep", "0.3"]}), timeout=30)
        late.append(time.time() - job.finished_at.timestamp())
    print(f"end to return: {statistics.median(late) * 1e3:.0f} ms")
    assert statistics.median(late) < 0.5


def test_the_time_to_wait_is_kept_while_events_rush_by(client):
    job = client.jobs.submit({"command": ["sleep", "60"]})
    stop = threading.Event()

    def rush():
        while not stop.is_set():
            client.jobs.submit({"command": ["true"], "cpus": 0.1})

    other = threading.Thread(target=rush)
    other.start()
    began = time.monotonic()
    try:
        with pytest.raises(WaitTimeout, match="it goes on"):
            client.jobs.wait(job, timeout=1.0)
        taken = time.monotonic() - began
    finally:
        stop.set()
        other.join(30)
        client.jobs.cancel(job)
    assert 1.0 <= taken < 2.5


def test_a_log_is_searched_from_its_end(client):
    job = client.jobs.wait(client.jobs.submit(counting(30, pause=0)), timeout=30)
    found = client.jobs.search_log(job, "LINE 2", limit=3, ignore_case=True)
    assert [match.line for match in found.matches] == ["line 29", "line 28", "line 27"]
    assert [match.line for match in client.jobs.search_log(job, "line 2", before=found.next).matches][-1] == "line 2"


def test_a_followed_log_is_whole_though_the_server_is_killed_twice(place):
    server = LiveServer(place).start()
    with Client(server.url, server.token) as client:
        job = client.jobs.submit(counting(200))
        parts = []
        follower = threading.Thread(target=lambda: parts.extend(client.jobs.logs(job, follow=True)), daemon=True)
        follower.start()
        for goal in (20, 80):
            until(lambda goal=goal: "".join(parts).count("\n") > goal, f"{goal} lines")
            server = comes_back(server)
        follower.join(60)
        assert not follower.is_alive()
        assert "".join(parts) == lines(200)
        assert client.jobs.wait(job, timeout=30).exit_code == 0
    server.stop()


def test_bytes_are_followed_as_they_were_written(client):
    script = "import sys, time\nfor n in range(40): sys.stdout.buffer.write(bytes(range(256))); sys.stdout.flush(); time.sleep(.01)"
    job = client.jobs.submit({"command": [sys.executable, "-c", script]})
    assert b"".join(client.jobs.logs(job, follow=True, binary=True)) == bytes(range(256)) * 40


def test_events_come_once_and_in_order_though_the_server_is_killed(place):
    server = LiveServer(place).start()
    with Client(server.url, server.token) as client, Client(server.url, server.token) as other:
        seen = []
        listener = threading.Thread(
            target=lambda: seen.extend(itertools.takewhile(not_last, client.events(0))), daemon=True
        )
        listener.start()
        other.jobs.submit_many([counting(5) for _ in range(5)])
        until(lambda: len(seen) > 3, "some events")
        server = comes_back(server)
        other.jobs.wait([f"job-{number}" for number in range(1, 6)], timeout=60)
        other.jobs.wait(other.jobs.submit({"command": ["true"], "name": "last"}), timeout=30)
        listener.join(30)
        assert not listener.is_alive(), seen[-1:]
        whole = list(itertools.takewhile(not_last, other.events(0)))
        assert [event.id for event in seen] == [event.id for event in whole]
        assert [event.id for event in whole] == sorted({event.id for event in whole})
        assert {event.job.id for event in whole if event.job.is_terminal} == {f"job-{number}" for number in range(1, 6)}
    server.stop()


def not_last(event):
    return not (isinstance(event, JobChanged) and event.job.name == "last" and event.job.is_terminal)


def test_waiting_lasts_through_a_restart_at_another_address_for_a_client_that_found_its_server(place, monkeypatch):
    server = LiveServer(place).start()
    for name, value in place.environment().items():
        monkeypatch.setenv(name, value)
    with Client() as client:
        job = client.jobs.submit({"command": "sleep 3; exit 5", "workdir": "/tmp"})
        ended = []
        waiter = threading.Thread(target=lambda: ended.append(client.jobs.wait(job, timeout=60)), daemon=True)
        waiter.start()
        until(lambda: client.jobs.get(job).is_running, "the start")
        server.kill()
        server = LiveServer(place).start()
        waiter.join(60)
        assert [job.exit_code for job in ended] == [5]
        assert client.address().pid == server.pid
    assert not (place.home / "headless.lock").exists(), "a server was started though Jupyter was just restarting"
    server.stop()


def test_a_run_stream_resumes_log_and_metrics_exactly(place):
    server = LiveServer(place).start()
    script = (
        "import os, time\n"
        "m = open(os.environ['TRACKSIDE_RUN_DIR'] + '/metrics.jsonl', 'a', buffering=1)\n"
        "for i in range(150):\n"
        "    print('line', i, flush=True); m.write('{\"_idx\": %d, \"step\": %d}\\n' % (i, i)); time.sleep(.02)\n"
    )
    with Client(server.url, server.token) as client:
        job = client.jobs.submit({"command": [sys.executable, "-c", script]})
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(client.runs.stream(job)), daemon=True)
        reader.start()
        until(lambda: sum(isinstance(message, LogChunk) for message in seen) > 10, "some of the log")
        server = comes_back(server)
        reader.join(60)
        assert not reader.is_alive(), seen[-3:]
        assert "".join(message.text for message in seen if isinstance(message, LogChunk)) == lines(150)
        records = [
            json.loads(bytes(raw)) for message in seen if isinstance(message, MetricsChunk) for raw in message.records
        ]
        assert [record["_idx"] for record in records] == list(range(150))
        assert isinstance(seen[-1], Done)
        assert [record["step"] for record in client.runs.records(job)] == list(range(150))
    server.stop()


def test_files_of_a_run_come_down_whole(client, tmp_path):
    job = client.jobs.submit(
        {
            "command": "mkdir -p $TRACKSIDE_RUN_DIR/artifacts/a; head -c 9000000 /dev/urandom > $TRACKSIDE_RUN_DIR/artifacts/a/m.bin"
        }
    )
    job = client.jobs.wait(job, timeout=30)
    (artifact,) = client.runs.artifacts(job).artifacts
    assert (artifact.path, artifact.size) == ("a/m.bin", 9_000_000)
    saved = client.runs.download(job, "a/m.bin", tmp_path)
    assert saved.read_bytes() == client.runs.artifact(job, "a/m.bin")
    with pytest.raises(NotFound):
        client.runs.download(job, "a/none", tmp_path)


def test_the_machine_is_told_now_and_again(client):
    assert client.monitoring.status().cpu_count == len(os.sched_getaffinity(0))
    first, second = itertools.islice(client.monitoring.stream(interval=0.5), 2)
    assert second.at > first.at


def asking(place, code="print(c.info().pid, c.address().source)", **env):
    """What a process of this user prints, that knows no more than its surroundings."""
    program = f"from trackside.client import Client\nc = Client()\n{code}"
    told = subprocess.run(
        [sys.executable, "-c", program], env=place.environment(**env), capture_output=True, text=True, timeout=90
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.split()


def test_a_kernel_finds_the_server_that_started_it_and_any_process_the_one_of_its_home(shared):
    assert asking(shared.place, JPY_PARENT_PID=str(shared.pid)) == [str(shared.pid), "file"]
    assert asking(shared.place) == [str(shared.pid), "file"]


def test_a_job_finds_the_server_of_its_home(client, shared):
    code = "from trackside.client import Client; print(Client().info().pid)"
    job = client.jobs.submit({"command": [sys.executable, "-c", code]})
    client.jobs.wait(job, timeout=60)
    assert client.jobs.logs(job) == f"{shared.pid}\n"


def test_a_password_and_a_base_url_are_no_hindrance_to_a_kernel(place, tmp_path):
    """The server's own secret lets its kernels in, whatever a browser has to type; a hub's variables name it too."""
    options = ("--PasswordIdentityProvider.hashed_password=argon2:$argon2id$x",)
    server = LiveServer(place, options=options, base_url="/user/ann/").start()
    assert server.url.endswith("/user/ann/")
    assert asking(place, JPY_PARENT_PID=str(server.pid)) == [str(server.pid), "file"]
    hub = {
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/",
        "JUPYTERHUB_SERVICE_URL": server.url.replace("127.0.0.1", "0.0.0.0"),
        "JUPYTERHUB_API_TOKEN": server.token,
    }
    assert asking(Place(tmp_path / "elsewhere"), **hub) == [str(server.pid), "hub"]
    server.stop()


def test_a_server_with_a_certificate_of_its_own_is_found_by_its_kernels_and_reached_by_others(place):
    place.root.mkdir(parents=True)
    authority = Authority(place.root)
    pair = authority.issue("server", "lab.example.org", "127.0.0.1")
    server = TlsServer(place, pair, authority).start()
    assert asking(place, JPY_PARENT_PID=str(server.pid)) == [str(server.pid), "file"]
    with Client(server.url, server.token, ca_cert=authority.ca) as client:
        assert client.health()
    with Client(server.url, server.token) as client, pytest.raises(NotAllowed, match="not trusted here"):
        client.info()
    server.stop()


def test_a_server_that_asks_for_client_certificates_lets_in_those_of_its_authority(place, tmp_path):
    """Jupyter Server's own options on one side; the client, the environment and the command line on the other."""
    place.root.mkdir(parents=True)
    authority, strangers = Authority(place.root), Authority(tmp_path, "Other CA")
    ann, stranger = authority.issue("ann"), strangers.issue("stranger")
    server = TlsServer(place, authority.issue("server", "127.0.0.1"), authority, asks=ann).start()
    how = {"ca_cert": authority.ca, "client_cert": ann.cert, "client_key": ann.key}
    with Client(server.url, server.token, **how) as client:
        job = client.jobs.submit({"command": ["echo", "let in"], "workdir": "/tmp"})
        assert client.jobs.wait(job, 60).status == "completed"
        assert "".join(client.jobs.logs(job, follow=True)) == "let in\n"
    for wrong, code in (
        ({"ca_cert": authority.ca}, "tls_client_certificate"),
        ({"ca_cert": authority.ca, "client_cert": stranger.cert, "client_key": stranger.key}, "tls_client_certificate"),
        ({**how, "ca_cert": strangers.ca}, "tls_unknown_ca"),
    ):
        with Client(server.url, server.token, **wrong) as client, pytest.raises(NotAllowed) as told:
            client.info()
        assert told.value.code == code
    with Client(server.url, "a-wrong-token", **how) as client, pytest.raises(NotAllowed) as told:
        client.jobs.list()
    assert "token" in str(told.value)

    def trackside(*words, **variables):
        named = {"TRACKSIDE_URL": server.url, "TRACKSIDE_TOKEN": server.token, **variables}
        asked = [sys.executable, "-m", "trackside.cli", "--json", *words]
        done = subprocess.run(asked, env=place.environment(**named), capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    files = ("--ca-cert", authority.ca, "--client-cert", ann.cert, "--client-key", ann.key)
    assert trackside("show", job.id, *files)[1]["data"]["status"] == "completed"
    named = {"TRACKSIDE_CA_CERT": authority.ca, "TRACKSIDE_CLIENT_CERT": ann.cert, "TRACKSIDE_CLIENT_KEY": ann.key}
    assert trackside("show", job.id, **named)[0] == 0
    code, answer = trackside("show", job.id, TRACKSIDE_CA_CERT=authority.ca)
    assert (code, answer["error"]["code"]) == (5, "tls_client_certificate")
    server.stop()


class TlsServer(LiveServer):
    """A server behind TLS; asked over the client, since plain requests know nothing of its authority."""

    def __init__(self, place, pair, authority, asks=None):
        """``asks``: a client's certificate, such as it then wants to see from everybody."""
        options = (f"--certfile={pair.cert}", f"--keyfile={pair.key}")
        super().__init__(place, options=options if asks is None else (*options, f"--client-ca={authority.ca}"))
        self.authority = authority
        self.own = asks

    def request(self, method, path, **options):
        headers = {"Authorization": f"token {self.token}"}
        trusting = ssl.create_default_context(cafile=self.authority.ca)
        if self.own is not None:
            trusting.load_cert_chain(self.own.cert, self.own.key)
        return httpx.request(method, self.api + path, headers=headers, verify=trusting)


@pytest.fixture
def headless_place(tmp_path):
    """A place whose headless server is ended by the id in its file."""
    place = Place(tmp_path / "place")
    yield place
    for path in place.runtime.glob("trackside-*.json"):
        pid = json.loads(path.read_text())["pid"]
        os.kill(pid, 15)
        until(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), f"the end of server {pid}")  # noqa: PTH110


def test_where_no_server_runs_several_processes_at_once_start_one_and_say_so(headless_place):
    program = "from trackside.client import Client; c = Client(); print(c.info().pid, c.address().headless)"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=headless_place.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert len({out for out, _ in told}) == 1, told
    assert told[0][0].endswith("True\n")
    said = "".join(err for _, err in told)
    assert said == (
        f"Trackside: no Jupyter server here; started one for {headless_place.home} (ends 30 minutes after its last job)\n"
    )
    assert (headless_place.home / "server.log").stat().st_mode & 0o077 == 0


def test_health_alone_starts_no_server(headless_place):
    assert asking(headless_place, "print(c.health())") == ["False"]
    assert not headless_place.home.exists()


def test_a_home_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    place = Place(tmp_path / "place")
    place.root.mkdir()
    place.home.write_text("a file, not a folder")
    told = asking(place, "try: c.info()\nexcept Exception as error: print(type(error).__name__, error)")
    assert told[0] == "InvalidInput"
    assert "cannot be used" in " ".join(told)


def test_an_environment_that_cannot_serve_says_what_to_install(headless_place):
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'jupyter_server' else find(name)\n"
        "try: c.info()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    told = " ".join(asking(headless_place, code))
    assert told.startswith("ServerUnreachable")
    assert "jupyter_server is missing" in told
    assert 'pip install "trackside[lab]"' in told


def test_a_request_costs_the_client_less_than_three_milliseconds(client):
    job = client.jobs.wait(client.jobs.submit({"command": ["true"]}), timeout=30)
    read = timed(lambda: client.jobs.get(job), 100)
    submit = timed(lambda: client.jobs.submit({"command": ["true"], "environment": dict(os.environ)}), 20)
    print(f"own time of a get {read * 1e3:.2f} ms, of a submit {submit * 1e3:.2f} ms")
    assert max(read, submit) < 0.003


def timed(call, times):
    """Return the CPU seconds that this thread spent on a call, of the best tenth: what others do shall not count."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        call()
        taken.append(time.thread_time() - began)
    return sorted(taken)[times // 10]
