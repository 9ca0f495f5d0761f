"""The field's robust rules as functions on arrays: what is done with updates, and no more."""
