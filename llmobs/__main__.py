"""`python -m llmobs`: the same as the command `llmobs`."""

from llmobs.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
