"""``python -m griphub`` is the ``griphub`` command."""

from .hub.cli.main import main

if __name__ == "__main__":
    main()
