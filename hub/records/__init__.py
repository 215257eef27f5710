"""What the hub reports: events with a schema, an id and the time of measurement.

An event is committed at the hub before it is sent, sent until ingest says that it is committed there,
and recognised by its ``event_id`` however often it arrives. Names of children never appear in one.
"""
