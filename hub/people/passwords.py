"""Passwords: what one must be, and how it is kept.

Length is what makes one hard to guess; rules about capitals and signs only make it hard to remember
(NIST SP 800-63B). Kept as argon2id with the library's parameters (RFC 9106's second recommended option),
and hashed anew when a newer library asks for more.
"""

import functools
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import FieldError

SHORTEST: Final = 10
#: Enough for any sentence; without a limit a sign-in could be made to cost as much as one likes.
LONGEST: Final = 128
#: "aaaaaaaaaa" and "1212121212" are long, and guessed first.
_DIFFERENT_SIGNS: Final = 5
#: What people choose when they are asked for ten signs, from published lists of leaked passwords.
_COMMON: Final = frozenset(
    [
        "1234567890",
        "0123456789",
        "0987654321",
        "12345678910",
        "qwertyuiop",
        "password12",
        "password123",
        "password1234",
        "passwordpassword",
        "iloveyou123",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "qwerty12345",
        "q1w2e3r4t5",
        "abcdefghij",
        "abcd123456",
        "letmein123",
        "welcome123",
        "football123",
        "sunshine123",
        "griphub123",
    ]
)

_hasher = PasswordHasher()


@functools.cache
def _nobodys(hasher: PasswordHasher) -> str:
    """Hash to compare with when there is no such account, so that the answer takes as long."""
    return hasher.hash("nobody has this password")


def check(password: str, *, login: str, name: str) -> str:
    """Take a new password.

    Raises
    ------
    FieldError
        If it would be guessed.
    """
    folded = password.casefold()
    if len(password) < SHORTEST:
        raise FieldError(
            "password",
            "has {number} signs",
            "Use {least} or more; three or four words are good.",
            number=len(password),
            least=SHORTEST,
        )
    if len(password) > LONGEST:
        raise FieldError(
            "password", "has {number} signs", "Use {longest} at most.", number=len(password), longest=LONGEST
        )
    for own in (login, login.split("@", maxsplit=1)[0], name.casefold()):
        if len(own) > 2 and own in folded and len(folded) - len(own) < SHORTEST - 2:
            raise FieldError(
                "password", "is little more than your name", "Use words that nobody connects with you."
            )
    if folded in _COMMON or len(set(folded)) < _DIFFERENT_SIGNS:
        raise FieldError("password", "is one that is guessed first", "Use three or four words of your own.")
    return password


def hash_of(password: str) -> str:
    """Hash to be kept, with its parameters and salt."""
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one whose hash was kept; without one it takes as long to say no."""
    if len(password) > LONGEST:
        password = ""  # nobody's, and not worth hashing
    try:
        return _hasher.verify(kept or _nobodys(_hasher), password) and kept is not None
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with parameters that are not those of today."""
    return _hasher.check_needs_rehash(kept)
