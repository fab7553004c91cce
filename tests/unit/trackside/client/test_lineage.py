import os
import subprocess
import sys
from pathlib import Path

from trackside.client.lineage import ancestors, is_same, parse_stat

STAT = b"4242 (a) b (c)) S 17 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3"


def start_of(pid):
    return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())[2]


def own_start():
    return start_of(os.getpid())


def test_a_command_with_brackets_in_it_does_not_shift_the_fields():
    assert parse_stat(STAT) == (b"S", 17, 98765)


def test_ancestors_begin_with_the_process_and_go_up_to_the_first_one():
    line = list(ancestors(os.getpid()))
    assert line[:2] == [os.getpid(), os.getppid()]
    assert len(line) == len(set(line))


def test_a_process_that_is_not_there_has_no_ancestors():
    assert list(ancestors(2**22 + 1)) == [2**22 + 1]


def test_a_process_is_the_same_only_with_its_start_time():
    assert is_same(os.getpid(), own_start())
    assert not is_same(os.getpid(), own_start() + 1)
    assert not is_same(0, 0)


def test_a_zombie_is_dead():
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    start = start_of(child.pid)
    assert is_same(child.pid, start)
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_same(child.pid, start)
    child.wait()
