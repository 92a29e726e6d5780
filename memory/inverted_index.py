"""`InvertedLists`: FAISS's inverted file, which compares a query with the nearest lists only.

Jegou, Douze, Schmid 2011, Product Quantization for Nearest Neighbor Search, without its
quantization: vectors are kept whole, so that scores are exact, and only the choice of lists is not.
How many lists are read is measured after training, and not set once for all data.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .exact_index import compare, import_faiss, in_one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..vectors import Matrix
    from .vector_index import Found, Ids

__all__ = ["InvertedLists", "Learnt", "learn"]

_VERSION = 1
_FIRST_PROBES = 8
_DEPTHS = (10, 100, 400, 1600)
"""The recall is made sure of for so many results; a search for more reads every list."""
_SAMPLE = 200
_SIZE_TO_GATHER = 2000
"""So many vectors are fetched one by one rather than found by a scan of all lists."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What training found out, and into which list each vector went."""

    centroids: Matrix
    """(lists, dim)"""
    probes: Sequence[int]
    """How many lists are read, for each of `_DEPTHS`."""
    size: int
    """Vectors that it was trained on."""
    ids: Ids
    """Sorted."""
    lists: NDArray[np.int64]
    """The list of each of `ids`."""

    def to_bytes(self) -> bytes:
        """Write it as a compressed archive of arrays with check sums."""
        import numpy as np

        file = io.BytesIO()
        np.savez_compressed(
            file,
            numbers=np.array([_VERSION, self.size, *self.probes], dtype=np.int64),
            centroids=self.centroids,
            steps=np.diff(self.ids, prepend=0),
            lists=self.lists.astype(np.int32),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, *, dim: int) -> Learnt:
        """Read what `to_bytes` wrote; raises ValueError where it did not."""
        import numpy as np

        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                version, size, *probes = arrays["numbers"].tolist()
                centroids, lists = arrays["centroids"], arrays["lists"].astype(np.int64)
                ids = np.cumsum(arrays["steps"], dtype=np.int64)
        except (KeyError, EOFError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"not what this index learnt: {error}") from error
        has_shape = centroids.shape[1:] == (dim,) and len(probes) == len(_DEPTHS)
        if version != _VERSION or not has_shape or len(ids) != len(lists):
            raise ValueError(f"learnt by version {version} for vectors of {centroids.shape[1:]}")
        return cls(centroids, probes, size, ids, lists)


class InvertedLists:
    """Vectors in the lists of their nearest centroids. Its owner keeps threads apart."""

    def __init__(self, learnt: Learnt) -> None:
        faiss = import_faiss()
        lists, dim = learnt.centroids.shape
        self._quantizer = faiss.IndexFlatIP(dim)
        self._quantizer.add(learnt.centroids)
        self._index = faiss.IndexIVFFlat(self._quantizer, dim, lists, faiss.METRIC_INNER_PRODUCT)
        self._index.is_trained = True
        self._index.set_direct_map_type(faiss.DirectMap.Hashtable)
        self._learnt = learnt
        self._lists: int = lists

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def trained_on(self) -> int:
        """How many vectors there were when it was trained."""
        return self._learnt.size

    def add(self, ids: Ids, vectors: Matrix, lists: NDArray[np.int64] | None = None) -> None:
        """Add vectors to their lists, which are looked up where they are not given."""
        with in_one_thread():
            lists = self.lists_of(ids, vectors) if lists is None else lists
            pointers = (import_faiss().swig_ptr(array) for array in (vectors, ids, lists))
            self._index.add_core(len(ids), *pointers)

    def lists_of(self, ids: Ids, vectors: Matrix) -> NDArray[np.int64]:
        """Return the list of each vector: as it was learnt, or that of the nearest centroid."""
        import numpy as np

        known = self._learnt.ids
        places = np.searchsorted(known, ids)
        places[places == len(known)] = 0
        is_known = known[places] == ids if len(known) else np.zeros(len(ids), dtype=bool)
        lists = np.empty(len(ids), dtype=np.int64)
        lists[is_known] = self._learnt.lists[places[is_known]]
        unknown = vectors[~is_known]
        if len(unknown):
            lists[~is_known] = self._quantizer.search(unknown, 1)[1][:, 0]
        return lists

    def remove(self, ids: Ids) -> None:
        """Remove vectors; ids that it does not hold are no error."""
        self._index.remove_ids(import_faiss().IDSelectorArray(ids))

    def search(self, query: Matrix, top_k: int, allowed: Ids | None = None) -> Found:
        """Return the nearest; among `allowed` exactly."""
        if allowed is None:
            return self._scan(query, top_k, self._probes(top_k))
        if len(allowed) <= _SIZE_TO_GATHER:
            held, vectors = self.held(allowed)
            return compare(held, vectors, query, top_k)
        return self._scan(query, top_k, self._lists, import_faiss().IDSelectorBatch(allowed))

    def _probes(self, top_k: int) -> int:
        for depth, probes in zip(_DEPTHS, self._learnt.probes, strict=True):
            if top_k <= depth:
                return probes
        return self._lists

    def _scan(self, query: Matrix, top_k: int, probes: int, selector: Any = None) -> Found:
        """Read so many lists, and twice as many where they hold fewer than `top_k` vectors."""
        wanted = min(top_k, len(self))
        if not wanted:
            return self.ids()[:0], query[:0]
        while True:
            parameters = import_faiss().SearchParametersIVF(nprobe=probes, sel=selector)
            scores, ids = self._index.search(query[None, :], wanted, params=parameters)
            found = int((ids[0] >= 0).sum())
            if found == wanted or probes >= self._lists:
                return ids[0, :found], scores[0, :found]
            probes = min(probes * 2, self._lists)

    def ids(self) -> Ids:
        """Return all ids, list by list."""
        return self._layout()[0]

    def held(self, ids: Ids) -> tuple[Ids, Matrix]:
        """Return those of the ids that it holds, and their vectors, (n, dim)."""
        import numpy as np

        try:
            return ids, self._index.reconstruct_batch(ids)
        except RuntimeError:  # one of them is not held
            held = ids[np.isin(ids, self.ids())]
            return held, self._index.reconstruct_batch(held)

    def dump(self) -> bytes:
        """Return what was learnt, with the lists of the vectors of now."""
        import numpy as np

        ids, lists = self._layout()
        order = np.argsort(ids)
        return replace(self._learnt, ids=ids[order], lists=lists[order]).to_bytes()

    def _layout(self) -> tuple[Ids, NDArray[np.int64]]:
        import numpy as np

        faiss = import_faiss()
        inverted = self._index.invlists
        numbers = range(self._lists)
        sizes: Ids = np.array([inverted.list_size(one) for one in numbers], dtype=np.int64)
        parts = [
            faiss.rev_swig_ptr(inverted.get_ids(int(number)), int(sizes[number])).copy()
            for number in np.flatnonzero(sizes)
        ]
        ids = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        return ids, np.repeat(np.arange(self._lists, dtype=np.int64), sizes)

    def calibrate(self, recall: float, *, seed: int = 0) -> None:
        """Measure how many lists have to be read for the recall, at each of `_DEPTHS`.

        A query lies between two stored vectors, for questions are not copies of what they ask for.
        """
        import numpy as np

        random = np.random.default_rng(seed)
        aim = (1 + recall) / 2  # so that other queries than these find as much
        one, other = (self.held(random.choice(self.ids(), size=_SAMPLE))[1] for _ in range(2))
        queries = (one + 0.5 * other).astype(np.float32)
        truth = self._found(queries, _DEPTHS[-1], self._lists)
        chosen: list[int] = []
        probes = min(_FIRST_PROBES, self._lists)
        for depth in _DEPTHS:
            while probes < self._lists:
                if _recall(self._found(queries, depth, probes), truth[:, :depth]) >= aim:
                    break
                probes = min(probes * 2, self._lists)
            chosen.append(probes)
        self._learnt = replace(self._learnt, probes=chosen)

    def _found(self, queries: Matrix, top_k: int, probes: int) -> Ids:
        """Return the ids that each query finds, (n, k); -1 where there are no more."""
        parameters = import_faiss().SearchParametersIVF(nprobe=probes)
        found: Ids = self._index.search(queries, min(top_k, len(self)), params=parameters)[1]
        return found


def _recall(found: Ids, truth: Ids) -> float:
    import numpy as np

    rows = zip(found, truth, strict=True)
    return sum(len(np.intersect1d(one, true)) for one, true in rows) / truth.size


def learn(ids: Ids, vectors: Matrix, *, lists: int, recall: float) -> InvertedLists:
    """Cluster the vectors, fill the lists, and measure how many of them a search has to read."""
    import numpy as np

    faiss = import_faiss()
    clustering = faiss.Kmeans(
        vectors.shape[1], lists, niter=10, spherical=True, seed=1, min_points_per_centroid=1
    )
    clustering.max_points_per_centroid = 64
    clustering.train(vectors)
    quantizer = faiss.IndexFlatIP(vectors.shape[1])
    quantizer.add(clustering.centroids)
    places: NDArray[np.int64] = quantizer.search(vectors, 1)[1][:, 0].copy()
    order = np.argsort(ids)
    size = len(ids)
    learnt = Learnt(clustering.centroids, [lists] * len(_DEPTHS), size, ids[order], places[order])
    index = InvertedLists(learnt)
    index.add(ids, vectors, places)
    index.calibrate(recall)
    return index
