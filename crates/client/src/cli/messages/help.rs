//! The help texts in Japanese, by command and argument. The English ones stand at the definitions.

use clap::Command;

/// A command's name, what it does, and what its arguments do.
type CommandTexts = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Commands and their arguments; the empty name is the program itself.
const TEXTS: &[CommandTexts] = &[
    (
        "",
        "このパソコンのアプリケーションが使うクライアント証明書を更新します。",
        &[("lang", "表示する言語（指定がなければ LANG に従います）")],
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
            ("app", "このアプリケーションだけ（monsiaj、glclient2、receview、files）"),
            ("connection", "この番号の接続だけ（koshin status に出る番号）"),
            ("yes", "確認せずに、更新時期のものをすべて更新します"),
            ("force", "更新時期の前でも更新します"),
            ("via", "更新の方法（指定がなければ、サーバーが対応していればEST）"),
            ("password_stdin", "保存されていない証明書のパスワードを標準入力から読みます"),
        ],
    ),
    ("backup", "証明書と設定のバックアップを取ります", &[("directory", "バックアップを書き込むフォルダー")]),
    ("restore", "証明書と設定をバックアップから戻します", &[("directory", "バックアップのフォルダー")]),
];

/// `command` with its texts in Japanese.
pub fn japanese(command: Command) -> Command {
    TEXTS.iter().fold(command, |command, (name, about, arguments)| {
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
    arguments.iter().fold(command.about(about), |command, (id, help)| {
        if command.get_arguments().any(|argument| argument.get_id() == id) {
            command.mut_arg(id, |argument| argument.help(*help))
        } else {
            command
        }
    })
}
