"""The endpoint and the limits: what is refused before anything is sent."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.settings import Endpoint, Limits, endpoint_from, segment
from reconciler.errors import UnavailableError, UsageError

KEY = "KEY0123456789ABCDEF_made_up"


def endpoint(url: str | None = None) -> Endpoint:
    return endpoint_from({"TELNYX_API_KEY": KEY}, base_url=url)


def test_the_environment_names_key_and_address_with_the_public_one_as_default() -> None:
    assert endpoint().base_url == "https://api.telnyx.com/v2"
    assert endpoint().api_key == KEY
    other = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": "https://gw.example/x/v2/", "B_KEY": "bbbb"}
    assert endpoint_from(other).base_url == "https://gw.example/x/v2"
    assert endpoint_from(other, base_url="https://b.example/v2").host == "b.example"
    assert endpoint_from(other, api_key_env="B_KEY").api_key == "bbbb"
    assert endpoint_from(other | {"TELNYX_BASE_URL": ""}) == endpoint()


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(endpoint())


@pytest.mark.parametrize("key", [None, "", " ", "\n", "\t "])
def test_an_empty_key_is_refused_by_the_name_of_its_variable(key: str | None) -> None:
    with pytest.raises(UsageError, match="B_KEY is not set or empty"):
        endpoint_from({} if key is None else {"B_KEY": key}, api_key_env="B_KEY")


@pytest.mark.parametrize(
    "spoilt", ["{}\n", "a\r\n{}", "{} x", "\x1b{}", "{}é", "{}\x00", "\u202e{}", "\t{}"]
)
def test_a_key_with_a_newline_or_a_control_is_refused_and_never_printed(spoilt: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint_from({"TELNYX_API_KEY": spoilt.format(KEY)})
    assert KEY not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/v2",
        "http://127.255.255.254/v2",
        "http://localhost/v2",
        "http://LOCALHOST:1/v2",
        "http://[::1]:8080/v2",
        "http://[0:0:0:0:0:0:0:1]/v2",
    ],
)
def test_http_is_allowed_to_loopback(url: str) -> None:
    assert endpoint(url).is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://api.telnyx.com/v2",
        "http://127.0.0.1.example/v2",
        "http://localhost.evil/v2",
        "http://localhost./v2",
        "http://evil-localhost/v2",
        "http://127.0.0.1@evil.com/v2",
        "http://localhost:80@evil.com/v2",
        "http://128.0.0.1/v2",
        "http://0.0.0.0/v2",
        "http://10.0.0.1/v2",
        "http://2130706433/v2",
        "http://0x7f000001/v2",
        "http://0x7f.1/v2",
        "http://0177.0.0.1/v2",
        "http://127.1/v2",
        "http://127.0.0.1./v2",
        "http://127.0.0.01/v2",
        "http://[::ffff:127.0.0.1]/v2",
        "http://[::]/v2",
        "http://[::1%25lo]/v2",
        "http://[fe80::1]/v2",
        "http://１２７.0.0.1/v2",
        "http://ⓛocalhost/v2",
        "http:\\\\127.0.0.1/v2",
        "http://127.0.0.1\\@evil.com/v2",
        "http:///v2",
        "http:127.0.0.1/v2",
    ],
)
def test_http_to_anything_but_loopback_is_refused_however_it_is_spelt(url: str) -> None:
    with pytest.raises(UsageError):
        endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "api.telnyx.com/v2",
        "ftp://api.telnyx.com/v2",
        "file:///etc/passwd",
        "https://",
        "https:///v2",
        "https://user:hunter2@api.telnyx.com/v2",
        "https://hunter2@api.telnyx.com/v2",
        "https://@api.telnyx.com/v2",
        "https://api.telnyx.com/v2?key=hunter2",
        "https://api.telnyx.com/v2?",
        "https://api.telnyx.com/v2#hunter2",
        "https://api.telnyx.com/v2#",
        "https://api.telnyx.com:port/v2",
        "https://api.telnyx.com:99999/v2",
        "https://api.telnyx.com/v2/../x",
        "https://api.telnyx.com/./v2",
        "https://api.telnyx.com//v2",
        "https://api.telnyx.com/%2e%2e/v2",
        "https://api.telnyx.com /v2",
        "https://api.telnyx.com\n/v2",
        "\thttps://api.telnyx.com/v2",
        "https://api..telnyx.com/v2",
        "https://-api.telnyx.com/v2",
        "https://0x7f000001/v2",
        "https://3232235777/v2",
        "https://0300.0250.1.1/v2",
        "https://[::1/v2",
        "https://[x]/v2",
        "https://" + "a" * 300 + "/v2",
        "https://api_é.example/v2",
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused_without_printing_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(url)
    assert "base_url" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://API.Telnyx.com/v2/", "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com/v2//", "https://api.telnyx.com/v2"),
        ("https://api.telnyx.com", "https://api.telnyx.com"),
        ("https://api.telnyx.com:443/v2", "https://api.telnyx.com:443/v2"),
        ("https://10.0.0.1:8443/gateway/v2", "https://10.0.0.1:8443/gateway/v2"),
        ("HTTPS://[2001:DB8::0:1]/v2", "https://[2001:db8::1]/v2"),
    ],
)
def test_a_base_url_is_kept_in_one_spelling(url: str, kept: str) -> None:
    assert endpoint(url).base_url == kept


@pytest.mark.parametrize("path", ["/mobile_phone_numbers/1", "/v2/mobile_phone_numbers/1"])
def test_mobile_paths_start_at_the_hosts_root_and_never_become_v2_v2(path: str) -> None:
    assert endpoint().url_for(path) == "https://api.telnyx.com/v2/mobile_phone_numbers/1"
    gateway = endpoint("https://gw.example/telnyx")
    assert gateway.url_for(path) == "https://gw.example/telnyx/mobile_phone_numbers/1"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "/",
        "//x",
        "/a/",
        "/a/../b",
        "/..",
        "/a?b",
        "/a#b",
        "/a b",
        "/a\\b",
        "/a\n",
        "/%2e",
        "/%2E%2E/a",
        "/a%2Fb",
        "/é",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        endpoint().url_for(path)


def test_a_percent_encoded_segment_is_a_path() -> None:
    path = f"/phone_numbers/{segment('+13125550001')}/voice"
    assert endpoint().url_for(path).endswith("/v2/phone_numbers/%2B13125550001/voice")


@given(st.text(max_size=30))
def test_any_id_is_one_segment_or_refused(text: str) -> None:
    try:
        quoted = segment(text)
    except UnavailableError:
        return
    url = endpoint().url_for(f"/phone_numbers/{quoted}/voice")
    assert url.count("/") == 6
    assert "/../" not in url


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../x", "a/b", "a\\b", "a?b", "a b", "%2e%2e", "x" * 201]
)
def test_ids_with_dots_and_slashes_are_refused(text: str) -> None:
    with pytest.raises(UnavailableError, match="an id that no address can hold"):
        segment(text)


@pytest.mark.parametrize("name", [item.name for item in fields(Limits)])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, 0, True, "5", None, 10**400])
def test_negative_or_nan_limits_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"limits\.{name}"):
        Limits(**{name: value})  # type: ignore[arg-type]  # a user's file can hold anything


@pytest.mark.parametrize(
    ("name", "most"), [("page_size", 250), ("job_size", 1000), ("jobs_in_flight", 20)]
)
def test_limits_stay_within_what_the_api_takes(name: str, most: int) -> None:
    Limits(**{name: most})
    with pytest.raises(UsageError, match=f"at most {most}"):
        Limits(**{name: most + 1})
    with pytest.raises(UsageError, match="whole number"):
        Limits(**{name: 1.5})  # type: ignore[arg-type]
