"""Tags: entities and topics of an article, with their evidence."""
