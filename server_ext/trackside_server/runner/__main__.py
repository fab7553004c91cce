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

    from trackside_server.runner.template import Template

    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.set_inheritable(False)
    Template(listener, sys.argv[2], float(sys.argv[3])).run()
    os._exit(0)


if __name__ == "__main__":
    main()
