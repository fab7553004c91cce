from pathlib import Path

import pytest

from trackside.probes.proc import memory_of_container


def mount(root: Path, groups: str, **limits: str) -> tuple[str, str]:
    """A mount of control groups with these limit files, and what this process would read of its own groups."""
    (root / "groups").write_text(groups)
    for path, limit in limits.items():
        file = root / "cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(limit + "\n")
    return str(root / "cgroup"), str(root / "groups")


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/\n", {"memory.max": "4096"}, 4096),
        ("0::/\n", {"memory.max": "max"}, None),
        ("0::/user.slice/job\n", {"user.slice/memory.max": "8192", "user.slice/job/memory.max": "max"}, 8192),
        ("0::/../..\n", {"memory.max": "4096"}, 4096),
        ("4:memory:/docker/x\n0::/\n", {"memory/memory.limit_in_bytes": "2048"}, 2048),
        ("4:memory:/a\n", {"memory/memory.limit_in_bytes": "9223372036854771712", "memory/a/memory.limit_in_bytes": "77"}, 77),
        ("4:cpu,memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, None),
        ("5:cpu:/\n", {}, None),
    ],
)  # fmt: skip
def test_the_least_limit_around_a_process_counts(
    tmp_path: Path, groups: str, limits: dict[str, str], expected: int | None
) -> None:
    root, own = mount(tmp_path, groups, **limits)
    assert memory_of_container(root, own) == expected


def test_a_machine_without_control_groups_limits_nothing(tmp_path: Path) -> None:
    assert memory_of_container(str(tmp_path), str(tmp_path / "missing")) is None
