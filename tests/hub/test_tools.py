"""The registry of a home's tools: merged, changed, forgotten, killed."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from griphub.hub.config import Config
from griphub.hub.errors import RegistryError, StoreError
from griphub.hub.records.vocabulary import Hand
from griphub.hub.tools import ToolRegistry

SQUEGG = {"driver": "squegg", "title": "Squegg ball", "address": "C0:00:00:00:00:01"}


@pytest.fixture
def registry(config: Config) -> Iterator[ToolRegistry]:
    opened = ToolRegistry(config.data_dir / "tools.db", config)
    yield opened
    opened.close()


def _again(config: Config, **changes: Any) -> ToolRegistry:
    return ToolRegistry(config.data_dir / "tools.db", Config(**(config.model_dump() | changes)))


def _ids(registry: ToolRegistry) -> list[str]:
    return [tool.id for tool in registry.all()]


def test_a_tool_of_the_configuration_is_there_without_pairing(registry: ToolRegistry) -> None:
    (tool,) = registry.all()
    assert (tool.id, tool.child, tool.hand, tool.configured) == ("ball01", "c-1", "right", True)
    assert tool.paired_at is None
    use = registry.use("ball01")
    assert use and (use.child, use.hand) == ("c-1", Hand.RIGHT)


def test_a_paired_tool_is_remembered(registry: ToolRegistry, config: Config) -> None:
    registry.add("squegg-1a2b", "c-1", Hand.LEFT, **SQUEGG, at_s=1000.0)
    again = _again(config)
    tool = again.get("squegg-1a2b")
    again.close()
    assert tool and tool == registry.get("squegg-1a2b")
    assert (tool.driver, tool.title, tool.address) == ("squegg", "Squegg ball", "C0:00:00:00:00:01")
    assert tool.paired_at and tool.paired_at.timestamp() == 1000.0 and not tool.configured


def test_a_look_alike_is_not_the_tool_that_was_paired(registry: ToolRegistry) -> None:
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    assert registry.knows("ball02", SQUEGG["address"]) and not registry.knows("ball02", "C0:FF:EE:00:00:01")
    assert registry.knows("ball01", "C0:FF:EE:00:00:01")  # of the configuration, and not paired yet
    assert not registry.knows("ball03", "C0:FF:EE:00:00:01")


def test_a_change_of_child_or_hand_keeps_what_was(config: Config) -> None:
    children = [{"id": "c-1", "alias": "Mia"}, {"id": "c-2", "alias": "Noah"}]
    registry = _again(config, children=children)
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    registry.assign("ball02", "c-1", Hand.RIGHT, at_s=2.0)
    registry.assign("ball02", "c-2", Hand.RIGHT, at_s=3.0)
    registry.assign("ball02", "c-2", Hand.RIGHT, at_s=4.0)  # no change
    history = [(use.child, use.hand.value, use.since.timestamp()) for use in registry.history("ball02")]
    assert history == [("c-1", "left", 1.0), ("c-1", "right", 2.0), ("c-2", "right", 3.0)]
    use = registry.use("ball02")
    assert use and use.child == "c-2"
    registry.close()


def test_what_was_recorded_earlier_is_of_who_used_the_tool_then(config: Config) -> None:
    children = [{"id": "c-1", "alias": "Mia"}, {"id": "c-2", "alias": "Noah"}]
    registry = _again(config, children=children)
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=100.0)
    registry.assign("ball02", "c-2", Hand.RIGHT, at_s=200.0)
    now = registry.use("ball02")
    assert now
    used = [registry.use_at(now, at_s) for at_s in (50.0, 150.0, 200.0, 300.0)]
    assert [(use.child, use.hand) for use in used] == [("c-1", Hand.LEFT)] * 2 + [("c-2", Hand.RIGHT)] * 2
    registry.close()
    mia_left = _again(config, children=children[1:], tools=[])
    assert mia_left.use_at(now, 150.0) == now
    mia_left.close()


def test_a_forgotten_tool_is_nobodys_and_keeps_its_history(registry: ToolRegistry) -> None:
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    assert registry.forget("ball02", at_s=2.0).address == SQUEGG["address"]
    assert registry.use("ball02") is None and _ids(registry) == ["ball01"]
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=3.0)
    assert _ids(registry) == ["ball01", "ball02"]
    assert [use.since.timestamp() for use in registry.history("ball02")] == [1.0]


def test_the_configuration_wins(registry: ToolRegistry, config: Config) -> None:
    registry.add("ball01", "c-1", Hand.RIGHT, **SQUEGG, at_s=1.0)  # paired as the file says
    tool = registry.get("ball01")
    assert tool and tool.configured and tool.title == "Squegg ball"
    for change in (
        lambda: registry.assign("ball01", "c-1", Hand.LEFT, at_s=2.0),
        lambda: registry.add("ball01", "c-1", Hand.LEFT, **SQUEGG, at_s=2.0),
        lambda: registry.forget("ball01", at_s=2.0),
    ):
        with pytest.raises(RegistryError, match="configuration file"):
            change()
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    fixed = _again(config, tools=[{"id": "ball02", "child": "c-1", "hand": "right"}])
    use = fixed.use("ball02")
    assert use and use.hand == "right"
    fixed.close()


def test_a_child_who_left_the_configuration_uses_nothing(registry: ToolRegistry, config: Config) -> None:
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    other = _again(config, children=[{"id": "c-2", "alias": "Noah"}], tools=[])
    assert _ids(other) == ["ball02"] and other.use("ball02") is None
    other.close()


@pytest.mark.parametrize(
    ("tool_id", "child", "says"),
    [
        ("ball02", "c-9", "no child c-9"),
        ("ball/02", "c-1", "no serial number"),
        ("", "c-1", "no serial number"),
        ("x" * 49, "c-1", "no serial number"),
    ],
)
def test_what_cannot_be_added(registry: ToolRegistry, tool_id: str, child: str, says: str) -> None:
    with pytest.raises(RegistryError, match=says):
        registry.add(tool_id, child, Hand.LEFT, **SQUEGG, at_s=1.0)


@pytest.mark.parametrize("tool_id", ["ball09", "'; DROP TABLE tool; --"])
def test_what_is_not_there(registry: ToolRegistry, tool_id: str) -> None:
    with pytest.raises(RegistryError, match="no tool"):
        registry.assign(tool_id, "c-1", Hand.LEFT, at_s=1.0)
    with pytest.raises(RegistryError, match="no tool"):
        registry.forget(tool_id, at_s=1.0)


def test_no_more_tools_than_a_clinic_has(registry: ToolRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("griphub.hub.tools.MAX_TOOLS", 2)
    registry.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    with pytest.raises(RegistryError, match="already"):
        registry.add("ball03", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    registry.add("ball02", "c-1", Hand.RIGHT, **SQUEGG, at_s=2.0)


def test_another_process_is_seen_without_a_restart(registry: ToolRegistry, config: Config) -> None:
    assert registry.use("ball02") is None
    other = _again(config)
    other.add("ball02", "c-1", Hand.LEFT, **SQUEGG, at_s=1.0)
    assert registry.use("ball02")
    other.forget("ball02", at_s=2.0)
    assert registry.use("ball02") is None
    other.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from griphub.hub.config import Config
from griphub.hub.tools import ToolRegistry

config = Config(data_dir=sys.argv[1], children=[{"id": "c-1", "alias": "Mia"}])
registry = ToolRegistry(Path(sys.argv[1]) / "tools.db", config)
registry.add("ball02", "c-1", "left", driver="griphub", title="", address="", at_s=1.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_added_survives_a_kill(config: Config) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(config.data_dir)], check=False, timeout=60)
    again = _again(config)
    assert _ids(again) == ["ball01", "ball02"]
    again.close()


def test_a_file_that_is_none_is_told(config: Config) -> None:
    (config.data_dir / "tools.db").write_text("not a database, and longer than its header would be" * 20)
    with pytest.raises(StoreError, match="set the file aside"):
        _again(config)
