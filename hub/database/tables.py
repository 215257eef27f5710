"""Every table, so that migrations and scopes know them all: a new module of tables is imported here."""

from ..people import credentials, model, settings
from ..program import tables as program
from . import audit
from .base import Base

__all__ = ["audit", "credentials", "metadata", "model", "program", "settings"]

metadata = Base.metadata
