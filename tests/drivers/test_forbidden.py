"""What no automatic code may ever write to a tool: calibration, restart, power-off, firmware, and guesses.

A driver says what it wants written, and the link writes nothing else. So all that a driver can name, in any
state, is compared with the few writes that are meant and with the many that must not be.
"""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.drivers.contract import Driver, Write
from griphub.firmware_bridge.drivers.registry import DRIVERS
from griphub.firmware_bridge.errors import PacketError

ANY: Final = ""  #: value, or beginning of a UUID

_DFU: Final = {
    "8ec9": {ANY: "firmware update"},
    "8e40": {ANY: "firmware update"},
    "f000ffc": {ANY: "firmware update"},
}

#: By driver, beginning of a characteristic's UUID, and beginning of the value in hex.
FORBIDDEN: Final[dict[str, dict[str, dict[str, str]]]] = {
    "squegg": {"0000ffb1": {ANY: "no command is known"}},
    "progressor": {
        "7e4e1703": {
            "67": "peak measurement of unknown layout",
            "68": "series of unknown layout",
            "69": "add a calibration point",
            "6a": "save the calibration",
            "6d": "clear the errors",
            "6e": "switch off",
            "71": "overwrite the calibration",
            "73": "add a calibration point, on a clone",
            "74": "table of calibration; default calibration, on a clone",
            "75": "restart",
        }
    },
    "sig-force": {ANY: {ANY: "it only notifies"}},
    "wh-c06": {ANY: {ANY: "it only advertises"}},
    "gripforge": {ANY: {ANY: "it only notifies"}},
    "force-board": {
        "467a8517": {
            "05": "tare that may end the stream",
            "06": "quick start, which hides how a hand lets go",
        },
        "9a88d686": {ANY: "threshold"},
        "9a88d688": {ANY: "serial number"},
        "9a88d680": {ANY: "purpose unknown"},
        "9a88d687": {ANY: "purpose unknown"},
        "9a88d689": {ANY: "purpose unknown"},
        "467a8518": {ANY: "purpose unknown"},
    },
    "climbro": {
        "49535343-8841": {ANY: "no command is known, and $$$ takes the radio module over"},
        "49535343-4c8a": {ANY: "control of the radio module"},
    },
    "entralpi": {"0000fff1": {ANY: "no command is known"}},
    "cts500": {
        "0000ffe2": {
            "0581": "range",
            "0582": "division",
            "0583": "first calibration weight",
            "0584": "second calibration weight",
            "0585": "power-on zero",
            "0586": "zero point",
            "05a1": "first calibration",
            "05a2": "second calibration",
            "05a7": "no-load calibration",
            "05c0": "baud rate",
            "05c1": "sampling rate",
            "05c3": "switch-off time",
            "05c6": "temperature alarm",
            "05c7": "temperature alarm",
            "05ca": "peak mode",
            "05d1": "alarm",
            "05d2": "alarm",
            "05d3": "alarm",
            "05d4": "alarm",
        }
    },
    "frez-dyno": {"da8a6c43": {"ff": "switch off"}},
    "motherboard": {
        "6e400002": {
            b"C0".hex(): "write a calibration point",
            b"C1".hex(): "write a calibration point",
            b"C2".hex(): "write a calibration point",
            b"C3".hex(): "write a calibration point",
            b"D".hex(): "debug",
            b"T".hex(): "text memory",
            b"0".hex(): "sleep",
        },
        "10ab": {ANY: "lamps"},
    },
}

#: By driver, all that it may want: characteristic up to the first dash, and the value in hex.
MEANT: Final[dict[str, set[tuple[str, str]]]] = {
    "squegg": set(),
    "progressor": {("7e4e1703", "64"), ("7e4e1703", "65"), ("7e4e1703", "66")},
    "sig-force": set(),
    "wh-c06": set(),
    "gripforge": set(),
    "force-board": {("467a8517", "04"), ("467a8517", "07"), ("9a88d683", "01")},
    "climbro": set(),
    "entralpi": set(),
    "cts500": {
        ("0000ffe2", "05aa000000af"),
        ("0000ffe2", "05ab000000b0"),
        ("0000ffe2", "05a6000000ab"),
    },
    "frez-dyno": {("da8a6c43", "0100"), ("da8a6c43", "0200")},
    "motherboard": {("6e400002", b"C".hex()), ("6e400002", b"S30".hex()), ("6e400002", b"#".hex())},
}

#: Packets that drivers understand, so that they reach all their states.
TALK: Final = [
    b"".join(
        f"{cell},{point},{point}.5,{point * 900_000}\n".encode() for cell in range(4) for point in range(4)
    ),
    b"07003C0FE8030030F8FFB80B00000000\r\n",
    bytes.fromhex("0500000004d2db"),
    bytes.fromhex("05aa000000af"),
    bytes.fromhex("00020000190001 04".replace(" ", "")),
    bytes.fromhex("f5050607"),
    bytes.fromhex("04e2"),
    bytes.fromhex("0110000048 41d01213000000 4a41a4431300".replace(" ", "")),
    bytes.fromhex("0400"),
    b"19119.627",
    b"12.3",
]


def forbidden(driver: type[Driver], write: Write) -> str | None:
    """Why a write must not be, or None."""
    for uuid, values in (FORBIDDEN[driver.name] | _DFU).items():
        for value, reason in values.items():
            if write.characteristic.startswith(uuid) and write.data.hex().startswith(value):
                return reason
    return None


def named_by(driver: type[Driver], steps: list[str | bytes]) -> list[Write]:
    """All writes that a driver wants on its way through some steps."""
    one = driver()
    wanted: list[Write] = []
    for step in steps:
        match step:
            case bytes():
                for characteristic in driver.notify or ("",):
                    try:
                        reading = one.feed(step, characteristic)
                    except PacketError:
                        continue
                    wanted += reading.writes if reading else ()
            case "start":
                wanted += one.start()
            case "stop":
                wanted += one.stop()
            case "tare":
                wanted += one.tare()
    return wanted


def test_every_driver_is_in_the_tables() -> None:
    names = {driver.name for driver in DRIVERS}
    assert names == set(FORBIDDEN) == set(MEANT)


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_a_driver_names_what_is_meant_and_all_of_it(driver: type[Driver]) -> None:
    wanted = named_by(driver, ["start", "tare", *TALK, "tare", "stop"])
    assert {(write.characteristic.split("-")[0], write.data.hex()) for write in wanted} == MEANT[driver.name]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@given(
    steps=st.lists(
        st.one_of(st.sampled_from(["start", "stop", "tare"]), st.sampled_from(TALK), st.binary(max_size=80)),
        max_size=12,
    )
)
def test_no_state_leads_to_a_forbidden_write(driver: type[Driver], steps: list[str | bytes]) -> None:
    for write in named_by(driver, steps):
        assert forbidden(driver, write) is None
        assert (write.characteristic.split("-")[0], write.data.hex()) in MEANT[driver.name]


@pytest.mark.parametrize(
    ("name", "characteristic", "value"),
    [
        ("progressor", "7e4e1703-1ea6-40c9-9dcc-13d34ffead57", "6e"),
        ("cts500", "0000ffe2-0000-1000-8000-00805f9b34fb", "05a7000000ac"),
        ("frez-dyno", "da8a6c43-154b-4b9a-9b00-2f84dfcebfe9", "ff00"),
        ("force-board", "8ec90003-f315-4f60-9fb8-838830daea50", "01"),
        ("motherboard", "6e400002-b5a3-f393-e0a9-e50e24dcca9e", b"C0,1,2.5,300".hex()),
        ("climbro", "49535343-8841-43f4-a8d4-ecbe34729bb3", "242424"),
    ],
)
def test_the_table_knows_a_forbidden_write(name: str, characteristic: str, value: str) -> None:
    driver = next(driver for driver in DRIVERS if driver.name == name)
    assert forbidden(driver, Write(characteristic, bytes.fromhex(value)))
