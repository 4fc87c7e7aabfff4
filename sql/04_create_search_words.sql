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

-- The words of a text in their order, with and without what they bear at the end: particles and endings come off by their look,
-- and a noun that only looks so is cut in what is stored and in what is asked for alike. Kinds: k Korean, a katakana, h hiragana, j kanji, l Latin and everything else that is
-- written in words, b the end of a sentence or a line. Widths are folded (NFKC), so ＯＲＡ is ORA and ﾒﾓﾘ is メモリ.
CREATE OR REPLACE FUNCTION search_units(content text)
RETURNS TABLE (place bigint, kind "char", surface text, stem text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.place, k.kind, w.surface,
        CASE k.kind WHEN 'k' THEN CASE
            WHEN length(w.surface) <= 3 AND w.surface IN ('이', '가', '을', '를', '은', '는', '에', '의', '로', '와', '과', '시', '에서', '에서는', '에서도',
                '으로', '에게', '까지', '부터', '에는', '에도') THEN ''
            -- Of two syllables only where the first is known to be a noun: 락이, but 높이, 결과, 나이.
            WHEN length(w.surface) = 2 AND right(w.surface, 1) IN ('이', '가', '을', '를', '은', '는', '에', '의', '로', '와', '과', '도', '만')
                AND left(w.surface, 1) IN ('락', '큐', '행', '릭', '값', '키', '콜', '잡', '맵', '풀', '힙', '셀', '폼', '탭') THEN left(w.surface, 1)
            WHEN length(w.surface) >= 7 AND right(w.surface, 5) IN ('되었습니다', '하였습니다') THEN left(w.surface, -5)
            WHEN length(w.surface) >= 6 AND right(w.surface, 4) IN ('했습니다', '됐습니다', '있습니다', '없습니다') THEN left(w.surface, -4)
            WHEN length(w.surface) >= 5 AND right(w.surface, 3) IN ('으로는', '으로도', '으로만', '으로의', '으로서', '으로써', '에서는', '에서도', '에서의', '에서만',
                '이라는', '이라고', '이라도', '이지만', '이므로', '이었고', '적으로', '에게서', '까지는', '부터는', '에대한', '에대해', '입니다', '합니다', '됩니다',
                '되었고', '되었다', '되면서', '되거나', '된다고', '되는데', '됐는데', '하였고', '하였다', '하면서', '하거나', '한다고', '하는데', '했는데') THEN left(w.surface, -3)
            -- 깨졌습니다, 깨졌는데 and 깨졌다 end after what says that it is past; 깨집니다 has no more than its last letter before it.
            WHEN length(w.surface) >= 5 AND right(w.surface, 3) = '습니다' AND (ascii(substr(w.surface, length(w.surface) - 3, 1)) - 44032) % 28 = 20
                THEN left(w.surface, -3)
            WHEN length(w.surface) >= 4 AND right(w.surface, 2) = '니다' AND right(w.surface, 3) <> '습니다' AND (ascii(substr(w.surface, length(w.surface) - 2, 1)) - 44032) % 28 = 17
                THEN left(w.surface, -3) || chr(ascii(substr(w.surface, length(w.surface) - 2, 1)) - 17)
            WHEN length(w.surface) >= 4 AND right(w.surface, 2) IN ('는데', '어요', '지만', '으나', '으며')
                AND (ascii(substr(w.surface, length(w.surface) - 2, 1)) - 44032) % 28 = 20 THEN left(w.surface, -2)
            WHEN length(w.surface) >= 3 AND right(w.surface, 2) IN ('져서', '려서', '겨서', '쳐서', '켜서', '춰서') THEN left(w.surface, -1)
            WHEN length(w.surface) >= 4 AND right(w.surface, 2) IN ('에서', '으로', '에게', '까지', '부터', '에는', '에도', '에만', '로는', '로도', '로만', '로의', '이나',
                '이며', '이란', '라는', '라고', '하고', '처럼', '보다', '마다', '과의', '와의', '적인', '적이', '거나', '인데', '인지', '되는', '되어', '되고', '되며',
                '되지', '되면', '되기', '되던', '되었', '됐다', '됐던', '됐을', '된다', '돼서', '하는', '하여', '하며', '하지', '하면', '하기', '하던', '하였', '해서', '했다',
                '했던', '했을', '한다', '시켜', '시킨', '당한') THEN left(w.surface, -2)
            WHEN length(w.surface) >= 3 AND right(w.surface, 1) IN ('이', '가', '을', '를', '은', '는', '에', '의', '로', '와', '과', '도', '만', '나', '한', '된', '할', '될',
                '함', '됨', '해', '돼', '적') THEN left(w.surface, -1)
            WHEN length(w.surface) >= 3 AND right(w.surface, 1) IN ('다', '던', '고', '음')
                AND (ascii(substr(w.surface, length(w.surface) - 1, 1)) - 44032) % 28 = 20 THEN left(w.surface, -1)
            -- 깨진다.
            WHEN length(w.surface) >= 3 AND right(w.surface, 1) = '다' AND (ascii(substr(w.surface, length(w.surface) - 1, 1)) - 44032) % 28 = 4
                THEN left(w.surface, -1)
            ELSE w.surface END
        -- Particles and forms of する go, what else the word ends in stays.
        WHEN 'h' THEN CASE WHEN w.surface ~ '^(?:しない|しません|しなく|せず)' THEN 'しない' ELSE
            regexp_replace(w.surface, '(?:する|した|して|し|され|される|された|されて|している|していた|しています|していました|しました|します|されました|されています|'
                'が|を|は|に|で|の|と|も|へ|や|か|から|まで|より|な|です|でした|について|において|における|による|により)+$', '') END
        -- 接続時に: at the time of.
        WHEN 'j' THEN CASE WHEN length(w.surface) > 2 THEN rtrim(w.surface, '時後中前際') ELSE w.surface END
        ELSE w.surface END
    FROM regexp_matches(normalize(content, NFKC),
        '([\uAC00-\uD7A3]+)|([0-9A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u0370-\u10FF\u1200-\u1FFF]+(?:[.-][0-9A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u0370-\u10FF\u1200-\u1FFF]+)*(?:\+\+|#)?)'
        '|([\u30A1-\u30FA\u30FC]+)|([\u3041-\u3096\u30FC]+)|([\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u3005\u3007\U00020000-\U0003134F]+)'
        '|([\n\f。!?;…]|\.\s)', 'g') WITH ORDINALITY AS m (found, place),
    LATERAL (SELECT CASE WHEN m.found[1] IS NOT NULL THEN 'k' WHEN m.found[2] IS NOT NULL THEN 'l' WHEN m.found[3] IS NOT NULL THEN 'a'
        WHEN m.found[4] IS NOT NULL THEN 'h' WHEN m.found[5] IS NOT NULL THEN 'j' ELSE 'b' END::"char") AS k (kind),
    -- サーバー and サーバ are one word, at the end of a run of katakana and within it.
    LATERAL (SELECT CASE k.kind WHEN 'k' THEN m.found[1] WHEN 'l' THEN left(m.found[2], 200) WHEN 'h' THEN m.found[4] WHEN 'j' THEN m.found[5]
        WHEN 'a' THEN CASE WHEN length(m.found[3]) <= 2 THEN m.found[3] WHEN strpos(rtrim(m.found[3], 'ー'), 'ー') = 0 THEN rtrim(m.found[3], 'ー')
            ELSE regexp_replace(rtrim(m.found[3], 'ー'), '(サーバ|ユーザ|メモリ|エラ|ドライバ|フォルダ|ヘッダ|フッタ|プリンタ|コンピュータ|モニタ|マネージャ|パラメータ|カウンタ|レジスタ'
                '|バッファ|コンパイラ|コントローラ|スケジューラ|ハンドラ|エディタ|ルータ|アダプタ|コネクタ|ブラウザ|ローダ|センタ|ポインタ|オペレータ|クラスタ|マスタ|フィルタ|リーダ|ワーカ'
                '|ブローカ|リスナ|ライブラリ|ディレクトリ|エントリ|クエリ|カテゴリ|プロパティ|セキュリティ|レジストリ|リポジトリ|リカバリ|サマリ|インタ)ー', '\1', 'g') END
        ELSE '' END) AS w (surface);
END
$$;

-- The vectors of many texts at once, by their places in the array from 1; a text without words has none.
CREATE OR REPLACE FUNCTION search_vectors(contents text[])
RETURNS TABLE (n bigint, words tsvector)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH read AS (
        SELECT c.n, s.place, s.kind, s.surface, s.stem, CASE WHEN s.kind = 'l' THEN (
            SELECT array_agg(CASE WHEN p.part ~ '^[0-9]+$' THEN coalesce(nullif(ltrim(p.part, '0'), ''), '0')
                ELSE coalesce((ts_lexize('search_english', p.part))[1], p.part) END ORDER BY p.place)
            FROM unnest(string_to_array(translate(rtrim(lower(s.surface), '+#'), '_-', '..'), '.')) WITH ORDINALITY AS p (part, place)
            WHERE p.part <> ''
        ) END AS parts
        FROM unnest(contents) WITH ORDINALITY AS c (content, n), search_units(c.content) AS s
    ), sized AS (
        SELECT r.*, CASE r.kind WHEN 'b' THEN 1 WHEN 'l' THEN coalesce(cardinality(r.parts), 0) ELSE length(r.stem) END AS size FROM read AS r
    ), marked AS (
        SELECT s.*, s.kind = 'k' OR lag(s.size = 0) OVER (PARTITION BY s.n ORDER BY s.place) AS starts FROM sized AS s
    ), u AS MATERIALIZED (
        SELECT m.*, (sum(m.size) OVER o)::integer - m.size + 1 AS pos,
            CASE lead(m.kind) OVER o WHEN 'b' THEN NULL WHEN 'l' THEN (lead(m.parts) OVER o)[1] ELSE left(lead(m.stem) OVER o, 1) END AS following,
            lead(m.kind) OVER o = 'l' AS latin_follows
        FROM marked AS m WHERE m.size > 0 WINDOW o AS (PARTITION BY m.n ORDER BY m.place)
    ), runs AS (
        -- A blank stands for whatever is no character of its own; the second row of letters says where words begin.
        SELECT u.n, string_to_array(string_agg(CASE WHEN u.kind IN ('l', 'b') THEN repeat(' ', u.size) ELSE u.stem END, '' ORDER BY u.place), NULL) AS chars,
            string_to_array(string_agg(CASE WHEN u.starts THEN 's' ELSE '.' END || repeat('.', u.size - 1), '' ORDER BY u.place), NULL) AS starts
        FROM u GROUP BY u.n
    ), lexemes AS (
        SELECT r.n, t.a || CASE WHEN t.starts = 's' THEN '_' ELSE '' END || t.b || ':' || least(t.pos, 16383)
            || CASE WHEN t.c <> ' ' THEN ' ' || t.a || t.b || t.c ELSE '' END AS lexeme
        FROM runs AS r,
            ROWS FROM (unnest(r.chars), unnest(r.chars[2:]), unnest(r.chars[3:]), unnest(r.starts[2:])) WITH ORDINALITY AS t (a, b, c, starts, pos)
        WHERE t.a <> ' ' AND t.b <> ' '
      UNION ALL
        SELECT u.n, '=' || u.stem || CASE WHEN u.size = 1 THEN ':' || least(u.pos, 16383) ELSE '' END
        FROM u WHERE u.kind IN ('k', 'a', 'j') AND u.size <= 20 OR u.kind = 'h' AND u.size = 1
      UNION ALL
        -- What a particle of one syllable may have been: the end of a noun. 처리속도 is found by 속도.
        SELECT u.n, right(u.surface, 2) || ':' || least(u.pos + u.size - 1, 16383) || CASE WHEN u.size > 1 THEN ' ' || right(u.surface, 3) ELSE '' END
        FROM u WHERE u.kind = 'k' AND length(u.surface) = u.size + 1
      UNION ALL
        -- A verb as it is before its ending: 깨짐, 깨진 and 깨졌 are 깨지.
        SELECT u.n, right(v.stem, 2) || ':' || least(u.pos + u.size - 2, 16383) || CASE WHEN u.size > 2 THEN ' ' || right(v.stem, 3) ELSE '' END
        FROM u, search_verb(u.stem) AS v (stem) WHERE u.kind = 'k' AND u.size > 1 AND v.stem IS NOT NULL
      UNION ALL
        SELECT u.n, u.parts[i] || ':' || least(u.pos + i - 1, 16383) || CASE WHEN i < u.size THEN ' ' || u.parts[i] || '~' || u.parts[i + 1] ELSE '' END
        FROM u, generate_series(1, u.size) AS i WHERE u.kind = 'l'
      UNION ALL
        SELECT u.n, CASE WHEN u.kind = 'l' THEN u.parts[u.size] ELSE right(u.stem, 1) END || '~' || u.following
        FROM u WHERE u.following IS NOT NULL AND u.kind <> 'b' AND (u.latin_follows OR u.kind = 'l')
      UNION ALL
        SELECT u.n, '#' || lower(u.surface) || coalesce(' #' || substring(lower(u.surface) FROM '^[a-z_]+[.-]?v?([0-9]+(?:\.[0-9]+)+)$'), '')
        FROM u WHERE u.kind = 'l' AND u.surface ~ '[._#+-]|[a-z][A-Z]'
      UNION ALL
        -- java.lang.OutOfMemoryError is also an OutOfMemoryError.
        SELECT u.n, '#' || lower(p.part) FROM u, regexp_split_to_table(u.surface, '[._-]') AS p (part)
        WHERE u.kind = 'l' AND u.surface ~ '[._-].*[a-z][A-Z]|[a-z][A-Z].*[._-]' AND p.part ~ '[a-z][A-Z]'
      UNION ALL
        -- Tibero6 and Tibero 6: a name, and its version.
        SELECT u.n, v.name || ':' || least(u.pos, 16383) || ' ' || v.name || '~' || v.version
        FROM u, regexp_matches(lower(u.surface), '^([a-z]{3,})([0-9]{1,2})(?=$|[._-])') AS m (found),
            LATERAL (SELECT coalesce((ts_lexize('search_english', m.found[1]))[1], m.found[1]), coalesce(nullif(ltrim(m.found[2], '0'), ''), '0')) AS v (name, version)
        WHERE u.kind = 'l'
      UNION ALL
        SELECT u.n, coalesce((ts_lexize('search_english', lower(c.found[1])))[1], lower(c.found[1])) || ':' || least(u.pos, 16383)
        FROM u, regexp_matches(u.surface, '[A-Z]?[a-z]+|[A-Z]+(?![a-z])', 'g') AS c (found)
        WHERE u.kind = 'l' AND u.surface ~ '[a-z][A-Z]'
    )
    SELECT l.n, string_agg(l.lexeme, ' ')::tsvector FROM lexemes AS l GROUP BY l.n;
END
$$;

COMMIT;
