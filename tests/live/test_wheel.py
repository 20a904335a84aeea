"""A wheel is a whole Dexter: it installs beside nothing and needs no Node."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from bench.stand import free_port, request, wait_until_up

ROOT = Path(__file__).parent.parent.parent
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(autouse=True)
def without_faults() -> None:
    """The wheel brings its own processes."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a virtual environment that holds only the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--wheel", "--out-dir", folder, "--quiet"], cwd=ROOT, check=True)
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", folder / "venv/bin/python", wheel], cwd=folder, check=True
    )
    return folder / "venv"


def test_dexter_up_from_the_wheel_serves_the_workbench_without_node(installed: Path, tmp_path: Path) -> None:
    """Whoever installs Dexter from a wheel has no checkout to build the workbench from."""
    bare = tmp_path / "bin"
    bare.mkdir()
    assert shutil.which("node", path=str(bare)) is None
    port, sandbox_port = free_port(), free_port()
    environment = {
        "PATH": str(bare), "HOME": str(tmp_path), "DEXTER_DATA_DIR": str(tmp_path / "data"), "DEXTER_PORT": str(port),
        "DEXTER_SANDBOX_PORT": str(sandbox_port), "DEXTER_ACCESS_TOKEN": "wheel-test-access-token",
    }  # fmt: skip
    log = tmp_path / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed / "bin/dexter", "up"], env=environment, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(f"{url}/health", process, log)
        page = request("GET", f"{url}/", headers={"Accept": "text/html"})
        assert page.status == 200
        assert b'<div id="root">' in page.body
        listed = request("GET", f"{url}/api/v1/issues", headers={"X-Dexter-Token": "wheel-test-access-token"})
        assert listed.status == 200, listed.body
        assert len(listed.json()["data"]) > 0
    finally:
        process.terminate()
        process.wait(20)
    assert process.returncode in (0, -15), log.read_text()
    assert not is_listening(sandbox_port), "the sandbox outlived the supervisor"


def is_listening(port: int) -> bool:
    """Say whether something still takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
