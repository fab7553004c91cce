"""The program that runs inside a job, started over a run folder made by hand as the runner starts it."""

import base64
import json
import os
import signal
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import nbformat
import pytest

from trackside.cells.carry import plan_carry
from trackside.cells.results import Results
from trackside.cells.staging import stage, stage_call
from trackside.errors import JobFailed

ENTRY = (
    "import json,os,sys;"
    "p=json.load(open(os.environ['TRACKSIDE_RUN_DIR']+'/job.json')).get('sys_path');"
    "p and sys.path.__setitem__(slice(None),p);"
    "from trackside.cells.entry import main;main()"
)


class Job:
    """One job's folder, and what its process left there."""

    def __init__(self, home: Path, number: int):
        self.home = home
        self.folder = home / "runs" / f"job-{number}"
        (self.folder / "artifacts").mkdir(parents=True)
        (self.folder / "source").mkdir()
        self.folder.chmod(0o700)
        self.exit_code = None

    def run(self, *, staged=None, env=None, sys_path=None, workdir=None, **spec):
        spec = {"id": self.folder.name, "sys_path": sys.path if sys_path is None else sys_path, **spec}
        (self.folder / "job.json").write_text(json.dumps(spec))
        if staged is not None:
            staged.folder.rename(self.folder / "inputs")
        environment = {
            **{name: value for name, value in os.environ.items() if name != "MPLBACKEND"},
            "TRACKSIDE_RUN_DIR": str(self.folder),
            "TRACKSIDE_HOME": str(self.home),
            "TRACKSIDE_JOB_ID": self.folder.name,
            "PYTHONUNBUFFERED": "1",
            "IPYTHONDIR": str(self.home / "ipython"),
            **(env or {}),
        }
        with (self.folder / "output.log").open("ab") as log:
            done = subprocess.run(
                [sys.executable, "-c", ENTRY],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=workdir or self.home,
                timeout=120,
            )
        self.exit_code = done.returncode
        return self

    @property
    def log(self):
        return (self.folder / "output.log").read_text()

    @property
    def outputs(self):
        path = self.folder / "outputs.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def exception(self):
        return json.loads((self.folder / "results" / "exception.json").read_text())

    @property
    def results(self):
        return Results(self.folder / "results")


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return Job(tmp_path / "home", 41)


def notebook(*cells):
    """Return a namespace in which these cells ran, as a kernel has one."""
    namespace = {"__name__": "__main__"}
    for cell in cells:
        exec(textwrap.dedent(cell), namespace)
    return namespace


def cell(text):
    return textwrap.dedent(text).lstrip("\n")


# Cells.


def test_a_cell_prints_to_the_log_and_ends_with_0(job):
    job.run(cell="print('hello')\n")
    assert (job.exit_code, job.log) == (0, "hello\n")
    assert not job.outputs


def test_a_cell_has_trackside_without_an_import(job):
    done = job.run(cell="trackside.log({'loss': 1})")
    assert (done.exit_code, done.log) == (0, "")
    assert json.loads((done.folder / "metrics.jsonl").read_text())["loss"] == 1


def test_ipython_syntax_works_in_a_cell(job):
    source = """
    word = 'hi'
    !echo {word} $word
    found = !echo one; echo two
    print(found)
    %time n = 1 + 1
    print(n, get_ipython().__class__.__name__, _exit_code)
    """
    job.run(cell=cell(source))
    assert job.exit_code == 0, job.log
    assert job.log.startswith("hi hi\n['one', 'two']\n")
    assert "Wall time" in job.log
    assert job.log.endswith("2 JobShell 0\n")


def test_a_cell_magic_works_as_the_whole_cell(job):
    job.run(cell="%%bash\necho from bash $((1+2))\n")
    assert (job.exit_code, job.log) == (0, "from bash 3\n")


def test_a_failing_cell_magic_fails_the_job(job):
    job.run(cell="%%bash\nexit 7\n")
    assert job.exit_code == 1
    assert job.exception["type"] == "subprocess.CalledProcessError"


def test_await_works_at_the_top_level(job):
    job.run(cell="import asyncio\nawait asyncio.sleep(0)\nprint('awaited')\n")
    assert (job.exit_code, job.log) == (0, "awaited\n")


def test_the_last_expression_is_text_in_the_log_and_rich_among_the_outputs(job):
    job.run(cell="import pandas as pd\npd.DataFrame({'a': [1, 2]})")
    assert job.exit_code == 0
    assert "a\n0  1" in job.log
    (record,) = job.outputs
    assert record["output_type"] == "execute_result"
    assert "<table" in record["data"]["text/html"]
    assert record["_timestamp"].endswith("Z")


def test_a_semicolon_keeps_the_last_expression_quiet(job):
    job.run(cell="1 + 1;")
    assert (job.exit_code, job.log, job.outputs) == (0, "", [])


def test_displays_updates_and_clears_are_kept_in_order(job):
    source = """
    from IPython.display import HTML, clear_output, display
    handle = display(HTML('<b>1</b>'), display_id='x')
    handle.update(HTML('<b>2</b>'))
    clear_output(wait=True)
    """
    job.run(cell=cell(source))
    kinds = [record["output_type"] for record in job.outputs]
    assert kinds == ["display_data", "update_display_data", "clear_output"]
    assert job.outputs[1]["data"]["text/html"] == "<b>2</b>"
    assert job.outputs[1]["transient"] == {"display_id": "x"}
    assert job.outputs[2]["wait"] is True


def test_figures_are_kept_at_show_and_at_the_end_of_the_cell(job):
    source = """
    import matplotlib.pyplot as plt
    plt.plot([1, 2])
    plt.show()
    print('between')
    plt.plot([3, 4])
    """
    job.run(cell=cell(source))
    assert job.exit_code == 0, job.log
    pictures = [record["data"]["image/png"] for record in job.outputs if "image/png" in record.get("data", {})]
    assert len(pictures) == 2
    assert base64.b64decode(pictures[0]).startswith(b"\x89PNG")
    assert job.log.index("<Figure") < job.log.index("between")


def test_a_cell_without_figures_never_imports_matplotlib_pandas_or_jedi(job):
    job.run(cell="import sys\nprint(sorted({'matplotlib', 'pandas', 'jedi', 'numpy', 'sqlite3'} & set(sys.modules)))")
    assert job.log.startswith("[]")


def test_data_above_256_kb_goes_into_a_file(job):
    job.run(cell="from IPython.display import HTML, display\ndisplay(HTML('x' * 300_000))")
    (record,) = job.outputs
    assert "text/html" not in record["data"]
    assert record["files"]["text/html"] == {"path": "outputs/0001.html", "size": 300_000}
    assert (job.folder / "artifacts" / "outputs" / "0001.html").stat().st_size == 300_000


def test_an_error_shows_the_cells_own_lines_and_no_frame_of_ours(job):
    source = """

    # the line numbers count the blank line, as the notebook does
    def divide(x):
        return 1 / x
    !true
    divide(0)
    """
    job.run(cell="\n" + cell(source))
    assert job.exit_code == 1
    assert "Cell In[%%submit], line 6" in job.log
    assert "Cell In[%%submit], line 4, in divide(x)" in job.log
    assert "!true" in job.log
    assert "trackside" not in job.log
    assert "IPython/core" not in job.log
    assert job.exception["type"] == "ZeroDivisionError"
    assert job.exception["message"] == "division by zero"
    assert "in divide(x)" in job.exception["traceback"]
    (record,) = job.outputs
    assert (record["output_type"], record["ename"]) == ("error", "ZeroDivisionError")


def test_errors_in_magics_show_only_the_users_frames(job):
    job.run(cell="def f():\n    raise ValueError('deep')\n%time f()\n")
    assert job.exit_code == 1
    assert "in f()" in job.log
    assert "IPython/core" not in job.log


@pytest.mark.parametrize(
    ("text", "code"), [("raise ValueError('inside')", 1), ("import sys; sys.exit(3)", 3), ("x = 1", 0)]
)
def test_a_script_that_fails_under_run_fails_the_job(job, tmp_path, text, code):
    (tmp_path / "part.py").write_text(text)
    job.run(cell=f"%run {tmp_path / 'part.py'}\nprint('went on')")
    assert job.exit_code == code
    assert job.log.endswith("went on\n")


def test_a_group_of_errors_is_shown_whole(job):
    job.run(cell="raise ExceptionGroup('two', [ValueError('a'), TypeError('b')])")
    assert job.exit_code == 1
    assert "ValueError: a" in job.log
    assert "TypeError: b" in job.log
    assert "trackside" not in job.log


def test_an_error_whose_text_fails_is_the_error_that_is_kept(job):
    (job.folder / "source" / "fails.py").write_text(
        "class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute()\n"
    )
    job.run(script="fails.py")
    assert (job.exit_code, job.exception["type"], job.exception["message"]) == (1, "Mute", "")


def test_a_cell_that_cannot_be_parsed_fails_with_its_line(job):
    job.run(cell="x = 1\nfor in x:\n")
    assert job.exit_code == 1
    assert "SyntaxError" in job.log
    assert "line 2" in job.log
    assert job.exception["type"] == "SyntaxError"


def test_an_unknown_magic_fails_the_job_in_one_line(job):
    job.run(cell="%no_such_magic 1\n")
    assert job.exit_code == 1
    assert "UsageError: Line magic function `%no_such_magic` not found" in job.log
    assert job.outputs[0]["ename"] == "UsageError"


@pytest.mark.parametrize(
    ("source", "code", "log"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('that was it')", 1, "that was it\n"),
        ("exit", 0, ""),
        ("quit(4)", 4, ""),
        ("import os; os._exit(9)", 9, ""),
    ],
)
def test_a_cell_that_exits_ends_the_job_with_its_code_and_no_traceback(job, source, code, log):
    job.run(cell=source)
    assert (job.exit_code, job.log) == (code, log)
    assert not (job.folder / "results").exists()


def test_an_interrupt_ends_the_job_as_it_ends_python(job):
    job.run(cell="import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(60)")
    assert job.exit_code == -signal.SIGINT
    assert job.log.count("KeyboardInterrupt") >= 1
    assert "trackside" not in job.log


def test_input_says_that_a_job_has_no_keyboard(job):
    job.run(cell="name = input('Name? ')")
    assert job.exit_code == 1
    assert "a job has no keyboard; pass the value with -i or --env" in job.log
    assert "entry.py" not in job.log


def test_the_shell_leaves_no_profile_behind(job):
    job.run(cell="print(1)")
    assert not (job.home / "ipython").exists()


def test_a_cell_sees_an_empty_main_module_of_its_own(job):
    job.run(
        cell="import __main__, sys\nx = 1\nprint(__main__.x, __name__, hasattr(__main__, '__file__'), sys.argv)\n"
        "print([n for n in dir() if not n.startswith('_') and n not in ('In', 'Out', 'open')])",
        name="probe",
        args=["--fast"],
    )
    assert job.exit_code == 0, job.log
    assert "1 __main__ False ['probe', '--fast']" in job.log
    assert "['exit', 'get_ipython', 'quit', 'sys', 'trackside', 'x']" in job.log


def test_worker_processes_of_a_cell_start_in_every_way(job):
    source = """
    import math, multiprocessing
    def twice(x):
        return 2 * x
    with multiprocessing.get_context('fork').Pool(2) as pool:
        print(pool.map(twice, [1, 2]))
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        print(pool.map(math.factorial, [3, 4]))
    """
    job.run(cell=cell(source))
    assert (job.exit_code, job.log) == (0, "[2, 4]\n[6, 24]\n")


def test_a_child_that_a_cell_forks_does_not_write_the_jobs_results(job):
    source = """
    import os, sys
    who = 'parent'
    child = os.fork()
    if not child:
        who = 'child'
        sys.exit(7)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    """
    job.run(cell=cell(source), outputs=["who", "status"])
    assert job.exit_code == 0, job.log
    assert (job.results["who"], job.results["status"]) == ("parent", 7)


def test_a_long_loop_of_prints_is_not_kept_in_memory(job):
    source = """
    import resource, sys
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(300):
        print('x' * 100_000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print('grown', grown, file=sys.stderr)
    """
    job.run(cell=cell(source))
    assert int(job.log.rsplit("grown ", 1)[1]) < 10_000  # kB


# Values in.


def test_carried_values_functions_and_modules_are_what_the_cell_reads(job):
    namespace = notebook(
        """
        import numpy as np
        import xml.etree.ElementTree
        scale = 3
        def norm(x):
            return scale * float(np.linalg.norm(x))
        class Net:
            def __init__(self): self.weights = np.ones(4)
            def __call__(self): return norm(self.weights)
        net = Net()
        """
    )
    source = """
    print(net(), type(net) is Net)
    scale = 10
    print(net())
    print(xml.etree.ElementTree.fromstring('<a/>').tag)
    """
    job.run(cell=cell(source), staged=stage(plan_carry(cell(source), namespace)))
    assert (job.exit_code, job.log) == (0, "6.0 True\n20.0\na\n")


def test_objects_shared_by_names_are_still_shared_in_the_job(job):
    namespace = notebook(
        """
        import numpy as np
        weights = np.zeros(100_000)
        model = {'weights': weights}
        class Optimizer:
            def __init__(self, model): self.model = model
        optimizer = Optimizer(model)
        """
    )
    source = "optimizer.model['weights'][0] = 7\nprint(model['weights'][0], weights[0], optimizer.model is model)"
    job.run(cell=source, staged=stage(plan_carry(source, namespace)))
    assert (job.exit_code, job.log) == (0, "7.0 7.0 True\n")


def test_a_frame_arrives_as_it_was(job):
    namespace = notebook("import pandas as pd\nframe = pd.DataFrame({'n': range(50_000), 's': ['x', 'y'] * 25_000})")
    source = "print(frame.n.sum(), frame.s[49_999], frame.shape)"
    job.run(cell=source, staged=stage(plan_carry(source, namespace)))
    assert (job.exit_code, job.log) == (0, "1249975000 y (50000, 2)\n")


def test_writing_to_a_carried_array_leaves_the_carried_file_as_it_was(job):
    namespace = notebook("import numpy as np\ndata = np.arange(1_000_000)")
    job.run(cell="data += 1\nprint(data[:3])", staged=stage(plan_carry("data += 1", namespace)))
    first = job.log
    job.run(cell="data += 1\nprint(data[:3])")
    assert job.log == first * 2 == "[1 2 3]\n" * 2


def test_a_carried_function_keeps_its_source_for_tracebacks_and_inspect(job, tmp_path):
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        shell.run_cell("def fail(x):\n    # a comment\n    raise ValueError(x)\n", store_history=True)
        source = "import inspect\nprint(inspect.getsource(fail))\nfail(5)\n"
        job.run(cell=source, staged=stage(plan_carry(source, shell.user_ns)))
    finally:
        shell.history_manager.end_session()
    assert job.exit_code == 1
    assert "# a comment" in job.log
    assert "raise ValueError(x)" in job.log


def test_a_module_that_the_job_cannot_import_is_named(job, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace = notebook("import only_here as o")
    staged = stage(plan_carry("o.value", namespace))
    job.run(cell="o.value", staged=staged, sys_path=[path for path in sys.path if path != str(tmp_path)])
    assert job.exit_code == 1
    assert "'o' was carried, but cannot be loaded here: ModuleNotFoundError" in job.log
    assert "Install only_here" in job.log
    assert job.exception["type"] == "trackside.errors.NotCarried"


# Values out.


def test_named_values_come_back_and_load_one_by_one(job):
    job.run(cell="import numpy as np\nbig = np.arange(100_000.0)\nhistory = [1, 2]\n", outputs=["big", "history"])
    assert job.exit_code == 0
    assert job.results.names() == ["big", "history"]
    (job.folder / "results" / "big.pkl").write_bytes(b"broken")
    assert job.results["history"] == [1, 2]


def test_a_returned_array_is_mapped_and_writable(job):
    job.run(cell="import numpy as np\nbig = np.arange(100_000.0)\n", outputs=["big"])
    big = job.results["big"]
    big[0] = 5
    assert big.sum() == sum(range(100_000)) + 5
    assert job.results["big"][0] == 0


def test_what_cannot_come_back_is_said_and_the_rest_comes(job):
    job.run(cell="import threading\nlock = {'in': threading.Lock()}\nfine = 1\n", outputs=["lock", "fine", "never"])
    assert job.exit_code == 0
    assert job.results.names() == ["fine"]
    assert "trackside: 'lock' does not come back: lock['in'] is a lock." in job.log
    assert "trackside: 'never' does not come back: the job bound no such name." in job.log
    with pytest.raises(JobFailed, match="lock"):
        job.results.load("lock")


def test_values_bound_before_an_error_come_back(job):
    job.run(cell="epoch = 3\nraise RuntimeError('stop')\n", outputs=["epoch", "model"])
    assert job.exit_code == 1
    assert job.results["epoch"] == 3
    assert isinstance(job.results.exception(), JobFailed)


def test_an_instance_of_a_class_of_the_cell_comes_back(job):
    job.run(cell="class Net:\n    size = 4\n    def twice(self): return 2 * self.size\nnet = Net()", outputs=["net"])
    assert job.results["net"].twice() == 8


def test_a_retry_forgets_how_the_earlier_attempt_ended(job):
    job.run(cell="import os\nx = 1\nassert 'GOOD' in os.environ", outputs=["x"])
    assert job.exception["type"] == "AssertionError"
    job.run(cell="import os\nx = 2\nassert 'GOOD' in os.environ", outputs=["x"], env={"GOOD": "1"})
    assert job.exit_code == 0
    assert job.results.exception() is None
    assert job.results["x"] == 2


# Functions.


def test_a_functions_return_value_comes_back_as_result(job):
    namespace = notebook("import math\nbase = 10\ndef f(x, *, y): return math.sqrt(x) + y + base")
    job.run(function="f", staged=stage_call(namespace["f"], (16,), {"y": 1}))
    assert (job.exit_code, job.log) == (0, "")
    assert job.results["result"] == 15.0


def test_an_async_function_is_awaited(job):
    namespace = notebook("async def f(): return 5")
    job.run(function="f", staged=stage_call(namespace["f"]))
    assert job.results["result"] == 5


def test_a_functions_exception_comes_back_as_itself(job):
    namespace = notebook("def f():\n    raise KeyError('lost')")
    job.run(function="f", staged=stage_call(namespace["f"]))
    assert job.exit_code == 1
    assert "Traceback (most recent call last)" in job.log
    assert "trackside" not in job.log
    error = job.results.exception()
    assert isinstance(error, KeyError)
    assert error.args == ("lost",)


def test_an_exception_that_cannot_travel_comes_back_in_words(job):
    namespace = notebook(
        """
        import threading
        class Odd(Exception):
            def __init__(self, a, b):
                super().__init__(a)
                self.lock = threading.Lock()
        def f():
            raise Odd('one', 'two')
        """
    )
    job.run(function="f", staged=stage_call(namespace["f"]))
    error = job.results.exception()
    assert isinstance(error, JobFailed)
    assert str(error) == "The job raised Odd: one"


def test_a_function_with_shell_lines_finds_a_shell(job):
    namespace = notebook("def f():\n    get_ipython().system('echo from f')\n    return 1")
    job.run(function="f", staged=stage_call(namespace["f"]))
    assert (job.exit_code, job.log) == (0, "from f\n")


# Scripts.


def test_a_script_runs_from_its_copy_under_its_own_name(job, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "helper.py").write_text("word = 'helped'\n")
    script = folder / "train.py"
    text = "import sys, helper\nprint(__file__, sys.argv, sys.path[0], helper.word, __name__)\n"
    (job.folder / "source" / "train.py").write_text(text)
    script.write_text("raise SystemExit('edited since')\n")
    job.run(script=str(script), args=["--epochs", "3"])
    assert job.exit_code == 0, job.log
    assert job.log == f"{script} ['{script}', '--epochs', '3'] {folder} helped __main__\n"


def test_a_scripts_traceback_shows_the_lines_that_ran_and_none_of_ours(job, tmp_path):
    script = tmp_path / "train.py"
    (job.folder / "source" / "train.py").write_text(
        "# coding: latin-1\nword = 'é'\nraise ValueError(word)\n", "latin-1"
    )
    script.write_text("edited = True\n")
    job.run(script=str(script))
    assert job.exit_code == 1
    assert f'File "{script}", line 3, in <module>\n    raise ValueError(word)\n' in job.log
    assert "cells" not in job.log
    assert "<string>" not in job.log
    assert job.outputs[0]["ename"] == "ValueError"


@pytest.mark.parametrize(("text", "code"), [("import sys; sys.exit(5)", 5), ("", 0), ("def f(:", 1)])
def test_a_scripts_exit_code_is_the_jobs(job, tmp_path, text, code):
    (job.folder / "source" / "s.py").write_text(text)
    job.run(script=str(tmp_path / "s.py"))
    assert job.exit_code == code


def test_a_script_may_start_worker_processes_by_spawn(job, tmp_path):
    text = """
    import multiprocessing
    def twice(x): return 2 * x
    if __name__ == "__main__":
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(twice, [1, 2]))
    """
    script = tmp_path / "spawner.py"
    script.write_text(textwrap.dedent(text))
    (job.folder / "source" / "spawner.py").write_text(textwrap.dedent(text))
    job.run(script=str(script))
    assert (job.exit_code, job.log) == (0, "[2, 4]\n")


def test_a_script_started_from_a_notebook_does_not_draw_into_it(job, tmp_path):
    (job.folder / "source" / "s.py").write_text("import os; print(os.environ['MPLBACKEND'])")
    job.run(script=str(tmp_path / "s.py"), env={"MPLBACKEND": "module://matplotlib_inline.backend_inline"})
    assert job.log == "agg\n"


# Notebooks.


def code(source, **metadata):
    cell_id = f"cell-{zlib.crc32(repr(source).encode())}"
    return {"cell_type": "code", "id": cell_id, "metadata": metadata, "source": source, "outputs": [{"old": 1}]}


def write_notebook(job, *cells, **changes):
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kept": True}, "cells": list(cells), **changes}
    (job.folder / "source" / "study.ipynb").write_text(json.dumps(document))
    return "/somewhere/study.ipynb"


def executed(job):
    return json.loads((job.folder / "artifacts" / "study.ipynb").read_text())


def test_a_notebook_runs_in_one_shell_and_is_kept_with_its_outputs(job):
    path = write_notebook(
        job,
        {"cell_type": "markdown", "metadata": {}, "source": "# Title"},
        code(["x = 20\n", "print('first')\n", "!echo shell"]),
        code("  \n"),
        code("import sys; print('oops', file=sys.stderr); x + 1"),
        code("Out[2] + x"),
    )
    job.run(notebook=path)
    assert job.exit_code == 0, job.log
    assert job.log == "[1/3]\nfirst\nshell\n[2/3]\noops\n21\n[3/3]\n41\n"
    document = executed(job)
    assert document["metadata"] == {"kept": True}
    assert document["cells"][1]["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "first\nshell\n"}]
    assert document["cells"][2]["outputs"] == []
    stream, result = document["cells"][3]["outputs"]
    assert (stream["name"], stream["text"]) == ("stderr", "oops\n")
    assert (result["output_type"], result["data"]["text/plain"], result["execution_count"]) == (
        "execute_result",
        "21",
        2,
    )
    assert document["cells"][4]["execution_count"] == 3


def test_the_executed_notebook_is_a_valid_one(job):
    source = (
        "from IPython.display import display, clear_output, HTML\nh = display(HTML('a'), display_id=True)\nprint(1)"
    )
    path = write_notebook(job, code(source), code("h.update(HTML('b'))\n1/0"), code("never = 1"))
    job.run(notebook=path)
    document = nbformat.read(job.folder / "artifacts" / "study.ipynb", as_version=4)
    nbformat.validate(document)
    assert document.cells[0].outputs[0].data["text/html"] == "b"
    assert document.cells[1].outputs[0].ename == "ZeroDivisionError"


def test_a_notebook_stops_at_its_first_error(job):
    path = write_notebook(job, code("1/0", tags=["raises-exception"]), code("print('on')\n1/0"), code("print('never')"))
    job.run(notebook=path, outputs=["x"])
    assert job.exit_code == 1
    assert "[2/3]" in job.log
    assert "[3/3]" not in job.log
    assert "Cell In[2], line 2" in job.log
    document = executed(job)
    assert [output["output_type"] for output in document["cells"][1]["outputs"]] == ["stream", "error"]
    assert document["cells"][2]["outputs"] == []


def test_clear_output_takes_earlier_outputs_out_of_the_executed_notebook(job):
    source = "from IPython.display import clear_output\nfor i in range(3):\n    clear_output(wait=True)\n    print(i)"
    job.run(notebook=write_notebook(job, code(source)))
    assert executed(job)["cells"][0]["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "2\n"}]


@pytest.mark.parametrize(("text", "said"), [("{}", "not a notebook"), ("no", "not a notebook"), ('{"nbformat": 3, "worksheets": []}', "format 3")])  # fmt: skip
def test_a_file_that_is_no_notebook_is_refused_in_a_sentence(job, text, said):
    (job.folder / "source" / "study.ipynb").write_text(text)
    job.run(notebook="/somewhere/study.ipynb")
    assert job.exit_code == 1
    assert said in job.log
    assert "Traceback" not in job.log
