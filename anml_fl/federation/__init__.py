"""A federation from its settings: its task, its contributors, and what is known of them."""
