"""What another's broker retains of a child: the program's letter and the home's answer to it.

A user may write one of the two and read the other, as docs/brokers.md gives rights. So each is overwritten
with nothing, which is how MQTT takes back what was retained, and then looked for.
"""

import contextlib
import threading
from collections.abc import Collection, Iterator
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..config import Config
from ..delivery import mqtt
from ..errors import SetupError
from ..program.letter import answer_topic, letter_topic

#: How long the broker is given to let us in, and to answer.
ANSWER_S: Final = 8.0
#: A broker sends what is retained right after it has confirmed a subscription.
QUIET_S: Final = 1.0


def take_back(config: Config, child_id: str, homes: Collection[tuple[str, str]]) -> list[str]:
    """Take back what is retained of a child.

    Parameters
    ----------
    homes : collection of (site, hub)
        Where the child lives, or lived.

    Returns
    -------
    list of str
        Sentences about what could not be cleared, or not be seen to be.
    """
    topics = [topic(*home, child_id) for home in sorted(homes) for topic in (letter_topic, answer_topic)]
    host = config.broker.address
    try:
        taken = {topic: _empty(config, topic) for topic in topics}
        found = {topic: _look(config, topic) for topic in topics}
    except SetupError as error:
        return [
            f"The child's program and the answer to it, {' and '.join(topics)}, could not be cleared at "
            f"{host}: {error} Then erase again."
        ]
    said = []
    for topic in topics:
        if found[topic] or (found[topic] is None and not taken[topic]):
            said.append(
                f"{topic} could not be cleared at {host}, as this user may not write there. Erase the "
                "child at the other end too: the clinic takes the program back, the home its answer."
            )
        elif found[topic] is None:
            said.append(f"{topic} was cleared at {host}; this user may not look whether it is.")
    return said


@contextlib.contextmanager
def _connected(config: Config) -> Iterator[paho.Client]:
    here = threading.Event()
    problem: list[str] = []

    def tell(reason: str | None) -> None:
        if reason and not here.is_set():
            problem.append(reason)
            here.set()

    client = mqtt.make_client(
        config, "hub", f"griphub-erase-{config.site}", connected=lambda _: here.set(), tell=tell
    )
    mqtt.start(client, config)
    try:
        if not here.wait(ANSWER_S) or problem:
            raise SetupError(problem[0] if problem else "The broker does not answer", "See that it runs.")
        yield client
    finally:
        mqtt.stop(client)


def _empty(config: Config, topic: str) -> bool:
    """Overwrite with nothing; on a connection of its own, as some brokers end that of who may not."""
    with _connected(config) as client:
        sent = client.publish(topic, b"", qos=1, retain=True)
        with contextlib.suppress(RuntimeError, ValueError):  # the connection ended
            sent.wait_for_publish(ANSWER_S)
        return sent.is_published()


def _look(config: Config, topic: str) -> bool | None:
    """Whether something is retained; None where this user may not look."""
    seen, answered = threading.Event(), threading.Event()
    refused: list[bool] = []

    def on_subscribe(
        client: paho.Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        refused.extend(reason.is_failure for reason in reasons)
        answered.set()

    def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        if message.payload:
            seen.set()

    with _connected(config) as client:
        client.on_subscribe = on_subscribe
        client.on_message = on_message
        client.subscribe(topic, qos=1)
        if not answered.wait(ANSWER_S) or any(refused):
            return None
        return seen.wait(QUIET_S)
