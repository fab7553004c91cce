"""What a person types in a cell: ``%%submit``, ``%track`` and their like."""
