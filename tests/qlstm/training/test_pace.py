"""What a comparison says of its measurements: lines and times by a clock of their own."""

from __future__ import annotations

import pytest

from qlstm.training.ways.pace import Pace, Task, in_words


def test_the_time_left_follows_from_the_last_measurement_of_the_same_way():
    tasks = [
        Task("split", "shots", "expectations", 100),
        Task("split", "shots", "a gradient", 100),
        Task("cut", "shots", "expectations", 1000),
        Task("cut", "shots", "a gradient", 3000),
        Task("cut", "executions", "expectations", 500),
    ]
    now, lines = [0.0], list[str]()
    pace = Pace(tasks, lines.append, lambda: now[0])
    for seconds in (5.0, 1.0, 20.0, 60.0, 10.0):
        with pace.measuring():
            now[0] += seconds
    assert lines == [
        "split at equal shots: expectations, 100 parameter sets",  # nothing is known; its gradient follows at once
        "cut at equal shots: expectations, 1,000 parameter sets; about 45 s to go for all",  # 4,500 sets in 1 s / 100
        "cut at equal shots: a gradient, 3,000 parameter sets; about 35 s to go for all",  # the first only prepares
        "cut at equal executions: expectations, 500 parameter sets; about 10 s to go for all",  # 500 in 60 s / 3,000
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "less than 1 s"), (42, "about 42 s"), (250, "about 4 min"), (7200, "about 2.0 h")],
)
def test_in_words(seconds, words):
    assert in_words(seconds) == words
