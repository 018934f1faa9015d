//! `cargo xtask demo`: a server, six terminals with their applications' real files, and their renewal, to watch; then
//! the administration site, to try.

pub(crate) mod homes;
mod site;
mod table;
mod words;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::homes::Home;
use self::site::Site;
use self::words::Words;
use crate::scratch_server::ScratchServer;
use crate::workspace::{self, Profile};

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// End when everything is shown, instead of keeping the server running until Ctrl-C.
    #[arg(long)]
    exit: bool,
}

/// The tenant of the demonstration.
const TENANT: &str = "himawari";

/// The terminals of the demonstration: CN, 端末名, days to the end of the certificate, and where it is used.
pub(crate) const TERMINALS: &[Terminal] = &[
    Terminal { cn: "client001", label: "受付1", days: 40, renewed: true },
    Terminal { cn: "client002", label: "診察室", days: 25, renewed: true },
    Terminal { cn: "client003", label: "レセプト室", days: 80, renewed: true },
    Terminal { cn: "db001", label: "集計サーバー", days: 12, renewed: true },
    Terminal { cn: "api001", label: "予約システム", days: 30, renewed: false },
    Terminal { cn: "client009", label: "往診用ノートPC", days: -3, renewed: false },
];

/// One terminal of the demonstration.
pub(crate) struct Terminal {
    pub(crate) cn: &'static str,
    pub(crate) label: &'static str,
    /// Days to the end of its certificate; negative when it has expired.
    pub(crate) days: i64,
    /// Whether a renewal is to succeed.
    pub(crate) renewed: bool,
}

/// Shows the renewal of six terminals.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let words = Words::by_environment();
    words.step(
        "プログラムをビルドします（初回は数分かかります）",
        "Building the programs (the first time takes minutes)",
    );
    let programs = workspace::build_programs(&["koshin-server", "koshin"], &["administrator"], Profile::Dev)?;
    let begin = Instant::now();

    let mut configured = Ok(());
    let server =
        ScratchServer::start(&programs.join("koshin-server"), |config| configured = site::configure(config))?;
    configured?;
    words.step(
        &format!("認証局とサーバーを用意しました： {}", server.url()),
        &format!("A CA and a server are up: {}", server.url()),
    );
    let home = Home::furnish(&server)?;
    words.step(
        "医院「ひまわり医院」の端末6台に証明書を渡し、アプリケーションの設定ファイルを置きました",
        "Six terminals of the clinic ひまわり医院 have certificates, and their applications' settings files",
    );

    let client = Client { program: programs.join("koshin"), home: &home, words };
    words.command("koshin status");
    client.show(&["status"])?;
    let before = client.status()?;

    words.step("期限の近い証明書をすべて更新します", "All certificates near their end are renewed");
    words.command("koshin renew --yes");
    let code = client.show(&["renew", "--yes"])?;
    let after = client.status()?;

    words.step("更新の前と後", "Before and after");
    let rows = table::rows(&before, &after);
    table::print(&rows, words);
    words.note(
        &format!("終了コード {code}： 期限切れなど、更新できない証明書があったことを表します"),
        &format!("exit code {code}: it says that there were certificates that could not be renewed"),
    );
    let in_use = renewed_and_in_use(&server)?;
    words.step(
        &format!(
            "サーバーの記録： 新しい証明書{in_use}枚の使用開始を確認しました（古いものは役目を終えました）"
        ),
        &format!(
            "The server's records: {in_use} new certificates are in use (the old ones have done their duty)"
        ),
    );
    check(&rows, in_use)?;
    words.step(
        &format!("ここまで{:.1}秒でした", begin.elapsed().as_secs_f32()),
        &format!("All of it took {:.1} seconds", begin.elapsed().as_secs_f32()),
    );
    let site = Site::open(&server, &programs)?;
    site.show(words);
    if options.exit {
        site.check()?;
    } else {
        keep_running(server, &home, &programs, words)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How many certificates that came out of a renewal are in use, by the server's records.
fn renewed_and_in_use(server: &ScratchServer) -> Result<usize> {
    let all = server.certificates()?;
    Ok(all.iter().filter(|row| !row["parent"].is_null() && row["state"] == "in_use").count())
}

/// A demonstration that shows something else than it says is a failure.
fn check(rows: &[table::Row], in_use: usize) -> Result<()> {
    for terminal in TERMINALS {
        let row = rows.iter().find(|row| row.cn == terminal.cn);
        let row = row.with_context(|| format!("{} is not in the table", terminal.cn))?;
        if row.renewed() != terminal.renewed {
            let expected = if terminal.renewed { "renewed" } else { "refused" };
            bail!("{} should have been {expected}", terminal.cn);
        }
    }
    let expected = TERMINALS.iter().filter(|terminal| terminal.renewed).count();
    if in_use != expected {
        bail!("the server has {in_use} renewed certificates in use, not {expected}");
    }
    Ok(())
}

fn keep_running(mut server: ScratchServer, home: &Home, programs: &Path, words: Words) -> Result<()> {
    words.step(
        "サーバーは動いています。Ctrl-Cで終わり、すべて片付けます",
        "The server keeps running; Ctrl-C ends it and clears up",
    );
    let show =
        |ja: &str, en: &str, text: &str| words.note(&format!("{ja}： {text}"), &format!("{en}: {text}"));
    show("証明書更新API", "renewal API", &format!("{}/api/cert", server.url()));
    show("EST", "EST", &format!("{}/.well-known/est/", server.url()));
    show("デモのサービス", "demonstration service", &format!("{}/rpc/", server.url()));
    show("端末のホーム", "the terminals' home", &home.path().display().to_string());
    let koshin = programs.join("koshin");
    words.note("試してみる：", "try:");
    println!(
        "    HOME={} XDG_CONFIG_HOME= XDG_STATE_HOME= {} status --online",
        home.path().display(),
        koshin.display()
    );
    println!("    {} certs --dir {}", programs.join("koshin-server").display(), server.directory().display());
    server.wait()
}

/// `koshin` in the scratch home.
struct Client<'a> {
    program: PathBuf,
    home: &'a Home,
    words: Words,
}

impl Client<'_> {
    /// Runs it and shows what it prints, indented. Answers its exit code.
    fn show(&self, arguments: &[&str]) -> Result<i32> {
        // The shell joins both outputs, so that refusals stay between what comes before and after them.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(&self.program);
        self.prepare(&mut command, arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("koshin has no output")?;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("    {line}");
        }
        child.wait()?.code().context("koshin was killed by a signal")
    }

    fn prepare(&self, command: &mut Command, arguments: &[&str]) {
        command.args(["--lang", self.words.tag()]).args(arguments);
        self.home.surround(command);
    }

    /// What it knows of all connections, as JSON.
    fn status(&self) -> Result<Vec<Value>> {
        let mut command = Command::new(&self.program);
        self.prepare(&mut command, &["status", "--json", "--online"]);
        let output = command.output()?;
        let document: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("koshin status --json: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(document["connections"].as_array().cloned().unwrap_or_default())
    }
}
