"""Charts, timelines and cards. Data in, SVG or PNG out, the same bytes each time; no Django."""
