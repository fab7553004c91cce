"""Jobs in Python: ``submit`` one, follow it by its ``Job``, take its results; ``trackside`` itself has the public names."""
