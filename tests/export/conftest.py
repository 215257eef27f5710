"""Makers of records for every test here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package
import makers


@pytest.fixture
def make():
    """Makers of records; a test says what is special about its own."""
    return makers
