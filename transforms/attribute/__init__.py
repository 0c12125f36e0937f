"""Attribute: which agencies a text credits as its source, and whose own outlet a domain is."""

from __future__ import annotations

from transforms.attribute.agencies import Agencies, load_agencies

__all__ = ["Agencies", "load_agencies"]
