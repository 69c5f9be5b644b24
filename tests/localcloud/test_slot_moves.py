"""Which slots go where, as a pure decision."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localcloud.servers.redis_cluster import SLOTS, Peer, even_ranges, numbers
from localcloud.servers.resharding import Move, levelling, unfinished


@st.composite
def clusters(draw: st.DrawFn) -> tuple[dict[str, list[int]], list[str]]:
    """Slots by primary, however uneven, and who is to stay."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, SLOTS), min_size=len(names) - 1,
                                max_size=len(names) - 1)))  # fmt: skip
    bounds = [0, *cuts, SLOTS]
    slots = {name: list(range(bounds[n], bounds[n + 1])) for n, name in enumerate(names)}
    staying = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    return slots, staying


@given(clusters())
def test_afterwards_every_slot_is_somewhere_and_shares_are_equal(
    cluster: tuple[dict[str, list[int]], list[str]],
) -> None:
    slots, staying = cluster
    after = {name: set(have) for name, have in slots.items()}
    moves = levelling(slots, staying)
    for move in moves:
        assert set(move.slots) <= after[move.source]
        after[move.source] -= set(move.slots)
        after[move.target] |= set(move.slots)
    assert sorted(slot for have in after.values() for slot in have) == list(range(SLOTS))
    counts = [len(after[name]) for name in staying]
    assert max(counts) - min(counts) <= 1
    assert not any(after[name] for name in after.keys() - set(staying))
    # Nobody gives who gets, so there is no shorter way.
    assert not {move.source for move in moves} & {move.target for move in moves}


def test_what_is_even_stays() -> None:
    slots = {"a": list(range(8192)), "b": list(range(8192, SLOTS))}
    assert levelling(slots, ["a", "b"]) == []


def test_a_begun_move_is_found_at_either_end() -> None:
    def peer(id_: str, *moving: tuple[int, str, str]) -> Peer:
        return Peer(id_, "127.0.0.1", True, None, 1, "", moving)

    both = [peer("a", (7, "->-", "b")), peer("b", (7, "-<-", "a"), (9, "-<-", "a"))]
    assert unfinished(both) == [Move("a", "b", (7,)), Move("a", "b", (9,))]
    assert unfinished([peer("a"), peer("b")]) == []


def test_ranges_are_read_and_made() -> None:
    assert numbers("") == []
    assert numbers("0-2,7,9-10") == [0, 1, 2, 7, 9, 10]
    assert even_ranges(3) == [(0, 5460), (5461, 10921), (10922, 16383)]
