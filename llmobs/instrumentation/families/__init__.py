"""One file per generation of SDKs: its funnel and its stream classes."""
