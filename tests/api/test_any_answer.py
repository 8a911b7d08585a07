"""Whatever a server answers is an answer or an error of the tree: no traceback, no hang."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.by_httpx import ByHttpx
from reconciler.api.http import decode
from reconciler.api.settings import Endpoint, Limits
from reconciler.core.text import neutral
from reconciler.errors import ApiError
from tests.api.support import KEY, http_to

PLACE = Endpoint("https://api.example/v2", KEY)

words = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=30)
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(f"x {KEY} x")
json_like = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
errors = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("code", "title", "detail", "source", "meta"), json_like),
)
documents = json_like | st.fixed_dictionaries({"errors": st.lists(errors | json_like, max_size=4)})
bodies = st.binary(max_size=200) | documents.map(lambda data: msgspec.json.encode(_fitting(data)))
NAMES = ("content-type", "content-encoding", "location", "retry-after", "x-request-id", "date")
LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
headers = st.dictionaries(
    st.sampled_from(NAMES + LIMITS),
    words | st.sampled_from(["application/json", "text/html", "gzip", "0", "1", "2000;w=1", KEY]),
)


def _fitting(data: Any) -> Any:
    """The same without what JSON cannot hold: lone surrogates and integers beyond 64 bits."""
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode()
    if isinstance(data, int) and not isinstance(data, bool):
        return data % 2**60
    if isinstance(data, list):
        return [_fitting(item) for item in data]
    if isinstance(data, dict):
        return {_fitting(key): _fitting(value) for key, value in data.items()}
    return data


@settings(max_examples=200, deadline=None)
@given(st.integers(200, 599), headers, bodies)
def test_any_answer_is_an_answer_or_an_error_of_the_tree_without_the_key(
    status: int, told: dict[str, str], body: bytes
) -> None:
    def respond(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=told, stream=httpx.ByteStream(body))

    async def go() -> None:
        transport = ByHttpx(httpx.MockTransport(respond))
        async with http_to(PLACE, Limits(max_body_bytes=150), transport=transport) as http:
            answer = await http.send("GET", "/phone_numbers")
            assert 200 <= answer.status < 300
            assert KEY not in answer.request_id
            decode(answer, dict[str, Any])

    failure: ApiError | None = None
    try:
        asyncio.run(go())
    except ApiError as error:
        failure = error
    if failure is not None:
        shown = f"{failure} {failure!r} {failure.items!r} {failure.request_id}"
        assert KEY not in shown
        assert neutral(shown) == shown
        assert failure.call == "GET /phone_numbers"
