"""Running the graph on Flink: `defaults`, the `cluster` as REST tells of it, and the `job`."""
