"""Hatch build hook: a wheel carries the built workbench, so that installing it needs no Node."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WorkbenchBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds `web/` into `src/dexter/workbench/` before a wheel is packed, unless it stands there already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the workbench; an editable install skips it, since developers build with `make`."""
        root = Path(self.root)
        if version == "editable" or (root / "src/dexter/workbench/index.html").exists():
            return
        npm = shutil.which("npm")
        if npm is None:
            message = "Building a wheel needs Node 20 and npm once. Install them, or run `make install` first."
            raise RuntimeError(message)
        for step in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            subprocess.run([npm, *step], cwd=root / "web", check=True)  # noqa: S603 (fixed arguments)
