"""The clinic's text of consent on its way to a home, which agrees to that version of it."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from griphub.hub.database.actor import Actor
from griphub.hub.errors import FieldError
from griphub.hub.people import consent, places
from griphub.hub.people.decisions import standing_of
from griphub.hub.people.model import ConsentText
from griphub.hub.program.consent_post import (
    SealedText,
    SentText,
    note_text_sent,
    seal_text,
    sent_text,
    take_text,
    text_here,
    text_topic,
    texts_due,
)
from griphub.hub.program.keys import shown, signing_key, trust, trusted
from griphub.hub.program.letter import LetterError

from .conftest import Broker
from .letters import Letterbox, sending
from .test_consent_letters import Clock, End, clock, deliver, ends, letter
from .test_conversation import until

__all__ = ["clock", "ends"]

PART = Actor.part("test")


def publish(end: End, version: str, text: str, language: str | None = None) -> None:
    with end.database.work(PART) as work:
        consent.publish_text(work, site_id="home", version=version, text=text, language=language)


def laid_down(clinic: End, *, again: bool = False) -> list[SentText]:
    """What the clinic's ingest would lay down at the broker, and notes that it has."""
    with clinic.database.work(PART) as work:
        found = texts_due(work, clinic.config, again=again)
        for text in found:
            note_text_sent(work, text)
    return found


def payload(clinic: End, text: SentText) -> bytes:
    return seal_text(text, signing_key(clinic.config)).model_dump_json(by_alias=True).encode()


def bring(clinic: End, there: End, text: SentText) -> None:
    with there.database.work(PART) as work:
        take_text(work, there.config, payload(clinic, text), trusted(there.config))


def current(end: End) -> ConsentText:
    with end.database.reading(PART) as work:
        found = consent.current_text(work, "c-1")
    assert found
    return found


def test_a_home_without_a_text_gets_the_clinics_and_agrees_to_that_version(
    ends: tuple[End, End],
    clock: Clock,
) -> None:
    clinic, there = ends
    publish(clinic, "v2", "Was geteilt wird – und mit wem.", "de")
    deliver(clinic, there)
    assert not there.shares()
    (text,) = laid_down(clinic)
    assert (text.version, text.language, text.hub) == ("v2", "de", "hub")
    for _ in range(3):
        bring(clinic, there, text)
    assert (current(there).text, current(there).language) == ("Was geteilt wird – und mit wem.", "de")
    assert current(there).published_at == current(clinic).published_at
    clock.forward(hours=1)
    with there.database.work(PART) as work:
        consent.give(work, "c-1", version=current(there).version, given_by="Ana Ortiz")
    assert there.shares()
    taken = deliver(clinic, there)
    assert taken.consent_text == "v2" and clinic.shares()
    with clinic.database.reading(PART) as work:
        decided = standing_of(work, "c-1")
    assert decided and (decided.given, decided.version) == (True, "v2")
    assert laid_down(clinic) == [] and laid_down(clinic, again=True) == [], "the home is heard to have it"


def test_a_new_text_goes_to_the_home_and_ends_no_consent(ends: tuple[End, End], clock: Clock) -> None:
    clinic, there = ends
    bring(clinic, there, *laid_down(clinic))
    clock.forward(hours=1)
    with there.database.work(PART) as work:
        consent.give(work, "c-1", version="v1", given_by="Ana Ortiz")
    clock.forward(days=1)
    publish(clinic, "v2", "Other words")
    old = sent_text(_text(clinic, "v1"), "hub")
    (new,) = laid_down(clinic)
    bring(clinic, there, new)
    bring(clinic, there, old)  # late, and once more
    assert current(there).version == "v2"
    deliver(clinic, there)
    assert there.shares() and clinic.shares()
    with there.database.reading(PART) as work:
        assert text_here(work, "home") == "v2"


def test_what_is_not_the_clinics_or_has_other_words_is_not_taken(ends: tuple[End, End], clock: Clock) -> None:
    clinic, there = ends
    (text,) = laid_down(clinic)
    stranger = seal_text(text, Ed25519PrivateKey.generate())
    sealed = seal_text(text, signing_key(clinic.config))
    wrong = {
        "not signed": stranger,
        "is damaged": SealedText(body=sealed.body, signature="?"),
        "another home": seal_text(text.model_copy(update={"hub": "hub2"}), signing_key(clinic.config)),
        "not those": seal_text(text.model_copy(update={"text": "Ha"}), signing_key(clinic.config)),
        "update GripHub": SealedText(**_letter_in_its_place(clinic)),
    }
    for why, one in wrong.items():
        with pytest.raises(LetterError, match=why), there.database.work(PART) as work:
            take_text(work, there.config, one.model_dump_json(by_alias=True).encode(), trusted(there.config))
        with there.database.reading(PART) as work:
            assert text_here(work, "home") is None
    publish(there, "v1", "The home's own words")
    with pytest.raises(LetterError, match="other words is called v1"):
        bring(clinic, there, text)
    assert current(there).text == "The home's own words"
    clock.forward(minutes=1)
    publish(clinic, "v2", "The clinic's words")
    clock.forward(minutes=1)
    publish(there, "v3", "Later words of the home's own")
    bring(clinic, there, *laid_down(clinic))
    assert current(there).version == "v2", "where a clinic's is here, it is what is agreed to"


def test_a_home_gets_its_own_text_and_no_other_sites(ends: tuple[End, End]) -> None:
    clinic, _ = ends
    with clinic.database.work(PART) as work:
        places.add_site(work, site_id="ward", name="Ward")
        places.add_family(work, site_id="ward", name="Neighbours", hub="pi")
        places.add_family(work, site_id="home", name="Without a hub")
        consent.publish_text(work, site_id="ward", version="w1", text="The ward's")
    found = sorted((one.site, one.hub, one.version) for one in laid_down(clinic))
    assert found == [("home", "hub", "v1"), ("ward", "pi", "w1")]
    assert text_topic("ward", "pi") == "griphub/v1/ward/pi/message/consent"


@pytest.mark.parametrize("text", ['"' * 22_000, "漢" * 20_000])
def test_a_text_that_no_broker_takes_is_refused_when_it_is_published(
    ends: tuple[End, End], text: str
) -> None:
    with pytest.raises(FieldError, match="too long to be sent"):
        publish(ends[0], "v9", text)
    assert [one.version for one in laid_down(ends[0])] == ["v1"]


@pytest.mark.usefixtures("quickly")
async def test_over_a_real_broker_a_home_that_comes_later_finds_the_text(
    ends: tuple[End, End], running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.mailbox.NEWS_S", 0.05)
    monkeypatch.setattr("griphub.hub.program.mailbox.AGAIN_S", 0.05)
    clinic, there = ends
    (there.config.data_dir / "clinic.pub").unlink()  # joins only later
    publish(clinic, "v2", "Words for later")

    def sent(*, again: bool) -> bool:
        with clinic.database.reading(PART) as work:
            return not texts_due(work, clinic.config, again=again)

    with sending(clinic.config):
        await until(lambda: sent(again=False))
    assert not sent(again=True)
    with sending(clinic.config):  # which lays it down once more, as nobody has said that it came
        async with Letterbox(there.config):
            trust(there.config, shown(signing_key(clinic.config).public_key()))
            await until(lambda: sent(again=True))
    assert current(there).text == "Words for later"


def _text(end: End, version: str) -> ConsentText:
    with end.database.reading(PART) as work:
        return work.need(ConsentText, ("home", version))


def _letter_in_its_place(clinic: End) -> dict[str, str]:
    """What the clinic signed, but as another kind of message."""
    sealed = json.loads(letter(clinic))
    return {"body": sealed["body"], "signature": sealed["signature"]}
