"""The manifest of trusted documents: what is served, and what refuses to start and why."""

import json
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest

from gappt_graphql.graph.options import Limits
from gappt_graphql.graph.schema import schema_of
from gappt_graphql.graph.trusted import BadManifest, read_manifest

TEXT = "query Week { practitioners { nodes { label } } }"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def read(folder: Path, content: Any, **limits: int) -> dict[str, str]:
    path = folder / "documents.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return dict(read_manifest(path, schema_of(), Limits(**limits)))


def refusal_of(folder: Path, content: Any, **limits: int) -> str:
    with pytest.raises(BadManifest) as bad:
        read(folder, content, **limits)
    sentence = str(bad.value)
    assert str(folder / "documents.json") in sentence
    assert "\n" not in sentence
    return sentence


def test_graphql_codegens_manifest_is_served(tmp_path: Path) -> None:
    assert read(tmp_path, {hash_of(TEXT): TEXT}) == {hash_of(TEXT): TEXT}


def test_the_prefix_of_the_hash_may_stand_in_the_manifest(tmp_path: Path) -> None:
    assert read(tmp_path, {f"sha256:{hash_of(TEXT)}": TEXT}) == {hash_of(TEXT): TEXT}


def test_apollos_manifest_is_served(tmp_path: Path) -> None:
    operation = {"id": hash_of(TEXT), "name": "Week", "type": "query", "body": TEXT}
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}

    assert read(tmp_path, content) == {hash_of(TEXT): TEXT}


def test_a_manifest_may_be_empty(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == {}


def test_a_document_of_letters_beyond_ascii_is_hashed_in_utf_8(tmp_path: Path) -> None:
    text = "# Müller 🙂\n" + TEXT

    assert read(tmp_path, {hash_of(text): text}) == {hash_of(text): text}


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="can't be read: No such file"):
        read_manifest(tmp_path / "documents.json", schema_of(), Limits())


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, [], None, "text", 7])
def test_a_file_that_is_no_manifest_is_told(tmp_path: Path, content: Any) -> None:
    assert "are not" in refusal_of(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    [
        {"format": "another"},
        {"format": "apollo-persisted-query-manifest", "version": 2, "operations": []},
        {"format": "apollo-persisted-query-manifest", "version": 1, "operations": {}},
    ],
)
def test_a_manifest_of_another_format_is_told(tmp_path: Path, content: Any) -> None:
    assert "format" in refusal_of(tmp_path, content)


def test_a_manifest_of_sha_1_is_told_what_to_set(tmp_path: Path) -> None:
    sentence = refusal_of(tmp_path, {sha1(TEXT.encode()).hexdigest(): TEXT})

    assert "persistedDocuments: { hashAlgorithm: 'sha256' }" in sentence


@pytest.mark.parametrize("id", ["", "Week", "sha256:", hash_of(TEXT).upper(), "0" * 32, f"md5:{hash_of(TEXT)}"])
def test_an_entry_that_is_named_by_anything_else_is_told(tmp_path: Path, id: str) -> None:
    sentence = refusal_of(tmp_path, {id: TEXT})

    assert f"The entry {id!r} " in sentence
    assert "is not named by a SHA-256" in sentence


@pytest.mark.parametrize("operation", [None, {}, {"id": 7, "body": TEXT}, {"body": TEXT}])
def test_an_operation_of_apollos_without_an_id_is_told(tmp_path: Path, operation: Any) -> None:
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}

    assert "is not named by a SHA-256" in refusal_of(tmp_path, content)


@pytest.mark.parametrize("text", [None, 7, [TEXT], {}])
def test_an_entry_without_a_text_is_told(tmp_path: Path, text: Any) -> None:
    assert f"The entry {hash_of(TEXT)!r} " in refusal_of(tmp_path, {hash_of(TEXT): text})


def test_a_text_that_was_changed_is_told(tmp_path: Path) -> None:
    sentence = refusal_of(tmp_path, {hash_of(TEXT): TEXT + "\n"})

    assert "another SHA-256" in sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query Week {", "is not GraphQL: Syntax Error: Expected Name, found <EOF> (line 1, column 13)"),
        (
            "query Week {\n  practitioners { surname }\n}",
            "(query Week) is not valid in this schema: Cannot query field 'surname' on type 'PractitionerConnection'"
            " (line 2, column 19)",
        ),
        ("{ nothing }", "(query without a name) is not valid in this schema"),
        ("fragment Label on Practitioner { label }", "holds no operation"),
        ("", "is not GraphQL"),
    ],
)
def test_a_document_that_could_never_run_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    sentence = refusal_of(tmp_path, {hash_of(TEXT): TEXT, hash_of(text): text})

    assert f"The entry {hash_of(text)!r} " in sentence
    assert told in sentence


def test_a_document_that_is_too_long_is_told_with_the_setting(tmp_path: Path) -> None:
    assert "more than 10 tokens or comments (GAPPT_MAX_TOKENS)" in refusal_of(
        tmp_path, {hash_of(TEXT): TEXT}, tokens=10
    )


def test_a_document_that_is_too_large_for_any_variables_is_told(tmp_path: Path) -> None:
    text = "query Wide { a: __typename b: __typename c: __typename }"

    sentence = refusal_of(tmp_path, {hash_of(text): text}, aliases=2)

    assert "(query Wide) would never run: The operation has more than 2 aliases" in sentence


def test_a_document_that_may_be_too_large_for_some_variables_is_served(tmp_path: Path) -> None:
    text = "query Some($n: Int!) { practitioners(first: $n) { nodes { label } } }"

    assert read(tmp_path, {hash_of(text): text}, cost=1)


def test_a_document_that_needs_the_directory_is_told_where_another_subgraph_has_it(tmp_path: Path) -> None:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({hash_of(TEXT): TEXT}))

    with pytest.raises(BadManifest, match="query Week"):
        read_manifest(path, schema_of(directory=False), Limits())
