"""What anyone may read: the views, and what each page is made of, asked for in a number of queries
that does not grow."""
