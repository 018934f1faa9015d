use super::{Named, life};
use koshin_desktop::{Card, Dialog, Fact, Field, Icon, Notice, Progress, Scene, Status};

const STILL_VALID: &str = "今の証明書は2026年3月31日（火）まで使えます。";

pub(crate) fn scenes() -> Vec<Named> {
    let mut scenes: Vec<Named> = questions()
        .into_iter()
        .chain(failures())
        .map(|(name, dialog)| (name, Scene::Dialog(dialog)))
        .collect();
    scenes.push(("expired-code", Scene::Typed(recovery(), "7KQ2-M4XR-90TB".into())));
    scenes.push(("password-typed", Scene::Typed(password(), "correct horse".into())));
    for (step, name) in ["progress-1", "progress-2", "progress-3", "progress-4"].into_iter().enumerate() {
        scenes.push((name, Scene::Progress(progress().at(step))));
    }
    scenes.push(("status", Scene::Status(status())));
    scenes.push(("status-good", Scene::Status(good())));
    scenes.push(("status-empty", Scene::Status(empty())));
    scenes
}

fn questions() -> Vec<(&'static str, Dialog)> {
    vec![
        (
            "notice",
            Dialog::new(Icon::Info, "証明書の更新時期です")
                .paragraph("受付1の証明書は3月31日（火）に切れます。")
                .fact("残り", "23日")
                .primary("今すぐ更新")
                .cancel("あとで"),
        ),
        (
            "confirm",
            Dialog::new(Icon::Question, "証明書の更新")
                .paragraph("受付1の証明書を更新しますか？")
                .fact("有効期限", "2026年3月31日（火）23:59")
                .primary("更新")
                .cancel("今日は更新しない"),
        ),
        (
            "done",
            Dialog::new(Icon::Done, "証明書を更新しました")
                .paragraph("ほかの操作は不要です。")
                .fact("新しい有効期限", "2029年3月31日（土）23:59")
                .close("閉じる"),
        ),
    ]
}

fn failures() -> Vec<(&'static str, Dialog)> {
    vec![
        (
            "offline",
            Dialog::new(Icon::Error, "証明書を更新できませんでした")
                .paragraph("インターネットに接続できません。")
                .paragraph("LANケーブルかWi-Fiを確認して、やり直してください。")
                .paragraph(STILL_VALID)
                .primary("もう一度更新")
                .cancel("更新せずに続ける"),
        ),
        (
            "expired",
            Dialog::new(Icon::Error, "証明書の有効期限が切れています")
                .paragraph(
                    "このパソコンからは接続できません。管理者か保守会社に復旧コードを依頼してください。",
                )
                .fact("連絡先", "○○システム保守センター　0852-00-0000（平日 9:00～17:30）")
                .primary("復旧コードを入力")
                .cancel("閉じる"),
        ),
        (
            "not-renewable",
            Dialog::new(Icon::Warning, "この証明書は更新できません")
                .paragraph("CNがapi…の証明書は更新対象外です。")
                .paragraph("システム管理サイトからclient…の証明書をダウンロードして、設定し直してください。")
                .fact("CN", "api-7c1e0f52-3f6d-4b6a-9a37-0a4b5d0c9e11.clinic-0123456789.example.jp")
                .close("閉じる"),
        ),
        (
            "clock",
            Dialog::new(Icon::Warning, "パソコンの日時がずれています")
                .paragraph("日時を合わせてから、もう一度更新してください。")
                .fact("このパソコン", "2024年1月1日（月）09:03")
                .fact("サーバー", "2026年3月8日（日）10:15")
                .primary("もう一度更新")
                .cancel("更新せずに続ける"),
        ),
        (
            "stopped",
            Dialog::new(Icon::Error, "この証明書は使用停止中です")
                .paragraph("管理者が3月2日（月）に停止しました。")
                .paragraph("管理者に確認してください。")
                .close("閉じる"),
        ),
        ("password", password()),
        ("password-again", password_again()),
        (
            "cannot-save",
            Dialog::new(Icon::Error, "新しい証明書を保存できませんでした")
                .paragraph("ディスクの空きが足りません。不要なファイルを削除して、やり直してください。")
                .paragraph(STILL_VALID)
                .primary("もう一度更新")
                .cancel("更新せずに続ける"),
        ),
        ("unknown", unknown()),
    ]
}

fn unknown() -> Dialog {
    Dialog::new(Icon::Error, "予期しないエラーが発生しました")
        .paragraph("時間をおいて、やり直してください。")
        .paragraph("続く場合は番号を保守会社に伝えてください。")
        .paragraph(STILL_VALID)
        .fact("番号", "E99-7F3A")
        .close("閉じる")
        .button("もう一度更新")
        .button("番号をコピー")
}

fn password() -> Dialog {
    Dialog::new(Icon::Question, "証明書のパスワード")
        .paragraph("受付1の証明書を開くために、パスワードを入力してください。")
        .paragraph("パスワードは保存しません。")
        .field(
            Field::masked("証明書のパスワード", "パスワードを表示")
                .hint("Windowsのパスワードではありません。"),
        )
        .primary("証明書を開く")
        .cancel("更新せずに続ける")
}

fn password_again() -> Dialog {
    let mut dialog = password();
    dialog.title = "証明書を開けません".into();
    dialog.icon = Icon::Warning;
    dialog.paragraphs = vec!["Windowsのパスワードではなく、証明書のパスワードを入力してください。".into()];
    let field = Field::masked("証明書のパスワード", "パスワードを表示");
    dialog.field = Some(field.error("パスワードが違います。"));
    dialog
}

fn recovery() -> Dialog {
    Dialog::new(Icon::Question, "復旧コードの入力")
        .paragraph("管理者か保守会社から受け取った復旧コードを入力してください。")
        .field(Field::plain("復旧コード").hint("例：7KQ2-M4XR-90TB"))
        .primary("証明書を復旧")
        .cancel("閉じる")
}

fn progress() -> Progress {
    Progress::new("受付1の証明書を更新しています", ["接続", "受け取り", "接続テスト", "切り替え"])
        .paragraph("途中で電源が切れても、今の証明書は使えます。")
}

fn status() -> Status {
    Status {
        icon: Icon::Error,
        title: "至急更新してください".into(),
        paragraphs: vec!["このパソコンの証明書3件のうち、1件が期限切れ、1件が更新時期です。".into()],
        notice: Some(Notice {
            icon: Icon::Done, text: "サポート情報をコピーしました。".into()
        }),
        cards: vec![
            Card {
                title: "受付1".into(),
                subtitle: "monsiaj（日レセ）　CN：client-7c1e0f52.example.jp".into(),
                icon: Icon::Done,
                state: "正常です".into(),
                life: life(0.82, "2025/09/01", "2028/09/01", "残り 892日"),
                facts: facts("2026/03/08 08:31", "成功", "2028/07/04 ごろ"),
                actions: vec![],
            },
            Card {
                title: "受付2".into(),
                subtitle: "receview　CN：client-19ab77d0.example.jp".into(),
                icon: Icon::Warning,
                state: "更新時期です".into(),
                life: life(0.021, "2023/04/01", "2026/03/31", "残り 23日"),
                facts: facts(
                    "2026/03/08 08:31",
                    "失敗：インターネットに接続できませんでした（3月7日 12:10）",
                    "2026/03/08 12:40 ごろ",
                ),
                actions: vec!["今すぐ更新".into()],
            },
            Card {
                title: "検査室".into(),
                subtitle: "files　CN：client-5502ce31.example.jp".into(),
                icon: Icon::Error,
                state: "期限切れです".into(),
                life: life(0.0, "2023/02/20", "2026/02/19", "17日前に切れました"),
                facts: facts("2026/02/19 18:02", "未実施", "ありません"),
                actions: vec!["復旧コードを入力".into()],
            },
        ],
        actions: vec!["バックアップ".into(), "サポート情報をコピー".into(), "閉じる".into()],
    }
}

fn facts(connection: &str, result: &str, next: &str) -> Vec<Fact> {
    vec![Fact::new("最終接続", connection), Fact::new("直近の結果", result), Fact::new("次の自動更新", next)]
}

fn good() -> Status {
    let mut status = status();
    status.cards.truncate(1);
    Status {
        icon: Icon::Done,
        title: "正常です".into(),
        paragraphs: vec!["このパソコンの証明書は使えます。".into()],
        notice: None,
        ..status
    }
}

fn empty() -> Status {
    Status {
        icon: Icon::Info,
        title: "証明書が見つかりません".into(),
        paragraphs: vec![
            "証明書を使うアプリケーションの設定がありません（monsiaj、glclient2、receview、files.toml）。"
                .into(),
        ],
        notice: None,
        cards: vec![],
        actions: vec!["サポート情報をコピー".into(), "閉じる".into()],
    }
}
