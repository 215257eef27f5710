"""The ``griphub`` command."""
