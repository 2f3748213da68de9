"""The smallest program: one call of a model, on the record.

    llmobs up                                        # in another terminal
    OPENAI_API_KEY=... python examples/hello.py

Without a key, against the stand-in for the providers:

    python -m llmobs.demo.provider --port 8099       # in a third terminal
    OPENAI_API_KEY=none OPENAI_BASE_URL=http://127.0.0.1:8099/v1 python examples/hello.py
"""
# ruff: noqa: I001 - the README's five lines, to the letter

import llmobs
import openai

llmobs.instrument(service_name="hello")
answer = openai.OpenAI().responses.create(model="gpt-4o-mini", input="Say hello to the river.")
print(answer.output_text)
