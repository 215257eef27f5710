"""One way to make an MQTT client, for hub, ingest and dashboard."""

import logging
import ssl
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..config import Config
from .broker import Role, credentials

log = logging.getLogger(__name__)

#: Reconnect waits, seconds: at once after a restart of the broker, seldom when it stays away.
RECONNECT_MIN_S, RECONNECT_MAX_S = 1, 30

KEEPALIVE_S = 20


def make_client(
    config: Config,
    role: Role,
    client_id: str,
    *,
    connected: Callable[[paho.Client], None],
    durable: bool = False,
    manual_ack: bool = False,
) -> paho.Client:
    """Make a client that connects in the background and comes back by itself.

    Set the other callbacks, then call `start`. They run on paho's own thread.

    Parameters
    ----------
    connected : callable
        Called at each connection that the broker accepts: the place to subscribe.
    durable : bool
        Keep the session at the broker while the client is away.
    manual_ack : bool
        Messages are acknowledged by ``client.ack`` once they are safe, not on arrival.
    """
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=not durable,
        protocol=paho.MQTTv311,
        manual_ack=manual_ack,
    )

    def on_connect(
        client: paho.Client,
        userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.warning("The broker refused the %s: %s. Check [broker] user and password.", role, reason)
        else:
            connected(client)

    client.on_connect = on_connect
    login = credentials(config, role)
    if login.user is not None:
        client.username_pw_set(login.user, login.password)
    if config.broker.tls:
        client.tls_set_context(ssl.create_default_context())
    client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
    return client


def start(client: paho.Client, config: Config) -> None:
    """Begin connecting; a broker that is away is tried again."""
    client.connect_async(config.broker.host or "127.0.0.1", config.broker.port, KEEPALIVE_S)
    client.loop_start()


def stop(client: paho.Client) -> None:
    """Say goodbye and end paho's thread."""
    client.disconnect()
    client.loop_stop()
