"""An agent: a model in a loop over its tools, asynchronous, two customers at a time.

    ANTHROPIC_API_KEY=... python examples/agent.py

Without a key: start `python -m llmobs.demo.provider --port 8099`, then
ANTHROPIC_API_KEY=none ANTHROPIC_BASE_URL=http://127.0.0.1:8099 python examples/agent.py
"""

import asyncio
from collections.abc import Awaitable, Callable

import anthropic

import llmobs

TURNS = 6  # an agent that has not finished by then goes in circles


@llmobs.tool
async def look_up_order(order: str) -> str:
    return f"Order {order} left the warehouse on Monday."


@llmobs.tool
async def check_warranty(frame: str) -> str:
    return f"Frame {frame} is under warranty."


@llmobs.tool
async def open_ticket(topic: str) -> str:
    return f"Ticket T-1 about {topic} is open."


TOOLS: dict[str, tuple[Callable[..., Awaitable[str]], str, str]] = {
    "look_up_order": (look_up_order, "Where an order is.", "order"),
    "check_warranty": (check_warranty, "Whether a frame is under warranty.", "frame"),
    "open_ticket": (open_ticket, "Hands the case to a colleague.", "topic"),
}
DEFINITIONS = [
    {
        "name": name,
        "description": says,
        "input_schema": {"type": "object", "properties": {takes: {"type": "string"}}, "required": [takes]},
    }
    for name, (_, says, takes) in TOOLS.items()
]


@llmobs.agent("support_agent", description="Solves a customer's case with tools.")
async def solve(client: anthropic.AsyncAnthropic, case: str) -> str:
    messages = [{"role": "user", "content": case}]
    for _ in range(TURNS):
        answer = await client.messages.create(
            model="claude-sonnet-4-6",
            max_tokens=500,
            system="Solve the customer's case. Use the tools.",
            messages=messages,
            tools=DEFINITIONS,
        )
        if answer.stop_reason != "tool_use":
            return "".join(block.text for block in answer.content if block.type == "text")
        messages.append({"role": "assistant", "content": answer.content})
        calls = [block for block in answer.content if block.type == "tool_use"]
        results = await asyncio.gather(*(TOOLS[call.name][0](**call.input) for call in calls))
        given = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(calls, results, strict=True)
        ]
        messages.append({"role": "user", "content": given})
    return "The case goes to a colleague."


async def serve(client: anthropic.AsyncAnthropic, user: str, case: str) -> None:
    async with llmobs.context(user=user):
        print(f"{user}: {await solve(client, case)}")


async def main() -> None:
    async with anthropic.AsyncAnthropic() as client:
        await asyncio.gather(
            serve(client, "ada", "Where is my order LA12345?"),
            serve(client, "bob", "The frame LF123456 cracked. What now?"),
        )


if __name__ == "__main__":
    llmobs.instrument(service_name="agent")
    asyncio.run(main())
