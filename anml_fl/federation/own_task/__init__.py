"""A task of one's own: a module with the four names of Flower's templates."""
