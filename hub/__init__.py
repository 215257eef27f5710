"""The running service: sessions, delivery, stores, configuration, commands."""
