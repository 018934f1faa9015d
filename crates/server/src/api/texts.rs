//! What people read: 事象・原因・対処, in Japanese and English.

use super::asker::Language;
use crate::use_cases::Denial;
use jiff::Timestamp;
use koshin_policy::calendar;
use koshin_protocol::problem::ProblemCode as Code;

/// One language's title (what happened) and detail (why, and what to do).
type Text = (&'static str, &'static str);

/// The language's tag (RFC 5646).
pub(super) fn tag(language: Language) -> &'static str {
    match language {
        Language::Japanese => "ja",
        Language::English => "en",
    }
}

/// Title and detail of a refusal.
pub(super) fn problem(denial: &Denial, language: Language) -> (&'static str, String) {
    let (title, _) = text(denial.code, language);
    (title, reason(denial.code, denial.opens_at, language))
}

/// The detail alone, as `GET /api/cert` tells it.
pub(super) fn reason(code: Code, opens_at: Option<Timestamp>, language: Language) -> String {
    let (_, detail) = text(code, language);
    match opens_at {
        Some(instant) => format!("{detail}{}", opening(instant, language)),
        None => detail.to_owned(),
    }
}

fn opening(instant: Timestamp, language: Language) -> String {
    let date = calendar::jst_date(instant);
    match language {
        Language::Japanese => {
            format!("{}年{}月{}日から更新できます。", date.year(), date.month(), date.day())
        }
        Language::English => format!(" Renewal opens on {date} (JST)."),
    }
}

fn text(code: Code, language: Language) -> Text {
    match language {
        Language::Japanese => japanese(code),
        Language::English => english(code),
    }
}

fn japanese(code: Code) -> Text {
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

fn english(code: Code) -> Text {
    match code {
        Code::CertificateRequired => (
            "No certificate was presented",
            "This connection needs a client certificate. Check the certificate settings and connect again.",
        ),
        Code::CertificateExpired => (
            "The certificate has expired",
            "It can neither connect nor be renewed. Ask your administrator or vendor for a recovery code.",
        ),
        Code::CertificateNotYetValid => {
            ("The certificate is not valid yet", "The server's clock may be wrong. Tell the operator.")
        }
        Code::CertificateRevoked => {
            ("The certificate has been stopped", "An administrator stopped it. Ask your administrator.")
        }
        Code::CertificateUnknown => (
            "The certificate is not registered",
            "The records do not know it. Ask your administrator for a new one.",
        ),
        Code::CertificateSuperseded => (
            "The certificate has been replaced",
            "A newer certificate was issued to this terminal. Switch to it.",
        ),
        Code::NotRenewableKind => (
            "The certificate cannot be renewed",
            "Certificates of this kind (api…, backup… and the like) are not renewable. Download a client… certificate from the administration site and set it up instead.",
        ),
        Code::RenewalTooEarly => ("It is too early to renew", "The present certificate goes on working."),
        Code::TenantSuspended => ("The tenant is suspended", "Ask your administrator or the operator."),
        Code::RenewalQuota => (
            "Too many renewals",
            "Certificates are being issued and never used. Check that the terminal can save them, and try again later.",
        ),
        Code::RenewalInProgress => (
            "A renewal is in progress",
            "Another renewal of this terminal is under way. Wait a moment and try again. The present certificate goes on working.",
        ),
        Code::BundleNotFound => (
            "The certificate file is not here",
            "Its time has run out, or it is in use already. Renew again. The present certificate goes on working.",
        ),
        Code::NotFound => ("Not found", "Check the address."),
        Code::MethodNotAllowed => {
            ("The method is not allowed", "This address does not know the HTTP method.")
        }
        Code::BodyTooLarge => ("The request is too large", "Send less."),
        Code::RequestTimeout => (
            "The request took too long",
            "It did not finish in time. Try again. The present certificate goes on working.",
        ),
        Code::MalformedRequest => ("The request cannot be read", "What was sent is not in the right form."),
        Code::CsrInvalid => {
            ("The certificate request is not valid", "It must be PKCS#10, signed with its own key.")
        }
        Code::CsrSubjectMismatch => (
            "The certificate request names another subject",
            "Its CN must be that of the present certificate.",
        ),
        Code::KeyRejected => (
            "The key is not accepted",
            "It is weak, or was used before. Make a new one (RSA of 2048 to 4096 bits, P-256 or P-384).",
        ),
        Code::Overloaded => {
            ("The server is busy", "Wait a while and try again. The present certificate goes on working.")
        }
        Code::IssuerUnavailable => (
            "The CA cannot issue certificates",
            "Tell the operator. The present certificate works until its end.",
        ),
        Code::StoreUnavailable => (
            "The server's records are out of reach",
            "Wait a while and try again. The present certificate works until its end.",
        ),
        Code::Internal => {
            ("An unexpected error occurred", "Try again later. If it goes on, tell your vendor the number.")
        }
    }
}
