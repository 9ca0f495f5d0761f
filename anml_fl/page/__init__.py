"""What every page is made of: theme, style, script, plots, and text that is not believed."""
