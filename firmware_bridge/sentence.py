"""A sentence for people whose fields can be told apart, so that others may say it in another language."""

from typing import Any, Self


class Sentence(str):
    """English text that remembers what it was made of.

    It is the text, and can be printed, compared and stored as such. `template` is what translators find it
    by, as ``gettext`` wants it.

    Parameters
    ----------
    template : str
        With a name in braces for each field, and no format: a number is rounded before.
    **fields : str, int, float, date or Sentence

    Examples
    --------
    >>> why = Sentence("{tool} has {percent} % left.", tool="ball-3f2a", percent=12.5)
    >>> why, why.template, why.fields["percent"]
    ('ball-3f2a has 12.5 % left.', '{tool} has {percent} % left.', 12.5)
    """

    template: str
    fields: dict[str, Any]

    def __new__(cls, template: str, /, **fields: Any) -> Self:
        """Fill the fields in, in English."""
        shown = {name: f"{one:g}" if isinstance(one, float) else one for name, one in fields.items()}
        made = super().__new__(cls, template.format(**shown))
        made.template, made.fields = template, fields
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Let a copy be made of the parts, not of the text."""
        return (self.template,), self.fields


def with_advice(problem: str, advice: str, /, **fields: Any) -> Sentence:
    """What is the matter, and what to do about it: two templates with the same fields.

    Examples
    --------
    >>> with_advice("{tool} is squeezed", "Let go of it.", tool="ball-3f2a")
    'ball-3f2a is squeezed. Let go of it.'
    """
    return Sentence(
        "{problem}. {advice}", problem=Sentence(problem, **fields), advice=Sentence(advice, **fields)
    )
