"""Every table, so that migrations and scopes know them all: a new module of tables is imported here."""

from ..people import credentials, model
from . import audit
from .base import Base

__all__ = ["audit", "credentials", "metadata", "model"]

metadata = Base.metadata
