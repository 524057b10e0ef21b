"""How fast usage records are taken in and counted, beside raw SQL that writes the same rows."""
