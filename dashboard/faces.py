"""Six faces for pain, drawn for GripHub: from at ease to the most there is, on the scale 0, 2, 4 … 10.

They neither smile nor weep, so that a child tells of pain and not of mood; `hub.program.faces` has the scale.
"""

from typing import Final
from urllib.parse import quote

from ..hub.program.faces import FACES
from .i18n import N_, _

_WORDS: Final = {
    0: N_("No pain"),
    2: N_("A little"),
    4: N_("Some"),
    6: N_("More"),
    8: N_("A lot"),
    10: N_("Very much"),
}

_INK: Final = "#3d3426"
#: From here on the eyes are pressed shut and the mouth is open.
_SHUT: Final = 0.8


def words(score: int) -> str:
    """What a face says, for whoever cannot see it or points without it."""
    return _(_WORDS[score])


def svg(score: int) -> str:
    """A face as a picture of 100 by 100.

    Brows slant, eyes close and are pressed shut, the mouth drops and opens as the score rises.
    """
    hurt = score / 10
    brow_in, brow_out = 35 - 6 * hurt, 34 + 4 * hurt
    strokes = f"M26 {brow_out:.1f}L43 {brow_in:.1f}M74 {brow_out:.1f}L57 {brow_in:.1f}"
    if hurt < _SHUT:
        eye = 5.2 * (1 - 0.9 * hurt)
        eyes = "".join(f'<ellipse cx="{x}" cy="47" rx="5" ry="{eye:.1f}" fill="{_INK}"/>' for x in (36, 64))
    else:
        eyes = ""
        strokes += "M30 43L41 48L30 53M70 43L59 48L70 53"
    corner, middle = 68 + 5 * hurt, 71 - 17 * hurt
    mouth = f"M32 {corner:.1f}Q50 {middle:.1f} 68 {corner:.1f}"
    if hurt >= _SHUT:
        mouth += f"Q50 {corner + 16 * hurt:.1f} 32 {corner:.1f}Z"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" fill="none" '
        f'stroke="{_INK}" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round">'
        f'<circle cx="50" cy="50" r="46" fill="#f4e3c1"/>{eyes}<path d="{strokes}"/>'
        f'<path d="{mouth}" fill="{_INK if hurt >= _SHUT else "none"}"/></svg>'
    )


def style(selector: str) -> str:
    """CSS that paints the faces into the six choices below `selector`, whose words stay as they are."""
    return "".join(
        f"{selector} [role=radio]:nth-of-type({number})::before"
        f'{{background-image:url("data:image/svg+xml,{quote(svg(score))}")}}'
        for number, score in enumerate(FACES, 1)
    )
