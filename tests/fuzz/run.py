"""Fuzz under atheris: ``run.py FOLDER [TARGET …] [-runs=N …]``, all targets by default, libFuzzer's options.

Each target has a corpus in the folder, which starts with the seeds and grows by what reaches new code. What
breaks a target is written beside it as ``broken-…``; as a line of ``seeds.txt`` it becomes a test.
"""

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["griphub"]):
    from targets import TARGETS

SEEDS = Path(__file__).with_name("seeds.txt")


def fuzz(name: str, corpus: Path, options: list[str]) -> None:
    """Fuzz until libFuzzer ends this process."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(SEEDS.read_text().splitlines()):
        target, _, seed = line.partition(" ")
        if target == name:
            (corpus / f"seed{number}").write_bytes(bytes.fromhex(seed))
    atheris.Setup([name, f"-artifact_prefix={corpus}/broken-", *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


def main() -> None:
    """Fuzz one target after the other, and say which broke."""
    folder, *words = sys.argv[1:]
    options = [word for word in words if word.startswith("-")]
    broken = []
    for name in [word for word in words if word not in options] or TARGETS:
        if (child := os.fork()) == 0:  # the instrumented code is loaded once
            fuzz(name, Path(folder) / name, options)
        _, status = os.waitpid(child, 0)
        broken += [name] if status else []
    sys.exit(f"broken: {', '.join(broken)}; see {folder}" if broken else 0)


main()
