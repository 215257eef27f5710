"""Pain on the Faces Pain Scale – Revised, and when it ends a session.

Six faces, scored 0, 2, 4, 6, 8, 10 (PMC3784298). For children of 4 years and older; what children below 7 say
is doubtful, so a parent's eye counts more. That a rise of two faces ends a session is derived: the therapist
sets it.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

#: The scores of the six faces.
FACES: Final = (0, 2, 4, 6, 8, 10)
Face = Literal[0, 2, 4, 6, 8, 10]

#: Points from one face to the next.
STEP: Final = 2

LEAST_AGE_YEARS, SURE_AGE_YEARS = 4, 7


class PainRule(BaseModel):
    """When pain ends a session. The child's own word always does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop_rise: Annotated[int, Field(ge=2, le=10, multiple_of=STEP)] = Field(
        2 * STEP, description="points above the face before; 4 are two faces"
    )
    stop_at: Face | None = Field(None, description="a face that ends it whatever was before")

    def stops(self, before: int | None, now: int) -> bool:
        """Whether a face ends the session.

        Parameters
        ----------
        before : int or None
            The face before the session; 0 is taken where nobody asked.

        Examples
        --------
        >>> PainRule().stops(2, 4), PainRule().stops(2, 6)
        (False, True)
        """
        return now - (before or 0) >= self.stop_rise or (self.stop_at is not None and now >= self.stop_at)


def age_note(age_years: float | None) -> str:
    """What to tell whoever asks a child of this age; empty where there is nothing to tell."""
    if age_years is None or age_years >= SURE_AGE_YEARS:
        return ""
    if age_years < LEAST_AGE_YEARS:
        return "The faces are for children of 4 and older. Go by what you see."
    return "Below 7 the faces are not always understood. Go by what you see, too."
