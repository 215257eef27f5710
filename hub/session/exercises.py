"""What is asked of the hub about exercises: begin one, take note of what was done or said."""

import asyncio
from collections.abc import Callable, Sequence

from ...firmware_bridge.clock import HostClock
from ..config import Config
from ..delivery.committer import Committer
from ..delivery.outbox import Entry
from ..live import ExerciseView
from ..records.said import Statement
from .coach import Coach
from .near import Near
from .planning import make_plan


class Exercises:
    """Exercises of this home's children.

    Attributes
    ----------
    coach : Coach
    """

    def __init__(
        self,
        config: Config,
        clock: HostClock,
        coach: Coach,
        committer: Committer,
        *,
        near: Callable[[], Sequence[Near]],
    ) -> None:
        self.coach = coach
        self._config = config
        self._clock = clock
        self._committer = committer
        self._near = near

    async def start(self, child_id: str, item_id: str | None, pain_before: int | None) -> ExerciseView:
        """Lead a child through an item; by default the first that is due.

        Raises
        ------
        NoExercise, NotFound, StoreError
        """
        near = self._near()  # on the loop, where links come and go
        plan = await asyncio.to_thread(
            make_plan,
            self._config,
            child_id,
            item_id,
            near=near,
            now_s=self._clock.utc_s(),
            pain_before=pain_before,
        )
        return await self.coach.start(plan)

    async def record(self, event: Statement) -> None:
        """Commit what somebody did or said."""
        await self._committer.commit(Entry([event]))
