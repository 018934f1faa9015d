//! A home with the real settings files of four applications.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{TENANT, TERMINALS};
use crate::scratch_server::ScratchServer;

/// The scratch home.
pub(crate) struct Home(PathBuf);

/// A terminal's files as they were handed over.
struct HandedOver {
    directory: PathBuf,
    cn: &'static str,
}

impl HandedOver {
    fn file(&self, extension: &str) -> String {
        self.directory.join(format!("{}.{extension}", self.cn)).display().to_string()
    }

    fn ca(&self) -> String {
        self.directory.join("ca.crt").display().to_string()
    }

    fn password(&self) -> Result<String> {
        let path = self.file("pass");
        Ok(fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?.trim_end().to_owned())
    }
}

impl Home {
    /// Adds the clinic, issues the certificates and writes the settings files, each as its application writes it.
    pub(crate) fn furnish(server: &ScratchServer) -> Result<Self> {
        let home = Self(server.beside("home"));
        server.command(&["tenant", "add", TENANT, "--name", "ひまわり医院"])?;
        let mut all = Vec::new();
        for terminal in TERMINALS {
            let directory = home.0.join(folder_of(terminal.cn));
            let end = format!("{:+}d", terminal.days);
            server.issue(
                TENANT,
                terminal.cn,
                &directory,
                &["--label", terminal.label, "--not-after", &end],
            )?;
            all.push(HandedOver { directory, cn: terminal.cn });
        }
        let find = |cn: &str| all.iter().find(|one| one.cn == cn).context("a terminal of the demonstration");
        let url = server.url();
        home.write(".monsiaj/monsiaj.jsonrpc.properties", &monsiaj(find("client001")?, url)?)?;
        home.write(".glclient/config.json", &glclient2(&[find("client002")?, find("client009")?], url)?)?;
        home.write(".receview/receview.conf", &receview(find("client003")?, url)?)?;
        let files = [find("db001")?, find("api001")?];
        home.write(".config/koshin/files.toml", &files_toml(&files, url, &home.0.join("stunnel-reloaded"))?)?;
        // Which authentication host renews for which service: the table that can be extended.
        let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{url}\"\n");
        home.write(".config/koshin/hosts.toml", &hosts)?;
        Ok(home)
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a command live in this home and not in the one of the person who watches.
    pub(crate) fn surround(&self, command: &mut Command) {
        command.env("HOME", &self.0);
        for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        for name in ["GLCLIENT_CERT_EXPIRE_CHECK_MONTHES", "GLCLIENT_UPDATE_CERT_API_HOST"] {
            command.env_remove(name);
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        let directory = path.parent().context("inside the home")?;
        fs::create_dir_all(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?)
    }
}

/// Where the person who installed it put the files.
fn folder_of(cn: &str) -> &'static str {
    match cn {
        "client001" => ".monsiaj/certificates",
        "client002" | "client009" => ".glclient/certificates",
        "client003" => ".receview",
        _ => "pki",
    }
}

/// ORCAMOクライアント: Java properties, a PKCS#12, the password saved.
fn monsiaj(terminal: &HandedOver, url: &str) -> Result<String> {
    let escape = |text: &str| text.replace(':', "\\:");
    Ok(format!(
        "#monsiaj setting\n#Sun Nov 22 16:10:36 UTC 2026\n\
         monsiaj.config.0.description=\\u53d7\\u4ed81\n\
         monsiaj.config.0.authuri={}\n\
         monsiaj.config.0.useSSL=true\n\
         monsiaj.config.0.caCertificateFile={}\n\
         monsiaj.config.0.clientCertificateFile={}\n\
         monsiaj.config.0.clientCertificatePassword={}\n\
         monsiaj.config.0.saveClientCertificatePassword=true\n\
         monsiaj.current=0\n",
        escape(&format!("{url}/rpc/")),
        terminal.ca(),
        terminal.file("p12"),
        terminal.password()?,
    ))
}

/// glclient2: one line of JSON as json-c writes it, PEM certificate and key. Two connections.
fn glclient2(terminals: &[&HandedOver], url: &str) -> Result<String> {
    let mut list = Vec::new();
    for terminal in terminals {
        list.push(serde_json::json!({
            "description": terminal.cn,
            "authuri": format!("{url}/rpc/"),
            "ssl": true,
            "cafile": terminal.ca(),
            "certfile": terminal.file("crt"),
            "certkeyfile": terminal.file("pem"),
            "certpassword": terminal.password()?,
            "savecertpassword": true,
        }));
    }
    Ok(serde_json::json!({ "list": list, "index": 0 }).to_string().replace('/', "\\/"))
}

/// レセ電ビューア: YAML as Psych writes it, PEM certificate and passphrase-protected key.
fn receview(terminal: &HandedOver, url: &str) -> Result<String> {
    Ok(format!(
        "---\nsetting_version: 2.1.18\napi_host: {url}\napi_mode: true\napi_ca: \"{}\"\napi_crt: \"{}\"\n\
         api_pem: \"{}\"\napi_phrase: '{}'\n",
        terminal.ca(),
        terminal.file("crt"),
        terminal.file("pem"),
        terminal.password()?,
    ))
}

/// Anything else: files and a hook, in Koshin's own list. The hook stands for `systemctl reload stunnel4`.
fn files_toml(terminals: &[&HandedOver], url: &str, hook_mark: &Path) -> Result<String> {
    let mut list = Vec::new();
    for terminal in terminals {
        let text = |value: String| toml::Value::from(value);
        let mut entry = toml::Table::from_iter([
            ("name".to_owned(), text(terminal.cn.to_owned())),
            ("certificate".to_owned(), text(terminal.file("crt"))),
            ("key".to_owned(), text(terminal.file("pem"))),
            ("password_file".to_owned(), text(terminal.file("pass"))),
            ("ca".to_owned(), text(terminal.ca())),
            ("renewal_url".to_owned(), text(url.to_owned())),
            ("service_url".to_owned(), text(format!("{url}/rpc/"))),
        ]);
        if terminal.cn.starts_with("db") {
            let command = ["touch".to_owned(), hook_mark.display().to_string()].map(toml::Value::from);
            entry.insert("hook".to_owned(), command.to_vec().into());
        }
        list.push(toml::Value::from(entry));
    }
    Ok(toml::Table::from_iter([("connection".to_owned(), toml::Value::from(list))]).to_string())
}
