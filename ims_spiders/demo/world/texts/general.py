"""Requests that any product gets: installation, manuals, memory."""

from ims_spiders.demo.world.texts.scenario import Scenario, Telling

_ANY = ("010", "011", "012", "070", "425", "640", "124", "127", "135", "137", "141", "143", "145", "147", "510", "520")

INSTALL = Scenario(
    "install",
    _ANY,
    "LIC-0007",
    {
        "ko": Telling(
            ("{version} 설치 바이너리 요청", "라이선스 만료 메시지 {code} 문의"),
            (
                "신규 서버 {host}에 설치할 {version} 바이너리를 요청드립니다.",
                "기존 라이선스로 기동하면 {code}가 출력됩니다.",
            ),
            ("호스트 이름이 라이선스와 다릅니다.",),
            ("새 라이선스를 발급하여 첨부하였습니다.",),
        ),
        "ja": Telling(
            ("{version}のバイナリ提供依頼", "ライセンス期限切れ{code}について"),
            ("新サーバ{host}に導入するため、{version}のバイナリをお願いします。", "起動時に{code}が表示されます。"),
            ("ホスト名がライセンスと異なっています。",),
            ("新しいライセンスを添付しました。",),
        ),
        "en": Telling(
            ("Please provide the {version} binary", "{code} after moving to a new host"),
            ("We need the installer of {version} for {host}.", "The old licence gives {code} at boot."),
            ("The licence is bound to another host name.",),
            ("A new licence is attached; it ends in {n} months.",),
        ),
        "mixed": Telling(
            ("{version} binary 요청 (Linux x86_64)", "license {code} 발생の件"),
            ("{host} 신규 install용 binary 부탁드립니다.", "boot 시 {code} message가 나옵니다."),
            ("license hostname mismatch입니다.",),
            ("신규 license 전달드립니다. ご確認ください。",),
        ),
    },
    ("{code}: licence is for host db01, this is {host}", "  product version {version}", "  expires in 0 days"),
)

MANUAL = Scenario(
    "manual",
    _ANY,
    "DOC-0000",
    {
        "ko": Telling(
            ("{module} 매뉴얼 내용 수정 요청", "설정 가이드 문의 ({module})"),
            ("매뉴얼 {n}페이지의 설명이 실제 동작과 다릅니다.", "환경 변수의 기본값이 빠져 있습니다."),
            ("이전 버전의 설명이 남아 있었습니다.",),
            ("다음 개정판에 반영하겠습니다.",),
        ),
        "ja": Telling(
            ("{module}のマニュアル修正依頼", "設定方法の問い合わせ（{module}）"),
            ("マニュアル{n}ページの記述が実際の動作と異なります。", "環境変数の既定値が書かれていません。"),
            ("旧バージョンの記述が残っていました。",),
            ("次の改訂版で反映します。",),
        ),
        "en": Telling(
            ("Manual of {module} contradicts the product", "How do I configure {module}?"),
            ("Page {n} of the guide says the default is on; it's off.", "An example for {module} would help us."),
            ("The text was of an older version.",),
            ("It will be corrected in the next edition.",),
        ),
        "mixed": Telling(
            ("{module} guide 문서 오류 제보", "マニュアル config 예제 추가 요청"),
            ("{n} page의 option 설명이 잘못되어 있습니다.", "default value 확인 부탁드립니다."),
            ("old version 내용입니다.",),
            ("문서 update 하겠습니다.",),
        ),
    },
    ("[{module}]", "TIMEOUT={sec}  # page {n} says 10", "LOGLEVEL=INFO"),
    weight=2,
)

MEMORY = Scenario(
    "memory",
    ("010", "011", "142", "145", "070"),
    "OutOfMemoryError",
    {
        "ko": Telling(
            ("{module} 메모리 누수 의심", "{code} 발생 후 서버 다운"),
            (
                "{n}일 정도 운영하면 메모리가 계속 증가하다가 {code}로 내려갑니다.",
                "힙 덤프는 용량이 커서 따로 전달드리겠습니다.",
            ),
            ("세션 객체가 캐시에서 제거되지 않았습니다.",),
            ("캐시 최대 크기를 지정하면 증가하지 않습니다.",),
        ),
        "ja": Telling(
            ("{module}のメモリリーク調査依頼", "{code}でサーバが停止する"),
            ("{n}日ほど運用するとメモリが増え続け、{code}で停止します。", "ヒープダンプを別途送付します。"),
            ("セッションがキャッシュから削除されていませんでした。",),
            ("キャッシュの上限を設定してください。",),
        ),
        "en": Telling(
            ("Memory of {module} grows without bound", "{code} after {n} days"),
            ("The heap grows by {n} MB a day until {code} ends the server.", "Thread dumps are attached."),
            ("Sessions were never evicted from a cache.",),
            ("Limit the cache; a fix that does it by default follows.",),
        ),
        "mixed": Telling(
            ("memory leak 의심 ({module})", "{code} 発生, heap dump 분석 요청"),
            ("GC log를 보면 old 영역이 계속 증가합니다.", "{n}일마다 restart 하고 있습니다."),
            ("session cache eviction 누락입니다.",),
            ("cache size option 설정 바랍니다.",),
        ),
    },
    (
        "java.lang.{code}: Java heap space",
        "\tat java.util.HashMap.resize(HashMap.java:{n})",
        "\tat jeus.servlet.SessionCache.<init>(SessionCache.java:{pid})",
    ),
)

SCENARIOS = (INSTALL, MANUAL, MEMORY)
