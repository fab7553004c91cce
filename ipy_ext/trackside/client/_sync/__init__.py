# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""The client that waits, generated from ``trackside.client._async``."""
