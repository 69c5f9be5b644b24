"""One module an engine: how to start it, know it is ready, replicate, promote and stop it."""
