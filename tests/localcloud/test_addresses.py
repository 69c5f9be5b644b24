from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.addresses import Addresses
from localcloud.errors import StateUnreadable


def test_an_address_is_kept_and_found_again(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    addresses = Addresses(file, "127.81")
    assert addresses.claim("a") == "127.81.1.1"
    assert addresses.claim("b") == "127.81.1.2"
    again = Addresses(file, "127.81")
    assert again.claim("b") == "127.81.1.2"
    again.release("a", "nobody")
    assert again.claim("c") == "127.81.1.1"


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefghij")), max_size=40))
def test_two_names_never_share_an_address(steps: list[tuple[bool, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        addresses = Addresses(Path(folder) / "a.json", "127.81")
        held: dict[str, str] = {}
        for claim, name in steps:
            if claim:
                held[name] = addresses.claim(name)
            else:
                addresses.release(name)
                held.pop(name, None)
            assert len(set(held.values())) == len(held)


def test_it_goes_on_in_the_next_net(tmp_path: Path) -> None:
    addresses = Addresses(tmp_path / "a.json", "127.81")
    hosts = [addresses.claim(f"server-{n}") for n in range(255)]
    assert hosts[253:] == ["127.81.1.254", "127.81.2.1"]


def test_a_spoilt_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(StateUnreadable, match="down --wipe"):
        Addresses(tmp_path / "a.json", "127.81")
