"""The public pages. Anyone may enter all of them; what is not public is 404."""
