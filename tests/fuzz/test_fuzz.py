"""Whatever a stranger writes is read or refused: seeds and hypothesis everywhere, atheris where it runs."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # atheris runs the targets by themselves, and tests are no package
from targets import TARGETS  # noqa: E402

SEEDS: dict[str, list[bytes]] = {name: [] for name in TARGETS}
for line in (HERE / "seeds.txt").read_text().splitlines():
    name, _, data = line.partition(" ")
    SEEDS[name].append(bytes.fromhex(data))

#: A second or three a target; `make fuzz` goes on for longer.
RUNS = 20_000

each_target = pytest.mark.parametrize("name", TARGETS)


@each_target
def test_seeds(name: str) -> None:
    assert SEEDS[name], "an empty corpus finds nothing"
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@each_target
@settings(deadline=None)
@given(data=st.data())
def test_damaged_seeds_and_noise(name: str, data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(SEEDS[name])))
    for _ in range(data.draw(st.integers(0, 4))):
        seed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(seed)))
    TARGETS[name](bytes(seed[:cut]) + data.draw(st.binary(max_size=60)))


@pytest.mark.skipif(not find_spec("atheris"), reason="atheris runs on 64-bit Linux PCs only")
def test_atheris(tmp_path: Path) -> None:
    command = [sys.executable, HERE / "run.py", tmp_path, f"-runs={RUNS}", "-max_total_time=4"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
