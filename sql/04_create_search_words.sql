-- How text becomes words: of Korean, Japanese and Latin script, in what is stored and in what is asked for, by one rule.
-- Running it again changes nothing. ims.schema as in 02.
--
-- A text is a row of places: every Korean, Japanese and Chinese character has one, every run of Latin letters and digits has
-- one, the end of a sentence has one. Particles that stand after a word have none, nor have blanks: 메모리가 부족 is 메모리부족.
-- The lexemes of a text are then
--   ab        two characters, with the place of the first; a_b when a word ends between them
--   abc       three, wherever words end: a longer word is found by all of its threes
--   =word     a whole Korean word without its particle, a run of katakana or of kanji
--   word      a run of Latin letters, stemmed, or of digits without leading zeros, with its place
--   a~b       what stands side by side when one of them is Latin: ora~600, core~파; and tibero~6 for Tibero6
--   #a.b-c    an identifier, a version or a name in capitals and small letters, whole
-- Bigrams do without a dictionary, so that names and words of tomorrow are found as well.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', format('%I, %I, pg_temp', name || '_private', name), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- The server's own English stems, without its list of words to leave out: down, out and no say much of a failure.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_ts_dict AS d JOIN pg_namespace AS n ON n.oid = d.dictnamespace
            WHERE d.dictname = 'search_english' AND n.nspname = current_schema()) THEN
        CREATE TEXT SEARCH DICTIONARY search_english (TEMPLATE = pg_catalog.snowball, Language = english);
    END IF;
END
$$;

-- A Korean word with its last syllable as it is before a verb's ending: 깨짐, 깨진 and 깨졌 are 깨지. NULL when it has no such form.
CREATE OR REPLACE FUNCTION search_verb(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path FROM CURRENT
AS $$
DECLARE
    syllable text := right(word, 1);
    final integer := (ascii(syllable) - 44032) % 28;
BEGIN
    IF length(word) < 2 OR syllable < '가' OR syllable > '힣' THEN
        RETURN NULL;
    ELSIF strpos('진질져졌된될돼됐린릴려렸긴길겨겼친칠쳐쳤킨킬켜켰춰췄', syllable) > 0 THEN
        RETURN left(word, -1) || translate(syllable, '진질져졌된될돼됐린릴려렸긴길겨겼친칠쳐쳤킨킬켜켰춰췄', '지지지지되되되되리리리리기기기기치치치치키키키키추추');
    ELSIF final = 16 AND syllable <> '음' OR final = 20 AND syllable NOT IN ('있', '겠') THEN
        RETURN left(word, -1) || chr(ascii(syllable) - final);
    END IF;
    RETURN NULL;
END
$$;

-- The words of a text in their order. Kinds: k Korean, a katakana, h hiragana, j kanji, l Latin and everything else that is written
-- in words, b the end of a sentence or a line. Widths are folded (NFKC), so ＯＲＡ is ORA and ﾒﾓﾘ is メモリ.
CREATE OR REPLACE FUNCTION search_runs(content text) RETURNS TABLE (place bigint, kind "char", surface text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.place, k.kind, CASE k.kind WHEN 'b' THEN '' WHEN 'l' THEN left(m.found[1], 200)
        -- サーバー and サーバ are one word, at the end of a run of katakana and within it.
        WHEN 'a' THEN CASE WHEN length(m.found[1]) <= 2 THEN m.found[1] WHEN strpos(rtrim(m.found[1], 'ー'), 'ー') = 0 THEN rtrim(m.found[1], 'ー')
            ELSE regexp_replace(rtrim(m.found[1], 'ー'), '(サーバ|ユーザ|メモリ|エラ|ドライバ|フォルダ|ヘッダ|フッタ|プリンタ|コンピュータ|モニタ|マネージャ|パラメータ|カウンタ|レジスタ'
                '|バッファ|コンパイラ|コントローラ|スケジューラ|ハンドラ|エディタ|ルータ|アダプタ|コネクタ|ブラウザ|ローダ|センタ|ポインタ|オペレータ|クラスタ|マスタ|フィルタ|リーダ|ワーカ'
                '|ブローカ|リスナ|ライブラリ|ディレクトリ|エントリ|クエリ|カテゴリ|プロパティ|セキュリティ|レジストリ|リポジトリ|リカバリ|サマリ|インタ)ー', '\1', 'g') END
        ELSE m.found[1] END
    FROM regexp_matches(normalize(content, NFKC),
        '[\uAC00-\uD7A3]+|[0-9A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u0370-\u10FF\u1200-\u1FFF]+(?:[.-][0-9A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u0370-\u10FF\u1200-\u1FFF]+)*(?:\+\+|#)?'
        '|[\u30A1-\u30FA\u30FC]+|[\u3041-\u3096\u30FC]+|[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u3005\u3007\U00020000-\U0003134F]+'
        '|[\n\f。!?;…]|\.\s', 'g') WITH ORDINALITY AS m (found, place),
    LATERAL (SELECT ascii(m.found[1])) AS c (code),
    LATERAL (SELECT CASE WHEN c.code BETWEEN 44032 AND 55203 THEN 'k' WHEN c.code BETWEEN 48 AND 57 OR c.code BETWEEN 65 AND 90 OR c.code BETWEEN 95 AND 122
        OR c.code BETWEEN 192 AND 8191 THEN 'l' WHEN c.code BETWEEN 12449 AND 12540 THEN 'a' WHEN c.code BETWEEN 12353 AND 12438 THEN 'h'
        WHEN c.code IN (10, 12, 33, 46, 59, 63, 8230, 12290) THEN 'b' ELSE 'j' END::"char") AS k (kind);
END
$$;

-- A word without what it bears at the end: particles and endings come off by their look, and a noun that only looks so is cut in what
-- is stored and in what is asked for alike. '' for what is nothing else.
CREATE OR REPLACE FUNCTION search_stem(kind "char", surface text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE kind WHEN 'k' THEN CASE
            WHEN length(surface) <= 3 AND surface IN ('이', '가', '을', '를', '은', '는', '에', '의', '로', '와', '과', '시', '에서', '에서는', '에서도',
                '으로', '에게', '까지', '부터', '에는', '에도') THEN ''
            -- Of two syllables only where the first is known to be a noun: 락이, but 높이, 결과, 나이.
            WHEN length(surface) = 2 AND right(surface, 1) IN ('이', '가', '을', '를', '은', '는', '에', '의', '로', '와', '과', '도', '만')
                AND left(surface, 1) IN ('락', '큐', '행', '릭', '값', '키', '콜', '잡', '맵', '풀', '힙', '셀', '폼', '탭') THEN left(surface, 1)
            WHEN length(surface) >= 7 AND right(surface, 5) IN ('되었습니다', '하였습니다') THEN left(surface, -5)
            WHEN length(surface) >= 6 AND right(surface, 4) IN ('했습니다', '됐습니다', '있습니다', '없습니다') THEN left(surface, -4)
            WHEN length(surface) >= 5 AND right(surface, 3) IN ('으로는', '으로도', '으로만', '으로의', '으로서', '으로써', '에서는', '에서도', '에서의', '에서만',
                '이라는', '이라고', '이라도', '이지만', '이므로', '이었고', '적으로', '에게서', '까지는', '부터는', '에대한', '에대해', '입니다', '합니다', '됩니다',
                '되었고', '되었다', '되면서', '되거나', '된다고', '되는데', '됐는데', '하였고', '하였다', '하면서', '하거나', '한다고', '하는데', '했는데') THEN left(surface, -3)
            -- 깨졌습니다, 깨졌는데 and 깨졌다 end after what says that it is past; 깨집니다 has no more than its last letter before it.
            WHEN length(surface) >= 5 AND right(surface, 3) = '습니다' AND (ascii(substr(surface, length(surface) - 3, 1)) - 44032) % 28 = 20
                THEN left(surface, -3)
            WHEN length(surface) >= 4 AND right(surface, 2) = '니다' AND right(surface, 3) <> '습니다' AND (ascii(substr(surface, length(surface) - 2, 1)) - 44032) % 28 = 17
                THEN left(surface, -3) || chr(ascii(substr(surface, length(surface) - 2, 1)) - 17)
            WHEN length(surface) >= 4 AND right(surface, 2) IN ('는데', '어요', '지만', '으나', '으며')
                AND (ascii(substr(surface, length(surface) - 2, 1)) - 44032) % 28 = 20 THEN left(surface, -2)
            WHEN length(surface) >= 3 AND right(surface, 2) IN ('져서', '려서', '겨서', '쳐서', '켜서', '춰서') THEN left(surface, -1)
            WHEN length(surface) >= 4 AND right(surface, 2) IN ('에서', '으로', '에게', '까지', '부터', '에는', '에도', '에만', '로는', '로도', '로만', '로의', '이나',
                '이며', '이란', '라는', '라고', '하고', '처럼', '보다', '마다', '과의', '와의', '적인', '적이', '거나', '인데', '인지', '되는', '되어', '되고', '되며',
                '되지', '되면', '되기', '되던', '되었', '됐다', '됐던', '됐을', '된다', '돼서', '하는', '하여', '하며', '하지', '하면', '하기', '하던', '하였', '해서', '했다',
                '했던', '했을', '한다', '시켜', '시킨', '당한') THEN left(surface, -2)
            WHEN length(surface) >= 3 AND right(surface, 1) IN ('이', '가', '을', '를', '은', '는', '에', '의', '로', '와', '과', '도', '만', '나', '한', '된', '할', '될',
                '함', '됨', '해', '돼', '적') THEN left(surface, -1)
            WHEN length(surface) >= 3 AND right(surface, 1) IN ('다', '던', '고', '음')
                AND (ascii(substr(surface, length(surface) - 1, 1)) - 44032) % 28 = 20 THEN left(surface, -1)
            -- 깨진다.
            WHEN length(surface) >= 3 AND right(surface, 1) = '다' AND (ascii(substr(surface, length(surface) - 1, 1)) - 44032) % 28 = 4
                THEN left(surface, -1)
            ELSE surface END
        -- Particles and forms of する go, what else the word ends in stays.
        WHEN 'h' THEN CASE WHEN surface ~ '^(?:しない|しません|しなく|せず)' THEN 'しない' ELSE
            regexp_replace(surface, '(?:する|した|して|し|され|される|された|されて|している|していた|しています|していました|しました|します|されました|されています|'
                'が|を|は|に|で|の|と|も|へ|や|か|から|まで|より|な|です|でした|について|において|における|による|により)+$', '') END
        -- 接続時に: at the time of.
        WHEN 'j' THEN CASE WHEN length(surface) > 2 THEN rtrim(surface, '時後中前際') ELSE surface END
        ELSE surface END;
END
$$;

-- The words of a text in their order, with and without what they bear at the end.
CREATE OR REPLACE FUNCTION search_units(content text) RETURNS TABLE (place bigint, kind "char", surface text, stem text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT r.place, r.kind, r.surface, search_stem(r.kind, r.surface) FROM search_runs(content) AS r;
END
$$;

-- What a word is made of, wherever it stands: its stem, or its parts when it is Latin, each stemmed; the lexemes that have no place,
-- those at its first place, and those at its last place and the one before that.
CREATE OR REPLACE FUNCTION search_word(
    kind "char", surface text, OUT stem text, OUT parts text[], OUT fixed text, OUT first text[], OUT last text, OUT before_last text
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
DECLARE
    part text;
    verb text;
    found text[];
BEGIN
    stem := search_stem(kind, surface);
    first := '{}';
    IF kind <> 'l' THEN
        IF kind IN ('k', 'a', 'j') AND length(stem) BETWEEN 2 AND 20 THEN
            fixed := '=' || stem;
        ELSIF length(stem) = 1 THEN
            first := ARRAY['=' || stem];
        END IF;
        IF kind = 'k' AND stem <> '' AND length(surface) = length(stem) + 1 THEN
            -- What a particle of one syllable may have been: the end of a noun. 처리속도 is found by 속도.
            last := right(surface, 2);
            fixed := concat_ws(' ', fixed, CASE WHEN length(stem) > 1 THEN right(surface, 3) END);
        END IF;
        IF kind = 'k' AND length(stem) > 1 THEN
            -- A verb as it is before its ending: 깨짐, 깨진 and 깨졌 are 깨지.
            verb := search_verb(stem);
            before_last := right(verb, 2);
            fixed := concat_ws(' ', fixed, CASE WHEN length(stem) > 2 THEN right(verb, 3) END);
        END IF;
        RETURN;
    END IF;
    FOREACH part IN ARRAY string_to_array(translate(rtrim(lower(surface), '+#'), '_-', '..'), '.') LOOP
        CONTINUE WHEN part = '';
        parts := array_append(parts, CASE WHEN part ~ '^[0-9]+$' THEN coalesce(nullif(ltrim(part, '0'), ''), '0')
            ELSE coalesce((ts_lexize('search_english', part))[1], part) END);
    END LOOP;
    FOR i IN 1..coalesce(cardinality(parts), 0) - 1 LOOP
        fixed := concat_ws(' ', fixed, parts[i] || '~' || parts[i + 1]);
    END LOOP;
    IF surface ~ '[._#+-]|[a-z][A-Z]' THEN
        fixed := concat_ws(' ', fixed, '#' || lower(surface), '#' || substring(lower(surface) FROM '^[a-z_]+[.-]?v?([0-9]+(?:\.[0-9]+)+)$'));
    END IF;
    IF surface ~ '[a-z][A-Z]' THEN
        -- java.lang.OutOfMemoryError is also an OutOfMemoryError.
        FOREACH part IN ARRAY regexp_split_to_array(surface, '[._-]') LOOP
            fixed := concat_ws(' ', fixed, CASE WHEN part <> surface AND part ~ '[a-z][A-Z]' THEN '#' || lower(part) END);
        END LOOP;
        FOR found IN SELECT m FROM regexp_matches(surface, '[A-Z]?[a-z]+|[A-Z]+(?![a-z])', 'g') AS m LOOP
            first := array_append(first, coalesce((ts_lexize('search_english', lower(found[1])))[1], lower(found[1])));
        END LOOP;
    END IF;
    -- Tibero6 and Tibero 6: a name, and its version.
    found := regexp_match(lower(surface), '^([a-z]{3,})([0-9]{1,2})(?=$|[._-])');
    IF found IS NOT NULL THEN
        part := coalesce((ts_lexize('search_english', found[1]))[1], found[1]);
        first := array_append(first, part);
        fixed := concat_ws(' ', fixed, part || '~' || coalesce(nullif(ltrim(found[2], '0'), ''), '0'));
    END IF;
END
$$;

-- The vectors of many texts at once, by their places in the array from 1; a text without words has none. What the same word is made of
-- is worked out once: people use few words, and often.
CREATE OR REPLACE FUNCTION search_vectors(contents text[]) RETURNS TABLE (n bigint, words tsvector)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT SET enable_sort = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH runs AS MATERIALIZED (
        SELECT c.n, r.place, r.kind, r.surface FROM unnest(contents) WITH ORDINALITY AS c (content, n), search_runs(c.content) AS r
    ), known AS MATERIALIZED (
        SELECT d.kind, d.surface, w.* FROM (SELECT DISTINCT r.kind, r.surface FROM runs AS r WHERE r.kind <> 'b') AS d, search_word(d.kind, d.surface) AS w
    ), read AS (
        SELECT r.n, r.place, r.kind, k.stem, k.parts, k.fixed, k.first, k.last, k.before_last,
            CASE r.kind WHEN 'b' THEN 1 WHEN 'l' THEN coalesce(cardinality(k.parts), 0) ELSE length(k.stem) END AS size
        FROM runs AS r LEFT JOIN known AS k ON k.kind = r.kind AND k.surface = r.surface
    ), marked AS (
        SELECT s.*, s.kind = 'k' OR lag(s.size = 0) OVER (PARTITION BY s.n ORDER BY s.place) AS starts FROM read AS s
    ), u AS MATERIALIZED (
        SELECT m.*, (sum(m.size) OVER o)::integer - m.size + 1 AS pos,
            CASE lead(m.kind) OVER o WHEN 'b' THEN NULL WHEN 'l' THEN (lead(m.parts) OVER o)[1] ELSE left(lead(m.stem) OVER o, 1) END AS following,
            lead(m.kind) OVER o = 'l' AS latin_follows
        FROM marked AS m WHERE m.size > 0 WINDOW o AS (PARTITION BY m.n ORDER BY m.place)
    ), places AS (
        -- A blank stands for whatever is no character of its own; the second row of letters says where words begin.
        SELECT u.n, string_to_array(string_agg(CASE WHEN u.kind IN ('l', 'b') THEN repeat(' ', u.size) ELSE u.stem END, '' ORDER BY u.place), NULL) AS chars,
            string_to_array(string_agg(CASE WHEN u.starts THEN 's' ELSE '.' END || repeat('.', u.size - 1), '' ORDER BY u.place), NULL) AS starts
        FROM u GROUP BY u.n
    ), letters AS (
        SELECT p.n, unnest(p.chars) AS a, unnest(p.chars[2:]) AS b, unnest(p.chars[3:]) AS c, unnest(p.starts[2:]) AS starts,
            generate_series(1, cardinality(p.chars)) AS pos
        FROM places AS p
    ), lexemes AS (
        SELECT t.n, t.a || CASE WHEN t.starts = 's' THEN '_' ELSE '' END || t.b || ':' || least(t.pos, 16383)
            || CASE WHEN t.c <> ' ' THEN ' ' || t.a || t.b || t.c ELSE '' END AS lexeme
        FROM letters AS t WHERE t.a <> ' ' AND t.b <> ' '
      UNION ALL
        SELECT u.n, concat_ws(' ', u.fixed, u.parts[1] || ':' || least(u.pos, 16383), u.last || ':' || least(u.pos + u.size - 1, 16383),
            u.before_last || ':' || least(u.pos + u.size - 2, 16383),
            CASE WHEN u.following IS NOT NULL AND (u.latin_follows OR u.kind = 'l')
                THEN CASE WHEN u.kind = 'l' THEN u.parts[u.size] ELSE right(u.stem, 1) END || '~' || u.following END)
        FROM u WHERE u.kind <> 'b'
      UNION ALL
        SELECT u.n, u.parts[i] || ':' || least(u.pos + i - 1, 16383) FROM u, generate_series(2, u.size) AS i WHERE u.kind = 'l' AND u.size > 1
      UNION ALL
        SELECT u.n, f || ':' || least(u.pos, 16383) FROM u, unnest(u.first) AS f WHERE u.first <> '{}'
    )
    SELECT l.n, string_agg(l.lexeme, ' ')::tsvector FROM lexemes AS l WHERE l.lexeme <> '' GROUP BY l.n;
END
$$;

COMMIT;
