//! The worked examples of `docs/profiles.md` with the real programs: Koshin renews against a real server, and the program
//! then connects with the new certificate.

use jiff::{SignedDuration, Timestamp};
use koshin_issuance::CertificateFacts;
use koshin_testkit::{ServerInABox, Terminal, tools};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};
use tempfile::TempDir;

/// A server, a terminal whose certificate is due, and a home in which Koshin runs.
struct Desk {
    server: ServerInABox,
    terminal: Terminal,
    home: TempDir,
}

impl Desk {
    fn new() -> Self {
        let mut server = ServerInABox::start();
        let terminal =
            server.issue_until("client001", Timestamp::now() + SignedDuration::from_hours(24 * 30));
        Self { server, terminal, home: tempfile::tempdir().unwrap() }
    }

    fn path(&self, relative: &str) -> PathBuf {
        let path = self.home.path().join(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        fs::write(&path, text).unwrap();
        path
    }

    /// The profile of the documentation, with the addresses of this test.
    fn profile(&self, name: &str, text: &str) {
        let head = format!(
            "renewal_url = \"{}\"\nca = \"{}\"\n",
            self.server.url(),
            self.terminal.ca_file().display()
        );
        self.write(&format!(".config/koshin/profiles/{name}.toml"), &(head + text));
    }

    /// The terminal's certificate and its key without a password, for programs that cannot be asked for one.
    fn plain_pair(&self, certificate: &str, key: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (self.path(certificate), self.path(key));
        fs::copy(self.terminal.file("crt"), &certificate).unwrap();
        let password = format!("pass:{}", self.terminal.password());
        let mut decrypt = Command::new("openssl");
        decrypt.args(["pkey", "-passin", &password, "-in"]).arg(self.terminal.file("pem"));
        tools::succeed(decrypt.arg("-out").arg(&key));
        (certificate, key)
    }

    fn koshin(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
        command.args(arguments).env("HOME", self.home.path()).env("LANG", "C.UTF-8");
        tools::run(command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME"))
    }

    /// Renews by the profile `name`, which must succeed.
    fn renew(&self, name: &str) {
        let output = self.koshin(&["renew", "--app", name, "--yes", "--json"]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && told.contains("\"renewed\""), "{told}{output:?}");
    }

    /// The serial number that the server sees when `ask` connects, hex.
    fn serial_seen(&self, ask: &mut Command) -> String {
        let answer = tools::stdout(&tools::succeed(ask));
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"));
        answer["serial"].as_str().unwrap().to_owned()
    }
}

fn serial_in(certificate: &Path) -> String {
    CertificateFacts::from_pem(&fs::read(certificate).unwrap()).unwrap().serial.to_hex()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Ends a program however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Tries until it works, for half a minute.
fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(done) = attempt() {
            return done;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{what} did not happen");
}

#[test]
fn curl_reads_its_curlrc() {
    let Some(curl) = tools::require("curl") else { return };
    let desk = Desk::new();
    let before = format!(
        "# the clinic's service\nsilent\ncert = \"{}\"\nkey = \"{}\"\npass = \"{}\"\ncacert = \"{}\"\n",
        desk.terminal.file("crt").display(),
        desk.terminal.file("pem").display(),
        desk.terminal.password(),
        desk.terminal.ca_file().display(),
    );
    desk.write(".curlrc", &before);
    desk.profile(
        "curl",
        "name = \"curl\"\n[config]\nformat = \"curlrc\"\nfiles = [\"~/.curlrc\", \"{config}/curlrc\"]\n\
         windows_files = [\"{config}/_curlrc\"]\n[keys]\ncertificate = \"cert\"\nkey = \"key\"\npassword = \"pass\"\n\
         ca = \"cacert\"\n[new_files]\ncertificate = \"certificates/{yyyyMMddHHmmss}.crt\"\n\
         key = \"certificates/{yyyyMMddHHmmss}.pem\"\n",
    );
    let ask = || {
        let mut command = Command::new(&curl);
        command.env("HOME", desk.home.path()).env_remove("CURL_HOME").env_remove("XDG_CONFIG_HOME");
        command.arg(format!("{}/api/cert", desk.server.url()));
        command
    };
    assert_eq!(desk.serial_seen(&mut ask()), desk.terminal.serial());
    let status = tools::stdout(&desk.koshin(&["status"]));
    assert!(status.contains("curl") && status.contains("client001"), "{status}");
    desk.renew("curl");
    let new = desk.serial_seen(&mut ask());
    assert_ne!(new, desk.terminal.serial());
    assert_eq!(desk.server.state_of(&new), "in_use");
    let after = fs::read_to_string(desk.path(".curlrc")).unwrap();
    let kept: Vec<&str> = before.lines().zip(after.lines()).filter(|(a, b)| a == b).map(|(a, _)| a).collect();
    assert_eq!(kept.len(), 3, "comment, silent and cacert are as before: {after}");
    assert!(!after.contains(&desk.terminal.password()));
}

#[test]
fn stunnel_reloads_when_its_section_has_changed() {
    let Some(stunnel) = tools::require("stunnel4") else { return };
    let Some(curl) = tools::require("curl") else { return };
    let desk = Desk::new();
    let (certificate, key) = desk.plain_pair("tls/client.crt", "tls/client.key");
    let (port, pid) = (free_port(), desk.path("stunnel.pid"));
    let config = desk.write(
        "stunnel.conf",
        &format!(
            "foreground = yes\npid = {}\n; the service\n[orca]\nclient = yes\naccept = 127.0.0.1:{port}\n\
             connect = {}\ncert = {}\nkey = {}\nCAfile = {}\nverifyChain = yes\n",
            pid.display(),
            desk.server.address(),
            certificate.display(),
            key.display(),
            desk.terminal.ca_file().display(),
        ),
    );
    desk.profile(
        "stunnel",
        &format!(
            "name = \"stunnel\"\n[config]\nformat = \"ini\"\nfiles = [\"~/stunnel.conf\"]\nconnections = \"sections\"\n\
             [keys]\ncertificate = \"cert\"\nkey = \"key\"\n[new_files]\ncertificate = \"{{old}}.{{yyyymmdd}}\"\n\
             key = \"{{old}}.{{yyyymmdd}}\"\n[hook]\nafter = [\"sh\", \"-c\", \"kill -HUP $(cat '{}')\"]\n\
             timeout_seconds = 10\n",
            pid.display()
        ),
    );
    let _running = start(Command::new(stunnel).arg(&config));
    let seen = || {
        let mut ask = Command::new(&curl);
        ask.args(["-q", "--silent", "--fail", "--header", "Host: localhost"]);
        let output = tools::run(ask.arg(format!("http://127.0.0.1:{port}/api/cert")));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(answer["serial"].as_str()?.to_owned())
    };
    assert_eq!(eventually("stunnel's first connection", seen), desk.terminal.serial());
    desk.renew("stunnel");
    let new = eventually("a connection with the new certificate", || {
        seen().filter(|serial| *serial != desk.terminal.serial())
    });
    let text = fs::read_to_string(&config).unwrap();
    let named = text.lines().find_map(|line| line.strip_prefix("cert = ")).unwrap();
    assert_eq!(new, serial_in(Path::new(named)));
}

#[test]
fn nginx_reloads_when_its_files_are_replaced_in_place() {
    let Some(nginx) = tools::require("nginx") else { return };
    let Some(curl) = tools::require("curl") else { return };
    let desk = Desk::new();
    let (certificate, key) = desk.plain_pair("tls/client.crt", "tls/client.key");
    let port = free_port();
    let folder = desk.home.path().display().to_string();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .collect();
    let config = desk.write(
        "nginx.conf",
        &format!(
            "daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\nevents {{}}\nhttp {{\naccess_log off;\n\
             {temporary}server {{\nlisten 127.0.0.1:{port};\nlocation / {{\nproxy_pass {};\n\
             proxy_ssl_certificate {};\nproxy_ssl_certificate_key {};\nproxy_ssl_trusted_certificate {};\n\
             proxy_ssl_verify on;\nproxy_ssl_name localhost;\nproxy_ssl_session_reuse off;\n}}\n}}\n}}\n",
            desk.server.url(),
            certificate.display(),
            key.display(),
            desk.terminal.ca_file().display(),
        ),
    );
    desk.profile(
        "nginx",
        &format!(
            "name = \"nginx\"\n[config]\nformat = \"none\"\n[[certificate]]\ncertificate = \"~/tls/client.crt\"\n\
             key = \"~/tls/client.key\"\n[hook]\nbefore = [\"nginx\", \"-t\", \"-q\", \"-c\", \"{0}\"]\n\
             after = [\"nginx\", \"-s\", \"reload\", \"-c\", \"{0}\"]\n",
            config.display()
        ),
    );
    let _running = start(Command::new(nginx).arg("-c").arg(&config));
    let seen = || {
        let mut ask = Command::new(&curl);
        let output = tools::run(
            ask.args(["-q", "--silent", "--fail"]).arg(format!("http://127.0.0.1:{port}/api/cert")),
        );
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(answer["serial"].as_str()?.to_owned())
    };
    assert_eq!(eventually("nginx's first connection", seen), desk.terminal.serial());
    desk.renew("nginx");
    let new = eventually("a connection with the new certificate", || {
        seen().filter(|serial| *serial != desk.terminal.serial())
    });
    assert_eq!(new, serial_in(&certificate));
}

/// A PostgreSQL that lets in nobody without a certificate of the server's CA.
struct Postgres {
    _running: Running,
    port: u16,
    _directory: TempDir,
}

impl Postgres {
    fn start(ca: &Path) -> Option<Self> {
        let (initdb, postgres) = (postgres_program("initdb")?, postgres_program("postgres")?);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::copy(ca, path.join("clients.crt")).unwrap();
        let mut own = Command::new("openssl");
        own.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]);
        tools::succeed(own.arg("-keyout").arg(path.join("db.key")).arg("-out").arg(path.join("db.crt")));
        fs::write(path.join("hba"), "hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n").unwrap();
        if is_root() {
            tools::succeed(Command::new("chown").args(["-R", "postgres:postgres"]).arg(path));
        }
        let data = path.join("data");
        let mut make = as_postgres(&initdb);
        tools::succeed(make.arg("-D").arg(&data).args(["-U", "koshin", "--auth=trust", "--no-sync"]));
        let port = free_port();
        let mut serve = as_postgres(&postgres);
        serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "fsync=off", "-c", "ssl=on"]);
        serve.args(["-c", "listen_addresses=127.0.0.1"]);
        for (name, file) in [
            ("unix_socket_directories", ""),
            ("hba_file", "hba"),
            ("ssl_cert_file", "db.crt"),
            ("ssl_key_file", "db.key"),
            ("ssl_ca_file", "clients.crt"),
        ] {
            serve.arg("-c").arg(format!("{name}={}", path.join(file).display()));
        }
        Some(Self { _running: start(&mut serve), port, _directory: directory })
    }
}

fn is_root() -> bool {
    tools::stdout(&tools::succeed(Command::new("id").arg("-u"))) == "0"
}

/// Debian keeps the server's programs beside `PATH`.
fn postgres_program(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|entry| entry.path().join("bin").join(name)).filter(|path| path.is_file()).max();
    found.or_else(|| tools::require(name))
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new(if is_root() { "setpriv" } else { "env" });
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program).current_dir("/");
    command
}

/// A serial number has up to 20 bytes: more than any integer of the language.
fn decimal(hex: &str) -> String {
    let mut digits = vec![0_u32];
    for nibble in hex.chars().map(|digit| digit.to_digit(16).unwrap()) {
        let mut carry = nibble;
        for digit in &mut digits {
            carry += *digit * 16;
            (*digit, carry) = (carry % 10, carry / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u32::to_string).collect()
}

#[test]
fn libpq_reads_its_service_file() {
    let Some(psql) = tools::require("psql") else { return };
    let desk = Desk::new();
    let Some(database) = Postgres::start(&desk.terminal.ca_file()) else { return };
    let key = desk.path("client.pem");
    fs::copy(desk.terminal.file("pem"), &key).unwrap();
    tools::succeed(Command::new("chmod").arg("600").arg(&key));
    desk.write(
        ".pg_service.conf",
        &format!(
            "# 日レセのデータベース\n[orca]\nhost=127.0.0.1\nport={}\ndbname=postgres\nuser=koshin\nsslmode=require\n\
             sslcert={}\nsslkey={}\nsslpassword={}\n[other]\nhost=127.0.0.1\n",
            database.port,
            desk.terminal.file("crt").display(),
            key.display(),
            desk.terminal.password(),
        ),
    );
    desk.profile(
        "libpq",
        "name = \"PostgreSQL\"\n[config]\nformat = \"ini\"\nfiles = [\"~/.pg_service.conf\"]\nconnections = \"sections\"\n\
         [keys]\ncertificate = \"sslcert\"\nkey = \"sslkey\"\npassword = \"sslpassword\"\n[new_files]\n\
         certificate = \".postgresql/{yyyyMMddHHmmss}.crt\"\nkey = \".postgresql/{yyyyMMddHHmmss}.key\"\n",
    );
    // The serial number as the database's server sees it, decimal.
    let seen = || {
        let mut ask = Command::new(&psql);
        ask.env("HOME", desk.home.path()).args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "service=orca",
        ]);
        ask.arg("--command=select client_serial from pg_stat_ssl where pid = pg_backend_pid()");
        ask.env("PGSERVICEFILE", desk.home.path().join(".pg_service.conf"));
        let output = tools::run(&mut ask);
        output.status.success().then(|| tools::stdout(&output))
    };
    assert_eq!(eventually("psql's first connection", seen), decimal(&desk.terminal.serial()));
    desk.renew("libpq");
    let text = fs::read_to_string(desk.path(".pg_service.conf")).unwrap();
    let named = text.lines().find_map(|line| line.strip_prefix("sslcert=")).unwrap();
    let new = serial_in(Path::new(named));
    assert_ne!(new, desk.terminal.serial());
    assert_eq!(seen(), Some(decimal(&new)));
    assert!(
        text.starts_with("# 日レセのデータベース\n[orca]\n") && text.ends_with("[other]\nhost=127.0.0.1\n")
    );
}
