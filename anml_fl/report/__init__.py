"""One self-contained HTML page about a finished run: `report.page.write_report`."""
