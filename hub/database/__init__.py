"""The relational database: people, programs, feedback, consent, and the log of every change.

SQLite at home, PostgreSQL by URL in a clinic. `work.Work` is the only door: it belongs to one actor, shows
only what that actor may see, and writes the log.
"""
