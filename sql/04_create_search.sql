-- Search over the archive: what keeps the words of every issue, and what finds them. Running it again changes nothing.
-- ims.schema as in 02; how text becomes words stands in 04_create_search_words.sql.
--
-- A search takes the syntax of IMS: `a b` finds either, `+a` must be there, 'a phrase', an issue's number. Best is what has all of it
-- in its title as it was asked for; then in its text; then in other words of the same language; then in those of another
-- language; then a part of it. Each step is one look into a GIN index, and the first that fill the list end the search.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', format('%I, %I, pg_temp', name || '_private', name), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- What is kept ------------------------------------------------------------------------------------------------------

-- The words of each file, so that a new comment does not have them worked out anew.
CREATE TABLE IF NOT EXISTS search_files (
    attachment_id bigint   CONSTRAINT search_files_pkey PRIMARY KEY
                           CONSTRAINT search_files_attachment_id_fkey REFERENCES attachments ON DELETE CASCADE,
    md5           text     NOT NULL,
    words         tsvector STORAGE EXTERNAL NOT NULL
);
COMMENT ON TABLE search_files IS 'The words of what each file says; worked out from attachments.extracted_text, whose MD5 this is.';

-- Latin words and numbers of a text as the server's parser sees them; words of other letters are for search_vectors().
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_ts_config AS c JOIN pg_namespace AS n ON n.oid = c.cfgnamespace
            WHERE c.cfgname = 'search_latin' AND n.nspname = current_schema()) THEN
        CREATE TEXT SEARCH CONFIGURATION search_latin (PARSER = pg_catalog.default);
        ALTER TEXT SEARCH CONFIGURATION search_latin ADD MAPPING FOR asciiword WITH search_english;
        ALTER TEXT SEARCH CONFIGURATION search_latin ADD MAPPING FOR numword, uint, int, sfloat, float, version WITH pg_catalog.simple;
    END IF;
END
$$;

-- Which language people write in here: any Korean makes it Korean.
CREATE OR REPLACE FUNCTION search_language(content text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT CASE WHEN content ~ '[\uAC00-\uD7A3]' THEN 'ko' WHEN content ~ '[\u3041-\u30FC\u4E00-\u9FFF]' THEN 'ja' ELSE 'en' END;
END;

-- What can be asked for as a filter, as a lexeme of its own.
CREATE OR REPLACE FUNCTION search_mark(name text, content text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT '@' || name || '=' || left(lower(normalize(btrim(content), NFKC)), 200);
END;

-- The texts of issues besides their titles and what their files say, in pieces; the first is as long as places can be counted
-- (16,383). All pieces but the first are found by their words and by what stands side by side in them, without places.
CREATE OR REPLACE FUNCTION search_texts(pks bigint[]) RETURNS TABLE (issue_pk bigint, piece integer, content text)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH texts AS (
        SELECT i.issue_pk, 1 AS kind, 0::bigint AS place, concat_ws(E'\n', i.description, i.product, i.version, i.module, i.error_code,
            i.bug_number, i.customer, i.project_name, i.site, i.found_version, i.fixed_version, i.target_version) AS content
        FROM issues AS i WHERE i.issue_pk = ANY (pks)
        UNION ALL
        SELECT c.issue_pk, 2, c.comment_number, c.content FROM issue_comments AS c WHERE c.issue_pk = ANY (pks)
        UNION ALL
        SELECT h.issue_pk, 3, h.history_id, h.description FROM issue_history AS h WHERE h.issue_pk = ANY (pks)
        UNION ALL
        SELECT a.issue_pk, 4, a.attachment_id, a.filename FROM attachments AS a WHERE a.issue_pk = ANY (pks)
    ), joined AS (
        SELECT t.issue_pk, string_agg(t.content, E'\n' ORDER BY t.kind, t.place) AS content FROM texts AS t GROUP BY t.issue_pk
    )
    SELECT j.issue_pk, p.piece, substr(j.content, p.piece * 10000 + 1, 10000 + 100)
    FROM joined AS j, generate_series(0, (length(j.content) - 1) / 10000) AS p (piece);
END
$$;

-- The words of files, each of which may be a log of two million characters: the server's own parser reads what is Latin, much faster
-- than search_vectors() does; only identifiers and what is Korean, Japanese or Chinese go through that, what is the same once. Places
-- are counted in the beginning of a file. A tsvector holds 1 MB: the first 300 kB of different words count.
CREATE OR REPLACE FUNCTION search_file_words(contents text[]) RETURNS TABLE (n bigint, words tsvector)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH folded AS MATERIALIZED (
        SELECT x.n, normalize(x.content, NFKC) AS content FROM unnest(contents) WITH ORDINALITY AS x (content, n)
    ), parts AS MATERIALIZED (
        SELECT c.n, p.place, substr(c.content, p.place * 100000 + 1, 100100) AS part
        FROM folded AS c, generate_series(0, (length(c.content) - 1) / 100000) AS p (place)
    ), latin AS MATERIALIZED (
        -- The parser is not to see what it would take for a path, an address, a number with a sign or a word of two scripts.
        SELECT p.n, p.place, to_tsvector('search_latin',
            regexp_replace(regexp_replace(p.part, '[^0-9A-Za-z]+', ' ', 'g'), '\m0+(?=[0-9]+\M)', '', 'g')) AS words
        FROM parts AS p
    ), others AS (
        SELECT p.n, m.found[1] AS found, min(p.place) AS place
        FROM parts AS p, LATERAL (
            -- a.b-c, a_b, Tibero6, OutOfMemory, C++ and 7.1
            SELECT * FROM regexp_matches(p.part, '[A-Za-z][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)+|[A-Za-z][A-Za-z0-9]*(?:_+[A-Za-z0-9]+)+|[A-Za-z]{2,}[0-9]+'
                '|[A-Za-z]*[a-z][A-Z][A-Za-z0-9]*|[A-Za-z0-9_]+(?:\+\+|#)|\m(?:[0-9]{1,2}\.){1,4}[0-9]{1,3}\M', 'g')
            UNION ALL
            -- With the Latin words beside them: JEUS 서버
            SELECT * FROM regexp_matches(p.part, '(?:[0-9A-Za-z_]+ ?)?[\u3005\u3007\u3041-\u30FC\u3400-\u9FFF\uF900-\uFAFF\uAC00-\uD7A3\U00020000-\U0003134F]+'
                '(?:(?: ?[0-9A-Za-z_]+)? ?[\u3005\u3007\u3041-\u30FC\u3400-\u9FFF\uF900-\uFAFF\uAC00-\uD7A3\U00020000-\U0003134F]+)*(?: ?[0-9A-Za-z_]+)?', 'g')
            WHERE p.part ~ '[\u3005-\u30FC\u3400-\u9FFF\uAC00-\uD7A3\uF900-\uFAFF\U00020000-\U0003134F]'
            UNION ALL
            SELECT * FROM regexp_matches(p.part, '[0-9A-Za-z_]*[\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u0370-\u10FF\u1200-\u1FFF]'
                '[0-9A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u0370-\u10FF\u1200-\u1FFF]*', 'g')
            WHERE p.part ~ '[\u00C0-\u1FFF]'
        ) AS m (found) GROUP BY 1, 2
    ), pieces AS MATERIALIZED (
        -- Of a log of hundreds of thousands of different identifiers, the first count: no vector would hold all of them.
        SELECT row_number() OVER () AS m, j.n, p.piece, substr(j.content, p.piece * 10000 + 1, 10000 + 100) AS content
        FROM (SELECT o.n, left(string_agg(o.found, E'\n' ORDER BY o.place, o.found), 150000) AS content FROM others AS o GROUP BY o.n) AS j,
            generate_series(0, (length(j.content) - 1) / 10000) AS p (piece)
    ), lexemes AS (
        SELECT l.n, x.lexeme, l.place FROM latin AS l, unnest(l.words) AS x
        UNION ALL
        SELECT s.n, x.lexeme, s.piece
        FROM pieces AS s JOIN search_vectors((SELECT array_agg(o.content ORDER BY o.m) FROM pieces AS o)) AS v ON v.n = s.m, unnest(v.words) AS x
    ), merged AS (
        SELECT r.n, array_to_tsvector(array_agg(r.lexeme)) AS words FROM (
            SELECT d.n, d.lexeme, sum(octet_length(d.lexeme) + 8) OVER (PARTITION BY d.n ORDER BY d.place, d.lexeme) AS reached
            FROM (SELECT l.n, l.lexeme, min(l.place) AS place FROM lexemes AS l WHERE octet_length(l.lexeme) BETWEEN 1 AND 400 GROUP BY 1, 2) AS d
        ) AS r WHERE r.reached < 300000 GROUP BY r.n
    )
    SELECT l.n, l.words || coalesce(m.words, '') FROM latin AS l LEFT JOIN merged AS m USING (n) WHERE l.place = 0;
END
$$;

-- Works out the words of these issues anew. A tsvector holds 1 MB: of an issue with more, the first 700 kB of different words count.
CREATE OR REPLACE FUNCTION index_issues(pks bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    written integer;
BEGIN
    -- Whoever changes parts of one issue at the same time comes one after the other, and the last has seen them all.
    PERFORM FROM issues AS i WHERE i.issue_pk = ANY (pks) ORDER BY i.issue_pk FOR NO KEY UPDATE;
    WITH due AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY a.attachment_id) AS n, a.attachment_id, md5(a.extracted_text) AS md5, a.extracted_text
        FROM attachments AS a LEFT JOIN search_files AS f USING (attachment_id)
        WHERE a.issue_pk = ANY (pks) AND a.extracted_text <> '' AND f.md5 IS DISTINCT FROM md5(a.extracted_text)
    )
    INSERT INTO search_files AS f (attachment_id, md5, words)
    SELECT due.attachment_id, due.md5, v.words
    FROM due JOIN search_file_words((SELECT array_agg(d.extracted_text ORDER BY d.n) FROM due AS d)) AS v USING (n)
    ON CONFLICT (attachment_id) DO UPDATE SET md5 = excluded.md5, words = excluded.words;
    WITH texts AS MATERIALIZED (
        SELECT row_number() OVER () AS n, t.* FROM (
            SELECT i.issue_pk, -1 AS piece, i.title AS content FROM issues AS i WHERE i.issue_pk = ANY (pks)
            UNION ALL SELECT s.issue_pk, s.piece, s.content FROM search_texts(pks) AS s
        ) AS t
    ), vectors AS MATERIALIZED (
        SELECT t.issue_pk, t.piece, v.words
        FROM search_vectors((SELECT array_agg(texts.content ORDER BY texts.n) FROM texts)) AS v JOIN texts AS t USING (n)
    ), files AS MATERIALIZED (
        SELECT a.issue_pk, a.attachment_id, f.words FROM attachments AS a JOIN search_files AS f USING (attachment_id)
        WHERE a.issue_pk = ANY (pks) AND a.extracted_text <> ''
    ), marks AS (
        SELECT i.issue_pk, search_language(concat_ws(' ', i.title, left(i.description, 2000))) AS language, i.registered_date,
            array_to_tsvector(array_remove(ARRAY[search_mark('product', i.product), search_mark('status', i.status),
                CASE WHEN EXISTS (SELECT FROM vectors AS v WHERE v.issue_pk = i.issue_pk AND v.piece > 0) THEN '@pieces' END,
                CASE WHEN EXISTS (SELECT FROM files AS f WHERE f.issue_pk = i.issue_pk) THEN '@files' END], NULL)) AS lexemes
        FROM issues AS i WHERE i.issue_pk = ANY (pks)
    ), rest AS (
        SELECT s.issue_pk, array_to_tsvector(array_agg(s.lexeme)) AS words FROM (
            SELECT d.issue_pk, d.lexeme, sum(octet_length(d.lexeme) + 8) OVER (PARTITION BY d.issue_pk ORDER BY d.place, d.lexeme) AS size
            FROM (
                SELECT o.issue_pk, l.lexeme, min(o.place) AS place
                FROM (
                    SELECT v.issue_pk, v.piece::bigint AS place, v.words FROM vectors AS v WHERE v.piece > 0
                    UNION ALL SELECT f.issue_pk, 1000000 + f.attachment_id, f.words FROM files AS f
                ) AS o, unnest(o.words) AS l GROUP BY 1, 2
            ) AS d
        ) AS s WHERE s.size < 700000 GROUP BY s.issue_pk
    )
    INSERT INTO search_documents AS d (issue_pk, language, registered_date, title, words)
    SELECT m.issue_pk, m.language, m.registered_date, coalesce(t.words, '') || m.lexemes,
        coalesce(t.words, '') || coalesce(b.words, '') || coalesce(f.words, '') || coalesce(r.words, '') || m.lexemes
    FROM marks AS m LEFT JOIN vectors AS t ON t.issue_pk = m.issue_pk AND t.piece = -1
        LEFT JOIN vectors AS b ON b.issue_pk = m.issue_pk AND b.piece = 0 LEFT JOIN rest AS r ON r.issue_pk = m.issue_pk
        -- Places are counted in the first file, where they do not come to more than a vector holds.
        LEFT JOIN LATERAL (
            SELECT x.words FROM files AS x WHERE x.issue_pk = m.issue_pk AND pg_column_size(x.words) < 300000 ORDER BY x.attachment_id LIMIT 1
        ) AS f ON true
    ON CONFLICT (issue_pk) DO UPDATE SET language = excluded.language, registered_date = excluded.registered_date,
        title = excluded.title, words = excluded.words;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;

-- Triggers note which issues have changed; what was noted is worked off once, as the transaction's last deed.
CREATE OR REPLACE FUNCTION search_note_issue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO search_pending (pks) VALUES (ARRAY[NEW.issue_pk]);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION search_note_parts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO search_pending (pks) SELECT array_agg(DISTINCT c.issue_pk) FROM changed AS c HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION search_work_off() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    noted bigint[];
    part bigint[];
BEGIN
    WITH taken AS (DELETE FROM search_pending RETURNING pks)
    SELECT array_agg(DISTINCT pk ORDER BY pk) INTO noted FROM taken, unnest(taken.pks) AS pk;
    FOR place IN 1..coalesce(cardinality(noted), 0) BY 100 LOOP
        part := noted[place:place + 99];
        PERFORM index_issues(part);
    END LOOP;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS search_inserted ON issues;
CREATE TRIGGER search_inserted AFTER INSERT ON issues FOR EACH ROW EXECUTE FUNCTION search_note_issue();
DROP TRIGGER IF EXISTS search_updated ON issues;
CREATE TRIGGER search_updated AFTER UPDATE OF title, description, product, version, module, status, error_code, bug_number, customer, project_name,
    site, found_version, fixed_version, target_version, registered_date ON issues FOR EACH ROW
    WHEN ((OLD.title, OLD.description, OLD.product, OLD.version, OLD.module, OLD.status, OLD.error_code, OLD.bug_number, OLD.customer,
        OLD.project_name, OLD.site, OLD.found_version, OLD.fixed_version, OLD.target_version, OLD.registered_date) IS DISTINCT FROM
        (NEW.title, NEW.description, NEW.product, NEW.version, NEW.module, NEW.status, NEW.error_code, NEW.bug_number, NEW.customer,
        NEW.project_name, NEW.site, NEW.found_version, NEW.fixed_version, NEW.target_version, NEW.registered_date))
    EXECUTE FUNCTION search_note_issue();
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['issue_comments', 'issue_history', 'attachments'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS search_inserted ON %I', name);
        EXECUTE format('CREATE TRIGGER search_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION search_note_parts()', name);
        EXECUTE format('DROP TRIGGER IF EXISTS search_updated ON %I', name);
        EXECUTE format('CREATE TRIGGER search_updated AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION search_note_parts()', name);
        EXECUTE format('DROP TRIGGER IF EXISTS search_deleted ON %I', name);
        EXECUTE format('CREATE TRIGGER search_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION search_note_parts()', name);
    END LOOP;
END
$$;
DROP TRIGGER IF EXISTS search_noted ON search_pending;
CREATE CONSTRAINT TRIGGER search_noted AFTER INSERT ON search_pending DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION search_work_off();

-- What is asked for -------------------------------------------------------------------------------------------------

-- A text's places: the letter or run of Latin letters at each, its kind (as search_units has it), whether a word begins there; tail: what
-- came off its last word; single: the lexeme that says exactly it, where it is one word, identifier or version.
CREATE OR REPLACE FUNCTION search_places(content text, OUT letters text[], OUT kinds text, OUT starts text, OUT tail text[], OUT single text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
DECLARE
    unit record;
    part text;
    units integer := 0;
BEGIN
    letters := '{}';
    kinds := '';
    starts := '';
    FOR unit IN SELECT u.kind, u.surface, u.stem FROM search_units(content) AS u ORDER BY u.place LOOP
        units := units + 1;
        tail := NULL;
        IF unit.kind = 'b' THEN
            letters := array_append(letters, ' ');
            kinds := kinds || 'b';
            starts := starts || 's';
        ELSIF unit.kind = 'l' THEN
            FOREACH part IN ARRAY string_to_array(translate(rtrim(lower(unit.surface), '+#'), '_-', '..'), '.') LOOP
                CONTINUE WHEN part = '';
                part := CASE WHEN part ~ '^[0-9]+$' THEN coalesce(nullif(ltrim(part, '0'), ''), '0')
                    ELSE coalesce((ts_lexize('search_english', part))[1], part) END;
                letters := array_append(letters, part);
                kinds := kinds || 'l';
                starts := starts || 's';
            END LOOP;
        ELSE
            letters := letters || string_to_array(unit.stem, NULL);
            kinds := kinds || repeat('c', length(unit.stem));
            starts := starts || CASE WHEN unit.stem = '' THEN '' ELSE 's' || repeat('.', length(unit.stem) - 1) END;
            IF unit.kind = 'k' AND length(unit.surface) > length(unit.stem) THEN
                tail := string_to_array(substr(unit.surface, length(unit.stem) + 1), NULL);
            END IF;
        END IF;
    END LOOP;
    IF units = 1 AND unit.kind = 'l' AND unit.surface ~ '[._#+-]|[a-z][A-Z]' THEN
        single := '#' || coalesce(substring(lower(unit.surface) FROM '^v(?:er)?[.]?([0-9]+(?:\.[0-9]+)+)$'), lower(unit.surface));
    ELSIF units = 1 AND unit.kind IN ('k', 'a', 'j') AND length(unit.stem) BETWEEN 1 AND 20 THEN
        single := '=' || unit.stem;
    END IF;
END
$$;

-- How places are found, as the text of a tsquery: by lexemes that stand for two and three of them, and by their order; '' for none.
CREATE OR REPLACE FUNCTION search_compose(letters text[], kinds text, starts text, OUT words text, OUT phrase text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
DECLARE
    size integer := length(kinds);
    before text := 'b';
    here text;
    after text;
    step text;
    found text[] := '{}';
    reached integer;
BEGIN
    phrase := '';
    FOR i IN 1..size LOOP
        here := substr(kinds, i, 1);
        after := CASE WHEN i < size THEN substr(kinds, i + 1, 1) ELSE 'b' END;
        step := NULL;
        IF here <> 'b' AND after <> 'b' AND (here = 'l' OR after = 'l') THEN
            found := array_append(found, '''' || letters[i] || '~' || letters[i + 1] || '''');
        END IF;
        IF here = 'l' THEN
            step := '''' || letters[i] || '''';
            IF before = 'b' AND after = 'b' THEN
                found := array_append(found, step);
            END IF;
        ELSIF here = 'c' AND after = 'c' THEN
            step := '(''' || letters[i] || letters[i + 1] || ''' | ''' || letters[i] || '_' || letters[i + 1] || ''')';
            IF substr(kinds, i + 2, 1) = 'c' THEN
                found := array_append(found, '''' || letters[i] || letters[i + 1] || letters[i + 2] || '''');
            ELSIF before <> 'c' THEN
                found := array_append(found, CASE WHEN substr(starts, i + 1, 1) = 's' THEN step ELSE '''' || letters[i] || letters[i + 1] || '''' END);
            END IF;
        ELSIF here = 'c' AND before <> 'c' THEN
            step := '''=' || letters[i] || '''';
            IF before = 'b' AND after = 'b' THEN
                found := array_append(found, step);
            END IF;
        END IF;
        IF step IS NOT NULL THEN
            phrase := phrase || CASE WHEN reached IS NULL THEN '' ELSE ' <' || i - reached || '> ' END || step;
            reached := i;
        END IF;
        before := here;
    END LOOP;
    words := array_to_string(found, ' & ');
END
$$;

-- The ways in which places are written, as texts of tsqueries ('' for none). words: also with the particle as a part of the last word, a
-- verb before its ending, Latin words as one; exact: as one whole word; wider: what begins with it; form: the key of a synonym.
CREATE OR REPLACE FUNCTION search_spellings(
    content text, letters text[], kinds text, starts text, tail text[], single text,
    OUT words text, OUT phrase text, OUT exact text, OUT wider text, OUT form text
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
DECLARE
    verb text;
    more text;
BEGIN
    SELECT c.words, c.phrase INTO words, phrase FROM search_compose(letters, kinds, starts) AS c;
    form := replace(array_to_string(letters, ''), ' ', '');
    exact := coalesce('''' || single || '''', '');
    wider := '';
    -- A particle by itself is not kept.
    IF tail IS NOT NULL AND kinds <> '' THEN
        SELECT c.words INTO more FROM search_compose(letters || tail, kinds || repeat('c', cardinality(tail)),
            starts || repeat('.', cardinality(tail))) AS c;
        words := words || ' | ' || more;
    END IF;
    verb := search_verb(form);
    IF verb IS NOT NULL AND right(kinds, 1) = 'c' THEN
        form := verb;
        SELECT c.words INTO more FROM search_compose(letters[:cardinality(letters) - 1] || right(verb, 1), kinds, starts) AS c;
        words := words || ' | ' || more;
    END IF;
    IF single ~ '[+#]$' THEN
        -- C++ is not C.
        words := exact;
    ELSIF single ~ '^#[0-9]+(\.[0-9]+)+$' THEN
        words := exact;
        wider := '''' || single || '.'':*';
    ELSIF single LIKE '#%' THEN
        words := words || ' | ' || exact;
    ELSIF single IS NOT NULL AND length(single) = 2 THEN
        wider := '''' || single || ''':*';
    ELSIF kinds ~ '^ll+$' AND content ~ '^[A-Za-z ]+$' THEN
        -- Also where it is one word, in quotes as well: OutOfMemoryError.
        wider := '''#' || lower(replace(content, ' ', '')) || ''':*';
        words := words || ' | ' || wider;
    ELSIF kinds = 'l' AND letters[1] ~ '^[a-z]{3,}[0-9]{1,2}$' THEN
        -- Tibero6 is also Tibero 6.
        SELECT c.words INTO more FROM search_places(regexp_replace(letters[1], '([0-9]+)$', ' \1')) AS p, search_compose(p.letters, p.kinds, p.starts) AS c;
        words := words || ' | ' || more;
    ELSIF content ~ '^[A-Za-z_]{3,}\([^()]*\)$' THEN
        -- A call or a return code is also meant without what it bears in parentheses.
        wider := (SELECT c.words FROM search_places(split_part(content, '(', 1)) AS p, search_compose(p.letters, p.kinds, p.starts) AS c);
    END IF;
END
$$;

-- Words that say nothing by themselves.
CREATE OR REPLACE FUNCTION search_empty(word text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN lower(word) IN ('a', 'an', 'the', 'of', 'in', 'on', 'at', 'to', 'is', 'are', 'was', 'were', 'be', 'been', 'has', 'have', 'had', 'it',
        'its', 'and', 'or', 'for', 'with', 'by', 'as', 'that', 'this', 'my', 'our', 'we', 'i');
END
$$;

-- Further words for what a form names: of the same language, and of the others. NULL for none; known is false when no concept has it.
CREATE OR REPLACE FUNCTION search_expand(form text, own text, spoken text, OUT known boolean, OUT same text, OUT other text)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
BEGIN
    SELECT count(*) > 0, string_agg(DISTINCT y.words, ' | ') FILTER (WHERE y.language = spoken AND y.form <> own),
        string_agg(DISTINCT y.words, ' | ') FILTER (WHERE y.language <> spoken)
    INTO known, same, other
    FROM search_synonyms AS s JOIN search_synonyms AS y USING (origin, concept) WHERE s.form = search_expand.form;
END
$$;

-- A query's terms, and runs of plain words that the synonyms know as one; size counts the words. part: a word of the run before it. All as
-- texts of tsqueries; each of exact, words, same and other finds what the one before it finds, and more. What must be there and what is
-- quoted is meant as it stands: what must be there has no synonyms.
CREATE OR REPLACE FUNCTION search_terms(query text)
RETURNS TABLE (
    term text, part boolean, required boolean, size integer, exact text, words text, same text, other text, concept_forms text[]
)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    separator CONSTANT text := E'\x1f';
    item record;
    places record;
    spelt record;
    more record;
    terms text[] := '{}';
    forms text[] := '{}';
    letters text[] := '{}';
    kinds text[] := '{}';
    starts text[] := '{}';
    tails text[] := '{}';
    singles text[] := '{}';
    must boolean[] := '{}';
    quoted boolean[] := '{}';
    spellings text[] := '{}';
    apart text;
    run_first integer[];
    run_size integer[];
    ends integer[];
    hollow boolean;
    first integer := 1;
    last integer;
BEGIN
    FOR item IN
        SELECT coalesce(m[1] = '+' OR m[2] = '+', m[4] = '+') AS must, m[3] IS NOT NULL AS quoted, coalesce(m[3], m[5]) AS content
        FROM regexp_matches(left(query, 1000), '(\+?)''(\+?)([^'']*)''?|(\+?)(\S+)', 'g') AS m
    LOOP
        -- Nobody asks for more; the server takes no expression of hundreds of terms.
        EXIT WHEN cardinality(terms) = 50;
        SELECT * INTO places FROM search_places(item.content);
        SELECT * INTO spelt FROM search_spellings(item.content, places.letters, places.kinds, places.starts, places.tail, places.single);
        CONTINUE WHEN spelt.form = '' OR item.content = ANY (terms) AND item.must = must[array_position(terms, item.content)];
        terms := array_append(terms, item.content);
        forms := array_append(forms, spelt.form);
        letters := array_append(letters, array_to_string(places.letters, separator));
        kinds := array_append(kinds, places.kinds);
        starts := array_append(starts, places.starts);
        tails := array_append(tails, array_to_string(places.tail, separator));
        singles := array_append(singles, places.single);
        must := array_append(must, item.must);
        quoted := array_append(quoted, item.quoted);
        spellings := array_append(spellings, nullif(spelt.words, ''));
    END LOOP;
    -- Words that say nothing by themselves are asked for when there are no others.
    hollow := NOT EXISTS (SELECT FROM unnest(terms) AS t WHERE NOT search_empty(t));
    -- Runs of up to five plain words that are known as one, the longest first; of two words in either order.
    SELECT array_agg(w.first ORDER BY w.size DESC, w.first), array_agg(w.size ORDER BY w.size DESC, w.first) INTO run_first, run_size
    FROM (
        SELECT f AS first, n AS size, array_to_string(forms[f:f + n - 1], '') AS form, CASE WHEN n = 2 THEN forms[f + 1] || forms[f] END AS turned
        FROM generate_series(1, cardinality(forms)) AS f, generate_series(2, 5) AS n
        WHERE f + n - 1 <= cardinality(forms) AND NOT true = ANY (must[f:f + n - 1] || quoted[f:f + n - 1])
    ) AS w WHERE EXISTS (SELECT FROM search_synonyms AS s WHERE s.form IN (w.form, w.turned));
    ends := array_fill(0, ARRAY[cardinality(terms)]);
    FOR run IN 1..coalesce(cardinality(run_first), 0) LOOP
        CONTINUE WHEN 0 <> ANY (ends[run_first[run]:run_first[run] + run_size[run] - 1]);
        FOR place IN run_first[run]..run_first[run] + run_size[run] - 1 LOOP
            ends[place] := run_first[run] + run_size[run] - 1;
        END LOOP;
    END LOOP;
    WHILE first <= cardinality(terms) LOOP
        last := greatest(ends[first], first);
        term := array_to_string(terms[first:last], ' ');
        SELECT * INTO more FROM search_expand(array_to_string(forms[first:last], ''), array_to_string(forms[first:last], ''), search_language(term));
        IF NOT more.known AND last > first THEN
            SELECT * INTO more FROM search_expand(forms[last] || forms[first], '', search_language(term));
        END IF;
        apart := search_all(spellings[first:last]);
        FOR place IN first - 1..CASE WHEN last > first THEN last ELSE first - 1 END LOOP
            part := place >= first;
            IF part THEN
                term := terms[place];
                SELECT * INTO more FROM search_expand(forms[place], forms[place], search_language(term));
                SELECT * INTO spelt FROM search_spellings(term, string_to_array(letters[place], separator), kinds[place], starts[place],
                    string_to_array(tails[place], separator), singles[place]);
            ELSE
                SELECT * INTO spelt FROM search_spellings(term, string_to_array(array_to_string(array_remove(letters[first:last], ''), separator), separator),
                    array_to_string(kinds[first:last], ''), array_to_string(starts[first:last], ''), string_to_array(tails[last], separator),
                    CASE WHEN first = last THEN singles[first] END);
            END IF;
            CONTINUE WHEN (last = first OR part) AND NOT must[first] AND NOT quoted[first] AND NOT more.known AND NOT hollow AND search_empty(term) OR spelt.words = '';
            required := must[first];
            size := CASE WHEN part THEN 1 ELSE last - first + 1 END;
            -- In long texts places are not counted; there what stands side by side makes the phrase. Of files it is not known what does.
            words := CASE
                WHEN quoted[first] AND spelt.phrase <> '' THEN '(' || spelt.phrase || ') | (' || spelt.words || ') & (''@pieces'' | ''@files'')'
                WHEN CASE WHEN part THEN kinds[place] ELSE array_to_string(kinds[first:last], '') END ~ 'l.|.l'
                    THEN spelt.words || ' | (' || spelt.phrase || ') & ''@files''' ELSE spelt.words END;
            exact := CASE WHEN quoted[first] THEN words ELSE coalesce(nullif(spelt.exact, ''), words) END;
            -- A word of one syllable is also meant where a longer one begins with it, but rarely.
            same := concat_ws(' | ', words, CASE WHEN right(spelt.wider, 2) <> ':*' OR spelt.wider LIKE '''#%' THEN nullif(spelt.wider, '') END,
                CASE WHEN NOT required THEN more.same END, CASE WHEN NOT part AND last > first THEN apart END);
            concept_forms := CASE WHEN required OR NOT more.known THEN '{}' WHEN part THEN ARRAY[forms[place]]
                ELSE ARRAY[array_to_string(forms[first:last], ''), CASE WHEN last = first + 1 THEN forms[last] || forms[first] END] END;
            other := concat_ws(' | ', same, nullif(spelt.wider, ''), CASE WHEN NOT required THEN more.other END);
            RETURN NEXT;
        END LOOP;
        first := last + 1;
    END LOOP;
END
$$;

-- All of these, as the text of a tsquery; NULL for none.
CREATE OR REPLACE FUNCTION search_all(queries text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN '(' || nullif(array_to_string(queries, ') & ('), '') || ')';
END
$$;

-- A lexeme as a part of the text of a tsquery.
CREATE OR REPLACE FUNCTION search_quoted(lexeme text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''';
END
$$;

-- Filters: product (one of these, or of those that begin so) and status; NULL for none.
CREATE OR REPLACE FUNCTION search_filter(products text[], statuses text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN search_all(array_remove(ARRAY[
        (SELECT string_agg(search_quoted(search_mark('product', p)) || ':*', ' | ') FROM unnest(products) AS p),
        (SELECT string_agg(search_quoted(search_mark('status', s)), ' | ') FROM unnest(statuses) AS s)
    ], NULL));
END
$$;

-- How many issues have it, counted no further than this. Here and below the index is always read: the planner does not know that looking
-- through all documents means fetching every vector from where it is kept out of line.
CREATE OR REPLACE FUNCTION search_count(asked tsquery, most integer) RETURNS integer
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET enable_seqscan = off
AS $$
BEGIN
    RETURN (SELECT count(*) FROM (SELECT FROM search_documents AS d WHERE d.words @@ asked LIMIT most) AS found);
END
$$;

-- The best of what a look into the index finds: those in the language of the query first, then the newest.
CREATE OR REPLACE FUNCTION search_look(
    titles boolean, asked tsquery, most integer, but bigint[], spoken text, since timestamptz, until timestamptz
) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET enable_seqscan = off
AS $$
BEGIN
    IF titles THEN
        RETURN ARRAY(
            SELECT d.issue_pk FROM search_documents AS d
            WHERE d.title @@ asked AND NOT d.issue_pk = ANY (but) AND (since IS NULL OR d.registered_date >= since)
                AND (until IS NULL OR d.registered_date < until)
            ORDER BY d.language = spoken DESC, d.registered_date DESC NULLS LAST, d.issue_pk DESC LIMIT most);
    END IF;
    RETURN ARRAY(
        SELECT d.issue_pk FROM search_documents AS d
        WHERE d.words @@ asked AND NOT d.issue_pk = ANY (but) AND (since IS NULL OR d.registered_date >= since)
            AND (until IS NULL OR d.registered_date < until)
        ORDER BY d.language = spoken DESC, d.registered_date DESC NULLS LAST, d.issue_pk DESC LIMIT most);
END
$$;

-- What finds a part of a query: sets of its terms, those that say most first. What is rare says more, and an expression more than a word.
CREATE OR REPLACE FUNCTION search_parts(words text[], same text[], other text[], sizes integer[], part_words text[], part_same text[])
RETURNS TABLE (worth real, titles boolean, asked text)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
DECLARE
    documents real := greatest((SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'search_documents'::regclass), 1000);
    weights real[] := '{}';
    total real := 0;
    size integer := coalesce(cardinality(words), 0);
    subset integer;
    share real;
    narrow text[];
    wide text[];
BEGIN
    FOR i IN 1..size LOOP
        weights := array_append(weights, (ln(1 + documents / (1 + search_count(words[i]::tsquery, 5000))) * (0.75 + 0.25 * sizes[i]))::real);
        total := total + weights[i];
    END LOOP;
    -- All sets of up to four terms; of more, each alone and, of the first ten, all but one.
    FOR subset IN SELECT s FROM generate_series(1, (1 << least(size, 10)) - 2) AS s
        WHERE size <= 4 OR bit_count(s::bit(32)) IN (1, least(size, 10) - 1)
    LOOP
        share := 0;
        narrow := '{}';
        wide := '{}';
        FOR i IN 1..least(size, 10) LOOP
            IF (subset >> (i - 1)) & 1 = 1 THEN
                share := share + weights[i] / total;
                narrow := array_append(narrow, same[i]);
                wide := array_append(wide, other[i]);
            END IF;
        END LOOP;
        RETURN QUERY VALUES ((0.45 * share)::real, true, search_all(narrow)), ((0.42 * share)::real, false, search_all(narrow)),
            ((0.15 * share)::real, false, search_all(wide));
    END LOOP;
    FOR i IN 11..size LOOP
        share := weights[i] / total;
        RETURN QUERY VALUES ((0.45 * share)::real, true, same[i]), ((0.42 * share)::real, false, same[i]), ((0.15 * share)::real, false, other[i]);
    END LOOP;
    FOR i IN 1..coalesce(cardinality(part_words), 0) LOOP
        share := ln(1 + documents / (1 + search_count(part_words[i]::tsquery, 5000))) / ln(1 + documents);
        RETURN QUERY VALUES ((0.2 * share)::real, true, part_same[i]), ((0.18 * share)::real, false, part_same[i]);
    END LOOP;
END
$$;

-- All that a query finds, as a tsquery: what must be there, or else any of its terms in any of their words. NULL for nothing.
CREATE OR REPLACE FUNCTION search_everything(query text, filter text) RETURNS tsquery
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
DECLARE
    must text[];
    may text[];
BEGIN
    SELECT array_agg(t.same) FILTER (WHERE t.required), array_agg(CASE WHEN t.part THEN t.same ELSE t.other END) FILTER (WHERE NOT t.required)
    INTO must, may FROM search_terms(query) AS t;
    IF must IS NULL AND may IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN search_all(array_remove(ARRAY[filter, coalesce(search_all(must), array_to_string(may, ' | '))], NULL))::tsquery;
END
$$;

-- Public from here on -----------------------------------------------------------------------------------------------

SELECT set_config('search_path', format('%I, %I, pg_temp', name, name || '_private'), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- The best of what a query finds, by their keys: since inclusive, until exclusive, by registered date.
CREATE OR REPLACE FUNCTION search_ranked(
    query text, most integer, products text[] DEFAULT NULL, statuses text[] DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL
) RETURNS TABLE (issue_pk bigint, score real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    filter text := search_filter(products, statuses);
    spoken text := search_language(query);
    found bigint[] := '{}';
    fresh bigint[];
    t record;
    look record;
    must text[] := '{}';
    exact text[] := '{}';
    words text[] := '{}';
    same text[] := '{}';
    other text[] := '{}';
    may_words text[] := '{}';
    may_same text[] := '{}';
    may_other text[] := '{}';
    sizes integer[] := '{}';
    part_words text[] := '{}';
    part_same text[] := '{}';
    together text;
BEGIN
    FOR t IN SELECT * FROM search_terms(query) LOOP
        IF t.part THEN
            part_words := array_append(part_words, t.words);
            part_same := array_append(part_same, t.same);
            CONTINUE;
        END IF;
        exact := array_append(exact, t.exact);
        words := array_append(words, t.words);
        same := array_append(same, t.same);
        other := array_append(other, t.other);
        IF t.required THEN
            must := array_append(must, t.same);
        ELSE
            may_words := array_append(may_words, t.words);
            may_same := array_append(may_same, t.same);
            may_other := array_append(may_other, t.other);
            sizes := array_append(sizes, t.size);
        END IF;
    END LOOP;
    IF btrim(query) ~ '^[0-9]{1,12}$' THEN
        found := ARRAY(SELECT d.issue_pk FROM issues AS i JOIN search_documents AS d USING (issue_pk) WHERE i.issue_id = btrim(query)
            AND (filter IS NULL OR d.words @@ filter::tsquery) AND (search_ranked.since IS NULL OR d.registered_date >= search_ranked.since)
            AND (search_ranked.until IS NULL OR d.registered_date < search_ranked.until));
        RETURN QUERY SELECT f, 2::real FROM unnest(found) AS f;
    END IF;
    IF cardinality(may_words) > 1 AND must = '{}' THEN
        SELECT c.words INTO together FROM search_places(translate(query, '''+', '')) AS p, search_compose(p.letters, p.kinds, p.starts) AS c;
    END IF;
    -- All of it, more and more widely, then a part of it: that is worked out only when it is needed.
    FOR phase IN 1..3 LOOP
        FOR look IN
            SELECT s.* FROM (VALUES
                (1.05, true, nullif(together, '')), (1.00, true, search_all(exact)), (0.95, true, search_all(words)), (0.92, false, nullif(together, '')),
                (0.85, false, search_all(exact)), (0.80, false, search_all(words)), (0.60, true, search_all(same)), (0.50, false, search_all(same))
            ) AS s (worth, titles, asked) WHERE phase = 1
            UNION ALL
            SELECT s.* FROM (
                SELECT CASE WHEN cardinality(words) > 1 THEN 0.25 ELSE 0.35 END, true, search_all(other)
                UNION ALL SELECT CASE WHEN cardinality(words) > 1 THEN 0.22 ELSE 0.30 END, false, search_all(other)
                UNION ALL SELECT p.worth, p.titles, search_all(must || p.asked)
                FROM search_parts(may_words, may_same, may_other, sizes, part_words, part_same) AS p WHERE phase = 2
            ) AS s (worth, titles, asked) WHERE phase = 2
            UNION ALL
            SELECT 0.01, false, search_all(must) WHERE phase = 3 AND must <> '{}' AND may_words <> '{}'
            ORDER BY 1 DESC
        LOOP
            EXIT WHEN cardinality(found) >= most;
            CONTINUE WHEN look.asked IS NULL;
            fresh := search_look(look.titles, (coalesce(filter || ' & ', '') || '(' || look.asked || ')')::tsquery, most - cardinality(found), found, spoken, since, until);
            RETURN QUERY SELECT f, look.worth::real FROM unnest(fresh) AS f;
            found := found || fresh;
        END LOOP;
    END LOOP;
END
$$;

COMMENT ON FUNCTION search_ranked(text, integer, text[], text[], timestamptz, timestamptz) IS
    'As search_issues(), with every filter, by keys: products and how they begin, statuses, since (inclusive), until (exclusive).';

-- How many issues a query finds, in all and by product, status and year of registration: a row a value, facet 'total' first.
CREATE OR REPLACE FUNCTION search_facets(
    query text, products text[] DEFAULT NULL, statuses text[] DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL
) RETURNS TABLE (facet text, value text, issues bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    filter text := search_filter(products, statuses);
    asked tsquery := search_everything(query, filter);
    number text := substring(btrim(query) FROM '^[0-9]{1,12}$');
    zone text := (SELECT a.time_zone FROM archive_settings AS a);
BEGIN
    RETURN QUERY
    SELECT CASE grouping(f.product, f.status, f.year) WHEN 7 THEN 'total' WHEN 3 THEN 'product' WHEN 5 THEN 'status' ELSE 'year' END,
        CASE grouping(f.product, f.status, f.year) WHEN 7 THEN NULL WHEN 3 THEN f.product WHEN 5 THEN f.status ELSE f.year::text END, count(*)
    FROM (
        SELECT i.product, i.status, extract(year FROM i.registered_date AT TIME ZONE zone)::integer AS year
        FROM (
            SELECT d.issue_pk FROM search_documents AS d WHERE d.words @@ asked
            UNION
            SELECT d.issue_pk FROM issues AS n JOIN search_documents AS d USING (issue_pk)
            WHERE n.issue_id = number AND (filter IS NULL OR d.words @@ filter::tsquery)
        ) AS d JOIN issues AS i USING (issue_pk)
        WHERE (search_facets.since IS NULL OR i.registered_date >= search_facets.since)
            AND (search_facets.until IS NULL OR i.registered_date < search_facets.until)
    ) AS f
    GROUP BY GROUPING SETS ((), (f.product), (f.status), (f.year))
    ORDER BY grouping(f.product, f.status, f.year) DESC, count(*) DESC, 2;
END
$$;
COMMENT ON FUNCTION search_facets(text, text[], text[], timestamptz, timestamptz) IS
    'How many issues a query finds: facet total, then product, status and year with a row a value (NULL: not said).';

-- How a query is taken: its terms, and for each what else it is found by.
CREATE OR REPLACE FUNCTION search_explain(query text) RETURNS TABLE (term text, required boolean, synonyms text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    SELECT t.term, t.required, ARRAY(
        SELECT y.term FROM search_synonyms AS s JOIN search_synonyms AS y USING (origin, concept)
        WHERE s.form = ANY (t.concept_forms) AND lower(y.term) <> lower(t.term) GROUP BY y.term ORDER BY min(y.concept), y.term
    )
    FROM search_terms(query) AS t
$$;
COMMENT ON FUNCTION search_explain(text) IS 'How search_issues() takes a query: its terms, and for each the synonyms by which it is found as well.';

-- The issues most like one: those that share its rarest words, of its title and of the beginning of its description.
CREATE OR REPLACE FUNCTION search_similar(issue_id text, max_results integer DEFAULT 10) RETURNS SETOF search_hit
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off
AS $$
DECLARE
    documents real := greatest((SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'search_documents'::regclass), 1000);
BEGIN
    RETURN QUERY
    WITH own AS MATERIALIZED (
        SELECT d.issue_pk, d.title, d.words FROM search_documents AS d JOIN issues AS i USING (issue_pk) WHERE i.issue_id = search_similar.issue_id
    ), lexemes AS (
        SELECT l.lexeme, 2.0 AS weight FROM own, unnest(own.title) AS l
        UNION ALL
        SELECT l.lexeme, 1.0 FROM own, unnest(own.words) AS l WHERE l.positions[1] <= 120
    ), counted AS MATERIALIZED (
        SELECT l.lexeme, max(l.weight) * ln(1 + documents / (1 + c.issues)) AS weight
        FROM lexemes AS l, LATERAL (SELECT search_count(search_quoted(l.lexeme)::tsquery, 3000)) AS c (issues)
        -- Whole words, identifiers and Latin words; c.issues is 1 where only the issue itself has it.
        WHERE l.lexeme !~ '^@|~|_|^.$' AND l.lexeme ~ '^[=#]..|^[a-z0-9]{2,}$' AND c.issues BETWEEN 2 AND 2999
        GROUP BY l.lexeme, c.issues ORDER BY 2 DESC LIMIT 15
    ), best AS (
        SELECT d.issue_pk, sum(c.weight) / (SELECT sum(counted.weight) FROM counted) AS score
        FROM counted AS c, search_documents AS d
        WHERE d.words @@ search_quoted(c.lexeme)::tsquery AND d.issue_pk <> (SELECT own.issue_pk FROM own)
        GROUP BY d.issue_pk ORDER BY 2 DESC, 1 DESC LIMIT greatest(max_results, 0)
    )
    SELECT i.issue_id, i.title, i.product, i.status, i.registered_date, b.score::real
    FROM best AS b JOIN issues AS i USING (issue_pk) ORDER BY b.score DESC, i.issue_pk DESC;
END
$$;
COMMENT ON FUNCTION search_similar(text, integer) IS 'Issues like this one, most alike first: they share its rarest words.';

CREATE OR REPLACE FUNCTION search_issues(query text, product text DEFAULT NULL, max_results integer DEFAULT 50) RETURNS SETOF search_hit
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT i.issue_id, i.title, i.product, i.status, i.registered_date, r.score
    FROM search_ranked(query, greatest(max_results, 0), CASE WHEN search_issues.product IS NOT NULL THEN string_to_array(search_issues.product, ',') END)
        WITH ORDINALITY AS r (issue_pk, score, place) JOIN issues AS i USING (issue_pk)
    ORDER BY r.place;
END
$$;
COMMENT ON FUNCTION search_issues(text, text, integer) IS
    'Issues with these words anywhere, best first: a b (either), +a (must), ''a phrase'', a number; product: a name, or how it begins.';

-- Synonyms from the text of a file of them (`en: a, b | ko: c | ja: d`, a concept a line, # begins a comment), in the place of those
-- that came under this origin before. Returns how many terms there are now.
CREATE OR REPLACE FUNCTION load_synonyms(content text, origin text DEFAULT 'own') RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    written integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('load_synonyms ' || origin, 0));
    IF EXISTS (SELECT FROM search_sources AS s WHERE s.origin = load_synonyms.origin AND s.md5 = md5(content)) THEN
        RETURN (SELECT count(*) FROM search_synonyms AS s WHERE s.origin = load_synonyms.origin);
    END IF;
    INSERT INTO search_sources AS s (origin, md5) VALUES (load_synonyms.origin, md5(content)) ON CONFLICT ON CONSTRAINT search_sources_pkey
        DO UPDATE SET md5 = excluded.md5;
    DELETE FROM search_synonyms AS s WHERE s.origin = load_synonyms.origin;
    INSERT INTO search_synonyms (origin, concept, language, term, form, words)
    SELECT load_synonyms.origin, l.place, p.language, t.term, w.form, w.words
    FROM regexp_split_to_table(content, '\r?\n') WITH ORDINALITY AS l (line, place),
        regexp_split_to_table(split_part(l.line, '#', 1), '\|') AS o (part),
        LATERAL (SELECT lower(btrim(split_part(o.part, ':', 1))), substring(o.part FROM strpos(o.part, ':') + 1)) AS p (language, terms),
        LATERAL (SELECT btrim(x) FROM regexp_split_to_table(p.terms, ',') AS x) AS t (term),
        search_places(t.term) AS r, search_spellings(t.term, r.letters, r.kinds, r.starts, r.tail, r.single) AS w
    WHERE p.language IN ('en', 'ko', 'ja') AND t.term <> '' AND w.words <> '';
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION load_synonyms(text, text) IS
    'Takes the synonyms of a file (en: a, b | ko: c | ja: d, a concept a line) in the place of this origin''s former ones.';

-- Works out the words of all issues anew, in batches; returns how many issues there are. For after an upgrade: triggers do the rest.
CREATE OR REPLACE FUNCTION refresh_search() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    last bigint := 0;
    batch bigint[];
    written bigint := 0;
BEGIN
    LOOP
        batch := ARRAY(SELECT i.issue_pk FROM issues AS i WHERE i.issue_pk > last ORDER BY i.issue_pk LIMIT 100);
        EXIT WHEN batch = '{}';
        written := written + index_issues(batch);
        last := batch[cardinality(batch)];
    END LOOP;
    RETURN written;
END
$$;
COMMENT ON FUNCTION refresh_search() IS 'Works out anew what search_issues() looks into; triggers keep it, so that this is needed after an upgrade only.';

COMMIT;
