"""Settings: where a value comes from, and what is refused."""

import re
from pathlib import Path

import pytest

from gappt_graphql.settings import SETTINGS, BadSetting, given, settings_of

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
OF_EXAMPLES = {"GAPPT_ADDRESS", "GAPPT_KEY", "GAPPT_TRUSTED"}


def sources(flags: dict[str, str], environment: dict[str, str]) -> dict[str, tuple[object, str]]:
    return {one.setting.name: (one.value, one.source) for one in given(flags, environment)}


def test_without_flags_and_environment_every_setting_has_its_default() -> None:
    settings = settings_of(given({}, {}))

    assert (settings.database_url, settings.host, settings.port) == ("sqlite:///book.db", "127.0.0.1", 8000)
    assert (settings.rate_limit, settings.workers, settings.idempotency_hours) == (None, 1, 24)


def test_the_environment_wins_over_the_default() -> None:
    assert sources({}, {"GAPPT_PORT": "9000"})["port"] == (9000, "environment")


def test_a_flag_wins_over_the_environment() -> None:
    assert sources({"port": "9001"}, {"GAPPT_PORT": "9000"})["port"] == (9001, "flag")


def test_an_empty_variable_counts_as_not_set() -> None:
    assert sources({}, {"GAPPT_PORT": ""})["port"] == (8000, "default")


def test_an_empty_flag_is_refused() -> None:
    with pytest.raises(BadSetting):
        given({"port": ""}, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "http"),
        ("port", " 80"),
        ("port", "8_0"),
        ("port", "٨٠"),
        ("port", "-1"),
        ("rate_limit", "-1"),
        ("rate_limit", "1.5"),
        ("cost_budget", "-1"),
        ("max_running", "0"),
        ("read_seconds", "0"),
        ("write_seconds", "3601"),
        ("trusted_proxies", "proxy.example"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("trusted_proxies", "10.0.0.1,"),
        ("workers", "0"),
        ("idempotency_hours", "0"),
        ("host", ""),
        ("host", "127.0.0.1/24"),
        ("host", "two words"),
        ("database_url", "book.db"),
        ("database_url", "sqlite://book.db"),
        ("database_url", "sqlite:///"),
        ("database_url", "sqlite:///book.db?mode=ro"),
        ("database_url", "mysql://localhost/book"),
        ("trusted_documents", ""),
        ("trusted_only", "browser"),
        ("persisted_queries", "10001"),
        ("graphql_get", "false"),
        ("introspection", "1"),
        ("directory", "there"),
        ("max_depth", "0"),
        ("allowed_origins", "practice.example"),
        ("allowed_origins", "https://practice.example/"),
    ],
)
def test_a_value_that_a_setting_cannot_take_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadSetting):
        given({name: text}, {})


def test_a_refusal_names_the_setting_where_the_value_came_from_and_what_it_takes() -> None:
    with pytest.raises(BadSetting) as refused:
        given({}, {"GAPPT_PORT": "eighty"})

    sentence = "GAPPT_PORT can't be 'eighty', which comes from the environment: it takes a whole number from 1 to 65535"
    assert str(refused.value) == sentence


def test_a_refusal_names_the_flag() -> None:
    with pytest.raises(BadSetting, match="comes from the flag --rate-limit"):
        given({"rate_limit": "many"}, {})


def test_the_password_of_a_database_is_never_shown() -> None:
    url = "postgresql://clinic:secret@db.example/book"

    shown = [one.shown for one in given({}, {"GAPPT_DATABASE_URL": url})]

    assert shown[0] == "postgresql://***@db.example/book"


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(BadSetting) as refused:
        given({}, {"GAPPT_DATABASE_URL": "mysql://clinic:secret@db.example/book"})

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:///book.db", "sqlite:////var/lib/book.db", "postgresql://db/book"])
def test_the_addresses_of_stores_are_taken(url: str) -> None:
    assert settings_of(given({"database_url": url}, {})).database_url == url


@pytest.mark.parametrize("networks", ["127.0.0.1", "10.0.0.0/8,fd00::/8", "::1"])
def test_proxies_are_told_by_address_or_network(networks: str) -> None:
    assert settings_of(given({"trusted_proxies": networks}, {})).trusted_proxies == networks


def test_every_setting_is_explained() -> None:
    assert all(setting.meaning and setting.takes for setting in SETTINGS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_settings_that_there_are_with_values_that_they_take(page: Path) -> None:
    by_variable = {setting.variable: setting for setting in SETTINGS}
    text = page.read_text(encoding="utf-8")

    assert set(re.findall(r"\bGAPPT_[A-Z_]*[A-Z]\b(?!=/)", text)) <= by_variable.keys() | OF_EXAMPLES
    for variable, value in re.findall(r"\b(GAPPT_[A-Z_]+)=([^\s`,]+)", text):
        if variable in by_variable:
            by_variable[variable].parse(value)


def test_a_rate_limit_holds_for_both_doors_and_each_has_its_own_where_none_is_set() -> None:
    assert settings_of(given({"rate_limit": "0"}, {})).rate_limit == 0
    assert settings_of(given({}, {"GAPPT_RATE_LIMIT": "7"})).rate_limit == 7
    assert settings_of(given({}, {})).rate_limit is None
