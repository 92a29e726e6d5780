from __future__ import annotations

from agentcore.planners import Critic, SelfRefine, ToolCalling
from agentcore.testing import FunctionLLM
from benchmarks.refine import Loop, World, Writer, measure

CARELESS = Writer("careless", mends=0.2, breaks=0.3)


def critic(world: World) -> Critic:
    return Critic(FunctionLLM(world.verdict))


async def test_with_an_exact_critic_nothing_is_made_worse() -> None:
    world = World(CARELESS, noise=0.0, seed=3)

    refined = await measure(world, SelfRefine(ToolCalling(), judge=critic(world)), 20)
    first = await measure(world, ToolCalling(), 20)

    assert refined.worse == 0
    assert refined.score > first.score


async def test_a_loop_that_returns_the_last_draft_makes_answers_worse() -> None:
    world = World(CARELESS, noise=0.0, seed=3)

    last = await measure(world, Loop(ToolCalling(), critic(world), rounds=2, pass_score=11), 20)

    assert last.worse > 0


async def test_the_same_seed_measures_the_same() -> None:
    world = World(CARELESS, noise=0.5, seed=3)
    planner = SelfRefine(ToolCalling(), judge=critic(world))

    assert await measure(world, planner, 5) == await measure(world, planner, 5)
