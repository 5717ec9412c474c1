"""What the service asks for in its headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from backends.ibm.transport import seconds


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("30", 30.0), ("0.5", 0.5), ("-3", 0.0), (None, None), ("inf", None), ("soon", None), ("1e400", None)],
)
def test_how_long_the_service_asks_to_wait(text: str | None, wanted: float | None) -> None:
    assert seconds(text) == wanted


def test_a_date_to_come_back_at() -> None:
    found = seconds(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert found is not None and 80 < found <= 90
