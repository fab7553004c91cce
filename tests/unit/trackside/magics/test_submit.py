"""``%%submit`` and ``%submit`` ask for what was typed, or say in one sentence why not; then nothing is made."""

import os
import sys
import threading

import pytest

from trackside.display.pending import Pending
from trackside.errors import InvalidInput, JobFailed, NotCarried, TracksideError, TryAgain
from trackside.sdk.job import Job


def staging_is_empty(server):
    staging = server.home / "staging"
    return not staging.exists() or not list(staging.iterdir())


def test_a_cell_becomes_a_job_with_everything_that_was_asked_for(notebook, tmp_path):
    notebook("params = {'lr': 0.1}\ndata = [1, 2, 3]")
    job = notebook(
        "%%submit -n baseline -g a100:2 -c 4 -m 8G -t 2h -o model,history -o extra -e A=1 --tag x --tag y "
        f"--config params --priority 5 --grace 30s --workdir {tmp_path}\nmodel = sum(data)"
    )
    assert isinstance(job, Job)
    assert notebook.names["_job"] is job
    fields = notebook.server.submitted[0]
    assert fields["cell"] == "\nmodel = sum(data)\n"
    kept = {key: fields[key] for key in ("name", "gpus", "cpus", "memory", "time", "outputs", "env", "tags")}
    assert kept == {
        "name": "baseline",
        "gpus": "a100:2",
        "cpus": "4",
        "memory": "8G",
        "time": "2h",
        "outputs": ["model", "history", "extra"],
        "env": {"A": "1"},
        "tags": ["x", "y"],
    }
    assert fields["config"] == {"lr": 0.1}
    assert (fields["priority"], fields["grace"], fields["workdir"]) == ("5", "30s", str(tmp_path))
    assert fields["python"] == sys.executable
    assert fields["environment"]["PATH"] == os.environ["PATH"]


def test_what_the_cell_reads_is_carried_in_and_said(notebook, capsys):
    notebook("data = b'x' * 2_000_000\nother = 1\ndef f():\n    return data")
    notebook("%%submit\nf()")
    said = capsys.readouterr().out
    assert "carried in: data 2.0 MB, f" in said
    assert "other" not in said
    assert (notebook.server.home / "runs" / "job-1" / "inputs" / "manifest.json").exists()
    assert staging_is_empty(notebook.server)


def test_how_much_goes_unasked_is_set_by_a_variable(notebook, monkeypatch):
    notebook("data = b'x' * 2_000_000")
    monkeypatch.setenv("TRACKSIDE_CARRY_LIMIT", "1M")
    with pytest.raises(NotCarried, match="unasked, at most 1"):
        notebook("%%submit\nlen(data)")
    notebook("%%submit -i data\nlen(data)")
    monkeypatch.setenv("TRACKSIDE_CARRY_LIMIT", "much")
    with pytest.raises(InvalidInput, match="TRACKSIDE_CARRY_LIMIT: 'much' is not a size"):
        notebook("%%submit\nlen(data)")
    assert len(notebook.server.submitted) == 1


def test_nothing_is_staged_for_a_cell_that_reads_nothing(notebook):
    notebook("%%submit\n1 + 1")
    assert "staging" not in notebook.server.submitted[0]


@pytest.mark.parametrize(("option", "carried"), [("-i none", set()), ("-i a", {"a"}), ("--in a,b", {"a", "b"})])
def test_only_listed_names_are_carried(notebook, option, carried):
    notebook("a = 1\nb = 2\nc = 3")
    notebook(f"%%submit {option}\nprint(a, b, c)")
    manifest = notebook.server.home / "runs" / "job-1" / "inputs" / "manifest.json"
    text = manifest.read_text() if manifest.exists() else ""
    assert {name for name in "abc" if f'"name": "{name}"' in text or f'"name":"{name}"' in text} == carried


def test_outputs_wait_in_the_notebook(notebook):
    notebook("model = 'untrained'")
    notebook("%%submit --out model\nmodel = 2")
    assert isinstance(notebook.names["model"], Pending)
    assert repr(notebook.names["model"]) == "model comes back when job 1 ends (pending · starts now)"


def test_the_same_cell_may_be_submitted_again_while_its_first_job_runs(notebook, capsys):
    notebook("model = 'untrained'")
    for _ in range(2):
        notebook("%%submit --out model\nmodel = model.upper()")
    assert "model is carried in as it was before job 1" in capsys.readouterr().out
    assert len(notebook.server.submitted) == 2
    assert isinstance(notebook.names["model"], Pending)


def test_a_cell_that_needs_a_value_that_is_not_there_yet_is_not_submitted(notebook):
    notebook("%%submit --out model\nmodel = 1")
    with pytest.raises(TryAgain, match="model comes back when job 1 ends"):
        notebook("%%submit\nprint(model)")
    assert len(notebook.server.submitted) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%submit --gpu 2\n1", "--gpu is not an option of %%submit. Did you mean --gpus?"),
        ("%%submit --sweep lr\n1", "--sweep: 'lr' is not name=values"),
        ("%%submit --sweep lr=1..3 --follow\n1", "--follow shows one log, a sweep has many"),
        ("%submit --sweep lr=1,2 -- true", "lr varies, but the command has no place for it"),
        ("%submit -P lr=1 -- true", "params are for cells and notebooks"),
        ("%%submit train.py\n1", "%%submit takes options only; 'train.py' is not one"),
        ("%%submit -- x\n1", "-- is for %submit"),
        ("%%submit -m 8\n1", "memory: '8' has no unit. Did you mean '8G'?"),
        ("%%submit -m lots\n1", "memory: 'lots' is not a size"),
        ("%%submit -t soon\n1", "time: 'soon' is not a length of time"),
        ("%%submit -g it_abc\n1", "vendor's id"),
        ("%%submit -c none\n1", "cpus: 'none' is not a number"),
        ("%%submit -o 2x\n1", "'2x' is not a name that a cell could bind"),
        ("%%submit -n 41\n1", "looks like an id"),
        ("%%submit -i nothing\n1", "'nothing' is not a name of this notebook"),
        ("%%submit --config nothing\n1", "the notebook has no 'nothing'"),
        ("%%submit --workdir /no/where\n1", "there is no folder '/no/where'"),
        ("%%submit\nfor x in", "The cell cannot be parsed, line 1"),
        ("%%submit\n  \n", "The cell is empty below %%submit"),
        ("%submit trian.py", "There is no file 'trian.py'. Did you mean 'train.py'?"),
        ("%submit train.sh", "'train.sh' is neither. For a command write %submit -- train.sh"),
        ("%submit train.py more", "'more' is one word too many"),
        ("%submit", "%submit needs a file or a command"),
        ("%submit --", "%submit needs a file or a command"),
        ("%submit -o model train.py", "-o is not an option of %submit"),
        ("%submit -- echo 'a", "a quotation mark is not closed"),
        ("# first\n%%submit\n1", "%%submit must be the first line of its cell"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_made(notebook, source, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    with pytest.raises(InvalidInput) as caught:
        notebook(source)
    assert message in str(caught.value)
    assert notebook.server.submitted == []
    assert staging_is_empty(notebook.server)


def test_an_error_is_shown_in_one_line(notebook, capsys):
    notebook.shell.run_cell("%%submit --gpu 2\n1")
    shown = capsys.readouterr().out + capsys.readouterr().err
    assert "--gpu is not an option of %%submit" in shown
    assert "Traceback" not in shown
    assert "trackside/" not in shown


def test_a_value_that_cannot_travel_is_named_and_nothing_is_made(notebook):
    notebook.names["lock"] = threading.Lock()
    with pytest.raises(NotCarried, match="'lock' cannot travel into a job"):
        notebook("%%submit\nlock.acquire()")
    assert notebook.server.submitted == []
    assert staging_is_empty(notebook.server)


def test_what_was_staged_is_removed_when_the_server_refuses(notebook):
    notebook("data = 1")
    notebook.server.refuse = (400, "invalid_input", "The job asks for 3 GPUs, this machine has 1.", "")
    with pytest.raises(InvalidInput, match="asks for 3 GPUs"):
        notebook("%%submit --out model -g 3\nmodel = data")
    assert staging_is_empty(notebook.server)
    assert "model" not in notebook.names
    assert "_job" not in notebook.names


def test_a_home_that_cannot_be_written_is_a_sentence(notebook):
    notebook("data = 1")
    (notebook.server.home / "staging").write_text("in the way")
    with pytest.raises(TracksideError, match="could not be written"):
        notebook("%%submit\ndata")
    assert notebook.server.submitted == []


def test_a_dry_run_submits_nothing(notebook, capsys):
    notebook("data = [1]")
    assert notebook("%%submit --dry-run -m 1G --out x\nx = data") is None
    said = capsys.readouterr().out
    assert "Nothing was submitted. It would start now." in said
    assert "Carried in:\n  data  list" in said
    assert notebook.server.jobs == {}
    assert "x" not in notebook.names
    assert staging_is_empty(notebook.server)


def test_quiet_shows_nothing(notebook, capsys):
    assert notebook("%%submit --quiet\n1") is None
    assert capsys.readouterr().out == ""
    assert notebook.names["_job"].id == "job-1"


def test_waiting_shows_how_it_ended(notebook, capsys):
    threading.Timer(0.05, notebook.server.end).start()
    notebook("%%submit --wait\n1")
    assert "job-1 · completed" in capsys.readouterr().out


def test_waiting_for_a_job_that_fails_stops_what_comes_below(notebook):
    ending = {"code": "exit_code", "status": "failed", "exit_code": 3}
    threading.Timer(0.05, notebook.server.end, kwargs=ending).start()
    with pytest.raises(JobFailed, match=r"job-1 · failed · exit code 3.*%logs job-1"):
        notebook("%%submit --wait\n1")
    assert notebook.names["_job"].status == "failed"


def test_following_shows_the_log_and_how_it_ended(notebook, capsys, monkeypatch):
    monkeypatch.setattr(Job, "logs", lambda self, follow, tail: iter(["epoch 1\n", "epoch 2\n"]))
    monkeypatch.setattr(Job, "wait", lambda self: notebook.server.end() or self.refresh())
    notebook("%%submit --follow\n1")
    said = capsys.readouterr().out
    assert "epoch 1\nepoch 2\n" in said
    assert "job-1 · completed" in said


def test_an_interrupt_ends_the_following_and_not_the_job(notebook, capsys, monkeypatch):
    def interrupted(self, follow, tail):
        yield "epoch 1\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "logs", interrupted)
    job = notebook("%%submit --follow\n1")
    assert "job-1 goes on. %cancel job-1 stops it." in capsys.readouterr().out
    assert not any("cancel" in path for _, path, _ in notebook.server.requests)
    assert job.status == "pending"


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("python train.py --lr 0.1", ["python", "train.py", "--lr", "0.1"]),
        ("python -c 'print(1)'", "python -c 'print(1)'"),
        ("make data > log.txt && ls", "make data > log.txt && ls"),
        ("echo 'a b'", ["echo", "a b"]),
    ],
)
def test_a_command_is_its_arguments_and_the_shells_where_only_a_shell_knows(notebook, typed, command):
    notebook(f"%submit -n c -- {typed}")
    fields = notebook.server.submitted[0]
    assert fields["command"] == command
    assert fields["name"] == "c"
    assert "python" not in fields


def test_a_script_gets_its_arguments_and_a_notebook_is_one(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    (tmp_path / "report.ipynb").touch()
    notebook("%submit train.py -g 1 -- --lr 0.1 'a b'")
    notebook("%submit report.ipynb")
    script, report = notebook.server.submitted
    assert (script["script"], script["args"]) == (str(tmp_path / "train.py"), ["--lr", "0.1", "a b"])
    assert script["python"] == sys.executable
    assert report["notebook"] == str(tmp_path / "report.ipynb")
    with pytest.raises(InvalidInput, match="takes no arguments"):
        notebook("%submit report.ipynb -- x")


def test_names_of_the_notebook_are_filled_in(notebook):
    notebook("lr = 0.1")
    notebook("%submit -n run-{lr} -- echo {lr}")
    assert notebook.server.submitted[0]["command"] == ["echo", "0.1"]
    assert notebook.server.submitted[0]["name"] == "run-0.1"


def test_a_sweep_makes_a_job_for_each_combination(notebook, capsys):
    notebook("data = list(range(1000))\nlr = 5")
    sweep = notebook('%%submit -n net --tag x --sweep "lr=0.1,0.01 seed=1..2"\nprint(data[0], lr)')
    specs = [job.facts.spec for job in sweep]
    assert [spec.name for spec in specs] == [
        "net lr=0.1 seed=1", "net lr=0.1 seed=2", "net lr=0.01 seed=1", "net lr=0.01 seed=2",
    ]  # fmt: skip
    assert specs[0].params == specs[0].config == {"lr": 0.1, "seed": 1}
    assert {tuple(spec.tags) for spec in specs} == {("x", "sweep:net")}
    shown = capsys.readouterr().out
    assert "'seed' varies, but the cell itself does not read it." in shown
    assert "4 jobs:" in shown
    folders = [notebook.server.home / "runs" / job.id / "inputs" for job in sweep]
    assert len({(folder / "carry.pkl").stat().st_ino for folder in folders}) == 1, "the values lie there once"
    assert all('"lr"' not in (folder / "manifest.json").read_text() for folder in folders), "the sweep binds it"
    assert notebook.names["_sweep"] is sweep
    assert "Sweep of 4 jobs over lr 0.1, 0.01, seed 1, 2" in repr(sweep)


def test_a_dry_run_of_a_sweep_lists_its_jobs(notebook, capsys):
    assert notebook('%%submit --dry-run --sweep "lr=1..30"\nlr') is None
    said = capsys.readouterr().out
    assert "30 jobs:\n  lr=1\n" in said
    assert "and 10 more" in said
    assert notebook.server.jobs == {}


def test_a_sweep_asks_for_all_its_jobs_at_once_and_tells_errors_by_the_cells_own_lines(notebook, monkeypatch):
    sweep = notebook('%%submit --quiet --sweep "lr=1..4"\nlr') or notebook.names["_sweep"]
    for job in sweep[:3]:
        notebook.server.end(job.id)
    asked = []
    iterate = sweep[0]._client.jobs.iterate
    monkeypatch.setattr(type(sweep[0]._client.jobs), "iterate", lambda _, **by: asked.append(by) or iterate(**by))
    monkeypatch.setattr(type(sweep[0]._client.jobs), "get", lambda *_: pytest.fail("one by one"))
    assert "1 pending, 3 completed" in repr(sweep)
    assert asked == [{"tag": sweep.tag}]
    with pytest.raises(InvalidInput, match="line 2"):
        notebook('%%submit --sweep "lr=1,2"\nlr\nlr = =')
