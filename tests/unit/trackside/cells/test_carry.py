"""What goes into a job with a cell, and what is refused before anything is made."""

import contextlib
import io
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

from trackside.cells.carry import plan_carry, spell_size
from trackside.cells.inputs import load_carried
from trackside.errors import InvalidInput, NotCarried


def notebook(*cells, **values):
    """Return a namespace in which these cells ran, as a kernel has one."""
    namespace = {"__name__": "__main__", **values}
    for cell in cells:
        exec(textwrap.dedent(cell), namespace)
    return namespace


def names(plan):
    return sorted(item.name for item in plan.items)


def carried(plan, tmp_path, monkeypatch):
    """Write a plan and return the namespace that a job has after loading it."""
    folder = tmp_path / "inputs"
    folder.mkdir(exist_ok=True)
    plan.write(folder)
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    load_carried(folder, vars(module))
    return vars(module)


def test_only_what_the_cell_reads_goes():
    assert names(plan_carry("print(len(a))", notebook(a=[1], b=[2], c=sys))) == ["a"]


def test_a_builtin_goes_only_where_the_notebook_bound_it_anew():
    assert names(plan_carry("print(input)", notebook(input=[1], print=print))) == ["input"]


def test_modules_go_by_name_with_the_submodules_that_are_used():
    namespace = notebook("import numpy as np, xml.etree.ElementTree, os.path")
    plan = plan_carry("np.ones(1); xml.etree.ElementTree.parse; os.path.join", namespace)
    assert {(item.name, item.module, item.how, item.size) for item in plan.items} == {
        ("np", "numpy", "import", 0),
        ("xml", "xml", "import", 0),
        ("os", "os", "import", 0),
    }


def test_a_submodule_used_in_a_carried_function_is_imported_in_the_job(tmp_path, monkeypatch):
    namespace = notebook("import xml.dom.minidom\ndef f(): return xml.dom.minidom.parseString('<a/>')")
    plan_carry("f()", namespace).write(tmp_path)
    assert '"xml.dom.minidom"' in (tmp_path / "manifest.json").read_text()


def test_a_function_brings_the_names_that_it_and_its_helpers_read():
    namespace = notebook("k = 1\nunused = 2\ndef g(): return k\ndef f(): return [g() for _ in range(2)]")
    assert names(plan_carry("f()", namespace)) == ["f", "g", "k"]


def test_an_instance_brings_its_class_and_what_the_methods_read():
    namespace = notebook("import math\nclass Net:\n    def run(self): return math.pi\nnet = Net()")
    plan = plan_carry("net.run()", namespace)
    assert names(plan) == ["Net", "math", "net"]
    assert {item.name: item.how for item in plan.items} == {"net": "value", "Net": "code", "math": "import"}


def test_a_function_of_a_module_goes_by_reference():
    namespace = notebook("from textwrap import dedent\nfrom math import sqrt")
    plan = plan_carry("dedent, sqrt", namespace)
    assert {item.how for item in plan.items} == {"import"}
    assert plan.size < 200


def test_carried_functions_see_what_the_job_binds(tmp_path, monkeypatch):
    namespace = notebook("k = 1\ndef f(): return k\ncounter = 0\ndef count():\n    global counter\n    counter += 1")
    job = carried(plan_carry("f(); count(); counter", namespace), tmp_path, monkeypatch)
    assert job["f"]() == 1
    job["k"] = 5
    assert job["f"]() == 5
    job["count"]()
    assert job["counter"] == 1


def test_names_for_one_object_are_one_object_in_the_job(tmp_path, monkeypatch):
    namespace = notebook("a = [1]\nb = {'a': a}\nfrom collections import deque\nc = deque([b])")
    job = carried(plan_carry("a, b, c", namespace), tmp_path, monkeypatch)
    assert job["b"]["a"] is job["a"]
    assert job["c"][0] is job["b"]


def test_large_arrays_are_written_once_and_mapped(tmp_path, monkeypatch):
    big = np.arange(1_000_000)
    plan = plan_carry("big; again; pair", notebook(big=big, again=big, pair=(big, big)))
    job = carried(plan, tmp_path, monkeypatch)
    assert plan.size < big.nbytes * 1.01
    assert (tmp_path / "inputs" / "carry.bin").stat().st_size < big.nbytes * 1.01
    assert (tmp_path / "inputs" / "carry.pkl").stat().st_size < 2000
    assert job["again"] is job["big"]
    assert not job["big"].flags.owndata
    job["big"][:] = 0
    assert np.array_equal(np.fromfile(tmp_path / "inputs" / "carry.bin", dtype=big.dtype), big)


@pytest.mark.parametrize(
    "value",
    [
        np.asfortranarray(np.ones((300, 300))),
        np.ones((400, 400))[::2, ::3],
        np.array(["a", None, {"b": 1}], dtype=object),
        bytes(100_000),
        bytearray(100_000),
        np.zeros(0),
        {"nested": [np.ones(5000), "text"]},
    ],
    ids=["fortran", "strided", "objects", "bytes", "bytearray", "empty", "nested"],
)
def test_values_arrive_as_they_were(value, tmp_path, monkeypatch):
    job = carried(plan_carry("value", notebook(value=value)), tmp_path, monkeypatch)
    assert type(job["value"]) is type(value)
    np.testing.assert_equal(job["value"], value)


def frame():
    words = pl.Series("word", ["a", "b", None, "ä"] * 2000, dtype=pl.Categorical)
    return pl.DataFrame({"x": np.arange(8000.0), "word": words, "list": [[1, 2]] * 8000})


@pytest.mark.parametrize(
    "value",
    [np.arange(90_000.0).reshape(300, 300)[::2, ::3], bytes(100_000), bytearray(100_000), frame(), frame()["word"]],
    ids=["strided", "bytes", "bytearray", "polars", "series"],
)
def test_data_goes_out_of_band_and_once_whatever_its_own_pickle_does(value, tmp_path, monkeypatch):
    job = carried(plan_carry("value; again", notebook(value=value, again=value)), tmp_path, monkeypatch)
    assert (tmp_path / "inputs" / "carry.pkl").stat().st_size < 4000
    assert job["again"] is job["value"]
    assert type(job["value"]) is type(value)
    if isinstance(value, pl.DataFrame):
        assert job["value"].equals(value)
        assert job["value"].schema == value.schema
    elif isinstance(value, pl.Series):
        assert job["value"].equals(value, check_names=True, check_dtypes=True)
    else:
        np.testing.assert_equal(job["value"], value)


def test_a_frame_of_objects_is_refused_by_name():
    value = pl.DataFrame({"x": [object()] * 5000, "y": ["text" * 10] * 5000}, schema_overrides={"x": pl.Object})
    with pytest.raises(NotCarried, match="value"):
        plan_carry("value", notebook(value=value))


def generator():
    yield 1


async def asynchronous():
    pass


def coroutine(stack):
    made = asynchronous()
    stack.callback(made.close)
    return made


MADE = {
    "file": lambda stack: stack.enter_context(open(__file__)),  # noqa: PTH123, SIM115
    "lock": lambda _: threading.Lock(),
    "condition": lambda _: threading.Condition(),
    "socket": lambda stack: stack.enter_context(socket.socket()),
    "database": lambda stack: stack.enter_context(contextlib.closing(sqlite3.connect(":memory:"))),
    "generator": lambda _: generator(),
    "coroutine": coroutine,
    "thread": lambda _: threading.Thread(),
    "pool": lambda stack: stack.enter_context(ThreadPoolExecutor(1)),
    "process": lambda stack: stack.enter_context(subprocess.Popen(["true"])),
    "module": lambda _: types.ModuleType("made_here"),
    "frame": lambda _: sys._getframe(),
}
SAID = {
    "file": ("an open file", "Open it inside the cell"),
    "lock": ("a lock", "Build it inside the cell"),
    "condition": ("a lock", "Build it inside the cell"),
    "socket": ("a network connection", "Connect inside the cell"),
    "database": ("a database connection", "Connect inside the cell"),
    "generator": ("a generator, which keeps its place in this kernel", "Carry a list of its values"),
    "coroutine": ("a coroutine", "Await it before"),
    "thread": ("a thread, process or pool of this kernel", "Start it inside the cell"),
    "pool": ("a thread, process or pool of this kernel", "Start it inside the cell"),
    "process": ("a thread, process or pool of this kernel", "Start it inside the cell"),
    "module": ("a module made in this kernel, which no import of 'made_here' finds", "Put it into a file"),
    "frame": ("part of this kernel", "Build it inside the cell"),
}


@pytest.mark.parametrize("kind", SAID)
def test_what_cannot_travel_is_refused_with_name_reason_and_remedy(kind):
    what, remedy = SAID[kind]
    with contextlib.ExitStack() as stack:
        value = MADE[kind](stack)
        with pytest.raises(NotCarried) as caught:
            plan_carry("use(thing)", notebook(thing=value))
        assert caught.value.message == f"'thing' cannot travel into a job: it is {what}."
        assert caught.value.hint.startswith(remedy)


@pytest.mark.parametrize("kind", SAID)
def test_what_cannot_travel_is_found_inside_other_values(kind):
    with contextlib.ExitStack() as stack:
        value = MADE[kind](stack)
        model = types.SimpleNamespace(parts=[1, {"inner": value}])
        with pytest.raises(NotCarried, match=r"^\"model\.parts\[1\]\['inner'\]\" cannot travel"):
            plan_carry("model", notebook(model=model))


def test_a_refusal_names_what_else_could_go():
    with pytest.raises(NotCarried) as caught:
        plan_carry("lock; a; b", notebook(lock=threading.Lock(), a=1, b=2))
    assert caught.value.hint == "Build it inside the cell, or name what should go with -i (of lock, a, b)."


def test_a_refused_global_of_a_function_names_the_function():
    namespace = notebook("import threading\nguard = threading.Lock()\ndef f():\n    with guard: pass")
    with pytest.raises(NotCarried, match=r"'guard' cannot travel into a job: it is a lock\. 'f' reads it\."):
        plan_carry("f()", namespace)


def test_an_error_in_the_values_own_pickling_names_it():
    namespace = notebook("class Odd:\n    def __reduce__(self): raise RuntimeError('not me')\nodd = [Odd()]")
    with pytest.raises(NotCarried, match=r"odd\[0\].*of type Odd, which cannot be pickled \(not me\)"):
        plan_carry("odd", namespace)


def test_a_run_is_refused_with_what_to_do_instead(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path))
    from trackside.tracking.run import Run

    run = Run(system_metrics=False, capture_git=False, capture_pip=False)
    try:
        with pytest.raises(NotCarried, match=r"a run of this kernel.*trackside\.log\(\) writes to the job's own run"):
            plan_carry("run.log({})", notebook(run=run))
    finally:
        run.finish()


def test_a_widget_is_refused():
    widget = type("Widget", (), {"__module__": "ipywidgets.widgets.widget"})
    with pytest.raises(NotCarried, match="a widget"):
        plan_carry("w", notebook(w=type("IntSlider", (widget,), {})()))


def test_standard_streams_inside_a_value_become_those_of_the_job(tmp_path, monkeypatch):
    job = carried(plan_carry("log", notebook(log={"to": sys.stderr})), tmp_path, monkeypatch)
    assert job["log"]["to"] is sys.stderr


def test_a_name_that_the_cell_may_bind_itself_stays_behind_with_a_word():
    namespace = notebook(guard=threading.Lock(), data=np.ones(100_000), other=1)
    plan = plan_carry("data; other\nfor x in data: guard = x\nguard", namespace)
    assert names(plan) == ["data", "other"]
    assert plan.remarks == ("'guard' cannot travel into a job: it is a lock. It stays here.",)


def test_a_name_that_is_missing_is_told_but_no_error():
    plan = plan_carry("undefined + len(x)", notebook(x=[1]))
    assert plan.missing == ("undefined",)
    assert plan.remarks == (
        "'undefined' does not exist in this notebook: where the cell reads it, the job will end with a NameError.",
    )


def test_trackside_itself_is_never_missing():
    """A job's cell has it without an import."""
    plan = plan_carry("trackside.log({'loss': 1})", notebook())
    assert (plan.missing, plan.remarks) == ((), ())


def test_shell_words_that_are_no_names_are_not_told():
    assert plan_carry("!echo $HOME {here}", notebook()).remarks == ()


def test_history_stays_here_with_a_word():
    plan = plan_carry("Out[3]", notebook(Out={3: "x"}))
    assert plan.items == ()
    assert plan.remarks == ("'Out' is this kernel's own and stays here: give the value a name first.",)


def test_listed_names_are_the_only_values_that_go():
    namespace = notebook("import math\na = 1\nb = 2\ndef f(): return b + g()\ndef g(): return a")
    plan = plan_carry("math.pi; f(); b; a", namespace, names=["a"])
    assert names(plan) == ["a", "f", "g", "math"]
    assert plan.remarks == ("'b', which 'f' reads, is not listed and stays here.",)


def test_a_listed_name_goes_even_if_the_cell_does_not_read_it():
    assert names(plan_carry("pass", notebook(a=1), names=["a", "a"])) == ["a"]


def test_a_listed_name_that_does_not_exist_is_refused_with_near_ones():
    with pytest.raises(InvalidInput, match=r"'modle' is not a name of this notebook.* Did you mean 'model'\?"):
        plan_carry("model", notebook(model=1), names=["modle"])


def test_none_carries_nothing():
    plan = plan_carry("a; lock", notebook(a=1, lock=threading.Lock()), names="none")
    assert (plan.items, plan.remarks) == ((), ())


def test_more_than_the_limit_is_refused_unless_asked_for_by_name():
    namespace = notebook(big=np.ones(100_000), small=1)
    with pytest.raises(NotCarried) as caught:
        plan_carry("small; big", namespace, limit=500_000)
    assert caught.value.message == (
        "The cell reads 800 kB of this notebook's values (big 800 kB, small 5 B); unasked, at most 500 kB are carried."
    )
    assert caught.value.hint == (
        "Name what should go: -i small,big; or load it inside the cell; TRACKSIDE_CARRY_LIMIT sets the bound."
    )
    assert names(plan_carry("small; big", namespace, names=["big"], limit=500_000)) == ["big"]


def test_a_value_of_many_small_parts_is_stopped_at_the_limit_on_the_way():
    namespace = notebook(words=[str(number) for number in range(500_000)])
    with pytest.raises(NotCarried, match="words"):
        plan_carry("words", namespace, limit=300_000)


def test_a_cell_that_cannot_be_parsed_is_refused():
    with pytest.raises(InvalidInput, match="line 1"):
        plan_carry("for in x", notebook())


def test_the_description_tells_name_kind_and_size():
    namespace = notebook("import numpy as np\nbig = np.ones(1000)\ndef f(): return 1")
    text = plan_carry("np; big; f(); nothing", namespace).describe()
    assert text.splitlines()[0].split() == ["big", "ndarray", "8.1", "kB"]
    assert "np   import numpy" in text
    assert "f    function, with its code" in text
    assert text.endswith("NameError.")


def test_nothing_is_written_where_a_plan_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NotCarried):
        plan_carry("a; lock", notebook(a=np.ones(100_000), lock=threading.Lock()))
    assert list(tmp_path.iterdir()) == []


def test_a_real_shells_namespace_is_carried_without_its_own_names(shell):
    shell.run_cell("import numpy as np\nn = 3\ndef f(x): return x * n", store_history=True)
    shell.run_cell("f(2)", store_history=True)
    plan = plan_carry("f(n); open; np; exit; In", shell.user_ns)
    assert names(plan) == ["f", "n", "np"]


def test_a_function_of_a_real_shell_brings_the_text_of_its_cell(shell, tmp_path):
    shell.run_cell("def f(x):\n    # why\n    return x", store_history=True)
    manifest = plan_carry("f(1)", shell.user_ns).write(tmp_path)
    (source,) = manifest.sources.values()
    assert (source.label, source.text) == ("Cell In[1]", "def f(x):\n    # why\n    return x\n")


def test_a_text_stream_in_memory_travels(tmp_path, monkeypatch):
    text = io.StringIO("abc")
    job = carried(plan_carry("text", notebook(text=text)), tmp_path, monkeypatch)
    assert job["text"].getvalue() == "abc"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (2.5e9, "2.5 GB"), (1e13, "10000 GB")]
)  # fmt: skip
def test_sizes_are_written_for_people(size, text):
    assert spell_size(size) == text


@pytest.mark.parametrize("cell", ["one; two; several", "several; two; one"])
def test_a_large_bytearray_is_the_same_one_wherever_it_stands(cell, tmp_path, monkeypatch):
    one = bytearray(100_000)
    there = carried(plan_carry(cell, notebook(one=one, two=one, several=[one])), tmp_path, monkeypatch)
    there["one"] += b"more"
    assert there["two"] is there["one"] is there["several"][0]
    assert len(there["two"]) == 100_004


def test_a_bytearray_may_grow_once_it_is_written(tmp_path):
    data = bytearray(100_000)
    plan = plan_carry("data", notebook(data=data))
    plan.write(tmp_path)
    data += b"more"
    assert plan.size >= 100_000
