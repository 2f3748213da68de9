"""The stand-in speaks to the real SDKs: whole and streamed, sync and async, tools, errors."""

import json

import anthropic
import openai
import pytest

from llmobs.demo.faults import Fault

ORDER = "Where is my order LA12345? It should have arrived on Tuesday."
SCHEMA = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
OPENAI_TOOL = {"type": "function", "function": {"name": "look_up_order", "parameters": SCHEMA}}
ANTHROPIC_TOOL = {"name": "look_up_order", "input_schema": SCHEMA}


def user(text):
    return [{"role": "user", "content": text}]


def chat(client, text="The brake squeals.", model="gpt-4o-mini", **more):
    return client.chat.completions.create(model=model, messages=user(text), **more)


def message(client, text="The brake squeals.", model="claude-haiku-4-5", max_tokens=500, **more):
    return client.messages.create(model=model, max_tokens=max_tokens, messages=user(text), **more)


def test_chat_answers_about_what_was_asked(openai_client):
    answer = chat(openai_client)

    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.choices[0].finish_reason == "stop"
    assert "brake" in answer.choices[0].message.content.lower() or "pads" in answer.choices[0].message.content
    # 18 characters / 4.2 = 4 tokens, and 4 for the message
    assert answer.usage.prompt_tokens == 8
    assert answer.usage.total_tokens == 8 + answer.usage.completion_tokens


def test_the_same_request_gives_the_same_answer(openai_client):
    assert chat(openai_client) == chat(openai_client)
    assert chat(openai_client) != chat(openai_client, "The app does not find my bike.")


def test_a_stream_says_what_the_whole_answer_says(openai_client):
    whole = chat(openai_client)

    chunks = list(chat(openai_client, stream=True, stream_options={"include_usage": True}))

    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == whole.choices[0].message.content
    assert [c.usage for c in chunks if c.usage] == [whole.usage]
    assert len(chunks) > 10


def test_a_stream_reports_usage_only_if_asked(openai_client):
    assert not [c for c in chat(openai_client, stream=True) if c.usage]


def test_tools_are_called_with_what_the_question_says_and_their_result_is_used(openai_client):
    call = chat(openai_client, ORDER, tools=[OPENAI_TOOL]).choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"order": "LA12345"}
    turn = {"role": "assistant", "tool_calls": [call.model_dump()]}
    result = {"role": "tool", "tool_call_id": call.id, "content": '{"order": "LA12345", "state": "packed"}'}

    answer = openai_client.chat.completions.create(
        model="gpt-4o-mini", messages=[*user(ORDER), turn, result], tools=[OPENAI_TOOL]
    )

    assert answer.choices[0].finish_reason == "stop"
    assert "Your order LA12345 is packed." in answer.choices[0].message.content


def test_tool_calls_can_be_streamed(openai_client):
    chunks = list(chat(openai_client, ORDER, tools=[OPENAI_TOOL], stream=True))

    parts = [c.choices[0].delta.tool_calls[0] for c in chunks if c.choices[0].delta.tool_calls]
    assert parts[0].function.name == "look_up_order"
    assert json.loads("".join(p.function.arguments for p in parts)) == {"order": "LA12345"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_max_tokens_cuts_the_answer_short(openai_client, anthropic_client):
    by_openai = chat(openai_client, max_completion_tokens=12)
    by_anthropic = message(anthropic_client, max_tokens=12)

    assert (by_openai.choices[0].finish_reason, by_openai.usage.completion_tokens) == ("length", 12)
    assert (by_anthropic.stop_reason, by_anthropic.usage.output_tokens) == ("max_tokens", 12)
    assert len(by_anthropic.content[0].text) < 60


def test_responses_whole_streamed_and_as_json(openai_client):
    asked = {"model": "gpt-5-mini", "input": "The brake squeals."}
    whole = openai_client.responses.create(**asked)
    with openai_client.responses.stream(**asked) as stream:
        streamed = stream.until_done().get_final_response()
    sorted_ = openai_client.responses.create(**asked, text={"format": {"type": "json_object"}})

    assert whole.status == "completed"
    assert streamed.output_text == whole.output_text
    assert streamed.usage == whole.usage
    assert whole.usage.output_tokens_details.reasoning_tokens > 0
    assert json.loads(sorted_.output_text)["topic"] == "brakes"


def test_responses_say_when_they_were_cut(openai_client):
    cut = openai_client.responses.create(model="gpt-4o", input="The brake squeals.", max_output_tokens=16)

    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_responses_call_tools(openai_client):
    tool = {"type": "function", "name": "look_up_order", "parameters": SCHEMA, "strict": False}
    answer = openai_client.responses.create(model="gpt-4o", input=ORDER, tools=[tool])

    assert answer.output[0].name == "look_up_order"
    assert json.loads(answer.output[0].arguments) == {"order": "LA12345"}


def test_embeddings_are_the_same_for_the_same_text(openai_client):
    found = openai_client.embeddings.create(model="internal-embedder", input=["one", "two", "one"])
    as_numbers = openai_client.embeddings.create(
        model="internal-embedder", input="one", encoding_format="float"
    )

    one, two, again = (each.embedding for each in found.data)
    assert one == again != two
    assert one == pytest.approx(as_numbers.data[0].embedding, abs=1e-6)
    assert found.usage.prompt_tokens == 3


def test_anthropic_streams_what_it_says_whole(anthropic_client):
    whole = message(anthropic_client)
    with anthropic_client.messages.stream(
        model="claude-haiku-4-5", max_tokens=500, messages=user("The brake squeals.")
    ) as stream:
        streamed = stream.get_final_message()

    assert streamed.content[0].text == whole.content[0].text
    assert (streamed.usage.input_tokens, streamed.usage.output_tokens) == (
        whole.usage.input_tokens,
        whole.usage.output_tokens,
    )
    assert whole.stop_reason == "end_turn"


def test_anthropic_uses_tools_whole_and_streamed(anthropic_client):
    asked = {
        "model": "claude-sonnet-4-6",
        "max_tokens": 500,
        "messages": user(ORDER),
        "tools": [ANTHROPIC_TOOL],
    }
    whole = anthropic_client.messages.create(**asked)
    with anthropic_client.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()

    assert whole.stop_reason == "tool_use"
    assert whole.content[0].input == {"order": "LA12345"}
    assert streamed.content[0].input == whole.content[0].input


def test_anthropic_counts_what_the_cache_holds_apart(anthropic_client):
    system = [{"type": "text", "text": "x" * 2_100, "cache_control": {"type": "ephemeral"}}]  # 500 tokens
    counts = [
        message(anthropic_client, f"The brake squeals, {number}.", system=system).usage
        for number in range(12)
    ]
    plain = message(anthropic_client, system="x" * 2_100).usage

    assert {c.cache_read_input_tokens + c.cache_creation_input_tokens for c in counts} == {448}  # 7 * 64
    assert any(c.cache_read_input_tokens for c in counts)
    assert any(c.cache_creation_input_tokens for c in counts)
    assert (plain.cache_read_input_tokens, plain.cache_creation_input_tokens) == (0, 0)


async def test_both_speak_async_too(served, app):
    async with (
        openai.AsyncOpenAI(api_key="none", base_url=f"{served[1]}/v1") as by_openai,
        anthropic.AsyncAnthropic(api_key="none", base_url=served[1]) as by_anthropic,
    ):
        answer = await chat(by_openai)
        chunks = [chunk async for chunk in await chat(by_openai, stream=True)]
        said = await message(by_anthropic)

    assert "".join(c.choices[0].delta.content or "" for c in chunks) == answer.choices[0].message.content
    assert said.content[0].text


@pytest.mark.parametrize(
    ("kind", "of_openai", "of_anthropic"),
    [
        ("outage", openai.InternalServerError, anthropic.InternalServerError),
        ("overloaded", openai.InternalServerError, anthropic.InternalServerError),
        ("error", openai.InternalServerError, anthropic.InternalServerError),
        ("rate_limit", openai.RateLimitError, anthropic.RateLimitError),
    ],
)
def test_faults_become_the_errors_of_the_sdks(
    openai_client, anthropic_client, app, kind, of_openai, of_anthropic
):
    app.faults = {"*": Fault(kind)}

    with pytest.raises(of_openai):
        chat(openai_client)
    with pytest.raises(of_anthropic):
        message(anthropic_client)


def test_a_rate_limit_says_when_to_come_again_and_the_sdk_does(openai_client, app):
    app.faults = {"*": Fault("rate_limit")}

    with pytest.raises(openai.RateLimitError) as limited:
        chat(openai_client)

    assert limited.value.response.headers["retry-after-ms"] == "1"
    assert limited.value.body["type"] == "rate_limit_exceeded"


def test_what_fails_by_itself_succeeds_when_tried_again(served, app):
    app.noise = 20.0  # 16 % rate limits and 6 % errors
    with openai.OpenAI(api_key="none", base_url=f"{served[1]}/v1", max_retries=5) as client:
        answers = [chat(client, f"The brake squeals, {number}.") for number in range(30)]
    app.noise = 0

    assert all(answer.choices[0].message.content for answer in answers)


def test_a_timeout_is_silence(openai_client, anthropic_client, app):
    app.faults = {"*": Fault("timeout")}

    with pytest.raises(openai.APITimeoutError):
        chat(openai_client.with_options(timeout=0.2))
    with pytest.raises(anthropic.APITimeoutError):
        message(anthropic_client.with_options(timeout=0.2))


def test_an_empty_answer_is_one_without_a_word(openai_client, anthropic_client, app):
    app.faults = {"*": Fault("empty")}

    assert chat(openai_client).choices[0].message.content == ""
    assert message(anthropic_client).content == []


def test_a_broken_stream_ends_without_an_end(openai_client, app):
    app.faults = {"gpt-4o-mini": Fault("broken")}

    with pytest.raises(openai.APIError):
        list(chat(openai_client, stream=True))


def test_faults_meet_their_model_and_their_share_only(openai_client, app):
    app.faults = {"gpt-4o": Fault("error", 0.5)}
    chat(openai_client)

    failed = 0
    for number in range(60):
        try:
            chat(openai_client, f"The brake squeals, {number}.", model="gpt-4o")
        except openai.InternalServerError:
            failed += 1

    assert (
        15 <= failed <= 45
    )  # 30 expected, with a standard deviation of 3.9; the seed makes it the same each time


def test_faults_can_be_put_over_http_and_wrong_ones_are_refused(openai_client, app, served):
    client = openai_client._client
    assert client.put(f"{served[1]}/faults", content=b'{"gpt-4o": {"kind": "error"}}').status_code == 200
    assert app.faults == {"gpt-4o": Fault("error")}

    refused = client.put(f"{served[1]}/faults", content=b'{"gpt-4o": {"kind": "melted"}}')

    assert refused.status_code == 400
    assert "no fault 'melted'" in refused.json()["error"]
    assert app.faults == {"gpt-4o": Fault("error")}


def test_an_unknown_model_is_not_found(openai_client, anthropic_client):
    with pytest.raises(openai.NotFoundError, match="The model `gpt-9` does not exist"):
        chat(openai_client, model="gpt-9")
    with pytest.raises(anthropic.NotFoundError):
        message(anthropic_client, model="claude-9")
