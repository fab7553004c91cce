"""Which names a cell reads before it binds them, and which it binds."""

import builtins
import sys

import pytest

from trackside.cells.names import find_names
from trackside.errors import InvalidInput


def needed(source):
    return sorted(find_names(source).needed)


def unsure(source):
    return sorted(name for name in find_names(source).unsure if not hasattr(builtins, name))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("y = x", ["x"]),
        ("x = 1\ny = x", []),
        ("x = x + 1", ["x"]),
        ("x += 1", ["x"]),
        ("x[0] = y.z", ["x", "y"]),
        ("del x", ["x"]),
        ("x: T = y", ["T", "y"]),
        ("x: T", ["T"]),
        ("print(f'{a!r:>{b}}')", ["a", "b"]),
        ("if a: b = 1\nelse: b = 2\nb", ["a"]),
        ("if a: raise b\nelse: c = 1\nc", ["a", "b"]),
        ("(n := f(m)) and n", ["f", "m"]),
        ("await g(h)", ["g", "h"]),
        ("import os.path, numpy as np\nfrom a import b as c\nos, np, c", []),
        ("with open(p) as f: d = f.read()\nd", ["p"]),
        ("try: import a\nexcept ImportError: a = None\na", []),
        ("try: x = f()\nfinally: y = 1\nx, y", ["f"]),
        ("[i * k for i in a if i in b for j in i]", ["a", "b", "k"]),
        ("{i: j for i, j in i}", ["i"]),
        ("f = lambda x, y=d: x + y + z", ["d", "z"]),
        ("match p:\n    case {'k': v, **r} if v > m: v, r\n    case C(x=[a, *b]): a, b\n    case K.V: pass", ["C", "K", "m", "p"]),
        ("@deco(a)\ndef f(x: T = d) -> R:\n    return x", ["R", "T", "a", "d", "deco"]),
        ("print(len(max(range(3))))", []),
        ("global x\nx = 1\nx", []),
    ],
)  # fmt: skip
def test_the_names_that_a_cell_needs(source, names):
    assert needed(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): return a\na = 1\nf()", []),
        ("def f(): return a\nf()\na = 1", ["a"]),
        ("def f(): return g()\ndef g(): return a\nf()", ["a"]),
        ("def f(n): return f(n - 1) if n else a\na = 0\nf(3)", []),
        ("def f():\n    global a\n    a = 1\nf()", []),
        ("def f():\n    x = 1\n    def g(): return x + y\n    return g\nf()", ["y"]),
        ("def f(x): return [x for x in x] + [y for y in z]\nf(1)", ["z"]),
        ("def f():\n    import a, b as c\n    try: a\n    except E as e: e\n    return c\nf()", ["E"]),
        ("class A(B):\n    k = K\n    j = k\n    def m(self): return self.k + h\nh = 1\nA()", ["B", "K"]),
        ("class A:\n    def m(self): return h\nA()\nh = 1", ["h"]),
        ("class A:\n    x = x", ["x"]),
        ("class A:\n    k = 1\n    ks = [k for _ in range(2)]\nA", ["k"]),
        ("class A:\n    def __m(self): return __secret\nA()", ["_A__secret"]),
        ("class A:\n    @property\n    def m(self): return h\nh = 1\nA().m", []),
        ("@register\nclass A:\n    def m(self): return h\nh = 1", ["h", "register"]),
    ],
)
def test_a_functions_body_counts_where_the_function_is_first_mentioned(source, names):
    assert needed(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("for i in a: loss = i\nloss", ["loss"]),
        ("if a: b = 1\nb", ["b"]),
        ("while a: b = 1\nelse: c = 1\nb, c", ["b", "c"]),
        ("with suppress(E): import x\nx", ["x"]),
        ("try: x = 1\nexcept E: pass\nx", ["x"]),
        ("try: f()\nexcept E as e: pass\ne", ["e"]),
        ("[w := i for i in a]\nw", ["w"]),
        ("a and (w := 1)\nw", ["w"]),
        ("def f(): return q", ["q"]),
        ("from a import *\nb(c)", ["b", "c"]),
        ("%run other.py\nb", ["b"]),
    ],
)
def test_names_that_the_cell_may_have_bound_by_then_are_unsure(source, names):
    assert unsure(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("!ls {folder} $name.x {a[0]}", ["a", "folder", "name"]),
        ("files = !ls $folder\nfiles", ["folder"]),
        ("!echo $HOME && awk '{print $1}' x", []),
        ("folder = 'x'\n!ls {folder}", []),
        ("def f(folder):\n    !ls {folder} {other}\nf('x')", ["other"]),
        ("%cd {folder}", ["folder"]),
        ("%%bash\necho $x {y}", []),
        ("%%writefile {path}\nx = y", ["path"]),
        ("%%!\nls {folder}", ["folder"]),
        ("df.query('a > @limit')", ["a", "limit"]),
        ("duckdb.sql('select * from frame')", ["from", "frame", "select"]),
        ("globals()['x'], eval('y + 1')", ["x", "y"]),
        ("def f(x: 'Net'): pass", ["Net"]),
        ("%%somebodys_magic -i frame\nplot(x)", ["frame", "i", "plot", "x"]),
    ],
)
def test_names_in_shell_lines_and_strings_are_mentions_only(source, names):
    found = find_names(source)
    assert sorted(found.mentions) == sorted(names)
    assert not {*found.reads, *found.unsure} & {"folder", "limit", "frame", "y"}


@pytest.mark.parametrize(
    ("source", "needs", "binds"),
    [
        ("%time y = f(x)", ["f", "x"], ["y"]),
        ("%%time\ny = f(x)\nz = y", ["f", "x"], ["y", "z"]),
        ("%timeit -n 10 -r3 -q f(x)", ["f", "x"], []),
        ("r = %timeit -o f(x)", ["f", "x"], ["r"]),
        ("%prun -s cumulative f(x)", ["f", "x"], []),
        ("%%capture out\nprint(a)\n!ls {b}", ["a"], ["out"]),
        ("%%track --name n\nfit(model)", ["fit", "model"], []),
        ("%%bash --out text\nls", [], ["text"]),
    ],
)
def test_python_behind_a_magic_counts(source, needs, binds):
    found = find_names(source)
    assert sorted(found.needed) == needs
    assert sorted(found.binds) == binds


def test_what_timeit_binds_does_not_count_as_bound():
    found = find_names("%timeit x = 1\nx")
    assert found.unsure == ("x",)


def test_the_kernels_own_names_are_never_found_but_its_history_is_told():
    found = find_names("display(In, Out[3], _, _7, get_ipython(), __name__, _i3, __file__)\nexit()")
    assert found.needed == found.unsure == found.mentions == ()
    assert found.history == ("In", "Out", "_", "_7", "_i3")


def test_a_builtin_is_among_the_reads_since_the_notebook_may_have_bound_it():
    found = find_names("print(input)")
    assert found.needed == ()
    assert set(found.reads) == {"print", "input"}


def test_dotted_names_are_told_whole():
    assert "xml.etree.ElementTree.parse" in find_names("xml.etree.ElementTree.parse(f).x").chains


@pytest.mark.parametrize("source", ["", "\n\n", "# only a comment", "pass", "'''a docstring'''"])
def test_a_cell_that_reads_nothing_needs_nothing(source):
    found = find_names(source)
    assert (found.reads, found.unsure, found.mentions, found.binds) == ((), (), (), frozenset())


@pytest.mark.parametrize(
    "source",
    [
        " + ".join(["x"] * 900),
        "if x: pass\n" + "elif x: pass\n" * 400,
        "f" + "(x)" * 80,
    ],
    ids=["sum", "elifs", "calls"],
)
def test_a_deep_cell_is_read_as_any_other(source):
    limit = sys.getrecursionlimit()
    assert "x" in needed(source)
    assert sys.getrecursionlimit() == limit


def test_a_cell_too_deep_for_python_is_refused():
    with pytest.raises(InvalidInput, match="cannot be parsed"):
        find_names("(" * 1000 + ")" * 1000)


def test_what_somebody_else_binds_is_no_longer_read():
    found = find_names("print(lr, size)\nif size: lr = 1\nlr").given(["lr"])
    assert "lr" not in (*found.reads, *found.unsure, *found.mentions)
    assert "size" in found.reads
    assert "lr" in found.binds
