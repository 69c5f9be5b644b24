"""Empty data folders that several local clouds share."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.servers.template import made_once


def test_what_another_process_made_meanwhile_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "mariadb-10"

    def make(fresh: Path) -> None:
        (fresh / "ours").touch()
        folder.mkdir()
        (folder / "theirs").touch()

    assert made_once(folder, make) == folder
    assert [path.name for path in folder.iterdir()] == ["theirs"]
    assert list(folder.parent.iterdir()) == [folder]


def test_one_that_could_not_be_made_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "mariadb-10"

    def fail(fresh: Path) -> None:
        (fresh / "half").touch()
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        made_once(folder, fail)
    assert not folder.exists()
    made_once(folder, lambda fresh: (fresh / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]
