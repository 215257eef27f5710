"""Examples in docstrings are run, all of them: one that nobody runs is wrong some day."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("firmware_bridge", "signal", "hub", "dashboard", "simulators")

MODULES = sorted(
    ".".join(("griphub", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in (ROOT / "__init__.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py")))
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert failed == 0
    assert tried


def test_what_one_imports_first_has_an_example():
    assert {"griphub", "griphub.signal.batch", "griphub.signal.squeeze"} <= set(MODULES)
