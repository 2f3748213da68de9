"""Secrets are masked in text and in fields, and ordinary text stays."""

import json

import pytest

from llmobs.instrumentation import content
from llmobs.instrumentation.secrets import GATES, MASK, masked

A, B = "A1b2C3d4" * 8, "0123456789abcdef" * 8
SECRETS = {
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "aws account": "ACCAIOSFODNN7EXAMPLE",
    "github": "ghp_" + A[:36],
    "github fine": "github_pat_" + A[:22] + "_" + (A + A)[:59],
    "openai project": "sk-proj-" + A[:48],
    "openai service": "sk-svcacct-" + A[:30],
    "openai old": "sk-" + A[:20] + "T3BlbkFJ" + A[:20],
    "anthropic": "sk-ant-api03-" + A[:50],
    "deepseek": "sk-" + B[:32],
    "slack": "xoxb-" + B[:12] + "-" + A[:24],
    "stripe": "sk_live_" + A[:24],
    "google": "AIza" + A[:35],
    "gitlab": "glpat-" + A[:20],
    "npm": "npm_" + A[:36],
    "hugging face": "hf_" + "abcdefGHIJ" * 3 + "abcd",
    "sendgrid": "SG." + A[:22] + "." + A[:43],
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + A[:30],
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}", "use {} now", "key={};", "line\n{}\nline", '"{}"', "({})"])
def test_a_secret_in_a_text_is_masked(name, around):
    text = around.format(SECRETS[name])

    assert SECRETS[name] not in masked(text)
    assert MASK in masked(text)


def test_every_format_is_tested():
    assert sum(len(formats) for _, formats in GATES) <= len(SECRETS) + 2  # private keys and addresses below


def test_a_private_key_goes_whole_also_when_it_is_cut_off():
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"

    assert masked(f"before {key} after") == f"before {MASK} after"
    assert masked(f"before {key[:45]}") == f"before {MASK}"


def test_the_password_of_an_address_goes_the_rest_stays():
    assert masked("see postgres://bob:hunter2@db:5432/x ok") == f"see postgres://bob:{MASK}@db:5432/x ok"


@pytest.mark.parametrize(
    "text",
    [
        'password = "correct-horse"',
        "API_KEY: 'abcdefgh12345'",
        '{\\"access_key\\": \\"abcdefgh12345\\"}',
        "OPENAI_API_KEY='abcdefgh12345'",
    ],
)
def test_what_is_assigned_to_a_secrets_name_is_masked(text):
    assert "correct-horse" not in masked(text)
    assert "abcdefgh12345" not in masked(text)


def test_an_aws_secret_needs_no_quotes():
    assert masked("AWS_SECRET_ACCESS_KEY=" + "a1B2" * 10) == f"AWS_SECRET_ACCESS_KEY={MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "The secret of a good mill is its river: patience, and a wheel.",
        "Set `max_tokens` to 256 and top_p to 0.9 - no key needed.",
        "https://example.org/a?token=1 and mail@example.org",
        "Task-lists: risk-averse, sk-8 boards, the AKIA mountains.",
        "How do I write password = os.environ['DB']?",
        "",
    ],
)
def test_ordinary_text_stays(text):
    assert masked(text) == text


def test_a_field_with_a_secrets_name_is_masked_in_tool_data():
    shown = json.loads(content.render({"user": "bob", "password": "hunter22", "Api_Key": "abcdefgh"}))

    assert shown == {"user": "bob", "password": MASK, "Api_Key": MASK}


def test_words_in_such_a_field_stay():
    assert json.loads(content.render({"token": "the river"})) == {"token": "the river"}
