//! One window of each kind, to look at and for the tests. What the product says in its windows is the client's.

use koshin_desktop::{Card, Dialog, Fact, Field, Icon, Life, Notice, Progress, Scene, Status};

/// A scene and its name.
pub(crate) type Named = (&'static str, Scene);

pub(crate) fn japanese() -> Vec<Named> {
    let confirm = Dialog::new(Icon::Question, "証明書の更新")
        .paragraph("受付1の証明書を更新しますか？")
        .fact("有効期限", "2026年3月31日（火）23:59")
        .primary("更新")
        .cancel("今日は更新しない");
    let password = Dialog::new(Icon::Warning, "証明書を開けません")
        .paragraph("Windowsのパスワードではなく、証明書のパスワードを入力してください。")
        .field(Field::masked("証明書のパスワード", "パスワードを表示").error("パスワードが違います。"))
        .primary("証明書を開く")
        .cancel("今日は更新しない");
    let done = Dialog::new(Icon::Done, "証明書を更新しました")
        .fact("新しい有効期限", "2029年3月31日（土）23:59")
        .close("閉じる");
    let progress = Progress::new("証明書を更新しています", ["接続", "受け取り", "接続テスト", "切り替え"])
        .paragraph("途中で電源が切れても、今の証明書は使えます。");
    let status = Status {
        icon: Icon::Warning,
        title: "更新時期です".into(),
        paragraphs: vec!["このパソコンの証明書1件が更新時期です。".into()],
        notice: Some(Notice {
            icon: Icon::Done, text: "サポート情報をコピーしました。".into()
        }),
        cards: vec![card("受付1", "更新時期です", "残り23日", Fact::new("直近の結果", "失敗"), "今すぐ更新")],
        actions: vec!["バックアップ".into(), "閉じる".into()],
    };
    named(confirm, password, done, progress, status)
}

pub(crate) fn english() -> Vec<Named> {
    let confirm = Dialog::new(Icon::Question, "Certificate renewal")
        .paragraph("Renew the certificate of Reception 1?")
        .fact("Valid until", "Tue 31 March 2026, 23:59 JST")
        .primary("Renew")
        .cancel("Not today");
    let password = Dialog::new(Icon::Warning, "The certificate cannot be opened")
        .paragraph("Type the certificate's password, not that of the PC.")
        .field(Field::masked("Password", "Show the password").error("The password is wrong."))
        .primary("Open the certificate")
        .cancel("Not today");
    let done = Dialog::new(Icon::Done, "The certificate was renewed")
        .fact("Now valid until", "Sat 31 March 2029, 23:59 JST")
        .close("Close");
    let progress =
        Progress::new("The certificate is being renewed", ["Connect", "Receive", "Test", "Switch"])
            .paragraph("If the power fails, the certificate of today still works.");
    let status = Status {
        icon: Icon::Warning,
        title: "Due for renewal".into(),
        paragraphs: vec!["One certificate on this PC is due for renewal.".into()],
        notice: Some(Notice { icon: Icon::Done, text: "The support information was copied.".into() }),
        cards: vec![card(
            "Reception 1",
            "Due",
            "23 days left",
            Fact::new("Last result", "failed"),
            "Renew now",
        )],
        actions: vec!["Back up".into(), "Close".into()],
    };
    named(confirm, password, done, progress, status)
}

fn card(title: &str, state: &str, remaining: &str, fact: Fact, action: &str) -> Card {
    let life =
        Life { left: 0.021, from: "2023/04/01".into(), to: "2026/03/31".into(), remaining: remaining.into() };
    Card {
        title: title.into(),
        subtitle: "monsiaj".into(),
        icon: Icon::Warning,
        state: state.into(),
        life: Some(life),
        facts: vec![fact],
        actions: vec![action.into()],
    }
}

fn named(confirm: Dialog, password: Dialog, done: Dialog, progress: Progress, status: Status) -> Vec<Named> {
    vec![
        ("confirm", Scene::Dialog(confirm)),
        ("password", Scene::Dialog(password)),
        ("progress", Scene::Progress(progress)),
        ("done", Scene::Dialog(done)),
        ("status", Scene::Status(status)),
    ]
}
