"""Alerts: rules that say what a watcher wants to hear of, their judging, and the delivery of what they raise."""
