"""The virtual machine: boots, hears a radio through one port, and is asked through another."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from image import Image

GUEST = Path(__file__).parent / "guest"

#: For booting, or for a minute of streaming, by software emulation on a busy machine.
ANSWER_S = 180.0


class GuestFailed(Exception):
    """The guest did not start, ended, or could not do what it was asked; its logs are in `out`."""


class Guest:
    """A running guest.

    Attributes
    ----------
    out : Path
        Folder that guest and host share: logs, and what answers leave there.
    """

    def __init__(self, out: Path, port: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.out = out
        self._answers, self._questions = port

    async def ask(self, task: str, **options: Any) -> Any:
        """Let the guest do one of the tasks of ``guest/agent.py``, and return its answer.

        Raises
        ------
        GuestFailed
            With what it raised.
        """
        self._questions.write(json.dumps({"task": task, "options": options}).encode() + b"\n")
        line = b""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                line = await self._answers.readline()
        if not line:
            logs = "".join(f"\n{name}:\n{tail(self.out / name)}" for name in ("console.log", "agent.log"))
            raise GuestFailed(f"it ended, or did not answer within {ANSWER_S:g} s.{logs}")
        answer = json.loads(line)
        if "error" in answer:
            raise GuestFailed(answer["error"])
        return answer["answer"]


@asynccontextmanager
async def boot(image: Image, hci: Path, out: Path) -> AsyncIterator[Guest]:
    """Boot a guest whose Bluetooth controller listens at the Unix socket `hci`; power it off afterwards."""
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    control = out / "control"
    server = await asyncio.start_unix_server(lambda *port: connected.set_result(port), control)
    command = _command(image, {"hci": hci, "control": control}, out)
    with (out / "console.log").open("wb") as log:
        qemu = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    ended = asyncio.ensure_future(qemu.wait())
    try:
        await asyncio.wait({ended, connected}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise GuestFailed(f"QEMU does not start:\n{tail(out / 'console.log')}")
        guest = Guest(out, connected.result())
        await guest.ask("start")
        yield guest
    finally:
        if not ended.done():
            qemu.terminate()
        await ended
        server.close()
        if connected.done():
            connected.result()[1].close()


def tail(log: Path) -> str:
    """Last lines of a log."""
    return log.read_text(errors="replace")[-3000:] if log.exists() else ""


def _command(image: Image, ports: dict[str, Path], out: Path) -> list[str]:
    trees = {"host": ("/", True), "services": (image.overlay, True), "out": (out, False)}
    # hardware emulation is not asked for: where it half works QEMU dies of it, and so all machines are alike
    command = ["nice", "-n", "10", "qemu-system-x86_64"]  # the tools outside keep their time first
    command += ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "2", "-m", "1500"]
    command += ["-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot"]
    command += ["-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append"]
    command += [f"console=ttyS0 quiet panic=-1 mitigations=off GUEST={GUEST} PYTHON={sys.executable}"]
    for tag, (path, read_only) in trees.items():
        options = f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap"
        command += ["-virtfs", options + ",readonly=on" * read_only]
    command += ["-device", "virtio-serial"]
    for name, path in ports.items():
        command += ["-chardev", f"socket,id={name},path={path}"]
        command += ["-device", f"virtserialport,chardev={name},name={name}"]
    return command
