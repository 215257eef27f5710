"""Tools, children and a radio that behave like the real ones, with known truth."""
