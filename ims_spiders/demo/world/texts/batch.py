"""Trouble of batch systems: data exceptions, jobs, sorting, reports."""

from ims_spiders.demo.world.texts.scenario import Scenario, Telling

S0C7 = Scenario(
    "s0c7",
    ("123", "500", "510", "520"),
    "S0C7",
    {
        "ko": Telling(
            ("배치 JOB {job} 수행 중 {code} ABEND", "COMP-3 필드 연산에서 {code} 발생"),
            (
                "{pgm} 프로그램에서 숫자가 아닌 데이터를 연산하다가 {code}로 종료됩니다.",
                "메인프레임에서는 같은 데이터로 정상 처리됩니다.",
            ),
            ("팩 데시멀의 부호 니블이 0x00인 데이터를 허용하지 않았습니다.",),
            ("컴파일 옵션 --trunc를 추가하여 재컴파일하면 정상입니다.",),
        ),
        "ja": Telling(
            ("バッチジョブ{job}が{code}で異常終了", "パック10進数の演算で{code}が発生する"),
            ("{pgm}で数値でないデータを演算し、{code}で終了します。", "メインフレームでは同じデータで正常終了します。"),
            ("符号ニブルの扱いがメインフレームと異なっていました。",),
            ("コンパイルオプションを追加して再コンパイルしてください。",),
        ),
        "en": Telling(
            ("{job} abends with {code} in step {n}", "{code} data exception on packed decimal field"),
            ("{pgm} stops with {code} while adding a COMP-3 field.", "The same input runs clean on the mainframe."),
            ("A sign nibble of 0x0 is accepted there but not here.",),
            ("Recompile with the option for lenient signs, or clean the input with ProSort first.",),
        ),
        "mixed": Telling(
            ("{job} 실행 시 {code} abend 발생", "COMP-3 data exception ({code}) 対応依頼"),
            (
                "step{n}에서 {code} abend 발생합니다. dump를 첨부합니다.",
                "input record에 space가 들어 있는 것 같습니다.",
            ),
            ("invalid sign nibble 때문입니다. 入力データの確認 부탁드립니다.",),
            ("compile option 변경 후 rerun 정상입니다.",),
        ),
    },
    (
        "SYSTEM COMPLETION CODE={code} REASON CODE=00000007",
        "  PSW 078D1000 9B{pid}",
        "  R5=0000{n} R6=40404040 ({pgm})",
    ),
)

JCL = Scenario(
    "jcl",
    ("123", "129", "145"),
    "NVSM_ERR_LOCK",
    {
        "ko": Telling(
            ("{job}이 WORKING 상태에서 멈춤", "데이터셋 락 대기로 작업이 끝나지 않음 ({code})"),
            (
                "{dsn} 데이터셋에 대한 락이 풀리지 않아 작업이 대기합니다.",
                "tjesmgr PS 명령으로 보면 {n}시간째 WORKING입니다.",
            ),
            ("비정상 종료된 작업의 락이 정리되지 않았습니다.",),
            ("lockm_admin으로 락을 해제하였고, 정리 로직을 보완한 패치를 전달드립니다.",),
        ),
        "ja": Telling(
            ("ジョブ{job}が実行中のまま終わらない", "データセットのロック待ち（{code}）"),
            ("{dsn}のロックが解放されず、ジョブが待ち続けます。", "{n}時間経過しても状態が変わりません。"),
            ("異常終了したジョブのロックが残っていました。",),
            ("ロックを手動で解放しました。恒久対策のパッチを提供します。",),
        ),
        "en": Telling(
            ("{job} hangs in WORKING state", "Dataset lock is never released: {code}"),
            ("{job} waits for a lock on {dsn} that no live process holds.", "tjesmgr shows it WORKING for {n} hours."),
            ("The lock of a killed job was not cleaned up.",),
            ("Use lockm_admin to free it. The next patch cleans up at job end.",),
        ),
        "mixed": Telling(
            ("{job} lock wait 현상 ({code})", "dataset lock 解除方法 문의"),
            ("{dsn} lock 때문에 job이 계속 wait 상태입니다.", "kill 후에도 lock이 남아 있습니다."),
            ("job kill 시 lock release가 안 되는 bug입니다.",),
            ("lockm_admin release 후 정상, patch 요청드립니다.",),
        ),
    },
    ("TJES {job} STEP{n} LOCK WAIT {dsn}", "lockm: owner pid={pid} is gone, mode=EX", "{code} -10301"),
)

SORT = Scenario(
    "sort",
    ("640", "123"),
    "PSRT-0213",
    {
        "ko": Telling(
            ("ProSort OUTREC 결과가 다름", "SORT 수행 시 {code} 에러"),
            ("SORT FIELDS=({n},4,CH,A) 조건에서 순서가 호스트와 다릅니다.", "입력 건수는 {n}만 건입니다."),
            ("EBCDIC 순서가 아니라 ASCII 순서로 비교하였습니다.",),
            ("OPTION에 COLSEQ=EBCDIC을 지정하면 호스트와 같은 결과입니다.",),
        ),
        "ja": Telling(
            ("ProSortの出力結果が異なる", "ソート処理で{code}エラー"),
            ("SORT FIELDS=({n},4,CH,A)の並び順がホストと異なります。", "入力は{n}万件です。"),
            ("照合順序がASCIIになっていました。",),
            ("照合順序をEBCDICに指定してください。",),
        ),
        "en": Telling(
            ("Different order from ProSort than from the host", "{code} in JOINKEYS with variable records"),
            ("SORT FIELDS=({n},4,CH,A) gives another order than the host.", "There are {n} million records."),
            ("Comparison followed ASCII, not EBCDIC.",),
            ("Set COLSEQ=EBCDIC. This is now in the manual, chapter {n}.",),
        ),
        "mixed": Telling(
            ("SORT 결과 불일치 - collating sequence 문의", "OUTREC BUILD option 사용 시 {code}"),
            ("JOINKEYS 사용 시 result count가 다릅니다.", "host와 compare한 결과를 첨부합니다."),
            ("EBCDIC 順序で比較하지 않은 것이 원인입니다.",),
            ("COLSEQ option 추가 바랍니다.",),
        ),
    },
    ("PROSORT: {code} RECORD {pid} KEY OUT OF SEQUENCE", "  SORTIN {dsn} LRECL=80", "  RC=16"),
)

REPORT = Scenario(
    "report",
    ("425", "500", "143"),
    "PTV1042",
    {
        "ko": Telling(
            ("ProTrieve 보고서의 합계가 맞지 않음", "매크로 변환 시 {code} 경고"),
            ("CONTROL FINAL 합계가 {n}만큼 다르게 출력됩니다.", "같은 소스를 호스트에서 돌리면 정상입니다."),
            ("반올림 규칙이 호스트와 달랐습니다.",),
            ("버전 {version}부터 호스트와 같은 규칙을 따릅니다.",),
        ),
        "ja": Telling(
            ("帳票の合計が合わない", "マクロ変換で{code}警告"),
            ("CONTROL FINALの合計が{n}だけ異なります。", "ホストでは正しく出力されます。"),
            ("四捨五入の規則が異なっていました。",),
            ("バージョン{version}で修正済みです。",),
        ),
        "en": Telling(
            ("Report totals are off by a cent", "Macro expansion ends with {code}"),
            ("CONTROL FINAL prints a total that is off by {n}.", "The listing is attached, compare page {n}."),
            ("Rounding happened per line and not per total.",),
            ("Corrected in {version}; please rerun {job}.",),
        ),
        "mixed": Telling(
            ("REPORT total 값 불일치 문의", "{code} warning 発生, macro 변환"),
            ("TOTAL 값이 host와 {n} 차이 납니다.", "MASK 편집 rule이 다른 것으로 보입니다."),
            ("rounding rule 차이입니다.",),
            ("{version} 에서 fix 되었습니다. 確認お願いします。",),
        ),
    },
    ("{code} LINE {n}: TOTAL MASK OVERFLOW", "  REPORT {pgm} CONTROL FINAL", "  {pid} LINES WRITTEN"),
)

SCENARIOS = (S0C7, JCL, SORT, REPORT)
