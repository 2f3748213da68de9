"""Parts of the benchmark `ingest.py`."""
