"""Lists of names: long ones that users have, imported from their formats and packed for look-up."""
