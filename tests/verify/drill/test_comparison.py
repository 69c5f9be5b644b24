"""What is said of each client, from what it met written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verify.drill.comparison import Answer, Failure, Observed, compare, comparison_lines

TRIGGERED, ENDED = 2.0, 10.0
BACK = Observed(
    client="plain",
    how="a driver, with its defaults",
    answers=(
        *(Answer(n / 20, "a", True) for n in range(42)),
        *(Answer(5 + n / 20, "b", True) for n in range(100)),
    ),
    failures=(
        Failure(1.01, "EarlierError", "before the trigger"),
        Failure(3.05, "GoneError", "it is gone"),
        Failure(4.0, "LaterError", "still gone"),
    ),
)


def test_one_that_came_back() -> None:
    found = compare(BACK, TRIGGERED, ENDED)
    assert found.silence is not None
    assert (found.silence.began_at, found.silence.ended_at) == (2.05, 5.0)
    assert found.noticed_by == "GoneError"
    assert found.noticed_after_s == pytest.approx(1.0)
    assert (found.ended_on, found.ended_on_reader, found.still_silent) == ("b", False, False)
    assert comparison_lines([found]) == [
        "compared        clients that read where the writers write",
        "  plain         a driver, with its defaults",
        "                silent 2.950 s",
        "                noticed after 1.000 s by GoneError: it is gone",
        "                ends on b",
    ]


def test_one_that_hangs_is_still_silent_and_noticed_nothing() -> None:
    hanging = replace(BACK, answers=BACK.answers[:42], failures=BACK.failures[:1])
    found = compare(hanging, TRIGGERED, ENDED)
    assert found.still_silent
    assert found.silence is not None
    assert found.silence.seconds == pytest.approx(7.95)
    assert (found.noticed_by, found.noticed_after_s) == (None, None)
    assert found.silent == "7.950 s, and still is"
    assert found.noticed == "nothing at all for 8.0 s"
    assert found.ended == "nobody; the last was a"


def test_one_that_fell_silent_again_after_a_longer_silence() -> None:
    again = replace(BACK, answers=(*BACK.answers[:42], *(Answer(7.4, "b", True),)))
    found = compare(again, TRIGGERED, ENDED)
    assert found.silence is not None
    assert found.silence.seconds == pytest.approx(5.35)
    assert found.still_silent


def test_errors_outside_of_the_silence_are_not_how_it_was_noticed() -> None:
    late = replace(BACK, failures=(BACK.failures[0], Failure(8.0, "OtherError", "later")))
    found = compare(late, TRIGGERED, ENDED)
    assert found.noticed_by is None
    assert found.noticed == "nothing at all for 3.0 s"


def test_one_that_ended_on_a_reader() -> None:
    demoted = replace(BACK, answers=(*BACK.answers[:-1], Answer(9.97, "a", False)))
    found = compare(demoted, TRIGGERED, ENDED)
    assert found.ended_on_reader
    assert found.ended == "a, which only reads"


def test_what_came_when_it_was_watched_no_more_does_not_count() -> None:
    mended = replace(BACK, answers=(*BACK.answers[:42], Answer(10.1, "a", True)))
    assert compare(mended, TRIGGERED, ENDED).still_silent


def test_one_that_was_not_interrupted() -> None:
    calm = replace(BACK, answers=tuple(Answer(n / 20, "a", True) for n in range(200)), failures=())
    found = compare(calm, TRIGGERED, ENDED)
    assert (found.noticed, found.still_silent) == ("no error", False)


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        pytest.param(
            replace(BACK, absent="its package is not installed", answers=(), failures=()),
            "  plain         not compared: its package is not installed",
            id="not-there",
        ),
        pytest.param(
            replace(BACK, absent="it never had an answer"),
            "  plain         not compared: it never had an answer",
            id="not-there-whatever-it-met",
        ),
    ],
)
def test_one_that_was_not_there(observed: Observed, said: str) -> None:
    found = compare(observed, TRIGGERED, ENDED)
    assert found.silence is None
    assert comparison_lines([found])[1:] == [said]


def test_one_without_an_answer_before_the_trigger_cannot_be_measured() -> None:
    late = replace(BACK, answers=BACK.answers[42:])
    found = compare(late, TRIGGERED, ENDED)
    assert (found.silent, found.ended) == ("unknown", "nobody")


def test_nothing_compared_says_nothing() -> None:
    assert comparison_lines([]) == []
