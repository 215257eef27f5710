"""The web server as a process of its own, as GripHub starts it."""

import http.client
import signal
import socket
import time

import pytest
from streamlit import config as streamlit_config

from griphub.dashboard import server
from griphub.dashboard.access_key import link
from griphub.hub.config import DashboardConfig
from griphub.hub.errors import SetupError


def get(config, target, cookie=""):
    connection = http.client.HTTPConnection("127.0.0.1", config.dashboard.port, timeout=10)
    try:
        connection.request("GET", target, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_a_taken_port_is_said_before_anything_starts(config):
    with (
        socket.create_server(("127.0.0.1", config.dashboard.port)),
        pytest.raises(SetupError, match="GRIPHUB_DASHBOARD__PORT"),
    ):
        server.run(config)


def test_an_address_of_another_machine_is_said_too(config):
    elsewhere = config.model_copy(update={"dashboard": DashboardConfig(host="192.0.2.1")})
    with pytest.raises(SetupError, match=r"192\.0\.2\.1"):
        server.run(elsewhere)


def test_every_setting_is_one_that_streamlit_knows(config):
    settings = server.settings(config)
    assert not set(settings) - set(streamlit_config._config_options_template)
    assert settings["browser.gatherUsageStats"] is False
    assert settings["server.headless"] is True


@pytest.mark.alone
def test_the_server_serves_signed_in_browsers_only_and_ends_in_time(config, start_dashboard):
    child = start_dashboard()
    for path in ("/", "/progress", "/_stcore/health", "/_stcore/host-config", "/static/js/", "/live/c-ada"):
        status, _, body = get(config, path)
        assert (status, b"Access key" in body) == (401, True), path

    status, headers, _ = get(config, link(config).split(str(config.dashboard.port))[1])
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"].split(";")[0]
    assert get(config, "/_stcore/health", cookie)[0] == 200
    status, _, page = get(config, "/", cookie)
    assert (status, b"<title>" in page) == (200, True)

    began = time.monotonic()
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0
    assert time.monotonic() - began < 2.0
    output = child.stdout.read()
    assert link(config).split("=")[1] not in output, "the key is not logged"


def test_ctrl_c_ends_it_without_a_traceback(config, start_dashboard):
    child = start_dashboard()
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 0
    assert "Traceback" not in child.stdout.read()
