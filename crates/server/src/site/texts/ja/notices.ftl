# 通知設定
nav-notices = 通知設定
notices-title = 通知設定
notice-cancel = キャンセル
notice-once = 表示されるのは、この一度だけです。ページを離れる前に控えてください。
notice-done-mail = メールの設定を保存しました。
notice-done-address = 宛先へのお知らせを再開しました。テストメールを送って、届くことを確かめてください。
notice-done-webhook-removed = Webhookの設定を外しました。
notice-done-feed-closed = カレンダーのアドレスを取り消しました。
notice-other-heading = ほかの医療機関・会社の通知設定
notice-other-label = 医療機関・会社のID
notice-other-button = 表示

# 届かない宛先
bounced-heading = お知らせが届かない宛先
bounced-lead = 次の宛先に送ったメールが戻ってきたため、送信を止めています。アドレスが正しいことを確かめてから、再開してください。間違っているときは、下の「メール」で直してください。
bounced-reason = メールサーバーの回答
bounced-restore = この宛先への送信を再開
overview-unreached = お知らせのメールが届かない宛先があります。
overview-unreached-link = { $tenant }の通知設定で確認（{ $count }件）

# 通知方法
channels-heading = お知らせの届け方
channel-open = 使っています
channel-closed = 使っていません
channel-mail-open = { $count }件の宛先に送ります
channel-mail-impossible = このサーバーでは、まだメールを送れません
mail-heading = メール
mail-impossible = このサーバーにはメールサーバーが設定されていないため、メールを送れません。サービスの運用担当者に連絡してください。
mail-on = 証明書の期限をメールで知らせる
mail-administrators = 管理者全員に送る
mail-no-administrators = 登録されている管理者はいません。
mail-added = そのほかの宛先
mail-added-hint = 1行に1件、20件まで。ほかの宛先と違う言語で送るときは、アドレスの後ろに空白と「en」（英語）か「ja」（日本語）を書きます。
mail-language = お知らせの言語
mail-unattended = 端末が自動で更新しているので、更新に失敗したときだけ知らせる
mail-save = メールの設定を保存
webhook-heading = Webhook
webhook-lead = お知らせを、指定したURLに署名付きのJSONで送ります。保守会社の監視システムなどで受け取れます。
webhook-url = 送り先のURL
webhook-url-hint = https:// で始まるURL。保存すると、署名を確かめるための新しい秘密の文字列を表示します。
webhook-save = URLを保存
webhook-secret = Webhookの秘密の文字列
webhook-secret-hint = 受け取る側の設定に入れてください。署名（koshin-signatureヘッダー）を確かめるために使います。
webhook-secret-button = 秘密の文字列を作り直す
webhook-remove-button = Webhookの設定を外す
feed-heading = カレンダー
feed-lead = 証明書の期限を、カレンダーのアプリ（Google カレンダー、Outlook、iPhoneなど）で見られます。
feed-open-button = カレンダーのアドレスを作成
feed-renew-button = アドレスを作り直す
feed-close-button = アドレスを取り消す
feed-address = カレンダーのアドレス
feed-address-hint = カレンダーのアプリの「URLで追加」（照会カレンダー）に貼り付けてください。このアドレスを知っている人は、だれでも期限を見られます。
confirm-webhook-secret-title = 秘密の文字列の作り直し
confirm-webhook-secret = 今の秘密の文字列は、すぐに使えなくなります。受け取る側の設定を新しい文字列に変えるまで、受け取る側はお知らせを拒否します。
confirm-webhook-remove-title = Webhookの設定の解除
confirm-webhook-remove = このURLへのお知らせを止めます。まだ送っていないお知らせも送りません。
confirm-feed-renew-title = カレンダーのアドレスの作り直し
confirm-feed-renew = 今のアドレスは、すぐに使えなくなります。登録済みのカレンダーには、新しいアドレスを登録し直してください。
confirm-feed-close-title = カレンダーのアドレスの取り消し
confirm-feed-close = 今のアドレスは、すぐに使えなくなります。登録済みのカレンダーは更新されなくなります。

# テスト
test-recipient = テストメールの宛先
test-mail = テストメールを送る
test-webhook = テスト送信
tests-heading = テストの結果
tests-again = 結果を表示し直す
test-waiting = 送信中
test-sent = 受け付けられました
test-bounced = 拒否されました
test-failed = 送信できませんでした

# いつ、だれに
days-heading = お知らせの予定
days-lead = 有効期限までの日数に応じて、午前8時（日本時間）以降に送ります。新しい証明書での接続を確認すると止まります。
days-day = 有効期限から
days-clinic = 医療機関
days-vendor = 保守会社
days-operator = 運用担当者
days-told = 知らせます
days-not-told = 知らせません
notice-day-before = { $days }日前
notice-day-last = 当日
notice-day-after = { $days }日後

# すぐに知らせる出来事
told-heading = すぐに届くお知らせ
told-lead = 次のことが起きたときは、予定を待たずに知らせます。なりすましや間違いに早く気づけるように、管理者へのメールは上の設定にかかわらず送ります。止めることはできません。
told-recovery-code-issued = 復旧コードの発行
told-recovery-code-used = 復旧コードの使用
told-recovery-closed = 復旧コードの受け付け停止（運用担当者に）
told-mass-revocation-proposed = 一括失効の提案（ほかの運用担当者に）
told-mass-revocation-done = 一括失効
told-administrator-added = 管理者の追加
told-reset-link-issued = 再設定リンクの発行
told-invitation = 管理者への招待（招待した人に）

# 送信の記録
deliveries-heading = 最近のお知らせ
deliveries-none = お知らせはまだありません。有効期限の60日前から送ります。
delivery-when = 日時
delivery-notice = 時期
delivery-recipient = 宛先
delivery-state = 状態
delivery-answer = 相手の回答
delivery-reason = 理由
delivery-waiting = 送信待ち
delivery-sent = 送信済み
delivery-bounced = 届きませんでした
delivery-failed = 送信を断念
delivery-stopped = 不要になり中止
delivery-replaced = 次のお知らせに交代

# 直せること
notice-wrong-address = 「{ $address }」はメールアドレスとして使えません。名前@ホスト名の形で、半角で入力してください。
notice-wrong-too-many = 宛先は20件までです。多いときは、メーリングリストを使ってください。
notice-wrong-url = URLの形が正しくありません。https:// で始まるURLを入力してください。
notice-wrong-url-password = URLにユーザー名やパスワードは入れられません。取り除いてください。
notice-wrong-url-private = 院内や社内だけのアドレスには送れません。インターネットから届くURLを入力してください。
notice-wrong-url-long = URLが長すぎます。1,000文字以内で入力してください。
notice-wrong-recipient = その宛先は、お知らせの宛先に入っていません。宛先を保存してから、もう一度送ってください。
notice-wrong-tests = テストは1時間に10回までです。時間をおいて、もう一度送ってください。
notice-wrong-no-webhook = Webhookが設定されていません。URLを保存してから、もう一度送ってください。

# 経過と操作履歴に出てくる出来事
event-notices-set = 通知設定を変更しました
event-webhook-set = Webhookを設定しました
event-webhook-removed = Webhookの設定を外しました
event-feed-opened = カレンダーのアドレスを作成しました
event-feed-closed = カレンダーのアドレスを取り消しました
event-notice-tested = お知らせのテストを送りました
event-address-bounced = お知らせのメールが戻ってきました
event-address-restored = 宛先への送信を再開しました

