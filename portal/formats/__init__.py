"""How Django itself writes what our own filters do not, by language: the staff site mostly."""
