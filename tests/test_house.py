"""The house's own rules (CONTRIBUTING.md), where no other tool holds them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LONGEST_MODULE = 350
"""Lines, outside of tests. The aim is 300."""
NOT_OURS = {".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".import_linter_cache",
            ".hypothesis", ".deployments", "__pycache__", "build"}  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        # Whatever runs these tests has its say about these tests only.
        env={k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def walked(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or path.is_symlink():
            continue
        if path.is_dir():
            yield from walked(path)
        else:
            yield path


def files() -> list[Path]:
    """Every file of the repository; where there is no git, every file that would be one."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return list(walked(PROJECT))
    names = [PROJECT / name for name in listed.split("\0") if name]
    return [path for path in names if path.is_file() and not path.is_symlink()]


FILES = files()


def modules(*folders: str) -> list[Path]:
    """Python modules of the repository, of all of it or below some folders."""
    below = [PROJECT / folder for folder in folders] or [PROJECT]
    return [
        path
        for path in FILES
        if path.suffix == ".py" and any(path.is_relative_to(f) for f in below)
    ]


def named_tests(source: str) -> set[str]:
    """Names of every test function in a module, as pytest writes them."""
    found = set()

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name.startswith("test_"):
                    found.add(prefix + node.name)
            elif isinstance(node, ast.ClassDef):
                walk(node.body, f"{prefix}{node.name}::")
            elif isinstance(node, ast.If | ast.With | ast.Try):
                walk(node.body, prefix)

    walk(ast.parse(source).body, "")
    return found


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """Node ids, without parameters, of every test that pytest collects."""
    done = run(
        "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider",
        "-o", "addopts=--strict-markers --import-mode=importlib",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}


def test_every_test_is_collected(collected: set[str]) -> None:
    written = {
        f"{path.relative_to(PROJECT)}::{test}"
        for path in modules("tests")
        for test in named_tests(path.read_text())
    }
    assert sorted(written - collected) == []
    assert "tests/test_house.py::test_every_test_is_collected" in collected


def test_every_test_file_has_tests(collected: set[str]) -> None:
    with_tests = {test.partition("::")[0] for test in collected}
    named = {str(path.relative_to(PROJECT)) for path in FILES if path.name.startswith("test_")}
    assert sorted(named - with_tests) == []


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ("def test_a(): ...\nasync def test_b(): ...", {"test_a", "test_b"}),
        # Pytest takes only classes that are called Test.
        ("class Odd:\n    def test_a(self): ...", {"Odd::test_a"}),
        ("if True:\n    def test_a(): ...", {"test_a"}),
        ("def helper():\n    def test_inside(): ...", set()),
    ],
)
def test_what_counts_as_a_test(source: str, tests: set[str]) -> None:
    assert named_tests(source) == tests


def test_every_component_has_a_test_of_its_own() -> None:
    sources = {path.stem: path.read_text() for path in modules("components")}
    classes = {
        name: (stem, base)
        for stem, text in sources.items()
        for name, base in re.findall(r"^class (\w+)\(([\w.]+)", text, re.MULTILINE)
    }
    bases = {base for _, base in classes.values()}
    components = {
        stem
        for name, (stem, base) in classes.items()
        # What others are made from is tested as each of them.
        if name not in bases and base in {"pulumi.ComponentResource", *classes}
    }
    assert {"network", "aurora_serverless", "rds_postgres", "redis"} <= components
    tests = "\n".join(path.read_text() for path in modules("tests/components"))
    untested = [
        stem
        for stem in sorted(components)
        # By its module, or in a stack by its kind.
        if f"components.{stem} import" not in tests
        and stem.replace("_", "-") not in tests
        and not (PROJECT / "tests/components" / f"test_{stem}.py").exists()
    ]
    assert untested == []


def test_the_import_contract_holds() -> None:
    done = run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


def test_a_module_is_short() -> None:
    lengths = {
        str(path.relative_to(PROJECT)): len(path.read_text().splitlines())
        for path in modules()
        if not path.is_relative_to(PROJECT / "tests")
    }
    assert len(lengths) > 50
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


# In pieces, so that this file is not one of those it looks for.
HOSTS = (
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("deb.", "debian.org"),
    ("security.", "debian.org"),
    ("snapshot.", "debian.org"),
    ("archive.", "ubuntu.com"),
    ("ports.", "ubuntu.com"),
    ("conda.", "anaconda.org"),
    ("registry.", "npmjs.org"),
    ("proxy.", "golang.org"),
    ("index.", "crates.io"),
    ("--index", "-url "),
    ("--extra-index", "-url"),
    ("--find", "-links "),
)


@pytest.mark.parametrize("pieces", HOSTS)
def test_no_file_names_a_package_index(pieces: tuple[str, str]) -> None:
    needle = "".join(pieces)
    naming = [
        str(path.relative_to(PROJECT))
        for path in FILES
        if needle in path.read_text(errors="replace").lower()
    ]
    assert naming == []


WORDS = re.compile(r"(?<![A-Za-z])(local|localcloud|moto)(?![A-Za-z])", re.IGNORECASE)


@pytest.mark.parametrize("folder", ["components", "stacks", "specs", "verify"])
def test_only_the_endpoint_differs(folder: str) -> None:
    # One config, any cloud: whatever knows where it runs, behaves differently there.
    below = [path for path in FILES if path.is_relative_to(PROJECT / folder)]
    assert len(below) > 3
    said = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in below
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        # MySQL's own name of a parameter.
        if WORDS.search(line.replace("local_infile", ""))
    ]
    assert said == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from localcloud import x", True),
        ("is_local = True", True),
        ('"""Runs on the local cloud."""', True),
        ("LOCAL_PORT", True),
        ("import moto", True),
        ("localhost", False),
        ("locale", False),
        ("motor", False),
        ("allocated", False),
    ],
)
def test_a_word_is_found_as_a_word(line: str, found: bool) -> None:
    assert bool(WORDS.search(line)) is found


def test_the_program_is_ten_lines() -> None:
    lines = (PROJECT / "__main__.py").read_text().splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert 1 <= len(code) <= 10
