//! 日本語の文。事象・原因・対処の順。

use super::Text;
use koshin_protocol::problem::ProblemCode as Code;

/// Title and detail of a code.
#[expect(clippy::too_many_lines, reason = "a table, one row a code")]
pub(super) fn text(code: Code) -> Text {
    match code {
        Code::CertificateRequired => (
            "証明書が提示されていません",
            "この接続にはクライアント証明書が必要です。証明書の設定を確認して、もう一度接続してください。",
        ),
        Code::CertificateExpired => (
            "証明書の有効期限が切れています",
            "この証明書では接続も更新もできません。管理者か保守会社に復旧コードを依頼してください。",
        ),
        Code::CertificateNotYetValid => (
            "証明書の有効期間が始まっていません",
            "サーバーの日時がずれている可能性があります。運用者に連絡してください。",
        ),
        Code::CertificateRevoked => {
            ("この証明書は使用停止中です", "管理者が停止しました。管理者に確認してください。")
        }
        Code::CertificateUnknown => (
            "この証明書は登録されていません",
            "記録にない証明書です。管理者に新しい証明書を依頼してください。",
        ),
        Code::CertificateSuperseded => (
            "この証明書は新しい証明書に置き換えられました",
            "この端末には新しい証明書が発行されています。新しい証明書に切り替えてください。",
        ),
        Code::NotRenewableKind => (
            "この証明書は更新できません",
            "この種類（apiやbackupなど）の証明書は更新対象外です。システム管理サイトからclient…の証明書をダウンロードして、設定し直してください。",
        ),
        Code::RenewalTooEarly => ("まだ更新の時期ではありません", "今の証明書はそのまま使えます。"),
        Code::TenantSuspended => {
            ("この医療機関の利用は停止されています", "管理者か運用者に確認してください。")
        }
        Code::RenewalQuota => (
            "更新の回数が多すぎます",
            "発行された証明書が使われないまま更新が繰り返されています。端末に保存できているか確認して、時間をおいてやり直してください。",
        ),
        Code::RenewalInProgress => (
            "更新処理中です",
            "同じ端末の更新が進行中です。少し待って、もう一度更新してください。今の証明書はそのまま使えます。",
        ),
        Code::BundleNotFound => (
            "証明書ファイルが見つかりません",
            "受け取り期限が過ぎたか、すでに使われています。もう一度更新してください。今の証明書はそのまま使えます。",
        ),
        Code::NotFound => ("見つかりません", "アドレスを確認してください。"),
        Code::MethodNotAllowed => ("この操作はできません", "このアドレスでは使えないHTTPメソッドです。"),
        Code::BodyTooLarge => ("送信された内容が大きすぎます", "内容を小さくして、やり直してください。"),
        Code::RequestTimeout => (
            "時間切れになりました",
            "時間内に処理が終わりませんでした。もう一度やり直してください。今の証明書はそのまま使えます。",
        ),
        Code::MalformedRequest => ("要求を読み取れません", "送信された内容の形式が正しくありません。"),
        Code::CsrInvalid => {
            ("証明書署名要求（CSR）が正しくありません", "PKCS#10形式で、その鍵による署名が必要です。")
        }
        Code::CsrSubjectMismatch => {
            ("証明書署名要求（CSR）の名前が違います", "CNは今の証明書と同じにしてください。")
        }
        Code::KeyRejected => (
            "この鍵は使えません",
            "弱い鍵か、以前に使われた鍵です。新しい鍵（RSA 2048～4096ビット、P-256、P-384）を作ってください。",
        ),
        Code::Forbidden => ("この操作はできません", "この医療機関・会社の管理者には許可されていません。"),
        Code::TokenRequired => (
            "APIトークンがありません",
            "Authorizationヘッダーで「Bearer koshin_…」を送ってください。トークンは管理サイトの「APIトークン」で作れます。",
        ),
        Code::TokenInvalid => (
            "このAPIトークンは使えません",
            "期限が切れたか、取り消されたか、接続に使った証明書とは別の医療機関・会社のものです。管理サイトの「APIトークン」で確かめてください。",
        ),
        Code::InsufficientScope => (
            "このAPIトークンではできません",
            "トークンを作ったときに、この操作が選ばれていませんでした。必要な操作を選んで、新しいトークンを作ってください。",
        ),
        Code::FieldRejected => {
            ("送られた値を受け付けられません", "fieldに示す項目がないか、値が正しくありません。")
        }
        Code::UnsupportedMediaType => (
            "この形式のデータは受け付けられません",
            "Content-Typeをapplication/jsonにして、JSONを送ってください。",
        ),
        Code::WrongHost => {
            ("あて先のホスト名が違います", "このサーバーの管理サイトのホスト名で接続し直してください。")
        }
        Code::TerminalStopped => ("すでに使用停止中です", "この端末は使用を停止しています。"),
        Code::TerminalNotStopped => ("使用停止中ではありません", "この端末は使用を停止していません。"),
        Code::UndoTooLate => (
            "使用停止を取り消せません",
            "24時間を過ぎたため、証明書は失効しました。新しい証明書を発行してください。",
        ),
        Code::CommonNameTaken => {
            ("このCNの端末はすでにあります", "新規発行ではなく、その端末の証明書を更新してください。")
        }
        Code::Overloaded => {
            ("混み合っています", "しばらく待って、もう一度更新してください。今の証明書はそのまま使えます。")
        }
        Code::IssuerUnavailable => {
            ("認証局が証明書を発行できません", "運用者に連絡してください。今の証明書は有効期限まで使えます。")
        }
        Code::StoreUnavailable => (
            "サーバーの記録に接続できません",
            "しばらく待って、やり直してください。今の証明書は有効期限まで使えます。",
        ),
        Code::Internal => (
            "予期しないエラーが発生しました",
            "時間をおいて、やり直してください。続く場合は番号を保守会社に伝えてください。",
        ),
    }
}
