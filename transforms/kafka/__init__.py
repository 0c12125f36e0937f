"""Kafka: topics as sources, offsets committed behind terminal receipts, and topics as outputs."""
