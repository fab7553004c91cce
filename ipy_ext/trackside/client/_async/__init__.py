"""The client as it is written; ``trackside.client._sync`` is generated from here."""
