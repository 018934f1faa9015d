//! The help texts in Japanese, by command and argument. The English ones stand at the definitions.

use clap::{Arg, ArgAction, Command};

/// A command's name, what it does, and what its arguments do.
type CommandTexts = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Commands and their arguments; the empty name is the program itself.
const TEXTS: &[CommandTexts] = &[
    (
        "",
        "このパソコンのアプリケーションが使うクライアント証明書を更新します。",
        &[("lang", "表示する言語：ja または en（指定がなければ LANG に従います）")],
    ),
    (
        "status",
        "すべてのアプリケーションの証明書について、有効期限と更新できるかどうかを表示します",
        &[("json", "表の代わりにJSONを出力します"), ("online", "サーバーにも確認します")],
    ),
    (
        "renew",
        "更新時期になった証明書を更新します",
        &[
            (
                "app",
                "このアプリケーションだけ（monsiaj、glclient2、receview、files、browser、keystore、プロファイルの名前）",
            ),
            ("connection", "この番号の接続だけ（koshin status に出る番号）"),
            ("yes", "確認せずに、更新時期のものをすべて更新します"),
            ("force", "更新時期の前でも更新します"),
            (
                "via",
                "更新の方法：est（鍵をこのパソコンで作ります）または legacy（鍵をサーバーが作ります）。指定がなければ、サーバーが対応していればest",
            ),
            (
                "password_stdin",
                "保存されていない証明書のパスワードを標準入力から読みます（--yes と一緒に使います）",
            ),
            ("json", "文章の代わりにJSONを出力します"),
        ],
    ),
    (
        "recover",
        "有効期限が切れた証明書を、復旧コードで新しい証明書に切り替えます。証明書がないパソコンでは、最初の証明書を受け取ります",
        &[
            (
                "code",
                "管理者か保守会社から伝えられた復旧コード。省略するか - と書くと、端末で入力します（こちらを勧めます）",
            ),
            (
                "app",
                "このアプリケーションだけ（monsiaj、glclient2、receview、files、browser、keystore、プロファイルの名前）",
            ),
            (
                "server",
                "証明書がないパソコンの場合：このサーバー（https://ホスト名）から証明書を受け取り、新しいフォルダーに書き込みます",
            ),
            (
                "ca",
                "--server と一緒に：サーバーを確認するためのCA証明書のファイル。指定がなければ、このパソコンが信頼するCAで確認します",
            ),
            (
                "ca_fingerprint",
                "--server と一緒に：サーバーを確認するためのCA証明書のSHA-256。管理サイトに表示されます",
            ),
            (
                "directory",
                "--server と一緒に：証明書を書き込む新しいフォルダー。指定がなければ、ホームフォルダーの koshin-証明書のCN",
            ),
            (
                "format",
                "--server と一緒に：書き込むファイル。p12（1つのPKCS#12ファイル）または pem（証明書と暗号化した秘密鍵）。指定がなければ、--app が読む形式、なければp12",
            ),
        ],
    ),
    (
        "run",
        "アプリケーションの証明書を確認し、更新時期なら画面で確認して更新してから、アプリケーションを起動します",
        &[
            ("app", "証明書を確認するアプリケーション（koshin renew と同じ）"),
            ("command", "アプリケーションを起動するコマンド（-- の後に書きます）"),
        ],
    ),
    (
        "daemon",
        "更新時期になった証明書を、確認せずに自動で更新します",
        &[("once", "すべての証明書を一度だけ確認して終わります（タイマー用）")],
    ),
    ("install", "このパソコンで自動更新を始めます（このユーザーのタイマー）", &[]),
    ("uninstall", "自動更新をやめます", &[]),
    (
        "doctor",
        "すべての証明書が今更新できるかどうかを診断し、できない場合は対処を示します",
        &[("json", "文章の代わりにJSONを出力します")],
    ),
    ("window", "すべての証明書をウィンドウに表示します。そこから更新できます", &[]),
    ("backup", "証明書と設定のバックアップを取ります", &[("directory", "バックアップを書き込むフォルダー")]),
    ("restore", "証明書と設定をバックアップから戻します", &[("directory", "バックアップのフォルダー")]),
];

/// `command` with its texts in Japanese.
pub fn japanese(command: Command) -> Command {
    let command =
        command.subcommand_help_heading("コマンド").disable_help_subcommand(true).disable_version_flag(true);
    let version = flag("version", 'V', ArgAction::Version, "バージョンを表示します");
    TEXTS.iter().fold(command.arg(version), |command, (name, about, arguments)| {
        if name.is_empty() {
            return translated(command, about, arguments);
        }
        if command.find_subcommand(name).is_none() {
            return command;
        }
        command.mut_subcommand(name, |inner| translated(inner, about, arguments))
    })
}

fn translated(command: Command, about: &'static str, arguments: &[(&'static str, &'static str)]) -> Command {
    let command = arguments.iter().fold(command.about(about), |command, (id, help)| {
        if command.get_arguments().any(|argument| argument.get_id() == id) {
            // The possible values are explained in the text.
            command.mut_arg(id, |argument| {
                let hidden = argument.get_action().takes_values();
                argument.help(*help).hide_possible_values(hidden)
            })
        } else {
            command
        }
    });
    command
        .help_template("{about-with-newline}\n使い方: {usage}\n\n{all-args}")
        .disable_help_flag(true)
        .arg(flag("help", 'h', ArgAction::Help, "この説明を表示します"))
        .mut_args(|argument| {
            let heading = if argument.is_positional() { "引数" } else { "オプション" };
            argument.help_heading(heading)
        })
}

fn flag(name: &'static str, short: char, action: ArgAction, help: &'static str) -> Arg {
    Arg::new(name).short(short).long(name).action(action).help(help)
}
