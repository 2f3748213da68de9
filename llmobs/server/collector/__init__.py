"""OTLP in: limits, journal, decoding to columns, read API."""
