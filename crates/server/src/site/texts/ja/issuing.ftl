# 証明書更新・新規発行・使用停止
cancel = キャンセル
back-to-certificate = 証明書のページへ戻る
prepare-again = もう一度準備

# 証明書更新
renew-title = 証明書更新
renew-action = 証明書更新
renew-question = { $terminal }の証明書を更新しますか？ 今の証明書は、新しい証明書での接続を確認するまで使えます。
renew-waiting = 前に準備した証明書が、{ $until }までのダウンロード待ちです。更新すると、前のzipファイルとパスワードは使えなくなります。
renew-button = OK（更新する）
renew-in-progress-title = 更新処理中です

# 準備できた証明書
prepared-title = 証明書の準備ができました
prepared-lead = { $terminal }の新しい証明書ができました。パスワードを控えてから、ダウンロードしてください。
prepared-download = ダウンロード
download-zip = ダウンロード(zip形式)
prepared-until-hours = { $until }までダウンロードできます（あと{ $hours }時間）。
prepared-until-minutes = { $until }までダウンロードできます（あと{ $minutes }分）。
prepared-passwords = パスワード
prepared-once = パスワードが表示されるのは、この一度だけです。このページを閉じる前に控えてください。
prepared-opens = 証明書（.p12）と秘密鍵（.key）を開くときに使います。間違えやすい文字（0・o・1・lなど）は使っていません。
prepared-next = このあとの手順
prepared-next-1 = zipファイルを展開し、手順.txtを読みながら端末に設定してください。
prepared-next-2 = 端末から一度接続してください。接続を確認すると、新しい証明書に切り替わります。
prepared-next-3 = ダウンロードしたzipファイルを削除してください。
prepared-again = パスワードが分からなくなったときは、もう一度準備してください。このページのzipファイルとパスワードは使えなくなります。
bundle-waiting-title = ダウンロード待ちの証明書
bundle-waiting = { $until } ダウンロードは、準備したときのページから行ってください。そのページを閉じたときやパスワードが分からないときは、もう一度準備してください。
bundle-gone-title = ダウンロードできません
bundle-gone = ダウンロードの期限が過ぎたか、新しい証明書の使用が始まったか、もう一度準備されたため、このzipファイルはなくなりました。必要なときは、もう一度準備してください。

# 証明書を発行できない理由
refused-stopped = この端末は使用停止中のため、証明書を更新できません。引き続き使う端末であれば、使用停止を取り消してから更新してください。
refused-kind = この種類の証明書は更新の対象外のため、更新できません。client…の証明書を新規発行して、端末に設定し直してください。
refused-unknown-kind = この種類のCNは登録されていないため、証明書を発行できません。サービスの運用担当者に連絡してください。
refused-suspended = この医療機関・会社のサービスの利用が停止されているため、証明書を発行できません。契約の状況を確認してください。
refused-issuer = 発行元の認証局の期限が近いため、証明書を発行できません。サービスの運用担当者に連絡してください。
refused-in-progress = ほかの管理者か端末が、この証明書を更新しています。少し待ってから、証明書のページで経過を確かめてください。
refused-too-often = この24時間に、使われない証明書が多く発行されたため、今は発行できません。前に準備した証明書を使うか、時間をおいてやり直してください。
refused-still-good = 今の証明書は{ $until }まで使えます。

# 経過に出てくる出来事
event-bundle-downloaded = 管理者が証明書をダウンロードしました
event-terminal-added = 端末を登録しました
