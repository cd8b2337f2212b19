"""The words of the record and of reports, each kind of thing in one table."""
