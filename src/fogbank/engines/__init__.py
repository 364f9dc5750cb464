"""Real engines as supervised children: processes first, and what is built on them."""
