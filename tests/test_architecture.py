"""The import rules of the rooms, and the layout that keeps Python's own modules reachable."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Who may import whom inside the package. `hub/cli` stands apart: its demo commands start the simulators.
MAY_IMPORT = {
    "firmware_bridge": set(),
    "signal": {"firmware_bridge"},
    "hub": {"firmware_bridge", "signal"},
    "hub/cli": {"firmware_bridge", "signal", "hub", "dashboard", "simulators"},
    "dashboard": {"firmware_bridge", "hub"},
    "simulators": {"firmware_bridge"},
}

#: Where a whole room would be too much.
ONLY_MODULES = {
    # what the hub's control socket answers with, and nothing that speaks with a radio
    ("dashboard", "firmware_bridge"): {
        "candidates",
        "errors",
        "link_state",
        "nearness",
        "pairing_diagnosis",
        "quiet_check",
        "samples",
        "sentence",
    },
    ("signal", "firmware_bridge"): {"samples", "errors", "sentence"},
    ("simulators", "firmware_bridge"): {
        "capture",
        "clock",
        "commands",
        "errors",
        "packets",
        "profile",
        "samples",
    },
}

#: `signal` computes; it neither waits nor reads nor writes nor looks at a clock.
NO_IO = {
    "asyncio",
    "time",
    "datetime",
    "os",
    "io",
    "pathlib",
    "socket",
    "threading",
    "subprocess",
    "logging",
    "random",
}


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "hub/cli" if parts[:2] == ("hub", "cli") else parts[0]


def _modules() -> list[Path]:
    return [
        path
        for room in ("firmware_bridge", "signal", "hub", "dashboard", "simulators")
        for path in sorted((ROOT / room).rglob("*.py"))
    ]


def _imports(path: Path) -> list[tuple[str, ...]]:
    """Everything imported, as the parts of its dotted name; our own begin with ``griphub``."""
    package = path.relative_to(ROOT).parts[:-1]
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [tuple(name.name.split(".")) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(tuple((node.module or "").split(".")))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            module = ("griphub", *base, *(node.module.split(".") if node.module else ()))
            found += [(*module, name.name) for name in node.names]
    return found


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_what_it_may_know(path: Path) -> None:
    room = _room(path)
    for module in _imports(path):
        if module[0] != "griphub":
            assert not (room == "signal" and module[0] in NO_IO), f"{path.name} imports {module[0]}"
            continue
        target = "hub/cli" if module[1:3] == ("hub", "cli") else module[1] if len(module) > 1 else ""
        if target in {"", room} or target.startswith("__"):
            continue
        assert target in MAY_IMPORT[room], f"{path.name} imports {'.'.join(module)}"
        if only := ONLY_MODULES.get((room, target)):
            assert len(module) > 2 and module[2] in only, f"{path.name} imports {'.'.join(module)}"


def test_the_rules_see_what_they_forbid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above must be able to fail."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "signal").mkdir()
    bad = tmp_path / "signal" / "bad.py"
    bad.write_text("from ..hub.records.event import Event\n")
    with pytest.raises(AssertionError, match=r"griphub\.hub\.records"):
        test_a_room_imports_only_what_it_may_know(bad)
    bad.write_text("import time\n")
    with pytest.raises(AssertionError, match="time"):
        test_a_room_imports_only_what_it_may_know(bad)


def test_signal_does_not_hide_the_standard_library() -> None:
    assert not (ROOT / "signal" / "__init__.py").exists()
    code = "import signal, asyncio; print(signal.SIGINT)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "pytest", "--version"], cwd=ROOT, check=True, capture_output=True)


def test_the_root_holds_only_the_public_interface() -> None:
    assert sorted(p.name for p in ROOT.glob("*.py")) == ["__init__.py", "__main__.py"]


def test_every_sub_package_is_in_the_wheel() -> None:
    import tomllib

    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    present = {".".join(("griphub", *p.parent.relative_to(ROOT).parts)) for p in _modules()}
    assert present <= listed
