"""Keeping secrets out of what is recorded.

Three ways to see one: by the name it goes by (``password=…``), by its own shape (a
GitHub token, a private key), and by its place in an address (``//user:password@``).
What is seen is replaced by ``[redacted]``. A secret with a harmless name and no known
shape cannot be seen, and is recorded.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

REDACTED = "[redacted]"

_SECRET_WORDS = frozenset(
    "password passwords passwd passphrase passcode pwd secret secrets credential credentials cred creds"
    " apikey accesskey secretkey privatekey accountkey authkey auth authtoken accesstoken bearer"
    " authorization cookie cookies jwt".split()
)
_SECRET_ENDINGS = (
    "password", "passwd", "passphrase", "apikey", "secretkey", "accesskey", "privatekey", "authtoken",
    "accesstoken", "credentials",
)  # fmt: skip
_KEYS_TO = frozenset(
    "api access secret private signing encryption auth account ssh gpg master client service".split()
)
_PASS_OF = frozenset("db user smtp mail mysql postgres pg redis admin root login proxy ftp".split())
# "…_token" is a secret unless it is the kind of token that a language model reads.
_TEXT_TOKENS = frozenset(
    "pad eos bos unk mask masked sep cls start end stop begin special image video audio speech per max min"
    " num n first last next new prev previous prompt text sub word char byte oov by every each single"
    " blank separator decoder encoder boundary space think tool response instruction class register query"
    " target source".split()
)
_WHOLE_NAME = re.compile(r"[\w.+/-]{1,200}\Z")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@functools.lru_cache(4096)
def is_secret_name(name: str) -> bool:
    """Whether a parameter, option or variable of this name holds a secret.

    ``db_password``, ``apiKey`` and ``HF_TOKEN`` do; ``max_tokens``, ``pad_token``,
    ``token_pattern`` and ``author`` do not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words):
        return True
    pairs = list(zip(["", *words], words, strict=False))
    if any(word in {"key", "keys"} and kind in _KEYS_TO for kind, word in pairs):
        return True
    kind, word = pairs[-1] if pairs else ("", "")
    return (word == "pass" and kind in _PASS_OF) or (word == "token" and kind not in _TEXT_TOKENS)


# Each repetition is bounded, so that no text takes more than linear time.
_SHAPES = re.compile(
    r"""
    -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY-----(?:.*?-----END\ [A-Z ]{0,30}PRIVATE\ KEY-----|.*\Z)
    | (?<![A-Za-z0-9])(?:
          (?:AKIA|ASIA)[0-9A-Z]{16}                         # Amazon
        | gh[pousr]_[A-Za-z0-9]{20,255}                     # GitHub
        | github_pat_[A-Za-z0-9_]{20,255}
        | glpat-[A-Za-z0-9_-]{20,255}                       # GitLab
        | sk-(?=[A-Za-z0-9_-]{0,64}[0-9])[A-Za-z0-9_-]{20,255}  # OpenAI, Anthropic and others
        | hf_[A-Za-z0-9]{20,255}                            # Hugging Face
        | xox[a-z]-[A-Za-z0-9-]{10,255}                     # Slack
        | AIza[0-9A-Za-z_-]{30,255}                         # Google
        | npm_[A-Za-z0-9]{30,255} | pypi-[A-Za-z0-9_-]{30,1000}
        | eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,8000}(?:\.[A-Za-z0-9_-]{0,4000})?  # JSON Web Token
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_USER_IN_ADDRESS = re.compile(r"""://[^\s/@:'"<>]{0,256}:[^\s/'"<>]{1,512}@""")
_BEARER = re.compile(
    r"""\b(bearer|authorization['"]?\s{0,3}[:=]\s{0,3}['"]?basic)(\s{1,3})[\w.~+/=-]{8,4000}""", re.IGNORECASE
)
_HINT = re.compile(r"pass|secret|token|key|cred|auth|bearer|pwd|cookie|jwt", re.IGNORECASE)
# A name that may be secret and what stands between it and its value. Where the name
# begins is found by looking back: a pattern that begins with any letter would be slow.
_NAME = re.compile(
    r"""
    ((?:pass|pwd|secret|token|key|cred|auth|cookie|jwt)[\w-]{0,40})
    (   ["'\\\]]{0,3}\s{0,3}(?::\s{0,3}[\w.\[\]|]{1,40}\s{0,3}=|:=|=>|[:=])(?!=)\s{0,3}
      | \s{1,3}(?=\S)
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"[\w-]{0,64}\Z")
_VALUE = re.compile(
    r"""
      [fbru]{0,2}(?P<quote>\\?(?:"{3}|'{3}|["']))(?P<quoted>(?:(?!(?P=quote))(?:\\.|[^\n]))+)
    | (?P<bare>[^\s"'&]+?)(?=[),;\]}]{0,8}(?:[\s"'&]|\Z))
    """,
    re.VERBOSE,
)
_VARIABLE = re.compile(r"(?:\w+\.)*(\w+)\Z")
_WORDS_OF_CODE = frozenset("none null true false str bytes int float bool any object string".split())


def redact_text(text: str) -> str:
    """``text`` without the secrets that can be seen in it; most often the same object.

    The time it takes grows with the length, and with nothing else.
    """
    if len(text) < 8:
        return text
    text = _SHAPES.sub(REDACTED, text)
    if "://" in text:
        text = _USER_IN_ADDRESS.sub("://***@", text)
    if _HINT.search(text):
        text = _hide_named(_BEARER.sub(rf"\1\2{REDACTED}", text))
    return text


def redact_param(key: str, value: Any) -> Any:
    """``value`` as it may be recorded under ``key``. None and booleans tell no secret."""
    if value is None or isinstance(value, bool):
        return value
    if value != "" and is_secret_name(key):
        return REDACTED
    return redact_text(value) if isinstance(value, str) else value


def redact_args(arguments: Sequence[str]) -> list[str]:
    """A command line without secrets: ``--password=x``, ``--password x``, ``password=x``."""
    safe = []
    expected = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        option = argument.startswith("-")
        if expected and not option:
            safe.append(REDACTED)
        elif value and _WHOLE_NAME.match(name) and is_secret_name(name):
            safe.append(f"{name}={REDACTED}")
        else:
            safe.append(redact_text(argument))
        expected = option and not equals and is_secret_name(name)
    return safe


def _hide_named(text: str) -> str:
    """The values behind names that are secret: of code, settings files, JSON, command lines."""
    kept: list[str] = []
    done = at = 0
    while found := _NAME.search(text, at):
        at = found.end(1)  # not behind the value: it may hold a name itself
        span = _secret_value(text, found)
        if span is not None:
            kept += text[done : span[0]], REDACTED
            done = at = span[1]
    return "".join((*kept, text[done:])) if kept else text


def _secret_value(text: str, found: re.Match[str]) -> tuple[int, int] | None:
    start = found.start()
    before = _NAME_BEFORE.search(text, max(0, start - 64), start)
    name = (before[0] if before else "") + found[1]
    if not is_secret_name(name) or (found[2].isspace() and not name.startswith("--")):
        return None
    value = _VALUE.match(text, found.end())
    if value is None or (value["bare"] and _is_code(name, found[2], value["bare"])):
        return None
    return value.span("bare" if value["bare"] else "quoted")


def _is_code(name: str, between: str, value: str) -> bool:
    """Whether an unquoted value is an expression, which tells no secret."""
    if value.startswith(REDACTED[:-1]):  # hidden already
        return True
    if name.isupper() and between == "=":  # NAME=value, as in shells and .env files
        return False
    variable = _VARIABLE.match(value)
    same = variable is not None and variable[1].lower() == name.lower()
    return same or value.lower() in _WORDS_OF_CODE or "(" in value or "[" in value
