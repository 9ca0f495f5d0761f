"""From any form of table to its columns: a file for each form."""
