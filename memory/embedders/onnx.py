"""Sentence models in the ONNX format, run by onnxruntime: no torch."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, MissingExtraError
from .rows import Worker, batches, to_unit_rows

if TYPE_CHECKING:
    from ...vectors import Matrix

__all__ = ["OnnxEmbedder"]

_INSTALL = "pip install 'agentcore-framework[onnx]'"


class OnnxEmbedder:
    """An exported sentence model: the average of its last layer over the tokens, at length 1.

    That is the pooling of the MiniLM, MPNet, E5 and GTE families. Models whose first token stands
    for the text, such as BGE, want `pooling="first"`.

    Args:
        model: The `.onnx` file, with the inputs `input_ids` and `attention_mask`, and if it has it
            `token_type_ids`; its first output is (n, tokens, dim).
        tokenizer: The `tokenizer.json` that belongs to it.
        pooling: What of the last layer stands for the text: the mean, or the first token.
        max_tokens: What a text has over it is not read; the model's own window.
        batch_size: Texts in one forward pass.

    Raises:
        ConfigurationError: a file does not exist or cannot be read.
        MissingExtraError: onnxruntime or tokenizers is not installed.
    """

    def __init__(
        self,
        model: str | Path,
        tokenizer: str | Path,
        *,
        pooling: str = "mean",
        max_tokens: int = 256,
        batch_size: int = 32,
    ) -> None:
        if pooling not in {"mean", "first"}:
            raise ConfigurationError(f"pooling is {pooling!r}: it must be 'mean' or 'first'")
        if max_tokens < 1 or batch_size < 1:
            raise ConfigurationError(
                f"max_tokens is {max_tokens} and batch_size {batch_size}: both must be at least 1"
            )
        self._session, self._tokenizer = _load(Path(model), Path(tokenizer), max_tokens)
        self._pooling = pooling
        self._batch_size = batch_size
        self._name = f"onnx:{_name_of(Path(model))}"
        self._inputs = {item.name for item in self._session.get_inputs()}
        self._dim = int(self._session.get_outputs()[0].shape[-1])
        self._worker = Worker()

    @property
    def name(self) -> str:
        """Such as `onnx:all-MiniLM-L6-v2`: the file, or its folder where it is `model.onnx`."""
        return self._name

    @property
    def dim(self) -> int:
        """Numbers per vector, as the model has them."""
        return self._dim

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector per text, (n, dim)."""
        return await self._worker.run(lambda: self._embed(texts))

    def _embed(self, texts: Sequence[str]) -> Matrix:
        import numpy as np

        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = [item.ids for item in self._tokenizer.encode_batch(readable)]
        rows = np.zeros((len(texts), self._dim), dtype=np.float32)
        # Texts of like length together: a batch is as wide as its longest.
        order = sorted(range(len(texts)), key=lambda index: len(tokens[index]))
        for part in batches(order, self._batch_size):
            rows[list(part)] = self._forward([tokens[index] for index in part])
        return to_unit_rows(rows)

    def _forward(self, tokens: Sequence[list[int]]) -> Any:
        import numpy as np

        width = max(1, *(len(ids) for ids in tokens))
        ids = np.zeros((len(tokens), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, item in enumerate(tokens):
            ids[row, : len(item)] = item
            mask[row, : len(item)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feed = {name: value for name, value in given.items() if name in self._inputs}
        layer = self._session.run(None, feed)[0]  # (n, width, dim)
        if self._pooling == "first":
            return layer[:, 0]
        weights = mask[:, :, None].astype(np.float32)  # (n, width, 1)
        return (layer * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)


def _name_of(model: Path) -> str:
    return model.resolve().parent.name if model.stem == "model" else model.stem


def _load(model: Path, tokenizer: Path, max_tokens: int) -> tuple[Any, Any]:
    for path in (model, tokenizer):
        if not path.is_file():
            raise ConfigurationError(f"{path} is no file: give an .onnx model and its tokenizer")
    try:
        runtime: Any = import_module("onnxruntime")
        tokenizers: Any = import_module("tokenizers")
    except ImportError as error:
        raise MissingExtraError("OnnxEmbedder", _INSTALL) from error
    try:
        session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        reader = tokenizers.Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # both raise classes of their own that share only Exception
        raise ConfigurationError(f"{model} and {tokenizer} cannot be read: {error}") from error
    reader.no_padding()
    reader.enable_truncation(max_tokens)
    return session, reader
