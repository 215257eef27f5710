"""Leads a parent through pairing, question by question."""

import asyncio
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ...firmware_bridge.candidates import OWN, Candidate
from ...firmware_bridge.pairing_diagnosis import WORDS, PairingProblem
from ...firmware_bridge.quiet_check import QuietReport, QuietVerdict
from ..config import ChildConfig, Config
from ..control.answers import ControlError, Problem
from ..control.client import ControlClient, PairingTalk
from ..records.vocabulary import Hand
from .ask import Asker
from .common import out

#: A tool that is awake and near is heard within a second or two; this leaves time to fetch and squeeze it.
FIND_S: Final = 15.0
#: Quiet checks before somebody is asked what to do.
CHECKS: Final = 3


@dataclass
class Guide:
    """Leads a parent through pairing; what was given as an option is not asked."""

    config: Config
    tool: str | None
    child: ChildConfig | None
    hand: Hand | None
    passkey: int | None
    quiet: bool  #: nothing is told on the way
    _asker: Asker | None  # None: nobody is there to answer
    _numbers: dict[str, int] = field(default_factory=dict)  # of candidates: one that was told stays

    async def run(self, client: ControlClient) -> dict[str, Any] | None:
        """Pair; returns what came of it for scripts, None if it was given up."""
        mend = self._asker is None
        while True:
            candidate = await self._find(client) if self.tool else await self._choose(client)
            if candidate is None:
                return None
            try:
                async with client.pairing(candidate.id, digits=self._digits, mend=mend) as held:
                    if done := await self._with(held):
                        return done
            except ControlError as error:
                if not self._asker:
                    raise
                self._say(str(error))
                if error.problem == PairingProblem.BOND_LOST:
                    mend = await self._yes("Shall it be paired again?")
                    if mend:
                        self.tool = candidate.tool_id
                        continue
            if not await self._yes("Shall we try again?"):
                return None

    async def _with(self, held: PairingTalk) -> dict[str, Any] | None:
        if held.tool.simulated:
            self._say("This tool is simulated: what it measures is marked so.")
        if self._asker:
            if held.tool.can_blink:
                await held.blink()
                if not await self._yes("It blinks now. Is it the one that you mean?"):
                    return None
            else:
                self._say(held.tool.because.get("identify", "This tool cannot blink."))
        child, hand = await self._whose()
        report = await self._check(held)
        if report is None:
            return None
        tool = await held.finish(child.id, hand)
        self._say(f"Done. {held.tool.title} {tool.id} is {child.alias}'s now, for the {hand} hand.")
        return {"tool": tool.model_dump(mode="json"), "check": report}

    # -- which tool

    async def _find(self, client: ControlClient) -> Candidate:
        """Wait for the tool that was named."""
        assert self.tool
        wanted = self.tool.casefold()
        found: list[Candidate] = []
        try:
            async with asyncio.timeout(FIND_S), aclosing(client.candidates()) as lists:
                async for candidates in lists:
                    found = [c for c in candidates if wanted in (c.tool_id, c.name.casefold())]
                    if any(not c.silent for c in found):
                        break
        except TimeoutError:
            pass
        if len(found) == 1:
            return found[0]
        if found:
            words = (
                f"{len(found)} devices call themselves {self.tool}. Switch off all but yours, and try again."
            )
            raise ControlError(Problem(kind="CannotPair", problem=PairingProblem.WRONG_TOOL, message=words))
        words = WORDS[PairingProblem.ASLEEP].format(tool=self.tool)
        raise ControlError(Problem(kind="CannotPair", problem=PairingProblem.ASLEEP, message=words))

    async def _choose(self, client: ControlClient) -> Candidate | None:
        """Show what is near until somebody chooses."""
        self._say("Squeeze the tool to wake it, hold its button until it blinks, and bring it near.")
        self._say("Type its number and press Enter; Enter alone ends.")
        shown: dict[int, Candidate] = {}
        rows: list[tuple[str, ...]] | None = None
        assert self._asker
        answer = asyncio.create_task(self._asker.line())
        try:
            with Live(console=out, auto_refresh=False) as live:
                async with aclosing(client.candidates()) as lists:
                    async for candidates in lists:
                        for candidate in candidates:
                            n = self._numbers.setdefault(candidate.id, len(self._numbers) + 1)
                            shown[n] = candidate
                        if (now := _rows(shown)) != rows:  # else what is being typed would vanish
                            rows = now
                            live.update(_list(rows), refresh=True)
                        if answer.done():
                            if not (text := answer.result()):
                                return None
                            if text.isdecimal() and int(text) in shown:
                                return shown[int(text)]
                            answer = asyncio.create_task(self._asker.line())
        finally:
            answer.cancel()
        return None

    # -- questions

    async def _whose(self) -> tuple[ChildConfig, Hand]:
        while self.child is None and self._asker:
            names = ", ".join(child.alias for child in self.config.children)
            answer = (await self._asker.line(f"Who uses it? ({names})")).casefold()
            self.child = next((c for c in self.config.children if answer == c.alias.casefold()), None)
        while self.hand is None and self._asker:
            answer = (await self._asker.line("With which hand? (left, right)")).casefold()
            self.hand = next((hand for hand in Hand if answer and hand.startswith(answer)), None)
        assert self.child and self.hand  # where nobody is asked both were given
        return self.child, self.hand

    async def _check(self, held: PairingTalk) -> dict[str, Any] | None:
        """Check until all is well, or somebody says that it shall be so; None if not."""
        for _ in range(CHECKS):
            if self._asker:
                await self._asker.line("Lay the tool on the table, let go of it, and press Enter.")
            self._say("Checking …")
            report = await held.quiet_check()
            self._say(report.words)
            if report.verdict is QuietVerdict.FINE:
                break
            if report.verdict is QuietVerdict.NEEDS_TARE and held.tool.can_tare:
                await held.tare()
        else:
            if self._asker and not await self._asker.yes("Shall it be used all the same?"):
                return None
        return _figures(report)

    async def _digits(self) -> int | None:
        if self.passkey is not None or not self._asker:
            return self.passkey
        while text := await self._asker.line("Which six digits are on the tool?"):
            if text.isdecimal() and len(text) <= 6:
                return int(text)
        return None

    async def _yes(self, question: str) -> bool:
        return self._asker is not None and await self._asker.yes(question)

    def _say(self, words: str) -> None:
        if not self.quiet:
            out.print(escape(words), soft_wrap=True)


def _rows(shown: dict[int, Candidate]) -> list[tuple[str, ...]]:
    return [
        (str(n), escape(f"{candidate.title} {candidate.name}".strip()), candidate.nearness, _state(candidate))
        for n, candidate in sorted(shown.items())
    ]


def _list(rows: list[tuple[str, ...]]) -> Group:
    table = Table("", "tool", "distance", "", box=None, pad_edge=False)
    for row in rows or [("", "listening …", "", "")]:
        table.add_row(*row)
    return Group(table, "Number: ")  # where the cursor stays


def _state(candidate: Candidate) -> str:
    if candidate.silent:
        return "silent; squeeze it to wake it"
    if candidate.ours:
        return "yours already"
    if candidate.held:
        return "connected to a phone or another hub"
    if candidate.driver == OWN and candidate.pairing_mode is False:
        return "hold its button until it blinks"
    return "ready"


def _figures(report: QuietReport) -> dict[str, Any]:
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(report).items()}
