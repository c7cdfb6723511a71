"""A reward function of TRL's style that is asynchronous and does not apply to every row."""
import asyncio

from trl.rewards import think_format_reward


async def reward(completions: list[list[dict[str, str]]], solution, completion_ids, **columns):
    await asyncio.sleep(0)
    formats = think_format_reward(completions)
    return [None if len(gold) > 3 else value + 1 / len(ids) for value, gold, ids in zip(formats, solution, completion_ids, strict=True)]
