"""Passports on disk: one file for each model behind an endpoint."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

from ..errors import ConfigurationError, CorruptStoreError
from ..values import digest_of
from ..version import __version__
from .passport import Passport

__all__ = ["PassportStore", "default_folder"]

_logger = logging.getLogger("agentcore.brain")


def default_folder() -> Path:
    """Where this platform keeps what can be made again: `XDG_CACHE_HOME`, or the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    if home:
        base = Path(home)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".cache"
    return base / "agentcore" / "passports"


class PassportStore:
    """A folder of passports, by backend and model, the model's identity, and agentcore's version.

    It is a cache: a file that cannot be read, or is another version's, is as if it were not there,
    and is written anew. Where nothing can be written the passport is kept by its owner alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def path_of(self, name: str, identity: str) -> Path:
        """The file of a model."""
        readable = "".join(sign if sign.isalnum() or sign in "-." else "_" for sign in name)[:60]
        return self.folder / f"{readable}-{digest_of(name, identity, __version__)[:16]}.json"

    def find(self, name: str, identity: str) -> Passport | None:
        """Return the passport of a model, if it is there and can be used."""
        path = self.path_of(name, identity)
        if not path.exists():
            return None
        try:
            passport = Passport.load(path)
        except (ConfigurationError, CorruptStoreError) as error:
            _logger.warning("%s; it is probed anew", error)
            return None
        return passport if (passport.name, passport.identity) == (name, identity) else None

    def keep(self, passport: Passport) -> Path | None:
        """Write a passport, whole or not at all; None where the folder cannot be written."""
        path = self.path_of(passport.name, passport.identity)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self.folder, suffix=".tmp", delete=False, encoding="utf-8"
            ) as file:
                file.write(passport.to_json())
            Path(file.name).replace(path)
        except OSError as error:
            _logger.warning("the passport of %s cannot be kept: %s", passport.name, error)
            return None
        return path
