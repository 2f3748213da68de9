"""Half 2: collector, store, alerts. Needs the extra `server`."""
