"""Starts the template: ``python -I -S __main__.py <descriptor of the listening socket> <its path> <idle seconds>``.

Where modules are found is in ``$TRACKSIDE_TEMPLATE_PATH``, since the interpreter starts without ``site`` (a third of the
memory and half of the time).
"""

import os
import sys


def main() -> None:
    """Leave the starter behind, then be the template."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    sys.path[:] = os.environ.pop("TRACKSIDE_TEMPLATE_PATH").split(os.pathsep)
    import socket

    if os.environ.pop("TRACKSIDE_IN_SCOPE", None):
        _leave_room_for_groups()
    from trackside_server.runner.complaints import complain_safely
    from trackside_server.runner.template import Template

    complain_safely()

    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.set_inheritable(False)
    Template(listener, sys.argv[2], float(sys.argv[3])).run()
    os._exit(0)


def _leave_room_for_groups() -> None:
    """Processes and groups of jobs cannot stand side by side in our scope."""
    from trackside_server.isolation.bases import move_aside

    try:
        move_aside()
    except OSError as error:  # the limits of jobs are then held by something else
        print(f"template: the scope cannot be divided: {error}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
