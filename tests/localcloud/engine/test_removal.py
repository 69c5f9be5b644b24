"""In which order resources are deleted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.engine.removal import deletion_order
from localcloud.engine.state import Entry


def entry(name: str, *uses: str) -> Entry:
    return Entry(name, "t", name, {}, dependencies=uses)


def names(entries: list[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def test_without_relations_the_newest_goes_first() -> None:
    assert names(deletion_order([entry("a"), entry("b"), entry("c")])) == ["c", "b", "a"]


def test_a_user_goes_before_what_it_uses_even_if_it_is_older() -> None:
    older = entry("database", "group")
    assert names(deletion_order([older, entry("group"), entry("key")])) == [
        "key", "database", "group",
    ]  # fmt: skip


def test_a_replaced_one_goes_after_its_users() -> None:
    """Both the original and its replacement have the URN the user names."""
    original, user, replacement = entry("group"), entry("rule", "group"), entry("group")
    order = deletion_order([original, user, replacement])
    assert names(order) == ["rule", "group", "group"]


def test_what_stays_is_no_hindrance() -> None:
    assert names(deletion_order([entry("a", "stays"), entry("b", "stays")])) == ["b", "a"]


def test_a_circle_ends() -> None:
    assert sorted(names(deletion_order([entry("a", "b"), entry("b", "a")]))) == ["a", "b"]


@settings(deadline=None, max_examples=50)
@given(data=st.data(), size=st.integers(0, 12))
def test_any_order_of_creation_is_torn_down_safely(data: st.DataObject, size: int) -> None:
    """Whatever uses what, as long as it is no circle, and in whatever order they were made."""
    made = []
    for number in range(size):
        uses = data.draw(st.sets(st.integers(0, max(number - 1, 0)), max_size=3))
        made.append(entry(str(number), *(str(u) for u in uses if u != number)))
    shuffled = data.draw(st.permutations(made))
    order = names(deletion_order(list(shuffled)))
    assert sorted(order) == sorted(names(made))
    for user in made:
        for used in user.dependencies:
            assert order.index(user.name) < order.index(used)
