-- Search by meaning: what keeps the vectors of issues' passages, and what finds the nearest. Made on demand by `ims db refresh --meaning`, no part of
-- the schema: without the extension vector, or without a model, there is none of this. Running it again changes nothing.
-- ims.schema as in 02; @vector@ stands for the schema of the extension. That schema may be everybody's to write in, so that it is not looked
-- into for names (search_path): each type and operator of it is named in full.

SELECT set_config('search_path', format('%I, %I, pg_temp', name || '_private', name), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

CREATE TABLE IF NOT EXISTS search_meaning_models (
    model_id   serial  CONSTRAINT search_meaning_models_pkey PRIMARY KEY,
    name       text    NOT NULL,
    dimensions integer NOT NULL,
    CONSTRAINT search_meaning_models_name_dimensions_key UNIQUE (name, dimensions)
);
COMMENT ON TABLE search_meaning_models IS 'The models that made vectors. Those of different models say nothing about each other and are never compared.';

CREATE TABLE IF NOT EXISTS search_meaning_issues (
    model_id integer NOT NULL CONSTRAINT search_meaning_issues_model_id_fkey REFERENCES search_meaning_models ON DELETE CASCADE,
    issue_pk bigint  NOT NULL CONSTRAINT search_meaning_issues_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
    seen     text    NOT NULL,
    CONSTRAINT search_meaning_issues_pkey PRIMARY KEY (issue_pk, model_id)
);
COMMENT ON TABLE search_meaning_issues IS 'Which issues a model has vectors of.';
COMMENT ON COLUMN search_meaning_issues.seen IS
    'xmin of the row in search_documents when the texts were read: triggers write that row whenever a text changes.';

CREATE TABLE IF NOT EXISTS search_meaning_passages (
    model_id  integer NOT NULL,
    issue_pk  bigint  NOT NULL,
    place     integer NOT NULL,
    source    text    NOT NULL,
    number    bigint,
    start     integer NOT NULL,
    size      integer NOT NULL,
    hash      text    NOT NULL,
    embedding @vector@.halfvec NOT NULL,
    CONSTRAINT search_meaning_passages_pkey PRIMARY KEY (issue_pk, model_id, place),
    CONSTRAINT search_meaning_passages_issue_fkey FOREIGN KEY (issue_pk, model_id) REFERENCES search_meaning_issues ON DELETE CASCADE
);
COMMENT ON TABLE search_meaning_passages IS 'Passages of issues as vectors of length 1, half precision.';
COMMENT ON COLUMN search_meaning_passages.source IS 'title, description or comment, that one by its number; the passage is size characters of it from start.';
COMMENT ON COLUMN search_meaning_passages.hash IS 'Of what the model was given: what stays the same is not asked about again.';

SELECT set_config('search_path', format('%I, %I, pg_temp', name, name || '_private'), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- The models that have vectors here.
CREATE OR REPLACE FUNCTION search_meanings() RETURNS TABLE (model text, dimensions integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT m.name, m.dimensions FROM search_meaning_models AS m
    WHERE EXISTS (SELECT FROM search_meaning_issues AS i WHERE i.model_id = m.model_id) ORDER BY m.model_id;
END
$$;
COMMENT ON FUNCTION search_meanings() IS 'The models by whose vectors issues can be searched, and how many dimensions those have.';

-- The issues with the passages nearest to a vector of this model, each with its nearest. Filters as in search_ranked(); of the query
-- counts what must be there (+a).
CREATE OR REPLACE FUNCTION search_nearest(
    asked real[], model text, query text, most integer, products text[] DEFAULT NULL, statuses text[] DEFAULT NULL,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL
) RETURNS TABLE (issue_pk bigint, distance double precision, source text, number bigint, start integer, size integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    -- Of fewer issues than this every passage is looked at; of more, those that the index says are near.
    few CONSTANT integer := 2000;
    own_model integer := (SELECT m.model_id FROM search_meaning_models AS m WHERE m.name = search_nearest.model AND m.dimensions = cardinality(asked));
    filter text := search_all(array_remove(ARRAY[search_filter(products, statuses),
        (SELECT search_all(array_agg(t.same)) FROM search_terms(query) AS t WHERE t.required)], NULL));
    confined boolean := num_nonnulls(filter, search_nearest.since, search_nearest.until) > 0;
    condition text := 'true';
    chosen bigint[];
BEGIN
    IF own_model IS NULL THEN
        RETURN;
    END IF;
    IF confined THEN
        chosen := ARRAY(
            SELECT d.issue_pk FROM search_documents AS d WHERE (filter IS NULL OR d.words @@ filter::tsquery)
                AND (search_nearest.since IS NULL OR d.registered_date >= search_nearest.since)
                AND (search_nearest.until IS NULL OR d.registered_date < search_nearest.until)
            LIMIT few);
        condition := CASE WHEN cardinality(chosen) < few THEN 'p.issue_pk = ANY ($3)' ELSE
            'EXISTS (SELECT FROM search_documents AS d WHERE d.issue_pk = p.issue_pk AND ($4 IS NULL OR d.words @@ $4::tsquery)
                AND ($5 IS NULL OR d.registered_date >= $5) AND ($6 IS NULL OR d.registered_date < $6))' END;
    END IF;
    -- Until this function ends: look further into the index for as long as the filters leave too little.
    PERFORM set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '100', true);
    -- An issue may have several of the nearest passages.
    RETURN QUERY EXECUTE format(
        'SELECT * FROM (SELECT DISTINCT ON (n.issue_pk) n.* FROM (
            SELECT p.issue_pk, p.embedding::@vector@.halfvec(%1$s) OPERATOR(@vector@.<=>) $1::@vector@.halfvec(%1$s) AS distance,
                p.source, p.number, p.start, p.size
            FROM search_meaning_passages AS p WHERE p.model_id = %2$s AND ' || condition || '
            ORDER BY distance LIMIT 5 * $2
        ) AS n ORDER BY n.issue_pk, n.distance) AS best ORDER BY best.distance, best.issue_pk LIMIT $2',
        cardinality(asked), own_model)
    USING asked, greatest(most, 0), chosen, filter, search_nearest.since, search_nearest.until;
END
$$;
COMMENT ON FUNCTION search_nearest(real[], text, text, integer, text[], text[], timestamptz, timestamptz) IS
    'The issues nearest in meaning to a vector that this model made, each with its nearest passage; filters as in search_ranked().';

REVOKE ALL ON FUNCTION search_meanings(), search_nearest(real[], text, text, integer, text[], text[], timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_meanings(), search_nearest(real[], text, text, integer, text[], text[], timestamptz, timestamptz)
    TO ims_admin, ims_user, ims_readonly;
