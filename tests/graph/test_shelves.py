"""What accounts keep by its hash: bounded in number and in bytes, for each account and for all."""

from gappt_graphql.graph.shelves import Shelves
from gappt_graphql.scheduling.ids import AccountId

US, THEM, OTHERS = AccountId(1), AccountId(2), AccountId(3)


def test_a_text_is_found_as_it_was_put() -> None:
    shelves = Shelves(documents=1)
    shelves.put(US, "a", "{ name } # Müller 🙂")

    assert shelves.get(US, "a") == "{ name } # Müller 🙂"


def test_ten_thousand_documents_leave_as_many_as_may_be_kept() -> None:
    shelves = Shelves(documents=500)
    for n in range(10_000):
        shelves.put(US, f"{n}", "{ name }")

    assert [shelves.get(US, f"{n}") is None for n in (0, 9_499, 9_500, 9_999)] == [True, True, False, False]


def test_no_account_keeps_more_bytes_than_it_may() -> None:
    shelves = Shelves(documents=500, bytes_of_account=10_000)
    for hash in "abc":
        shelves.put(US, hash, "#" * 4_000)

    assert [shelves.get(US, hash) is None for hash in "abc"] == [True, False, False]


def test_a_text_counts_by_its_bytes_and_not_by_its_characters() -> None:
    shelves = Shelves(documents=500, bytes_of_account=10_000)
    for hash in "ab":
        shelves.put(US, hash, "🙂" * 2_000)

    assert [shelves.get(US, hash) is None for hash in "ab"] == [True, False]


def test_a_text_that_is_longer_than_all_of_an_account_is_not_kept_and_pushes_nothing_out() -> None:
    shelves = Shelves(documents=500, bytes_of_account=10_000)
    shelves.put(US, "a", "{ name }")
    shelves.put(US, "b", "#" * 10_000)

    assert [shelves.get(US, hash) is None for hash in "ab"] == [False, True]


def test_putting_a_text_again_takes_up_nothing_and_counts_as_used() -> None:
    shelves = Shelves(documents=2)
    for hash in ("a", "b", "a", "c"):
        shelves.put(US, hash, "{ name }")

    assert [shelves.get(US, hash) is None for hash in "abc"] == [False, True, False]


def test_where_all_keep_too_much_the_account_that_has_asked_for_nothing_longest_goes() -> None:
    shelves = Shelves(documents=500, bytes_of_account=10_000, bytes_of_all=10_000)
    shelves.put(US, "a", "#" * 4_000)
    shelves.put(THEM, "a", "#" * 4_000)
    shelves.get(US, "a")
    shelves.put(OTHERS, "a", "#" * 4_000)

    assert [shelves.get(who, "a") is None for who in (US, THEM, OTHERS)] == [False, True, False]


def test_what_was_forgotten_makes_room() -> None:
    shelves = Shelves(documents=500, bytes_of_account=10_000, bytes_of_all=10_000)
    for _ in range(3):
        for who in (US, THEM, OTHERS):
            shelves.put(who, "a", "#" * 4_000)

    assert [shelves.get(who, "a") is None for who in (US, THEM, OTHERS)] == [True, False, False]
