"""The Groq SDK, on httpx: calls and streams as the others, with usage where Groq puts it."""

import json

import groq
import httpx

ASK = {"model": "llama-3.3-70b-versatile", "messages": [{"role": "user", "content": "Where is the mill?"}]}
HEAD = {"id": "chatcmpl-1", "created": 1_764_000_000, "model": "llama-3.3-70b-versatile"}
USAGE = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}


def client(content, kind, make=groq.Groq, http=httpx.Client):
    """A Groq client whose network answers with `content`."""

    def answer(request):
        assert request.url.path == "/openai/v1/chat/completions"
        return httpx.Response(200, headers={"content-type": kind}, content=content)

    return make(api_key="none", http_client=http(transport=httpx.MockTransport(answer)))


def whole():
    message = {"role": "assistant", "content": "By the river."}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE})


def streamed():
    def event(delta, finish=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        chunk = {**HEAD, "object": "chat.completion.chunk", "choices": [choice], **more}
        return f"data: {json.dumps(chunk)}\n\n"

    words = event({"role": "assistant", "content": "By the "}) + event({"content": "river."})
    return words + event({}, "stop", x_groq={"id": "req_1", "usage": USAGE}) + "data: [DONE]\n\n"


def check(span):
    assert span.name == "chat llama-3.3-70b-versatile"
    said = span.attributes
    assert said["gen_ai.provider.name"] == "groq"
    assert (said["gen_ai.usage.input_tokens"], said["gen_ai.usage.output_tokens"]) == (30, 5)
    assert said["gen_ai.response.finish_reasons"] == ("stop",)
    assert "By the river." in said["gen_ai.output.messages"]


def test_a_call_is_on_the_record(seen):
    with client(whole(), "application/json") as sdk:
        assert sdk.chat.completions.create(**ASK).choices[0].message.content == "By the river."

    [span] = seen()
    check(span)


def test_a_stream_says_what_the_same_answer_says_in_one_piece(seen):
    with client(streamed(), "text/event-stream") as sdk:
        for _ in sdk.chat.completions.create(**ASK, stream=True):
            pass

    [span] = seen()
    check(span)
    assert span.attributes["llmobs.stream.end"] == "complete"


async def test_the_async_client_as_well(seen):
    async with client(whole(), "application/json", groq.AsyncGroq, httpx.AsyncClient) as sdk:
        await sdk.chat.completions.create(**ASK)

    [span] = seen()
    check(span)
