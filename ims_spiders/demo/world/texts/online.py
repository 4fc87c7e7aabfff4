"""Trouble of online systems: time-outs, regions, permissions, screens."""

from ims_spiders.demo.world.texts.scenario import Scenario, Telling

TPETIME = Scenario(
    "tpetime",
    ("138", "129", "123", "128", "134", "124", "141", "137"),
    "TPETIME",
    {
        "ko": Telling(
            ("TPETIME 에러가 {module}에서 간헐적으로 발생", "{pgm} 호출 시 tpcall TPETIME(13) 원인 분석 요청"),
            (
                "온라인 거래 중 TPETIME이 하루에 {n}건 정도 발생하고 있습니다. 블록타임은 {sec}초입니다.",
                "{host} 서버에서 tpcall이 TPETIME으로 끝나고, 이후 같은 거래는 정상 처리됩니다.",
            ),
            ("{module} 서버 프로세스가 락을 기다리느라 응답을 주지 못해 TPETIME이 났습니다.",),
            ("BLOCKTIME을 {sec}초로 늘리고 {module} MAX 값을 조정한 후 재현되지 않습니다.",),
        ),
        "ja": Telling(
            ("{module}でTPETIMEが多発する", "オンライン処理のタイムアウトについて"),
            (
                "ピーク時間帯に{pgm}を呼び出すとTPETIMEエラーになります。一日{n}件ほど発生しています。",
                "タイムアウト値は{sec}秒です。再実行すると正常に終了します。",
            ),
            ("{module}のプロセス数が足りず、キューで待たされたためTPETIMEになりました。",),
            ("設定を変更し、プロセス数を{n}に増やしたところ再発していません。",),
        ),
        "en": Telling(
            (
                "tpcall returns TPETIME in {module} under load",
                "Intermittent time-outs of {pgm} after the upgrade to {version}",
            ),
            (
                "We see about {n} TPETIME errors a day when {pgm} is called, with a block time of {sec} seconds.",
                "The service finishes in the log, but the client's tpcall had already failed with TPETIME.",
            ),
            ("The server waited for a record lock that a batch job held, so the caller ran into TPETIME.",),
            ("Please raise BLOCKTIME to {sec} and apply the patch for {module}; the load test passed afterwards.",),
        ),
        "mixed": Telling(
            ("[OSC] tpetime 발생 - service {pgm} timeout 문의", "TPETIMEエラー 발생 시 log 확인 방법"),
            (
                "BLOCKTIME {sec}초인데 TPETIME error가 발생합니다, しかし slog에는 아무것도 남지 않습니다.",
                "고객사에서 service timeout 현상을 보고했습니다. {pgm} hang 여부 check 부탁드립니다.",
            ),
            ("원인은 {module} queue 적체이며 tpreturn 전에 TPETIME으로 끊겼습니다.",),
            ("patch 적용 후 TPETIME 미발생, 본 건 close 요청드립니다. ありがとうございました。",),
        ),
    },
    (
        "(E) TPFCALL: tpcall({pgm}) failed: TPETIME(13) after {sec}000 ms",
        "  at svc_dispatch (oscossvr.c:1187) pid={pid}",
        "  at tpf_call <tpfcall.c:402>",
    ),
    weight=4,
)

REGION = Scenario(
    "region",
    ("138", "134", "128", "145"),
    "ASRA",
    {
        "ko": Telling(
            ("{module} 리전이 기동되지 않는 문제", "ABEND ASRA 발생 후 리전 다운"),
            (
                "oscboot 수행 시 리전이 올라오지 않고 에러 {code}가 출력됩니다.",
                "{host}에서만 재현되며 다른 서버는 정상입니다.",
            ),
            ("공유 메모리 크기가 부족하여 프로세스가 내려갔습니다.",),
            ("커널 파라미터를 수정한 뒤 정상 기동을 확인하였습니다.",),
        ),
        "ja": Telling(
            ("リージョンが起動しない（{module}）", "異常終了 {code} の調査依頼"),
            ("起動コマンドを実行すると{code}で異常終了します。", "{host}でのみ再現し、他のサーバでは問題ありません。"),
            ("共有メモリのサイズが不足していました。",),
            ("パラメータを修正後、正常に起動することを確認しました。",),
        ),
        "en": Telling(
            ("Region does not start: {module}", "Transaction abends with {code} in {pgm}"),
            (
                "The region process core dumps right after boot on {host}.",
                "The transaction abends with {code} at once.",
            ),
            ("A null commarea was dereferenced when EIBCALEN is zero.",),
            ("Fixed in the patch; the region now starts & stays up for {n} hours.",),
        ),
        "mixed": Telling(
            ("region boot 실패 - {code} abend 관련 문의", "{module} core dump 발생の件"),
            ("oscboot 시 core가 떨어집니다. 起動ログを添付합니다.", "{pgm} 실행하면 {code} abend가 납니다."),
            ("EIBCALEN = 0 case 처리가 누락되어 있었습니다.",),
            ("fix 반영한 binary 전달드립니다.",),
        ),
    },
    (
        "*** SIGSEGV in {pgm} pid={pid}",
        "#0  0x00007f3a1c osc_xctl () from libosc.so",
        "#1  main (argc=1) at {pgm}.c:88",
    ),
)

TACF = Scenario(
    "tacf",
    ("124", "147", "145"),
    "ICH408I",
    {
        "ko": Telling(
            ("TACF 권한 체크 오류 {code}", "tacfmgr에서 비밀번호 변경이 안 되는 현상"),
            (
                "사용자 {user}가 {dsn}에 접근할 때 권한 없음 메시지가 나옵니다.",
                "그룹 권한은 정상적으로 부여되어 있습니다.",
            ),
            ("그룹 프로파일 캐시가 갱신되지 않아 이전 권한으로 판단했습니다.",),
            ("캐시 초기화 명령을 수행하면 해결되며, 패치에서 자동 갱신되도록 수정했습니다.",),
        ),
        "ja": Telling(
            ("TACFの権限チェックでエラーになる", "パスワード変更ができない"),
            ("ユーザ{user}が{dsn}を参照すると{code}が表示されます。", "グループの権限は設定済みです。"),
            ("プロファイルのキャッシュが更新されていませんでした。",),
            ("キャッシュをクリアすると解消します。パッチで自動更新されます。",),
        ),
        "en": Telling(
            ("{code} access denied although the group has READ", "Password change fails in {module}"),
            ("User {user} cannot open {dsn}; the audit log shows {code}.", "It worked until the upgrade to {version}."),
            ("The generic profile was matched before the discrete one.",),
            ("Profiles are now matched by specificity. See tacf.conf, key 'match'.",),
        ),
        "mixed": Telling(
            ("TACF permission denied 문의 ({code})", "パスワード policy 설정 문의"),
            ("{user} 계정으로 access하면 {code} message가 출력됩니다.", "profile은 READ로 설정되어 있습니다."),
            ("generic profile 우선순위 bug입니다.",),
            ("workaround로 discrete profile을 추가해 주세요.",),
        ),
    },
    ("ICH408I USER({user}) GROUP(SYS1) {dsn} CL(DATASET)", "  INSUFFICIENT ACCESS AUTHORITY", "  ACCESS INTENT(READ)"),
)

SCREEN = Scenario(
    "screen",
    ("135", "127", "142", "141"),
    "MAPFAIL",
    {
        "ko": Telling(
            ("화면 깨짐 현상 ({module})", "BMS 맵 변환 시 {code} 발생"),
            (
                "한글 필드의 길이가 하나 줄어들어 화면이 밀립니다.",
                "3270 단말에서 PF{n} 키를 누르면 {code}이 발생합니다.",
            ),
            ("DBCS 시작 문자(SO/SI)의 자리를 계산하지 않았습니다.",),
            ("변환기를 수정하여 SO/SI 자리를 포함하도록 하였습니다.",),
        ),
        "ja": Telling(
            ("画面レイアウトが崩れる（{module}）", "マップ変換時に{code}が発生"),
            ("漢字フィールドの長さが一桁ずれて表示されます。", "端末でPF{n}キーを押すと{code}になります。"),
            ("SO/SIの桁を計算していませんでした。",),
            ("変換ツールを修正しました。全角文字も正しく表示されます。",),
        ),
        "en": Telling(
            ("Screen fields shifted by one column in {module}", "{code} when PF key is pressed"),
            ("Fields with double-byte text are one column short.", "Pressing PF{n} gives {code}; Enter works."),
            ("Shift-out and shift-in positions were not counted.",),
            ("The converter counts them now. Please regenerate the map.",),
        ),
        "mixed": Telling(
            ("BMS map 변환 후 screen layout 깨짐", "全角 field 길이 문제 {code}"),
            ("DBCS field에서 column이 1 shift 됩니다.", "preview에서는 정상, 3270 terminal에서만 발생합니다."),
            ("SO/SI byte 계산 누락입니다.",),
            ("다음 release에 포함 예정입니다.",),
        ),
    },
    ("MAPSET={pgm} FIELD=CUSTNM POS=(05,{n}) ATTRB=(ASKIP,NORM)", "DFHMDF LENGTH=12,PICIN='X(12)'", "{code} RESP=36"),
)

SCENARIOS = (TPETIME, REGION, TACF, SCREEN)
