"""Programs of Debian's packages, unpacked into a folder of their own where they are not installed."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path


class PackageMissing(Exception):
    """Neither installed nor to be had from Debian here."""


def unpacked(*packages: str, holding: str) -> Path:
    """The folder below which the packages' files lie, `holding` among them. Raises `PackageMissing`."""
    folder = Path(tempfile.gettempdir()) / f"newsletter-{packages[0]}"
    if not (folder / holding).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _unpack(packages, folder)
    if not (folder / holding).exists():
        raise PackageMissing(f"{packages[0]} of Debian holds no {holding}")
    return folder


def _unpack(packages: Sequence[str], folder: Path) -> None:
    try:
        subprocess.run(["apt-get", "download", "-qq", *packages], cwd=folder, check=True, capture_output=True)
        for archive in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(archive), str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PackageMissing(f"{packages[0]} is not installed and cannot be fetched from Debian") from error
