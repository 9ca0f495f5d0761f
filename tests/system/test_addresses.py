"""Of an address that is repeated, what says who asks is taken out, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.system.addresses import without_secrets

SCHEMES = st.sampled_from(["http", "https", "s3", "ftp", "postgresql", "mongodb+srv"])
# Long enough not to stand in the text beside it by chance.
SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30
).filter(lambda text: "..." not in text)


@given(SCHEMES, SECRETS, st.sampled_from(["://", ":/"]))
def test_no_password_is_repeated(scheme, secret, mark):
    told = without_secrets(f"unknown model '{scheme}{mark}me:{secret}@host/x'; known: mlp")
    assert told == f"unknown model '{scheme}{mark}...@host/x'; known: mlp"


@given(SECRETS.filter(lambda text: not set(text) & set("/?#'\"@")))
def test_no_parameter_and_no_token_is_repeated(secret):
    assert without_secrets(f"'https://host/x?key={secret}' is") == "'https://host/x?...' is"
    assert without_secrets(f"https://{secret}@host/x is") == "https://...@host/x is"


@pytest.mark.parametrize(
    "text",
    [
        "write sqlite:///PATH or postgresql://USER@HOST/DATABASE",
        "postgresql://anml@db/anml?service=main is not there",
        "http://127.0.0.1:8080 is taken: ask me@example.org",
        "C:/runs/a@b is not there",
        "dirichlet:0.3, mine:rule, a@b:c",
    ],
)
def test_what_holds_no_secret_stays(text):
    assert without_secrets(text) == text
