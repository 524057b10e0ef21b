"""The people, plans and lines of the demo: made once, the same in every installation."""
