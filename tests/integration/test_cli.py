"""The program ``trackside`` as a person in a terminal meets it: real processes, a real server, real exit codes."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from tests.serving import LiveServer, Place, stop_templates, until
from trackside.cli.answers import answer_types


class Shell:
    """Runs ``trackside`` in one place."""

    def __init__(self, place, **env):
        self.place = place
        self.env = place.environment(PYTHONUNBUFFERED="1", **env)

    def start(self, *words, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": self.env, "cwd": "/tmp", **options}
        return subprocess.Popen([sys.executable, "-m", "trackside.cli", *words], **options)

    def __call__(self, *words, code=0):
        process = self.start(*words, text=True)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, (words, process.returncode, out, err)
        return out, err

    def json(self, *words, code=0):
        out, _ = self("--json", *words, code=code)
        return json.loads(out)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for all tests that leave it alive."""
    place = Place(tmp_path_factory.mktemp("shared") / "place")
    server = LiveServer(place).start()
    yield server
    server.stop()
    stop_templates(place.home)


@pytest.fixture(scope="module")
def shell(shared):
    return Shell(shared.place)


def test_a_job_from_submission_to_deletion(shell):
    out, err = shell("submit", "-n", "first", "--tag", "x", "-t", "1h", "--", "sh", "-c", "echo hello; exit 3")
    assert (out[:4], err) == ("job-", "")
    job = out.strip()
    assert shell("logs", job, "-f")[0] == "hello\n"
    until(lambda: shell.json("show", job)["data"]["status"] == "failed", "the end")
    shown, _ = shell("show", "first")
    assert f"first · {job} · failed · exit code 3" in shown
    assert "sh -c 'echo hello; exit 3'" in shown
    assert re.search("why +ended with exit code 3", shown)
    assert shell("explain", job)[0].startswith(f"{job} failed: ended with exit code 3")
    assert re.search(r"first +failed · exit code 3", shell("jobs", "--tag", "x")[0])
    assert re.search(rf"{job} +first", shell("runs", "first")[0])
    assert "output.log" in shell("artifacts", job, "--all")[0]
    assert shell("retry", job, "-m", "64M")[0].startswith(f"{job} ")
    assert shell.json("show", job)["data"]["spec"]["memory"] == 64 << 20
    until(lambda: shell.json("show", job)["data"]["attempt"] == 2, "the second attempt")
    until(lambda: shell.json("show", job)["data"]["status"] == "failed", "its end")
    assert shell("delete", job)[0] == f"{job} deleted\n"
    assert "There is no job" in shell("show", job, code=4)[1]


def test_a_paused_queue_is_told_and_resumed(shell):
    assert shell("pause")[0].startswith("the queue is paused since ")
    job = shell("submit", "--", "true")[0].strip()
    assert shell("jobs")[0].startswith("The queue is paused since ")
    assert "resume it with `trackside resume`" in shell("explain", job)[0]
    assert shell.json("resume")["data"]["paused"] is False
    until(lambda: shell.json("show", job)["data"]["status"] == "completed", "the end")
    assert "paused" not in shell("jobs")[0]


def test_waiting_and_following_end_with_the_jobs_fate(shell):
    assert shell("submit", "-w", "--", "true")[0] == ""
    _, err = shell("submit", "-w", "--", "false", code=1)
    assert re.search(r"error: job-\d+ failed · exit code 1 after .*\. `trackside logs job-\d+` has its output\.", err)
    out, err = shell("submit", "-f", "--", "sh", "-c", "echo one; sleep 0.2; echo two")
    assert out == "one\ntwo\n"
    assert "completed in" in err


def test_a_script_runs_with_its_words_where_the_terminal_is(shell, tmp_path):
    script = tmp_path / "train.py"
    script.write_text("import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['SEED'])")
    out, _ = shell("submit", "-f", "-e", "SEED=7", str(script), "--", "--lr", "0.1")
    assert out == "['--lr', '0.1'] /tmp 7\n"


def test_the_output_is_printed_byte_for_byte(shell):
    process = shell.start(
        "submit", "-f", "--", sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(range(256)))"
    )
    assert process.communicate(timeout=60)[0] == bytes(range(256))


def test_json_is_one_envelope_whatever_happens(shell):
    made = shell.json("submit", "--", "true")
    assert made["error"] is None
    assert made["data"]["spec"]["command"] == ["true"]
    assert shell.json("jobs", "--limit", "1")["data"]["jobs"][0]["id"] == made["data"]["id"]
    failed = shell.json("submit", "-w", "--", "false", code=1)
    assert (failed["data"]["exit_code"], failed["error"]["code"]) == (1, "job_failed")
    missing = shell.json("show", "nope", code=4)
    assert (missing["data"], missing["error"]["message"]) == (None, "There is no job 'nope'.")
    assert shell.json("submit", "-m", "8", "--", "true", code=3)["error"]["hint"] == "Did you mean '8G'?"
    assert shell.json("gpus")["data"]["gpus"] == []
    assert shell.json("runs")["data"]["runs"]
    assert shell.json("explain", made["data"]["id"])["data"]["id"] == made["data"]["id"]


def test_a_dry_run_says_how_limits_would_be_held_and_makes_nothing(shell):
    before = shell.json("jobs", "--limit", "1")["data"]["jobs"]
    out, _ = shell("submit", "--dry-run", "-t", "1h", "--", "true")
    assert "time 1 h, enforced by runner" in out
    assert shell.json("jobs", "--limit", "1")["data"]["jobs"] == before


def test_exit_codes_for_what_others_did_wrong(shell):
    assert "the token is wrong" in shell("jobs", "--token", "wrong", code=5)[1]
    assert "Nothing listens at http://127.0.0.1:9/" in shell("jobs", "--url", "http://127.0.0.1:9", code=6)[1]
    assert "is not the URL of a server" in shell("jobs", "--url", "ftp://lab", code=3)[1]
    finished = json.loads(shell("submit", "-w", "--json", "--", "true")[0])["data"]["id"]
    lasting = shell("submit", "--", "sleep", "600")[0].strip()
    out, err = shell("cancel", finished, lasting, code=1)
    assert "nothing to cancel" in err
    assert lasting in out, "one that cannot be cancelled keeps no other from it"
    until(lambda: shell.json("show", lasting)["data"]["status"] == "cancelled", "the end")


def test_ctrl_c_leaves_the_job_running_and_says_how_to_stop_it(shell):
    process = shell.start("submit", "-f", "--", "sh", "-c", "echo begun; sleep 600")
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    job = re.search(rb"(job-\d+) goes on; `trackside cancel \1` stops it\.", err)[1].decode()
    assert shell.json("show", job)["data"]["status"] == "running"
    shell("cancel", job)
    until(lambda: shell.json("show", job)["data"]["status"] == "cancelled", "the end")


def test_files_are_downloaded_where_asked(shell, tmp_path):
    job = shell.json(
        "submit",
        "-w",
        "--",
        "sh",
        "-c",
        "mkdir $TRACKSIDE_RUN_DIR/artifacts; echo x > $TRACKSIDE_RUN_DIR/artifacts/m.txt",
    )
    out, _ = shell("artifacts", job["data"]["id"], "m.txt", "--to", str(tmp_path))
    assert out == f"{tmp_path}/m.txt\n"
    assert (tmp_path / "m.txt").read_text() == "x\n"


def test_a_watched_list_in_a_pipe_tells_each_change_once(shell):
    process = shell.start("jobs", "--watch", "--json")
    try:
        # the stream begins some time after the start: submit until it has told of one
        seen = []
        while not seen:
            job = shell("submit", "-w", "--json", "--", "true")[0]
            os.set_blocking(process.stdout.fileno(), False)
            seen = [json.loads(line)["data"] for line in (process.stdout.read() or b"").splitlines()]
        last = json.loads(job)["data"]["id"]
        assert [change["status"] for change in seen if change["id"] == last][-1:] in (
            ["completed"],
            ["running"],
            ["pending"],
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130


def test_a_watched_list_on_a_screen_is_redrawn_when_something_happens(shell):
    controller, screen = pty.openpty()
    process = shell.start("jobs", "--watch", stdout=screen)
    os.close(screen)
    os.set_blocking(controller, False)
    drawn = b""

    def look():
        nonlocal drawn
        with contextlib.suppress(BlockingIOError):
            drawn += os.read(controller, 65536)
        return drawn

    until(lambda: b"\x1b[2J" in look(), "the first drawing")
    shell("submit", "-n", "onscreen", "--", "sleep", "0.5")
    until(lambda: b"onscreen" in look(), "the new job")
    until(lambda: re.search(rb"onscreen +(\x1b\[32m)?completed", look()), "its end")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    os.close(controller)


def test_doctor_finds_nothing_wrong_with_a_working_place(shell, shared):
    out, _ = shell("doctor")
    assert f"ok       home              {shared.place.home}" in out
    assert f"at {shared.url}" in out
    assert "problem" not in out
    findings = shell.json("doctor")["data"]
    assert {"home", "disk", "server", "scheduler", "GPUs", "limits"} <= {finding["name"] for finding in findings}


def test_doctor_says_what_is_bad(shell, shared):
    shared.place.home.chmod(0o755)
    try:
        assert "problem  home" in shell("doctor", code=1)[0]
    finally:
        shared.place.home.chmod(0o700)
    assert "problem  server" in shell("doctor", "--url", "http://127.0.0.1:9", code=1)[0]


def test_the_server_of_jupyterlab_is_not_ours_to_stop(shell, shared):
    assert f"server {shared.address['version']} at {shared.url}, process {shared.pid}" in shell("server", "status")[0]
    assert shell("server", "start")[0] == shell("server", "status")[0]
    assert "JupyterLab's own" in shell("server", "stop", code=1)[1]
    assert "is for this machine" in shell("server", "stop", "--url", shared.url, code=3)[1]


def test_a_headless_server_is_started_looked_at_and_stopped_and_jobs_go_on(tmp_path):
    place = Place(tmp_path / "place")
    shell = Shell(place)
    assert "none runs; the first use starts one" in shell("doctor")[0]
    assert "`trackside server start` starts one" in shell("server", "status", code=6)[1]
    assert not place.home.exists()
    out, err = shell("server", "start")
    assert out.startswith("headless server ")
    assert err.startswith(f"Trackside: no Jupyter server here; started one for {place.home} ")
    job = shell("submit", "--", "sh", "-c", "sleep 2; echo end")[0].strip()
    until(lambda: shell.json("show", job)["data"]["status"] == "running", "the start")
    assert shell("server", "stop")[0] == f"stopped the server of {place.home}; jobs go on\n"
    assert shell("server", "stop")[0] == f"no headless server runs for {place.home}\n"
    assert shell("logs", "-f", job) == ("end\n", err)
    assert shell.json("show", job)["data"]["exit_code"] == 0
    shell("server", "stop")
    stop_templates(place.home)


def test_listing_jobs_costs_little_over_a_bare_interpreter(shell):
    """CPU time of the whole process, modules compiled: on a busy machine the bar of 300 ms is not the clock's."""
    env = {name: value for name, value in shell.env.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def cost(*command):
        taken = []
        for _ in range(6):
            process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
            taken.append(usage.ru_utime + usage.ru_stime)
        return min(taken)

    began = time.perf_counter()
    over = cost(sys.executable, "-m", "trackside.cli", "jobs") - cost(sys.executable, "-c", "pass")
    print(f"trackside jobs over a bare interpreter: {over * 1e3:.0f} ms (in {time.perf_counter() - began:.1f} s)")
    assert over < 0.5


def test_a_sweep_is_submitted_from_a_terminal(shell):
    dry, _ = shell("submit", "-n", "s", "--sweep", "lr=0.1,0.2", "--dry-run", "--", "echo", "{lr}")
    assert dry.splitlines()[0].startswith("Nothing was submitted. It would start now on ")
    assert dry.splitlines()[-3:] == ["2 jobs:", "s lr=0.1", "s lr=0.2"]
    jobs = shell.json("submit", "-n", "s", "--sweep", "lr=0.1,0.2", "--wait", "--", "echo", "at {lr}")["data"]
    assert [job["name"] for job in jobs] == ["s lr=0.1", "s lr=0.2"]
    assert shell("logs", jobs[1]["id"])[0] == "at 0.2\n"
    _, said = shell("submit", "--sweep", "lr=1", "--", "true", code=3)
    assert "the command has no place for it" in said
    _, said = shell("submit", "-P", "lr", "--", "true", code=3)
    assert "is not NAME=VALUE" in said


def _matches(data, types):
    """Whether an answer is of one of these types, as ``schema`` says; the reader of the types decides."""
    for kind in types:
        try:
            msgspec.convert(data, kind, strict=True)
        except msgspec.ValidationError:
            continue
        return True
    return False


def test_every_answer_is_as_schema_describes_it(shell, tmp_path):
    types = answer_types()
    spec = tmp_path / "jobs.yaml"
    spec.write_text("- {command: [echo, one], name: described}\n- {command: [echo, two], name: described-too}\n")
    said = {}

    def ask(verb, *words, code=0):
        answer = shell.json(verb, *words, code=code)
        assert answer["error"] is None, answer
        said[verb] = answer["data"]
        assert _matches(answer["data"], types[verb]), (verb, answer["data"])

    ask("submit", "--dry-run", str(spec))
    ask("submit", "--wait", str(spec))
    assert [job["status"] for job in said["submit"]] == ["completed", "completed"]
    ask("submit", "--dry-run", "--sweep", "n=1,2", "--max-parallel", "1", "--", "echo", "{n}")
    ask("submit", "--", "sleep", "60")
    job = said["submit"]["id"]
    for verb in ("jobs", "runs", "gpus", "pause", "resume", "schema", "doctor"):
        ask(verb, code=1 if verb == "doctor" and _has_problem(shell) else 0)
    for verb in ("show", "explain", "cancel", "logs", "artifacts"):
        ask(verb, job)
    until(lambda: shell.json("show", job)["data"]["status"] == "cancelled", "the end")
    assert "\n" not in shell("explain", job)[0].strip()  # nothing is said twice
    ask("retry", job)
    ask("cancel", job)
    until(lambda: shell.json("show", job)["data"]["status"] == "cancelled", "the end")
    ask("delete", job)
    ask("compare", "described", "described-too")
    ask("server", "status")
    ask("completion", "zsh")
    ask("prune", "--keep", "1000")
    ask("export", "csv", "described", "-o", str(tmp_path / "out.csv"))


def _has_problem(shell):
    out, _ = shell.start("--json", "doctor", text=True).communicate(timeout=60)
    return any(finding["level"] == "problem" for finding in json.loads(out)["data"])


def test_a_tab_offers_verbs_options_and_the_names_of_jobs(shell, tmp_path):
    shell("submit", "--wait", "-n", "tabbed", "--", "true")

    def offered(line):
        told = tmp_path / "told"
        variables = {"COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n"}
        process = shell.start(env={**shell.env, **variables, "_ARGCOMPLETE_STDOUT_FILENAME": str(told)})
        process.communicate(timeout=60)
        return {word.strip() for word in told.read_text().split("\n")}

    assert offered("trackside sub") == {"submit"}
    assert "--max-parallel" in offered("trackside submit --max-")
    assert "tabbed" in offered("trackside show ta")
    assert "job" not in offered("trackside show ")
