"""Trouble of databases and character sets."""

from ims_spiders.demo.world.texts.scenario import Scenario, Telling

INTERNAL = Scenario(
    "internal-error",
    ("070", "126", "129"),
    "ORA-00600",
    {
        "ko": Telling(
            ("{code} 내부 오류 발생 문의", "이관 쿼리 수행 중 {code}로 세션이 끊김"),
            (
                "통계 수집 이후 특정 SQL에서 {code}가 발생합니다.",
                "힌트를 주면 발생하지 않습니다. 실행 계획은 첨부를 참고해 주세요.",
            ),
            ("뷰 병합 과정에서 컬럼 번호를 잘못 계산했습니다.",),
            ("파라미터로 회피 가능하며 다음 패치에서 수정됩니다.",),
        ),
        "ja": Telling(
            ("{code} 内部エラーの調査依頼", "移行クエリ実行中に{code}でセッションが切れる"),
            ("統計情報を収集した後、特定のSQLで{code}が発生します。", "ヒントを付けると発生しません。"),
            ("ビューのマージ処理に不具合がありました。",),
            ("パラメータで回避できます。次のパッチで修正予定です。",),
        ),
        "en": Telling(
            ("{code} while querying a view with {n} unions", "Session lost with {code} during migration"),
            (
                "After statistics were gathered, one SQL statement fails with {code}.",
                "A hint avoids it; the plan is attached.",
            ),
            ("View merging computed a wrong column number.",),
            ("Set _VIEW_MERGE=N as a workaround; don't forget to reset it after the patch.",),
        ),
        "mixed": Telling(
            ("{code} internal error 발생 - SQL trace 첨부", "migration query {code} エラー"),
            ("analyze 후 {code} error가 발생합니다.", "hint를 주면 workaround 가능합니다."),
            ("view merge logic bug로 확인되었습니다.",),
            ("interim patch 제공 예정입니다.",),
        ),
    },
    (
        "{code}: internal error code, arguments: [{n}], [kkoqbc], []",
        "  current SQL: SELECT /*+ NO_MERGE */ * FROM V_{pgm}",
        "  pid={pid}",
    ),
)

CONNECTION = Scenario(
    "connection",
    ("070", "010", "142"),
    "OR-17407",
    {
        "ko": Telling(
            ("커넥션 풀 고갈 현상 {code}", "JDBC 연결이 끊어진 뒤 복구되지 않음"),
            ("{host} 재기동 후 {code} 예외가 계속 발생합니다.", "풀의 커넥션 {n}개가 모두 사용 중으로 남습니다."),
            ("끊어진 커넥션을 풀에서 제거하지 않았습니다.",),
            ("connection-validation 쿼리를 설정하면 복구됩니다.",),
        ),
        "ja": Telling(
            ("コネクションプールが枯渇する（{code}）", "JDBC接続が切れた後に復旧しない"),
            ("{host}の再起動後、{code}例外が続きます。", "プールの{n}本がすべて使用中のままです。"),
            ("切断されたコネクションが破棄されていませんでした。",),
            ("検証クエリを設定してください。",),
        ),
        "en": Telling(
            ("Connection pool exhausted, {code}", "JDBC connections are not recovered after failover"),
            ("After a restart of {host} every request fails with {code}.", "All {n} connections stay in use."),
            ("Broken connections were put back into the pool.",),
            ("Set a validation query. The driver closes them itself from {version} on.",),
        ),
        "mixed": Telling(
            ("connection pool full 현상 ({code})", "failover 후 {code} Exception 발생"),
            ("DB failover 이후 {code} Exception이 계속 납니다.", "pool size는 {n}, timeout {sec}초입니다."),
            ("stale connection을 reuse 하는 것이 원인です。",),
            ("check-query 설정 가이드 드립니다.",),
        ),
    },
    (
        "java.sql.SQLRecoverableException: {code}: Closed Connection",
        "\tat com.example.jdbc.Driver.execute(Driver.java:{n})",
        "\tat jeus.jdbc.pool.ConnectionPool.get(ConnectionPool.java:{pid})",
        "Caused by: java.net.SocketTimeoutException: Read timed out <{sec}s>",
    ),
)

DEADLOCK = Scenario(
    "deadlock",
    ("070", "126", "010"),
    "TBR-5074",
    {
        "ko": Telling(
            ("데드락 {code} 재현 방법 문의", "UPDATE 동시 수행 시 {code} 발생"),
            ("{pgm}과 {job}이 동시에 수행되면 {code}가 발생합니다.", "인덱스가 없는 외래 키가 있습니다."),
            ("부모 테이블에 테이블 락이 걸렸습니다.",),
            ("외래 키에 인덱스를 만들면 해결됩니다.",),
        ),
        "ja": Telling(
            ("デッドロック{code}の原因調査", "同時更新で{code}が発生する"),
            ("{pgm}と{job}を同時に実行すると{code}になります。", "外部キーに索引がありません。"),
            ("親表に表ロックがかかっていました。",),
            ("外部キーに索引を作成してください。",),
        ),
        "en": Telling(
            ("Deadlock {code} between {pgm} and {job}", "{code} on concurrent updates"),
            ("Two sessions block each other, one gets {code}.", "There is a foreign key without an index."),
            ("The parent table was locked as a whole.",),
            ("Create an index on the foreign key; locks stay on rows then.",),
        ),
        "mixed": Telling(
            ("deadlock {code} 발생 SQL 튜닝 문의", "同時更新 시 lock escalation 여부"),
            ("concurrent update 시 {code}가 {n}건 발생합니다.", "trace file 첨부합니다."),
            ("FK index 부재로 table lock 발생했습니다.",),
            ("index 생성 후 재현되지 않습니다.",),
        ),
    },
    ("{code}: deadlock detected", "  SID {n} waits TX-0{pid} mode X", "  SID 7 waits TM-{pgm} mode S"),
)

CODEPAGE = Scenario(
    "codepage",
    ("137", "500", "129", "141", "510"),
    "CPM-0031",
    {
        "ko": Telling(
            ("한글 변환 시 글자 깨짐 ({code})", "CP933 전환 테이블 수정 요청"),
            ("EBCDIC 데이터를 변환하면 확장 한글 ‘똠’이 물음표로 바뀝니다.", "{dsn}의 {n}번째 레코드를 참고해 주세요."),
            ("변환 테이블에 해당 글자가 없었습니다.",),
            ("변환 테이블을 갱신하여 배포하였습니다.",),
        ),
        "ja": Telling(
            ("文字化け：外字の変換（{code}）", "CP930の変換表の修正依頼"),
            ("EBCDICのデータを変換すると「髙」「﨑」が文字化けします。", "{dsn}の{n}件目を参照してください。"),
            ("変換表に該当する文字がありませんでした。",),
            ("変換表を更新しました。半角カナ（ｱｲｳ）も対応済みです。",),
        ),
        "en": Telling(
            ("Characters lost in EBCDIC conversion ({code})", "Half-width katakana become question marks"),
            ("Records of {dsn} lose “€” and accented letters like é in the conversion.", "Record {n} shows it."),
            ("The mapping table had no entry for them.",),
            ("The table is updated. Characters outside the BMP, such as 😀 or 𠮷, are still replaced.",),
        ),
        "mixed": Telling(
            ("codepage CP933 변환 시 文字化け 현상", "UTF-8 ⇄ EBCDIC mapping 문의 {code}"),
            ("KS X 1001에 없는 글자가 '?'로 출력됩니다.", "半角カナ data도 동일한 현상입니다."),
            ("mapping table entry 누락입니다.",),
            ("cpm table 재컴파일 후 정상입니다.",),
        ),
    },
    ("{code} unmapped code point at {dsn}+{pid}", "  0x0E 0x{n} 0x0F -> U+FFFD", "  table=CP933.cpm"),
)

SCENARIOS = (INTERNAL, CONNECTION, DEADLOCK, CODEPAGE)
