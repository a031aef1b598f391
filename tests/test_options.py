"""The settings of the GraphQL door, as the door gets them."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from gappt_graphql.cli.common import Failed, Misused
from gappt_graphql.cli.options import options_of
from gappt_graphql.graph.options import USUAL, Limits, Options, Streams
from gappt_graphql.settings import given, settings_of

TEXT = "{ __typename }"
HASH = sha256(TEXT.encode()).hexdigest()


def chosen(**environment: str) -> Options:
    return options_of(settings_of(given({}, {f"GAPPT_{name.upper()}": value for name, value in environment.items()})))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "persisted-documents.json"
    path.write_text(json.dumps({HASH: TEXT}))
    return path


def test_where_nothing_is_set_the_door_is_as_it_is_usually() -> None:
    assert chosen() == USUAL


@pytest.mark.parametrize(
    ("name", "value", "chosen_so"),
    [
        ("graphql_get", "off", Options(get=False)),
        ("introspection", "off", Options(introspection=False)),
        ("directory", "elsewhere", Options(directory=False)),
        ("federation_tracing", "on", Options(tracing=True)),
        ("trusted_only", "none", Options(trusted_only="none")),
        ("persisted_queries", "7", Options(persisted_queries=7)),
        ("compile", "off", Options(compile=False)),
        *((f"max_{name}", "7", Options(limits=Limits(**{name: 7}))) for name in Limits.__struct_fields__),
        ("max_connections", "7", Options(streams=Streams(connections=7))),
        ("max_subscriptions", "7", Options(streams=Streams(subscriptions=7))),
        ("allowed_origins", "http://a,http://b", Options(streams=Streams(origins=frozenset({"http://a", "http://b"})))),
    ],
)
def test_a_setting_reaches_the_door(name: str, value: str, chosen_so: Options) -> None:
    assert chosen(**{name: value}) == chosen_so


def test_the_file_of_trusted_documents_is_read_once_at_the_start(manifest: Path) -> None:
    assert chosen(trusted_documents=str(manifest)).trusted == {HASH: TEXT}


def test_whose_keys_are_kept_to_them_is_a_setting(manifest: Path) -> None:
    file = str(manifest)

    assert [chosen(trusted_documents=file, trusted_only=who).trusted_only for who in ("browsers", "all", "none")] == [
        "browsers",
        "all",
        "none",
    ]


def test_a_file_that_cannot_be_served_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="can't be read"):
        chosen(trusted_documents=str(tmp_path / "nowhere.json"))


def test_all_keys_are_not_kept_to_documents_that_there_are_none_of() -> None:
    with pytest.raises(Misused, match="leaves no document"):
        chosen(trusted_only="all")


def test_documents_are_checked_against_the_schema_that_is_served(manifest: Path) -> None:
    text = "query People { patients { totalCount } }"
    manifest.write_text(json.dumps({sha256(text.encode()).hexdigest(): text}))

    assert chosen(trusted_documents=str(manifest)).trusted
    with pytest.raises(Failed, match="query People"):
        chosen(trusted_documents=str(manifest), directory="elsewhere")
