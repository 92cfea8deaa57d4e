"""When the next request may be sent: no faster than the limits in the config, and not while a service asks to wait."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_BACKOFF = 60.0
"""Seconds that are waited at most between two attempts where the service does not say how long."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a service asks to wait, given as a number, as a date or in milliseconds.

    Args:
        headers: of its answer, however their names are written.

    Returns:
        At least 0; ``None`` if it does not ask, or asks for what is no time.
    """
    told = {name.lower(): value.strip() for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(told[name]) / unit
        except (KeyError, ValueError):
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        return max(0.0, parsedate_to_datetime(told["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def backoff(first: float, attempt: int) -> float:
    """The seconds to wait after an attempt that failed, with jitter: twice as long after each.

    Args:
        first: after the first attempt.
        attempt: how many failed, from 1.
    """
    return min(LONGEST_BACKOFF, first * 2.0 ** min(attempt - 1, 30)) * random.uniform(0.5, 1.0)


class Pace:
    """Lets requests go one after the other.

    Every request has a turn of its own: the next turn comes no sooner than the limits allow, so that no minute holds
    more than they say, and what was estimated wrongly is made good as soon as it is known. While the service asks to
    wait, nobody has a turn; then turns are given anew, to all who wait for one.

    Args:
        requests_per_minute, tokens_per_minute: the limits; ``None`` for none.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        self._per_request = 60 / requests_per_minute if requests_per_minute else 0.0
        self._per_token = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._request_from = 0.0
        self._token_from = 0.0
        self._held_until = 0.0
        self._holds = 0

    async def turn(self, tokens: int) -> None:
        """Wait until a request may be sent.

        Args:
            tokens: how many it is expected to take.
        """
        while True:
            holds, now = self._holds, time.monotonic()
            start = max(now, self._held_until, self._request_from, self._token_from)
            self._request_from = start + self._per_request
            self._token_from = start + tokens * self._per_token
            if start <= now:
                return
            await asyncio.sleep(start - now)
            if holds == self._holds:
                return

    def settle(self, expected: int, used: int) -> None:
        """Make good what a request took more or less than was expected."""
        self._token_from += (used - expected) * self._per_token

    def hold(self, seconds: float) -> None:
        """Let nobody send anything for some time; a longer wait that is under way stays."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)
        self._request_from = self._token_from = self._held_until  # turns that were promised are given anew
        self._holds += 1
