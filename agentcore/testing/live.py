"""The suite for a real model, which answers what it likes: only properties are checked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from ..completions import LLMRequest, Sampling
from ..errors import ConfigurationError
from ..interfaces import LLM
from . import scenes
from .answers import learnt
from .cancelling import ReaderError, expect_cancelled, sink_that_waits
from .suite import Suite, check, expect, expect_equal, streamed

__all__ = ["LiveConformance"]

_QUESTION = "Tom has a red ball. What color is the ball?"
_STORY = "Write a long story about a fox, a crow and a piece of cheese."


class LiveConformance(Suite):
    """What holds of every real model, on a real server or inside the process.

    Name the subclass `Test...`, and write `model`. Each check asks a few short questions, so run
    it where that costs nothing, and mark it slow.

    Example:
        >>> from agentcore.testing import FunctionLLM, LiveConformance
        >>> class TestParrot(LiveConformance):
        ...     def model(self):
        ...         return FunctionLLM(lambda request: request.messages[-1].content)
        >>> TestParrot().test_what_is_streamed_is_what_is_answered()
    """

    patience_s = 60.0
    is_reproducible = True
    """Whether the same seed gives the same text again; some servers promise only to try."""

    def model(self) -> LLM:
        """Return the LLM; where it is the same one each time, write `release` as well."""
        raise NotImplementedError(f"{type(self).__name__} has to say how its LLM is made")

    async def release(self, llm: LLM) -> None:
        """Give the LLM back after a check: by default it is closed."""
        await llm.aclose()

    @check
    async def test_a_question_is_answered_and_charged(self) -> None:
        async with self._model() as llm:
            completion = await llm.complete(_ask(llm))
        expect(completion.text.strip(), "the answer is empty")
        expect_equal(completion.usage.steps, 1, "usage.steps")
        expect(completion.usage.input_tokens > 0, f"no input tokens: {completion.usage!r}")
        expect(completion.usage.output_tokens > 0, f"no output tokens: {completion.usage!r}")

    @check
    async def test_what_is_streamed_is_what_is_answered(self) -> None:
        async with self._model() as llm:
            completion, deltas = await streamed(llm, _ask(llm))
        for thinking, text in ((False, completion.text), (True, completion.message.thinking)):
            joined = "".join(delta.text for delta in deltas if delta.thinking is thinking)
            expect_equal(joined, text, f"the streamed pieces (thinking={thinking}), joined")

    @check
    async def test_an_answer_ends_at_max_tokens(self) -> None:
        async with self._model() as llm:
            sampling = await _supported(llm, Sampling(max_tokens=5))
            if sampling is not None:
                completion = await llm.complete(scenes.ask(_STORY, sampling=sampling))
                expect_equal(completion.finish_reason, "length", "the finish_reason")
                expect(completion.usage.output_tokens <= 5, f"{completion.usage!r}: 5 were allowed")

    @check
    async def test_an_answer_ends_before_a_stop_text(self) -> None:
        async with self._model() as llm:
            whole = await llm.complete(_ask(llm))
            word = whole.text.split()[-1]
            sampling = await _supported(llm, Sampling(stop=(word,)))
            if sampling is not None:
                completion = await llm.complete(_ask(llm, sampling))
                expect(word not in completion.text, f"{word!r} was to stop {completion.text!r}")
                expect_equal(completion.finish_reason, "stop", "the finish_reason")

    @check
    async def test_a_seed_gives_the_same_text_again(self) -> None:
        async with self._model() as llm:
            sampling = await _supported(llm, Sampling(temperature=1.2, seed=7, max_tokens=20))
            if sampling is not None:
                texts = [
                    (await llm.complete(scenes.ask(_STORY, sampling=sampling))).text
                    for _ in range(2)
                ]
                same = len(set(texts)) == 1 or not self.is_reproducible
                expect(same, f"the same seed gave {texts!r}")

    @check
    async def test_a_schema_is_kept_to_or_refused(self) -> None:
        request = LLMRequest(scenes.ask(_QUESTION).messages, output_schema=scenes.SCHEMA)
        async with self._model() as llm:
            if (await learnt(llm)).abilities.json_schema:
                answer = json.loads((await llm.complete(request)).text)
                expect_equal(set(answer), {"verdict_x1"}, "the properties of the answer")
            else:
                await _refused(llm, request)

    @check
    async def test_tools_are_taken_or_refused(self) -> None:
        request = LLMRequest(scenes.ask("Is there a book called Dune?").messages, scenes.TOOLS)
        async with self._model() as llm:
            if (await learnt(llm)).abilities.tools:
                completion = await llm.complete(request)
                ids = [call.id for call in completion.message.tool_calls]
                expect(all(ids) and len(set(ids)) == len(ids), f"ids have to differ: {ids!r}")
            else:
                await _refused(llm, request)

    @check
    async def test_characters_of_several_tokens_are_streamed_whole(self) -> None:
        async with self._model() as llm:
            if not (await learnt(llm)).abilities.json_schema:
                return  # what a free model writes cannot be told
            request = replace(_ask(llm), output_schema={"enum": ["🦊漢é"]})
            completion, deltas = await streamed(llm, request)
        expect_equal(json.loads(completion.text), "🦊漢é", "the only answer that the schema allows")
        broken = [delta.text for delta in deltas if "\ufffd" in delta.text]
        expect(not broken, f"characters are broken in {broken!r}")

    @check
    async def test_a_cancelled_stream_ends_and_the_next_call_works(self) -> None:
        async with self._model() as llm:
            begun, sink = sink_that_waits()
            task = asyncio.create_task(llm.complete(scenes.ask(_STORY), on_delta=sink))
            await begun.wait()
            await expect_cancelled(task)
            expect((await llm.complete(_ask(llm))).text, "the next answer is empty")

    @check
    async def test_an_error_of_the_reader_is_its_own_and_the_next_call_works(self) -> None:
        async def sink(delta: object) -> None:
            raise ReaderError(str(delta))

        async with self._model() as llm:
            try:
                await llm.complete(scenes.ask(_STORY), on_delta=sink)
            except ReaderError:
                expect((await llm.complete(_ask(llm))).text, "the next answer is empty")
                return
        raise AssertionError("the sink raised, and the call went on as if nothing had happened")

    @check
    async def test_concurrent_calls_are_all_answered(self) -> None:
        async with self._model() as llm:
            answers = await asyncio.gather(*(llm.complete(_ask(llm)) for _ in range(3)))
        expect(all(answer.text for answer in answers), f"an answer is empty: {answers!r}")

    @check
    async def test_what_is_not_supported_is_refused(self) -> None:
        async with self._model() as llm:
            supported = (await learnt(llm)).abilities.sampling
            for name, (sampling, _other) in scenes.SETTINGS.items():
                if name not in supported:
                    await _refused(llm, scenes.ask(_QUESTION, sampling=sampling))

    @check
    async def test_closing_twice_is_allowed(self) -> None:
        async with self._model() as llm:
            await llm.complete(_ask(llm))
            await self.release(llm)
            await self.release(llm)

    @asynccontextmanager
    async def _model(self) -> AsyncGenerator[LLM]:
        llm = self.model()
        try:
            yield llm
        finally:
            await self.release(llm)


def _ask(llm: LLM, more: Sampling | None = None) -> LLMRequest:
    """A short question, asked in the most predictable way that there is."""
    wanted = Sampling(temperature=0, max_tokens=30)
    kept = {name: getattr(wanted, name) for name in wanted.settings() & llm.abilities.sampling}
    return scenes.ask(_QUESTION, sampling=Sampling(**kept).merged(more))


async def _supported(llm: LLM, sampling: Sampling) -> Sampling | None:
    """The settings where the model takes them; where not, they have to be refused."""
    if sampling.settings() <= (await learnt(llm)).abilities.sampling:
        return sampling
    await _refused(llm, scenes.ask(_QUESTION, sampling=sampling))
    return None


async def _refused(llm: LLM, request: LLMRequest) -> None:
    try:
        await llm.complete(request)
    except ConfigurationError:
        return
    raise AssertionError(f"the abilities do not hold this, and it was taken: {request!r}")
