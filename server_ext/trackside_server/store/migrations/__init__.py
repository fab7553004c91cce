"""What Alembic needs to bring a store up to date."""
