"""Typed recipe steps, the arrays they look at, and the funnel they make."""
