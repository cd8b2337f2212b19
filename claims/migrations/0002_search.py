"""An index for words in claims. See claims.searching for why it is not pg_trgm."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION claims_words(quote text, translation jsonb, summary jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lower(quote || chr(10) || coalesce(translation ->> 'text', '') || chr(10) || coalesce(summary ->> 'text', '') || chr(10)
    || coalesce(summary #>> '{translations,en,text}', '') || chr(10) || coalesce(summary #>> '{translations,zh-Hans,text}', ''))
$$;
CREATE FUNCTION claims_pairs(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_agg(DISTINCT substr(words, place, length)) FROM generate_series(1, length(words)) place, generate_series(1, 2) length
$$;
CREATE INDEX claims_claim_words ON claims_claim USING gin (claims_pairs(claims_words(quote, quote_translation, summary)));
"""
BACKWARD = """
DROP INDEX claims_claim_words;
DROP FUNCTION claims_pairs(text);
DROP FUNCTION claims_words(text, jsonb, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
