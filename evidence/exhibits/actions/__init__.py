"""Every change to what was found: `looking` (sources over time) and `filing` (what owners hand
in)."""
