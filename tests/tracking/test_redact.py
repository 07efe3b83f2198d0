"""Secrets are replaced wherever they can be seen, and nothing else is."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import all_estimators

from autolog.tracking.redact import REDACTED, is_secret_name, redact_args, redact_param, redact_text

SECRET_NAMES = (
    "password Password db_password PGPASSWORD passwd passphrase secret client_secret SECRET_KEY api_key"
    " apikey apiKey OPENAI_API_KEY openaiAPIKey access_key aws_secret_access_key private_key ssh_key"
    " credential credentials auth http_auth auth_token authToken token TOKEN HF_TOKEN hub_token access_token"
    " model__api_key --api-key db.password smtp_pass session_cookie jwt Authorization AccountKey"
).split()
HARMLESS_NAMES = (
    "max_tokens n_tokens tokens tokenizer token_pattern pad_token eos_token mask_token max_iter key keys"
    " monkey author authors primary_key sort_keys n_pass compass bypass passthrough secretary keyword"
    " public_key credit accredited pathology max_pass"
).split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)
    assert redact_param(name, "hunter2") == REDACTED
    assert redact_param(name, 12345) == REDACTED


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_harmless_names(name: str) -> None:
    assert not is_secret_name(name)
    assert redact_param(name, "hunter2") == "hunter2"


def test_no_param_of_scikit_learn_looks_secret() -> None:
    import inspect

    names = {name for _, kind in all_estimators() for name in inspect.signature(kind).parameters}
    assert [name for name in names if is_secret_name(name)] == []


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_what_tells_no_secret_stays(value: object) -> None:
    assert redact_param("use_auth_token", value) is value


TOKENS = {
    "amazon": "AKIA" + "ABCDEFGH12345678",
    "github": "ghp_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "a1B2_" * 10,
    "openai": "sk-" + "a1B2" * 12,
    "anthropic": "sk-ant-api03-" + "a1B2" * 12,
    "hugging face": "hf_" + "aB" * 17,
    "slack": "xoxb-" + "1234-" * 4,
    "google": "AIza" + "aB1_-" * 7,
    "jwt": "eyJ" + "hbGciOiJIUzI1" + "." + "eyJzdWIiOiIxMjM" + "." + "abc-_123",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n+abc\n+def\n-----END RSA PRIVATE KEY-----",
    "cut private key": "-----BEGIN PRIVATE KEY-----\nabc",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("around", ["{}", "--x={}", "+x = '{}'", '{{"x": "{}"}}', "a {}"])
def test_known_kinds_of_tokens_go_wherever_they_stand(token: str, around: str) -> None:
    found = redact_text(around.format(token))
    assert REDACTED in found
    assert token[8:] not in found


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("password = 'x1'", "password = '[redacted]'"),
        ('+    api_key="x1",', '+    api_key="[redacted]",'),
        ("f(password=x1, y=2)", "f(password=[redacted], y=2)"),
        ('password: str = "x1"', 'password: str = "[redacted]"'),
        ("db_password: x1", "db_password: [redacted]"),
        ("+export API_KEY=a(b[c", "+export API_KEY=[redacted]"),
        ('{"token": "x1", "y": 1}', '{"token": "[redacted]", "y": 1}'),
        (r'"{\"token\": \"x1\"}"', r'"{\"token\": \"[redacted]\"}"'),
        ("os.environ['SECRET_KEY'] = 'x1'", "os.environ['SECRET_KEY'] = '[redacted]'"),
        ("token password=x1", "token password=[redacted]"),
        ("mysql --password x1 db", "mysql --password [redacted] db"),
        ("http://h:80/p?token=x1&y=1", "http://h:80/p?token=[redacted]&y=1"),
        ("Authorization: Bearer abcdefgh1", "Authorization: [redacted] [redacted]"),
        ("postgresql://me:x1@host/db", "postgresql://***@host/db"),
        ("https://:x1@host", "https://***@host"),
    ],
)
def test_values_behind_secret_names(text: str, safe: str) -> None:
    assert redact_text(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "def f(token: str, password: bytes)",
        "f(token=token, auth=(user, word))",
        "password = get_password()",
        "password=config.password",
        'if password == "":',
        "the token is long and the secret is safe",
        "max_tokens=5 token_pattern='x' key=3 author=me",
        "http://host:8080/path",
        "git@github.com:a/b.git",
        "sk-learn-contrib-with-a-long-name",
        "StandardScaler(with_mean=False)",
    ],
)
def test_code_and_prose_stay(text: str) -> None:
    assert redact_text(text) == text


def test_arguments() -> None:
    given_ = [
        "train.py",
        "--password=x",
        "--token",
        "x1",
        "--use-auth",
        "--lr",
        "3",
        "db.password=q",
        "--n_tokens=4",
    ]
    assert redact_args(given_) == [
        "train.py", "--password=[redacted]", "--token", "[redacted]", "--use-auth", "--lr", "3",
        "db.password=[redacted]", "--n_tokens=4",
    ]  # fmt: skip


SECRET = st.text(string.ascii_letters + string.digits + "_-+/.@:!#%^*", min_size=6, max_size=40)
PROSE = st.text(string.ascii_letters + string.digits + " \n=.,:()[]{}'\"_-/&", max_size=60)


@given(PROSE.filter(lambda text: not text.endswith("\\")), st.sampled_from(SECRET_NAMES), SECRET, PROSE)
def test_a_quoted_secret_never_stays(before: str, name: str, secret: str, after: str) -> None:
    found = redact_text(f'{before}\n{name} = "{secret}"\n{after}')
    assert f'"{secret}"' not in found


@given(st.lists(PROSE), st.sampled_from(SECRET_NAMES), SECRET)
def test_a_secret_argument_never_stays(others: list[str], name: str, secret: str) -> None:
    option = name if name.startswith("--") else f"--{name}"
    assert redact_args([*others, f"{option}={secret}"])[-1] == f"{option}={REDACTED}"
    if not secret.startswith("-"):
        assert redact_args([*others, option, secret])[-1] == REDACTED


@given(SECRET.filter(lambda text: not set("/@:") & set(text)), PROSE)
def test_a_password_in_an_address_never_stays(secret: str, after: str) -> None:
    assert f":{secret}@" not in redact_text(f"x https://user:{secret}@host/{after}")


@given(st.text(string.printable, max_size=200))
def test_nothing_is_redacted_twice(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    assert isinstance(redact_text(text), str)
    assert redact_args(text.split()) is not None
