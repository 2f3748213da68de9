"""Traffic through the real SDKs against a local stand-in for the providers."""
