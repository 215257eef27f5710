"""The home program: what is asked of a child, on which day, and what came of it."""
