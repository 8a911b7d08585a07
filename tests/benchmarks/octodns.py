"""octoDNS planning 10,000 records YAML to YAML, in an environment of its own made on demand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PINNED = "octodns==1.11.0"


def environment() -> Path:
    """The `bin` of an environment with octoDNS; made under the user's cache the first time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "telnyx-reconciler-bench" / PINNED.replace("==", "-")
    if not (home / "bin" / "octodns-sync").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", PINNED], check=True)
    return home / "bin"


def project(count: int, root: Path) -> list[str]:
    """Two zones of `count` records each, 5% of them unlike, and the command that compares them."""
    for side in ("config", "live"):
        (root / side).mkdir()
        lines = ["---"]
        for place in range(count):
            changed = side == "live" and place % 20 == 0
            value = f"10.{place // 62_500}.{place // 250 % 250}.{place % 250 + 1}"
            lines += [
                f"r{place:07}:",
                f"  ttl: {600 if changed else 300}",
                "  type: A",
                f"  value: {value}",
            ]
        (root / side / "example.com.yaml").write_text("\n".join(lines) + "\n")
    provider = "class: octodns.provider.yaml.YamlProvider"
    (root / "octodns.yaml").write_text(
        "providers:\n"
        f"  config: {{{provider}, directory: {root}/config}}\n"
        f"  live: {{{provider}, directory: {root}/live}}\n"
        "zones:\n  example.com.: {sources: [config], targets: [live]}\n"
    )
    return [str(environment() / "octodns-sync"), "--config-file", str(root / "octodns.yaml")]
