"""The clinic's end: a letter is laid down at the broker, retained, and the home's answer looked up."""

import contextlib
import threading
from collections.abc import Mapping
from typing import Final

import paho.mqtt.client as paho
from pydantic import ValidationError

from ..config import Config
from ..delivery import mqtt
from ..errors import SetupError
from .letter import LetterTaken, SealedLetter, answer_topic, digest_of, letter_topic

#: How long the broker, and a home that is there, are given.
CONNECT_S: Final = 15.0

Where = tuple[str, str, str]


def send(
    config: Config, letters: Mapping[Where, SealedLetter], *, wait_s: float = 5.0
) -> dict[Where, LetterTaken | None]:
    """Lay letters down, and wait a while for the homes' answers.

    Parameters
    ----------
    letters : mapping of (site, hub, child id) to SealedLetter
        They stay at the broker until others take their place.

    Returns
    -------
    dict
        Answers to these very letters; None where the home has not taken it yet.

    Raises
    ------
    SetupError
        If the broker does not take them.
    """
    waiting = {answer_topic(*where): where for where in letters}
    digests = {
        where: digest_of(letter.model_dump_json(by_alias=True).encode()) for where, letter in letters.items()
    }
    answers: dict[Where, LetterTaken | None] = dict.fromkeys(letters)
    connected, all_here = threading.Event(), threading.Event()
    problem: list[str] = []

    def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        with contextlib.suppress(ValidationError):  # not an answer that this version reads
            taken = LetterTaken.model_validate_json(message.payload)
            where = waiting.get(message.topic)
            if where and taken.digest == digests[where]:
                answers[where] = taken
        if all(answers.values()):
            all_here.set()

    def on_connected(client: paho.Client) -> None:
        for topic in waiting:
            client.subscribe(topic, qos=1)
        connected.set()

    client = mqtt.make_client(
        config,
        "ingest",
        f"griphub-letters-{config.site}",
        connected=on_connected,
        tell=lambda reason: problem.append(reason) if reason else None,
    )
    client.on_message = on_message
    mqtt.start(client, config)
    try:
        if not connected.wait(CONNECT_S):
            raise SetupError(problem[-1] if problem else "The broker does not answer", "Then send it again.")
        sent = [
            client.publish(letter_topic(*where), letter.model_dump_json(by_alias=True), qos=1, retain=True)
            for where, letter in letters.items()
        ]
        for one in sent:
            one.wait_for_publish(CONNECT_S)
            if not one.is_published():
                raise SetupError("The broker did not take the program", "Send it again.")
        all_here.wait(wait_s)
    finally:
        mqtt.stop(client)
    return answers
