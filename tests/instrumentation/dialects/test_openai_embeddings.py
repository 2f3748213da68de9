from llmobs.instrumentation.dialects import openai_embeddings as embeddings


def test_what_was_asked_for_and_what_came():
    body = {
        "model": "text-embedding-3-small",
        "input": ["a", "b"],
        "encoding_format": "base64",
        "dimensions": 256,
    }
    answer = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"embedding": [0.1], "index": 0}],
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }

    assert embeddings.request(body) == {
        "model": "text-embedding-3-small",
        "encoding_formats": ["base64"],
        "dimension_count": 256,
    }
    assert embeddings.response(answer) == {"answered_by": "text-embedding-3-small", "input_tokens": 4}


def test_inputs_are_parts_and_vectors_are_not_kept():
    said = embeddings.input_messages({"input": ["a", [1, 2, 3]]})

    parts = [{"type": "text", "content": "a"}, {"type": "tokens", "count": 3}]
    assert said == [{"role": "user", "parts": parts}]
    assert embeddings.output_messages({"data": [{"embedding": [0.1]}]}) == []
    assert embeddings.fold({}, {"data": []}) is False
