"""What a prompt file becomes for each SDK."""

import llmobs


def test_a_prompt_gives_the_arguments_of_an_openai_call(seen, greet):
    with llmobs.context():
        assert llmobs.prompt("greet", name="Ada") == {
            "model": "gpt-4o-mini",
            "messages": [
                {"role": "system", "content": "You greet people in a warm way."},
                {"role": "user", "content": "Ada"},
            ],
            "temperature": 0.2,
            "max_completion_tokens": 100,
            "stop": ["END"],
            "user": "u-1",
        }


def test_a_prompt_gives_the_arguments_of_an_anthropic_call(seen, library, greet):
    library(
        greet.read_text()
        .replace("provider: openai", "provider: anthropic")
        .replace("      user: u-1", "      top_k: 3")
    )

    with llmobs.context():
        assert llmobs.prompt("greet", name="Ada", tone="cold") == {
            "model": "gpt-4o-mini",
            "system": "You greet people in a cold way.",
            "messages": [{"role": "user", "content": "Ada"}],
            "temperature": 0.2,
            "max_tokens": 100,
            "stop_sequences": ["END"],
            "top_k": 3,
        }


def test_the_provider_of_the_call_wins_over_the_files(seen, greet):
    with llmobs.context():
        ready = llmobs.prompt("greet", "anthropic", name="Ada")

    assert ready["system"] == "You greet people in a warm way."
    assert ready["max_tokens"] == 100


def test_responses_have_input_instead_of_messages(seen, library, greet):
    library(greet.read_text().replace("  provider: openai", "  provider: openai\n  apiType: responses"))

    with llmobs.context():
        ready = llmobs.prompt("greet", name="Ada")

    assert ready["input"][1] == {"role": "user", "content": "Ada"}
    assert ready["max_output_tokens"] == 100
    assert "messages" not in ready


def test_a_file_that_names_no_model_leaves_that_to_the_call(seen, library):
    library("---\nname: bare\n---\nuser:\nHi {{ name }}\n", "bare")

    with llmobs.context():
        assert llmobs.prompt("bare", name="Ada") == {"messages": [{"role": "user", "content": "Hi Ada"}]}


def test_settings_left_empty_are_left_out(seen, library):
    options = "{stopSequences: [], temperature: 0, additionalProperties: {user: null, seed: 1}}"
    library(f"---\nname: x\nmodel: {{id: m, provider: openai, options: {options}}}\n---\nuser:\nhi\n", "x")

    with llmobs.context():
        ready = llmobs.prompt("x")

    assert {k: v for k, v in ready.items() if k != "messages"} == {"model": "m", "temperature": 0, "seed": 1}


def test_a_variable_may_have_any_name(seen, library):
    library("---\nname: x\n---\nuser:\n{{ name }} {{ provider }} {{ variables }} {{ span }}\n", "any")

    with llmobs.context():
        ready = llmobs.prompt("any", name="a", provider="b", variables="c", span="d")

    assert ready["messages"][0]["content"] == "a b c d"


def test_images_go_in_the_shape_of_each_provider(seen, library):
    library(
        "---\nname: x\ninputs:\n  - {name: photo, kind: image}\n---\nuser:\nWhat is it?\n{{ photo }}\n", "see"
    )
    data = "data:image/png;base64,AAAA"

    with llmobs.context():
        [chat] = llmobs.prompt("see", photo=data)["messages"]
        [claude] = llmobs.prompt("see", "anthropic", photo=data)["messages"]
        [linked] = llmobs.prompt("see", "anthropic", photo="https://x.test/p.png")["messages"]

    asked = {"type": "text", "text": "What is it?"}
    assert chat["content"] == [asked, {"type": "image_url", "image_url": {"url": data}}]
    apart = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    assert claude["content"] == [asked, {"type": "image", "source": apart}]
    source = {"type": "url", "url": "https://x.test/p.png"}
    assert linked["content"] == [asked, {"type": "image", "source": source}]
