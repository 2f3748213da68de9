"""The demo's program: Larch's support desk, with the real openai and anthropic SDKs and llmobs around it.

It is written as one would write it for a real provider; only the address is the stand-in's.
`answer_ticket`: a chain of retrieval, prompt assembly, model, tools, second model. `resolve_case`: an agent
that loops over tools, asynchronously. `triage`: a cheap classifier. `summarise`: a stream that some leave.
"""

import asyncio
import json
import random
import ssl
import sys
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import openai

import llmobs
from llmobs.demo import records, texts
from llmobs.demo.incidents import Choices
from llmobs.demo.shape import Visitor
from llmobs.demo.texts import Ticket

if TYPE_CHECKING:
    import anthropic

TIMEOUT_S = 20.0
LOOPS = 6
SUMMARY_TOKENS = 400
KEY = "demo"  # the stand-in asks for none, the SDKs do


class Desk:
    """The program with its clients. `pace` scales how long its own work takes."""

    def __init__(self, provider: str, seed: int = 7, pace: float = 1.0) -> None:
        self.openai = openai.OpenAI(api_key=KEY, base_url=f"{provider}/v1", max_retries=1, timeout=TIMEOUT_S)
        self.tls = ssl.create_default_context()  # takes longer to make than all else of a client
        self.provider, self.pace = provider, pace
        self.chance = random.Random(seed)
        self.choices = Choices()
        self.index_built_at = time.time()
        self.scenarios: dict[str, Callable[[Ticket], None]] = {
            "answer_ticket": self.answer_ticket,
            "resolve_case": self.resolve_case,
            "triage": self.triage,
            "summarise": self.summarise,
        }

    @cached_property
    def anthropic(self) -> "anthropic.Anthropic":
        """Made when it is needed: the import takes seconds, and the first visitor can do without."""
        import anthropic

        return anthropic.Anthropic(api_key=KEY, base_url=self.provider, max_retries=1, timeout=TIMEOUT_S)

    def prepare(self) -> None:
        """Imports what the first visitor did not need, so that no later one waits for it."""
        assert self.anthropic

    def close(self) -> None:
        self.openai.close()
        self.anthropic.close()

    def serve(self, scenario: str, visitor: Visitor) -> bool:
        """Runs a scenario for a visitor; False where it failed, as the visitor would have noticed."""
        with llmobs.context(
            user=visitor.user, session=visitor.session, plan=visitor.plan, channel=visitor.channel
        ):
            try:
                self.scenarios[scenario](texts.ticket(self.chance))
            except errors():
                return False
        return True

    def answer_ticket(self, ticket: Ticket) -> None:
        """Retrieval, prompt, model with tools, tools, and a second model that writes the answer."""
        version = "1" if self.chance.random() < 0.2 else self.choices.answer_version
        with llmobs.workflow("answer_ticket", arguments=ticket.text) as run:
            found = self.search(ticket.text, top_k=3)
            with llmobs.assemble("support_answer", version=version) as prompt:
                prompt.part("instructions", texts.SUPPORT[version], source="support.md")
                prompt.part("documents", "\n\n".join(d["content"] for d in found), source="help-articles")
                prompt.part("user", f"Ticket {ticket.number}: {ticket.text}", source="ticket")
            messages: list[Any] = prompt.messages()
            plan = self.openai.chat.completions.create(
                model="gpt-4o-mini",
                messages=messages,
                tools=texts.CHAIN_TOOLS,
                temperature=0.2,
            )
            facts = [self.use(call) for call in plan.choices[0].message.tool_calls or ()]
            asked = [each["content"] for each in messages if each["role"] != "system"]
            run.result(self.write(version, [*asked, *(f"Result of a tool: {fact}" for fact in facts)]))

    def write(self, version: str, known: list[str]) -> str:
        """The answer, streamed by the second model; the instructions are cached."""
        with self.anthropic.messages.stream(
            model="claude-sonnet-4-6",
            max_tokens=self.choices.answer_tokens,
            system=[{"type": "text", "text": texts.SUPPORT[version], "cache_control": {"type": "ephemeral"}}],
            messages=[{"role": "user", "content": "\n\n".join(known)}],
        ) as stream:
            answer: str = stream.get_final_text()
            return answer

    def resolve_case(self, ticket: Ticket) -> None:
        """An agent: a model chooses tools until the case is solved; another one reviews."""
        asyncio.run(self.solve(ticket))

    async def solve(self, ticket: Ticket) -> None:
        import anthropic

        async with (
            openai.AsyncOpenAI(**self.options(f"{self.provider}/v1", openai)) as openai_client,
            anthropic.AsyncAnthropic(**self.options(self.provider, anthropic)) as anthropic_client,
            llmobs.agent("case-solver", arguments=ticket.text, version="2026-10") as agent,
        ):
            answer = await self.loop(openai_client, ticket)
            await anthropic_client.messages.create(
                model="claude-haiku-4-5",
                max_tokens=300,
                system=texts.REVIEW,
                messages=[{"role": "user", "content": answer or "(no answer)"}],
            )
            agent.result(answer)

    def options(self, address: str, sdk: Any) -> dict[str, Any]:
        """Of a client that lives as long as one event loop."""
        http = sdk.DefaultAsyncHttpxClient(verify=self.tls)
        return {
            "api_key": KEY,
            "base_url": address,
            "max_retries": 1,
            "timeout": TIMEOUT_S,
            "http_client": http,
        }

    async def loop(self, client: openai.AsyncOpenAI, ticket: Ticket) -> str:
        messages: list[Any] = [
            {"role": "system", "content": texts.SOLVER},
            {"role": "user", "content": f"Case {ticket.number}: {ticket.text}"},
        ]
        for _ in range(LOOPS):
            said = await client.chat.completions.create(
                model="gpt-4o-mini",
                messages=messages,
                tools=texts.SOLVER_TOOLS,
            )
            message = said.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            messages.append(message)
            for call in message.tool_calls:
                result = await asyncio.to_thread(self.use, call)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        return ""

    def triage(self, ticket: Ticket) -> None:
        """Sorts a message and looks for ones like it."""
        with llmobs.workflow("triage", arguments=ticket.text) as run:
            self.similar(ticket.text)
            ready = llmobs.prompt(
                "triage",
                message=f"Message {ticket.number}: {ticket.text}",
                examples=texts.examples(self.choices.triage_examples),
            )
            ready["model"] = self.choices.triage_model
            answer = self.openai.responses.create(**ready, text={"format": {"type": "json_object"}})
            run.result(answer.output_text)

    def summarise(self, ticket: Ticket) -> None:
        """Summarises a thread while someone reads along; one in twelve leaves early."""
        with llmobs.workflow("summarise") as run:
            with llmobs.assemble("summary", version="2") as prompt:
                prompt.part("instructions", texts.SUMMARY, source="summary.md")
                prompt.part("history", texts.thread(ticket, self.chance), source="thread")
            [system, user] = prompt.messages()
            if self.chance.random() < 0.25:
                run.result(self.long_summary(system["content"], user["content"]))
                return
            leaves_at = 6 if self.chance.random() < 1 / 12 else None
            said = []
            with self.anthropic.messages.create(
                model="claude-haiku-4-5",
                max_tokens=SUMMARY_TOKENS,
                system=system["content"],
                messages=[{"role": "user", "content": user["content"]}],
                stream=True,
            ) as stream:
                for number, event in enumerate(stream):
                    if event.type == "content_block_delta" and event.delta.type == "text_delta":
                        said.append(event.delta.text)
                    if number == leaves_at:
                        break
            run.result("".join(said))

    def long_summary(self, system: str, user: str) -> str:
        """The same by a larger model, for threads that matter."""
        stream = self.openai.chat.completions.create(
            model="gpt-4o",
            max_completion_tokens=SUMMARY_TOKENS,
            messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    def search(self, query: str, top_k: int) -> list[dict[str, Any]]:
        """The help articles nearest to the question."""
        with llmobs.retrieval(
            "help-articles", query=query, top_k=top_k, provider="duckdb", index_updated_at=self.index_built_at
        ) as retrieval:
            self.openai.embeddings.create(model="text-embedding-3-small", input=query)
            self.work(0.035)
            found = records.nearest(query, top_k, self.chance)
            retrieval.documents(found)
            return found

    def similar(self, text: str) -> None:
        """Messages like this one; by an embedding model of the house, which no price book knows."""
        with llmobs.retrieval("inbox-messages", query=text, top_k=5, index_age_s=60.0) as retrieval:
            self.openai.embeddings.create(model="internal-embedder", input=text)
            count = self.chance.choice((0, 1, 3, 5))
            scores = sorted((round(0.6 + 0.39 * self.chance.random(), 3) for _ in range(count)), reverse=True)
            retrieval.documents([{"id": f"m-{self.chance.randint(1, 9_999)}", "score": s} for s in scores])

    def use(self, call: Any) -> str:
        """Runs the tool that a model asked for; what it found, or what went wrong, as the model reads it."""
        given = json.loads(call.function.arguments)
        try:
            with llmobs.tool(call.function.name, arguments=given, call_id=call.id) as tool:
                self.work(0.14)
                if self.chance.random() < 0.02:
                    raise TimeoutError("the warehouse did not answer within 2 s")
                return json.dumps(tool.result(records.looked_up(call.function.name, given, self.chance)))
        except TimeoutError as wrong:
            return json.dumps({"error": str(wrong)})

    def work(self, median_s: float) -> None:
        """What a database or a warehouse takes."""
        time.sleep(self.pace * median_s * self.chance.lognormvariate(0, 0.5))


def errors() -> tuple[type[Exception], ...]:
    """What the SDKs raise, those of them that are imported by now."""
    loaded = sys.modules.get("anthropic")
    return (openai.OpenAIError, *((loaded.AnthropicError,) if loaded else ()))
