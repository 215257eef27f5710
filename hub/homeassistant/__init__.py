"""A family's tools in Home Assistant, by MQTT discovery. docs/home-assistant.md is its users' page."""
