"""Who may pair with a simulated tool, and when: pairing mode, passkeys and bonds, on Bumble."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bumble.device import Connection, Device
from bumble.keys import JsonKeyStore, MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate

#: How long the button opens the door.
PAIRING_S: Final = 60.0


class Bonding:
    """A tool's bonds, and its readiness to make one.

    Parameters
    ----------
    device : bumble.device.Device
        The tool.
    name : str
        Its name, under which its keys are filed.
    file : Path, optional
        For the keys; without it they are forgotten at power-off.
    passkey : int, optional
        Six digits that the tool shows or has printed on it.
    changed : callable
        Told when `pairing_mode` may have changed.

    Attributes
    ----------
    bonded : bool
        Whether any hub is; may be set to True for a tool that belongs to somebody who is not there.
    shown : int or None
        Passkey on the tool's display.
    """

    def __init__(
        self, device: Device, name: str, file: Path | None, passkey: int | None, changed: Callable[[], None]
    ) -> None:
        if passkey is not None and not 0 <= passkey <= 999_999:
            raise ValueError(f"a passkey has six digits, not {passkey}")
        self.shown = passkey
        self._device = device
        self._changed = changed
        self.bonded = False
        self._button: asyncio.TimerHandle | None = None
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
        device.keystore = JsonKeyStore(name, str(file)) if file else MemoryKeyStore()
        device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=passkey is not None, bonding=True, delegate=_Delegate(self)
        )

    @property
    def pairing_mode(self) -> bool:
        """Whether it pairs with whoever asks: for a while after its button was held, and without any bond."""
        return self._button is not None or not self.bonded

    async def power_on(self) -> None:
        """Look the bonds up."""
        assert self._device.keystore
        self.bonded = self.bonded or bool(await self._device.keystore.get_all())

    def power_off(self) -> None:
        """Leave pairing mode."""
        if self._button:
            self._button.cancel()
            self._button = None

    def press_button(self) -> None:
        """Hold the button: pairing mode for `PAIRING_S`."""
        self.power_off()
        self._button = asyncio.get_running_loop().call_later(PAIRING_S, self._released)
        self._changed()

    async def forget(self) -> None:
        """Lose all bonds."""
        assert self._device.keystore
        await self._device.keystore.delete_all()
        self.bonded = False
        self._changed()

    def connected(self, connection: Connection) -> None:
        """Follow a link, on which somebody may pair."""
        connection.on(Connection.EVENT_PAIRING, self._paired)

    def _paired(self, _keys: object) -> None:
        self.bonded = True
        self._released()

    def _released(self) -> None:
        self.power_off()
        self._changed()


class _Delegate(PairingDelegate):
    def __init__(self, bonding: Bonding) -> None:
        # see the bridge's backend: without identity keys, bonds are filed under the address in use
        keys = PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
        shows = bonding.shown is not None
        super().__init__(
            io_capability=self.DISPLAY_OUTPUT_ONLY if shows else self.NO_OUTPUT_NO_INPUT,
            local_initiator_key_distribution=keys,
            local_responder_key_distribution=keys,
        )
        self._bonding = bonding

    async def accept(self) -> bool:
        return self._bonding.pairing_mode

    async def confirm(self, auto: bool = False) -> bool:
        return self._bonding.shown is None  # a hub that cannot ask for the passkey does not get in without

    async def generate_passkey(self) -> int:
        shown = self._bonding.shown
        return secrets.randbelow(1_000_000) if shown is None else shown
