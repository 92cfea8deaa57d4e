"""Whether an endpoint is there: asked once, cheaply, before anything is translated or judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mteval.chat.client_faults import error_of, fault_of
from mteval.chat.client_limits import backoff
from mteval.chat.client_session import Endpoint, opened
from mteval.errors import UnavailableError

_TRIES = 3


async def probe(endpoint: Endpoint, timeout: float, first: float, hand: Callable[[None], None]) -> None:
    """Ask an endpoint which models it has; what it says of them does not matter, so long as it says something.

    Args:
        timeout: seconds that it has to answer.
        first: seconds to wait before it is asked again.

    Raises:
        UnavailableError: it is down, or does not take the key.
    """
    said = ""
    async with opened(endpoint, timeout) as sdk:
        for attempt in range(1, _TRIES + 1):
            try:
                async with asyncio.timeout(timeout):
                    await sdk.models.with_raw_response.list()
                return
            except Exception as error:
                fault = fault_of(error, endpoint.secret, timeout)
                if fault is None:
                    raise
            if fault.status == 401:
                raise error_of(fault, endpoint.host, endpoint.model, endpoint.key, "its models")
            if fault.status is not None and fault.kind not in ("again", "busy"):
                return  # it answers, and has no list or shows it to nobody
            if fault.status == 429:
                return  # it is there, and has much to do
            said = fault.said
            if attempt < _TRIES:
                await asyncio.sleep(min(backoff(first, attempt) if fault.wait is None else fault.wait, 10.0))
    problem = f"{endpoint.url} does not answer: {said}"
    remedy = "start the server, correct client.base_url, or check the network and its proxy"
    raise UnavailableError("client.base_url", problem, remedy)
