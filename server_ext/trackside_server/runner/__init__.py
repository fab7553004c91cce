"""Template and runner: the processes that look after jobs and outlive the server."""
