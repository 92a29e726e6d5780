"""220,000 vectors of 256 numbers in `VectorMemory`, beside bare FAISS with the same lists."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agentcore.memory import Equals, FaissIndex, Filter, NewRecord, VectorMemory
from agentcore.memory.inverted_index import Learnt
from agentcore.vectors import Matrix, Vectors
from benchmarks.rows import Row

__all__ = ["vector_rows"]

DIM, FIELDS, TOPICS, QUERIES, TOP_K = 256, 100, 2000, 1000, 10


class Prepared:
    """An embedder whose vectors were made before: the text is the number of the row."""

    name, dim = "prepared", DIM

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Look the rows up."""
        return self.matrix[[int(text) for text in texts]]


@dataclass(slots=True)
class Bench:
    """A filled memory, its index, and what it is asked."""

    memory: VectorMemory
    index: FaissIndex
    stored: Matrix
    queries: Matrix


def topics(count: int, *, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Return vectors of 2,000 topics within 100 fields, with noise, and queries like them."""
    random = np.random.default_rng(seed)
    fields = random.standard_normal((FIELDS, DIM), dtype=np.float32)
    centres = fields[random.integers(0, FIELDS, TOPICS)]
    centres += 0.5 * random.standard_normal((TOPICS, DIM), dtype=np.float32)
    chosen = centres[random.integers(0, TOPICS, count + QUERIES)]
    rows = chosen + 0.5 * random.standard_normal(chosen.shape, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[:count], rows[count:]


def wait_for_training(index: FaissIndex) -> None:
    """Return once the memory has trained it."""
    while index.wants_training:
        time.sleep(0.1)


def resident_mb() -> float:
    """Return what the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


async def milliseconds(
    search: Callable[[Matrix], Awaitable[object]], queries: Matrix
) -> list[float]:
    """Time each search."""
    samples: list[float] = []
    for query in queries:
        start = time.perf_counter()
        await search(query)
        samples.append((time.perf_counter() - start) * 1000)
    return samples


def percentiles(samples: Sequence[float]) -> str:
    """Write the median and the 95th percentile."""
    p50, p95 = np.percentile(samples, [50, 95])
    return f"p50 {p50:.3f} ms, p95 {p95:.3f} ms"


async def vector_rows(count: int) -> list[Row]:
    """Fill a memory, measure it, open it again."""
    stored, queries = topics(count)
    indexes: list[FaissIndex] = []

    def make(dim: int) -> FaissIndex:
        indexes.append(FaissIndex(dim))
        return indexes[-1]

    with tempfile.TemporaryDirectory() as folder:
        path, embedder = Path(folder, "m.db"), Prepared(stored)
        async with VectorMemory(path, embedder=embedder, index=make) as memory:
            rows = await filling_rows(memory, count)
            await asyncio.to_thread(wait_for_training, indexes[-1])
            bench = Bench(memory, indexes[-1], stored, queries)
            rows.append(build_row(stored))
            rows += await search_rows(bench)
            rows.append(await adding_row(bench))
        rows += await opening_rows(path, embedder, queries)
    return rows


async def filling_rows(memory: VectorMemory, count: int) -> list[Row]:
    """Add all, then a few one by one."""
    start = time.perf_counter()
    await memory.add_many(
        NewRecord(str(number), metadata={"tenth": number % 10, "number": number})
        for number in range(count)
    )
    seconds = time.perf_counter() - start
    small = memory.within(user="ann")
    start = time.perf_counter()
    for number in range(200):
        await small.add(str(number))
    one_ms = (time.perf_counter() - start) * 1000 / 200
    return [
        Row(
            what=f"add {count:,} vectors of {DIM} numbers",
            measured=f"{count / seconds:,.0f}/s, {seconds:.1f} s, trained on the way",
            asked="",
            comparison=f"one by one, each on the disk: {one_ms:.2f} ms",
        )
    ]


def build_row(stored: Matrix) -> Row:
    """Build the lists of all at once."""
    index = FaissIndex(DIM)
    index.add(np.arange(len(stored), dtype=np.int64), stored)
    start = time.perf_counter()
    index.train()
    return Row(
        what="build the lists of all, in the background",
        measured=f"{time.perf_counter() - start:.1f} s",
        asked="",
        comparison="6.7 s measured before for FAISS alone with 1,024 lists",
    )


def bare_index(bench: Bench) -> tuple[Any, Any]:
    """Return FAISS's own index with the same lists and the same number of them to read."""
    import faiss

    learnt = Learnt.from_bytes(bench.index.dump(), dim=DIM)
    vendor: Any = faiss
    quantizer = vendor.IndexFlatIP(DIM)
    quantizer.add(learnt.centroids)
    index = vendor.IndexIVFFlat(quantizer, DIM, len(learnt.centroids), vendor.METRIC_INNER_PRODUCT)
    index.is_trained = True
    index.add(bench.stored)
    index.nprobe = learnt.probes[0]
    return index, quantizer


async def search_rows(bench: Bench) -> list[Row]:
    """Measure searches, and the same ones with bare FAISS in turn."""
    bare, _keep = bare_index(bench)

    async def bare_search(query: Matrix) -> object:
        return bare.search(query[None, :], TOP_K)

    async def search(query: Matrix) -> object:
        return await bench.memory.search_vector(query, top_k=TOP_K)

    ours: list[float] = []
    theirs: list[float] = []
    await milliseconds(search, bench.queries[:50])
    for start in range(0, QUERIES, 10):
        some = bench.queries[start : start + 10]
        theirs += await milliseconds(bare_search, some)
        ours += await milliseconds(search, some)
    over = float(np.median(ours) - np.median(theirs))
    rows = [
        Row(
            what="search, no filter",
            measured=f"{percentiles(ours)}; {over:.3f} ms over bare FAISS at p50",
            asked="at most 0.3 ms over bare FAISS at p50",
            comparison=f"bare FAISS, {bare.nlist} lists, {bare.nprobe} read: {percentiles(theirs)}",
        ),
        await recall_row(bench),
    ]
    filters: list[tuple[str, Filter, int]] = [
        ("one record in 10", Equals("tenth", 3), 200),
        ("a single record", Equals("number", 77), 20),
    ]
    for what, where, count in filters:
        samples = await milliseconds(
            lambda query, where=where: bench.memory.search_vector(query, top_k=TOP_K, where=where),
            bench.queries[:count],
        )
        rows.append(Row(f"search, filter that fits {what}", percentiles(samples), "", ""))
    small = bench.memory.within(user="ann")
    samples = await milliseconds(
        lambda query: small.search_vector(query, top_k=TOP_K), bench.queries[:200]
    )
    rows.append(Row("search in a namespace of 200 records", percentiles(samples), "", ""))
    return rows


async def recall_row(bench: Bench) -> Row:
    """Compare with the nearest of all vectors."""
    queries = bench.queries[:500]
    truth = np.argsort(-(queries @ bench.stored.T), axis=1)[:, :TOP_K]
    tenth = np.arange(len(bench.stored)) % 10 == 3  # noqa: PLR2004  as the filter says
    places = np.flatnonzero(tenth)
    filtered = places[np.argsort(-(queries[:100] @ bench.stored[tenth].T), axis=1)[:, :TOP_K]]
    found = [await _found(bench, query, None) for query in queries]
    fitting = [await _found(bench, query, Equals("tenth", 3)) for query in queries[:100]]
    return Row(
        what="recall@10 against exact search, 500 queries of its own",
        measured=f"{_recall(found, truth):.4f}; under a filter {_recall(fitting, filtered):.4f}",
        asked="at least 0.99",
        comparison="exact search: 1",
    )


async def _found(bench: Bench, query: Matrix, where: Filter | None) -> set[int]:
    hits = await bench.memory.search_vector(query, top_k=TOP_K, where=where)
    return {int(hit.text) for hit in hits}


def _recall(found: Sequence[set[int]], truth: Any) -> float:
    right = sum(len(one & set(true.tolist())) for one, true in zip(found, truth, strict=True))
    return right / (len(found) * TOP_K)


async def adding_row(bench: Bench) -> Row:
    """Search while thousands are added."""
    random = np.random.default_rng(1)
    batch = [
        NewRecord(str(number), metadata={"again": True})
        for number in random.choice(len(bench.stored), size=10_000)
    ]
    adding = asyncio.create_task(bench.memory.add_many(batch))
    samples: list[float] = []
    while not adding.done():
        query = bench.queries[len(samples) % QUERIES]
        samples += await milliseconds(
            lambda one: bench.memory.search_vector(one, top_k=TOP_K), query[None, :]
        )
        await asyncio.sleep(0.002)
    await adding
    return Row("search while 10,000 are added", percentiles(samples), "adding does not block", "")


async def opening_rows(path: Path, embedder: Prepared, queries: Matrix) -> list[Row]:
    """Open the file again, up to the first answer."""
    start_mb, start = resident_mb(), time.perf_counter()
    async with VectorMemory(path, embedder=embedder) as memory:
        await memory.search_vector(queries[0], top_k=TOP_K)
        seconds = time.perf_counter() - start
        held_mb = resident_mb() - start_mb
        files = sum(file.stat().st_size for file in path.parent.iterdir()) / 1e6
    raw_mb = len(embedder.matrix) * DIM * 4 / 1e6
    return [
        Row("open, to the first answer", f"{seconds:.2f} s", "", ""),
        Row("memory", f"{held_mb:.0f} MB", "", f"the vectors alone: {raw_mb:.0f} MB"),
        Row("disk, with texts of 6 letters", f"{files:.0f} MB", "", f"idem: {raw_mb:.0f} MB"),
    ]
