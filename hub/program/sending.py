"""The clinic's end, as a part of ingest: lays down at the broker what homes should have, notes their answers.

What is due stands in the database, so this may be killed anywhere: it sends again, the very same letter. It
may also run more than once, as with many workers of ingest.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as paho

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..database.migrate import open_current
from ..delivery import mqtt
from ..errors import NotFound
from ..people.model import Child, Family
from .consent_post import SentText, note_text_sent, seal_text, text_topic, texts_due
from .keys import signing_key
from .letter import LetterError, LetterTaken, answer_topic, digest_of, letter_topic, seal
from .outgoing import due, has_homes, note_sent, note_taken
from .post import letter_for
from .tables import LetterOut

log = logging.getLogger(__name__)

#: How soon something new is seen.
POLL_S: Final = 1.0
#: What a home has not taken is laid down again now and then: the broker may have lost it, or the home did not
#: have the clinic's key yet.
AGAIN_S: Final = 3600.0
#: How long the broker is given to take a letter.
ANSWER_S: Final = 15.0
#: Wait after something went wrong.
RETRY_S: Final = 5.0

_POST: Final = Actor.part("post")


class Sender:
    """Sends what is due; `run` is a thread of ingest's.

    Parameters
    ----------
    config : Config
    tell : callable
        Told under ``letters`` why nothing goes, and None when it does.

    Attributes
    ----------
    turned_s : float
        When it last came round, to see whether it hangs.
    """

    def __init__(
        self, config: Config, tell: Callable[[str, str | None], None] = lambda _what, _reason: None
    ) -> None:
        self._config = config
        self._tell = tell
        self._database: Database | None = None
        self._client: paho.Client | None = None
        self._answers: queue.SimpleQueue[tuple[str, LetterTaken]] = queue.SimpleQueue()
        self._heard: list[tuple[str, LetterTaken]] = []  # and not yet noted
        self._again = threading.Event()  # at the start, and at each connection
        self._again.set()
        self._again_s = time.monotonic() + AGAIN_S
        self.turned_s = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set."""
        said = ""
        try:
            while not stop.is_set():
                try:
                    self._turn()
                    said, wait_s = "", POLL_S
                    self._tell("letters", None)
                except GripError as error:
                    if str(error) != said:  # once, not every few seconds
                        log.error("%s", error)
                    said, wait_s = str(error), RETRY_S
                    self._tell("letters", said)
                self.turned_s = time.monotonic()
                stop.wait(wait_s)
        finally:
            if self._client:
                mqtt.stop(self._client)
            if self._database:
                self._database.close()

    def _turn(self) -> None:
        database = self._opened()
        if database is None:
            return
        self._heard += self._new_answers()
        if self._heard:
            with database.work(_POST, "post.answer") as work:
                note_taken(work, self._heard)
            self._heard = []
        again = self._again.is_set() or time.monotonic() >= self._again_s
        with database.reading(_POST) as work:
            texts = texts_due(work, self._config, again=again)
            children = due(work, self._config, again=again)
            homes = self._client is not None or has_homes(work, self._config)
        if homes and self._client is None:  # a home by itself never comes here
            self._client = self._connect()
        if self._client is None or not self._client.is_connected():
            return
        if again:
            self._again.clear()
            self._again_s = time.monotonic() + AGAIN_S
        for text in texts:
            self._send_text(database, self._client, text)
            self.turned_s = time.monotonic()
        for child_id in children:
            self._send(database, self._client, child_id)
            self.turned_s = time.monotonic()

    def _send(self, database: Database, client: paho.Client, child_id: str) -> None:
        digest, problem = None, ""
        with database.reading(_POST) as work:
            changes = work.need(LetterOut, child_id).changes  # before the letter: what comes later goes again
            hub = work.need(Family, work.need(Child, child_id).family_id).hub or ""
            try:
                letter = letter_for(work, child_id)
            except (LetterError, NotFound) as error:
                problem = error.reason if isinstance(error, LetterError) else str(error)
        if not problem:
            text = seal(letter, signing_key(self._config)).model_dump_json(by_alias=True)
            if not _took(client.publish(letter_topic(letter.site, hub, child_id), text, qos=1, retain=True)):
                return  # it stays due
            digest = digest_of(text.encode())
        with database.work(_POST, "post.sent") as work:
            note_sent(work, child_id, changes, hub, digest=digest, problem=problem)

    def _send_text(self, database: Database, client: paho.Client, text: SentText) -> None:
        if text.too_long:  # published before that was asked
            log.error("The text of consent %s is too long to be sent: publish a shorter one.", text.version)
        else:
            sealed = seal_text(text, signing_key(self._config)).model_dump_json(by_alias=True)
            if not _took(client.publish(text_topic(text.site, text.hub), sealed, qos=1, retain=True)):
                return  # it stays due
        with database.work(_POST, "post.sent_text") as work:
            note_text_sent(work, text)

    def _opened(self) -> Database | None:
        """The database, which stays open; None where nobody has made one yet."""
        if self._database is None:
            self._database = open_current(self._config)
        return self._database

    def _connect(self) -> paho.Client:
        client = mqtt.make_client(
            self._config,
            "ingest",
            f"griphub-letters-{self._config.site}",
            connected=self._on_connected,
            tell=lambda reason: self._tell("letters", reason),
        )
        client.on_message = self._on_message
        mqtt.start(client, self._config)
        return client

    def _new_answers(self) -> list[tuple[str, LetterTaken]]:
        heard = []
        while not self._answers.empty():
            heard.append(self._answers.get())
        return heard

    # paho's thread

    def _on_connected(self, client: paho.Client) -> None:
        client.subscribe(answer_topic("+", "+", "+"), qos=1)
        self._again.set()

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        try:
            self._answers.put((message.topic, LetterTaken.model_validate_json(message.payload)))
        except ValueError:  # taken back, or none that this version reads; also a topic that is no text
            log.debug("What came as an answer to a letter is none.")


def _took(sent: paho.MQTTMessageInfo) -> bool:
    """Whether the broker has taken a message, which it is given a while for."""
    try:
        sent.wait_for_publish(ANSWER_S)
    except (RuntimeError, ValueError):  # the connection ended
        return False
    return sent.is_published()
