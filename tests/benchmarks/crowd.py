"""A hundred thousand claims beside the founding case, written by the database itself.

They have companies, aspects, flags and words of their own, Chinese and English, that differ from
claim to claim, so that searches find few, many or none. Triggers are off while they are written:
what is measured is reading.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

CLAIMS: Final = 100_000
COMPANIES: Final = 40
THINGS: Final = "'{续航,加速,刹车距离,座椅加热,车机,保修,交付周期,充电速度}'::text[]"
THINGS_EN: Final = (
    "'{range,acceleration,braking distance,heated seats,software,warranty,delivery "
    "time,charging}'::text[]"
)


def _id(kind: int, number: str = "n") -> str:
    return f"('01900000-0000-7000-800{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _written(words: str) -> str:
    return f"jsonb_build_object('lang', 'en', 'text', {words}, 'translations', '{{}}'::jsonb)"


def build(claims: int = CLAIMS) -> None:
    """Write them, and let the planner know. Must run inside a transaction."""
    company, series = f"1 + n % {COMPANIES}", "generate_series(1, {}) n"
    tables = {
        "claims_company": (COMPANIES,
        {"id": _id(1), "name": _written("'Company ' || n"), "website": "''",
        "created_at": "now()"}),
        "claims_product": (
            COMPANIES,
            {"id": _id(2), "company_id": _id(1), "kind": "'goods'",
            "name": _written("'Product ' || n"), "created_at": "now()"},
        ),
        "claims_claim": (
            claims,
            {
                "id": _id(3), "reference": "'XX-' || lpad(to_hex(n), 9, '0')",
                "company_id": _id(1, company), "product_id": _id(2, company),
                "quote": (
                    f"'第' || n || '号承诺：' || ({THINGS})[1 + n % 8] || '在' "
                    "|| (n * 7919 % 100003) || '种情形下都不缩水。'"
                ),
                "quote_lang": "'zh-Hans'", "quote_translation": "'{}'::jsonb",
                "summary": _written(
                    f"({THINGS_EN})[1 + n % 8] || ' holds in ' "
                    "|| (n * 7919 % 100003) || ' situations'"
                ),
                "kind": "('{express,express,implied,puffery}'::text[])[1 + n % 4]",
                "status": "'registered'", "currency": "''",
                "reconstruction": "false", "created_at": "now()",
            },
        ),
        "claims_aspect": (
            claims,
            {
                "id": _id(4), "claim_id": _id(3), "number": "1", "kind": "'function'",
                "statement": _written("'it holds'"),
                "progress": "'not_yet_rated'", "created_at": "now()",
            },
        ),
        "claims_flag": (
            claims // 5,
            {"id": _id(5), "claim_id": _id(3, "n * 5"),
            "kind": "('{deleted,remedied,disputed}'::text[])[1 + n % 3]", "raised_at": "now()"},
        ),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, (rows, columns) in tables.items():
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT "
                f"{', '.join(columns.values())} FROM {series.format(rows)}"
            )
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("SET LOCAL session_replication_role = origin")
