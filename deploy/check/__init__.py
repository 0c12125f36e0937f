"""Checks of what is deployed, by each file's own tool: no Docker, Kubernetes or Dataflow is needed, nor a network once
the tools are there."""
