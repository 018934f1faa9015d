//! The administrator of `cargo xtask demo`: sets up an account by its link as a browser would, opens the site with a
//! terminal's certificate, and is the authenticator app.
#![allow(clippy::disallowed_methods, reason = "an authenticator app has a clock")]

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use koshin_testkit::client::ClientOptions;
use koshin_testkit::terminal::{certificates, open_bundle};
use koshin_testkit::{Client, Response};
use totp_rs::{Algorithm, Builder, Secret};

/// An app's codes hold for 30 seconds; the site takes the one before, too, and each once.
const STEP: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Opens the entrance with the certificate.
    Visit(Terminal),
    /// Sets up an account by its link; prints the authenticator's secret.
    SetUp {
        #[command(flatten)]
        terminal: Terminal,
        /// The link, as `koshin-server admin invite` prints it
        #[arg(long)]
        link: String,
        #[arg(long)]
        name: String,
        #[arg(long)]
        login: String,
        #[arg(long)]
        password: String,
    },
    /// Prints the code of this moment.
    Code { secret: String },
}

/// The certificate that the browser shows, and where.
#[derive(Args)]
struct Terminal {
    /// https://HOST:PORT
    #[arg(long)]
    site: String,
    /// The terminal's PKCS#12; its password lies beside it as .pass, the CA as ca.crt
    #[arg(long)]
    bundle: PathBuf,
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Visit(terminal) => visit(&terminal),
        Task::SetUp { terminal, link, name, login, password } => {
            let path = link.strip_prefix(&terminal.site).context("the link is the site's")?;
            set_up(
                &terminal,
                path,
                &[("name", &name), ("login", &login), ("password", &password), ("again", &password)],
            )
        }
        Task::Code { secret } => {
            println!("{}", code(&secret, Duration::ZERO)?);
            Ok(())
        }
    }
}

fn visit(terminal: &Terminal) -> Result<()> {
    let entrance = terminal.client()?.get("/")?;
    ensure!(entrance.status == 200, "the site answers {}: {}", entrance.status, text(&entrance));
    Ok(())
}

fn set_up(terminal: &Terminal, path: &str, account: &[(&str, &str)]) -> Result<()> {
    let client = terminal.client()?;
    // As the kit's client names the host: without its port.
    let origin = terminal.site.rsplit_once(':').map_or(terminal.site.as_str(), |(origin, _)| origin);
    let form = client.get(path)?;
    ensure!(form.status == 200, "the set-up answers {}: {}", form.status, text(&form));
    let cookie =
        form.header("set-cookie").and_then(|line| line.split(';').next()).context("no cookie")?.to_owned();
    let send = |path: &str, from: &Response, fields: &[(&str, &str)]| -> Result<Response> {
        let token = between(&text(from), "name=\"token\" value=\"", "\"")?;
        let headers =
            [("Origin", origin), ("Cookie", &cookie), ("Content-Type", "application/x-www-form-urlencoded")];
        let body = encoded(&[&[("token", token.as_str())], fields].concat());
        Ok(client.request("POST", path, &headers, body.as_bytes())?)
    };
    let enrolment = send(path, &form, account)?;
    let secret = between(&text(&enrolment), "class=\"mono card\">", "<")?.replace(' ', "");
    // The code of the step before: the one of this step is still good for whoever signs in now.
    let done = send(&format!("{path}/code"), &enrolment, &[("code", &code(&secret, STEP)?)])?;
    if done.status != 303 {
        bail!("the set-up ends with {}: {}", done.status, text(&done));
    }
    println!("{secret}");
    Ok(())
}

impl Terminal {
    fn client(&self) -> Result<Client> {
        let host = self.site.strip_prefix("https://").context("an https address")?;
        let (name, port) = host.rsplit_once(':').context("an address with its port")?;
        let address: SocketAddr = ("localhost", port.parse::<u16>()?)
            .to_socket_addrs()?
            .find(SocketAddr::is_ipv4)
            .context("localhost has an address")?;
        let password = fs::read_to_string(self.bundle.with_extension("pass"))?;
        let identity = open_bundle(&fs::read(&self.bundle)?, password.trim_end());
        let ca = certificates(&self.bundle.with_file_name("ca.crt"));
        Ok(Client::new(
            address,
            name,
            &ca,
            &ClientOptions { identity: Some(&identity), ..ClientOptions::default() },
        ))
    }
}

/// The app's code (RFC 6238), `ago`.
fn code(secret: &str, ago: Duration) -> Result<String> {
    let secret = Secret::try_from_base32(secret).map_err(|error| anyhow::anyhow!("{error}"))?;
    let app = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(secret).build_noncompliant();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)? - ago;
    Ok(app.generate(now.as_secs()).to_string())
}

fn text(answer: &Response) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn between(page: &str, before: &str, after: &str) -> Result<String> {
    let found = page.split_once(before).and_then(|(_, rest)| rest.split(after).next());
    Ok(found.with_context(|| format!("no {before} in {page}"))?.to_owned())
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}
