"""``python -m trackside_server``: the headless server of a home."""

from trackside_server.headless import main

if __name__ == "__main__":
    main()
