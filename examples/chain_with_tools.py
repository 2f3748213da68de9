"""A chain: a model that may call a tool, the tool, the model again, and a second one that writes the answer.

    OPENAI_API_KEY=... ANTHROPIC_API_KEY=... python examples/chain_with_tools.py

Without keys: start `python -m llmobs.demo.provider --port 8099` and set OPENAI_BASE_URL=http://127.0.0.1:8099/v1
and ANTHROPIC_BASE_URL=http://127.0.0.1:8099, both keys to any text.
"""

import json

import anthropic
import openai

import llmobs

ORDERS = {"LA12345": {"state": "on its way", "arrives": "Friday"}}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up_order",
            "description": "Where an order is.",
            "parameters": {
                "type": "object",
                "properties": {"order": {"type": "string"}},
                "required": ["order"],
            },
        },
    }
]


@llmobs.tool
def look_up_order(order: str) -> dict[str, str]:
    return ORDERS.get(order, {"state": "unknown"})


@llmobs.workflow("answer_customer")
def answer_customer(question: str) -> str:
    return write(question, find_out(question))


@llmobs.task
def find_out(question: str) -> str:
    """What the first model knows once it has asked its tool."""
    client = openai.OpenAI()
    messages = [
        {"role": "system", "content": "Find out what the customer needs to know. Use the tools."},
        {"role": "user", "content": question},
    ]
    for _ in range(3):
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=TOOLS)
        message = answer.choices[0].message
        if not message.tool_calls:
            return message.content or ""
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls:
            found = look_up_order(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(found)})
    return "The tools gave no answer."


@llmobs.task
def write(question: str, facts: str) -> str:
    """A second model's letter."""
    with llmobs.assemble("letter") as prompt:
        prompt.part("instructions", "Answer the customer's letter in three friendly sentences.")
        prompt.part("facts", facts, source="find_out")
        prompt.part("question", question, source="customer")
    system, user = prompt.messages()
    letter = anthropic.Anthropic().messages.create(
        model="claude-haiku-4-5", max_tokens=300, system=system["content"], messages=[user]
    )
    return "".join(block.text for block in letter.content if block.type == "text")


if __name__ == "__main__":
    llmobs.instrument(service_name="chain-with-tools")
    with llmobs.context(user="u-17", session="s-4", channel="mail"):
        print(answer_customer("Where is my order LA12345?"))
