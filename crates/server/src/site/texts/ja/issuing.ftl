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
prepared-hosts = 接続先は、それぞれの手順.txtに書かれています。
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
refused-stopped = この端末は使用停止中のため、証明書を更新できません。引き続き使う端末であれば、停止から24時間以内は、使用停止を取り消してから更新してください。24時間を過ぎた端末は、新しいCNで新規発行してください。
refused-kind = この種類の証明書は更新の対象外のため、更新できません。client…の証明書を新規発行して、端末に設定し直してください。
refused-unknown-kind = この種類のCNは登録されていないため、証明書を発行できません。サービスの運用担当者に連絡してください。
refused-suspended = この医療機関・会社のサービスの利用が停止されているため、証明書を発行できません。契約の状況を確認してください。
refused-issuer = 発行元の認証局の期限が近いため、証明書を発行できません。サービスの運用担当者に連絡してください。
refused-in-progress = ほかの管理者か端末が、この証明書を更新しています。少し待ってから、証明書のページで経過を確かめてください。
refused-too-often = この24時間に、使われない証明書が多く発行されたため、今は発行できません。前に準備した証明書を使うか、時間をおいてやり直してください。
refused-busy = サーバーが混み合っているため、この端末の証明書は準備できませんでした。しばらくしてから、この端末をもう一度更新してください。
refused-still-good = 今の証明書は{ $until }まで使えます。

# 経過に出てくる出来事
event-bundle-downloaded = 管理者が証明書をダウンロードしました
event-terminal-added = 端末を登録しました

# 一覧のCSV
column-left = 残り日数

# 一括更新
selection-title = 証明書の一括更新
selection-column = 選択
selection-choose = { $terminal }を選ぶ
selection-action = 選んだ証明書を更新
selection-hint = 一度に50台まで選べます。
selection-question = 次の{ $count }台の証明書を更新しますか？ 今の証明書は、新しい証明書での接続を確認するまで使えます。
selection-waiting = 前に準備した証明書が{ $until }までのダウンロード待ちです。更新すると、前のzipファイルとパスワードは使えなくなります。
selection-none = 端末が選ばれていません。一覧で端末を選んでから、［選んだ証明書を更新］を選んでください。
selection-too-many = 選んだ端末が多すぎます。一度に更新できるのは{ $most }台までです。一覧で選び直してください。
selection-all-refused = 選んだ端末に、更新できる証明書がありません。
selection-left-out = 更新しない端末
prepared-lead-many = { $count }台の新しい証明書ができました。パスワードを控えてから、ダウンロードしてください。zipファイルには端末ごとのフォルダーがあります。
bundle-gone-many = ダウンロードの期限が過ぎたか、すべての証明書の使用が始まったか、もう一度準備されたため、このzipファイルはなくなりました。必要なときは、一覧で選んで、もう一度準備してください。

# 新規発行
first-action = 新規発行
first-title = 証明書の新規発行
first-lead = 新しい端末を登録して、証明書を発行します。登録済みの端末の証明書は、証明書管理の一覧から更新してください。
first-tenant = 医療機関・会社のID
first-tenant-hint = 証明書のO（組織名）になっている英数字です。
first-tenant-choose = 選んでください
first-tenant-unknown = この医療機関・会社は見つかりません。選び直すか、IDを確かめてください。
first-cn-hint = 半角の英字・数字と . _ - で64文字以下。この医療機関・会社で使えるCN：{ $kinds }
first-cn-invalid = CNは、半角の英字・数字と . _ - で、64文字以下にしてください。
first-cn-kind = このCNの種類は発行できません。使えるCNのどれかで始めてください。
first-cn-taken = このCNの端末は登録済みです。新規発行ではなく、証明書を更新してください。
first-cn-taken-renew = 登録済みの端末の証明書を更新
first-button = 証明書を発行

# 端末名と設置場所
name-title = 端末名・設置場所の変更
name-action = 端末名を変更
name-button = 変更を保存
label-hint = 画面やお知らせで使う名前です。例：受付1
label-invalid = 端末名を1文字以上64文字以下で入力してください。
place-hint = 例：1階 受付
place-invalid = 設置場所は64文字以下で入力してください。
done-renamed = 端末名と設置場所を保存しました。

# 使用停止
stop-title = 使用停止
stop-action = 使用停止
stop-question = { $terminal }の使用を停止しますか？ 停止すると、この端末の証明書では今すぐ接続できなくなります。
stop-undo = 24時間以内なら取り消せます。24時間を過ぎると証明書は無効になり、元に戻せません。
stop-undo-by-others = 24時間以内なら、医療機関の管理者かサービスの運用担当者が取り消せます。24時間を過ぎると証明書は無効になり、元に戻せません。
stop-own = この画面を開いている端末です。停止すると、この端末からはこのサイトも使えなくなり、取り消しもできません。
stop-button = OK（使用を停止する）
stop-since = { $when }に{ $who }が使用を停止しました。
stop-since-unnamed = { $when }に使用が停止されました。
stop-undo-until = { $until }まで取り消せます。
stop-undo-until-by-others = { $until }まで、医療機関の管理者かサービスの運用担当者が取り消せます。
stop-final = 取り消せる期限を過ぎたため、証明書は無効になりました。
stop-undo-button = 使用停止を取り消す
done-stopped = 使用を停止しました。
done-undone = 使用停止を取り消しました。
done-too-late = 24時間を過ぎたため、使用停止を取り消せません。引き続き使う端末は、新しいCNで新規発行してください。

# ダウンロード待ち
waiting = 新しい証明書がダウンロード待ちです。{ $until }
waiting-fetched = 新しい証明書はダウンロード済みで、まだ使われていません。{ $until }
