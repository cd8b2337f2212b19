"""Our domain apps, those first that know nothing of the others. `config` wires them and is none."""

APPS = ("ledger", "jobs", "accounts", "notifications", "claims", "evidence", "verdicts", "reports")
