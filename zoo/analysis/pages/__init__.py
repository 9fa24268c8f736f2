"""Pages for a browser, each one file without outside requests: the report of a run, the gallery of the catalogue."""
