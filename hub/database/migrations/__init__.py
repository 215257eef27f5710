"""Alembic's folder: one step of the tables a file, in `versions/`."""
