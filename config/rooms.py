"""The rooms of the house, those first that know nothing of the others. `config` wires them and is none."""

ROOMS = ("ledger", "jobs", "accounts", "claims", "evidence", "verdicts", "reports")
