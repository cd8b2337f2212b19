"""What leaves the site as files: a report as JSON, bundle, page and PDF. What is here prints what
it is given."""
