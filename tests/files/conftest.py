"""Both parsers: libyaml's, and the one that PyYAML brings where libyaml is missing."""

from __future__ import annotations

import pytest
import yaml


@pytest.fixture(params=["libyaml", "pure"])
def each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the test once with each parser."""
    name = str(request.param)
    if name == "libyaml" and not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml, "__with_libyaml__", name == "libyaml")
    return name
