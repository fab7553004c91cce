"""Images, figures, tables, texts and histograms of a run: a file each below ``artifacts/media/``, a record each."""
