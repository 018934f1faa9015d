//! A Windows user's profile with the settings files of two applications, as these write them on Windows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::wine::Wine;
use crate::demo::Terminal;
use crate::scratch_server::ScratchServer;

const TENANT: &str = "himawari";
/// ORCAMOクライアント's terminal.
pub(crate) const MONSIAJ: Terminal = Terminal { cn: "client001", label: "受付1", days: 40, renewed: true };
/// レセ電ビューア's terminal.
pub(crate) const RECEVIEW: Terminal =
    Terminal { cn: "client003", label: "レセプト室", days: 30, renewed: true };

/// What an earlier run may have left, below the profile.
const LEFTOVERS: [&str; 4] = [".monsiaj", ".receview", "AppData/Roaming/koshin", "AppData/Local/koshin"];

/// The profile, as Linux sees it.
pub(crate) struct Home {
    profile: PathBuf,
}

impl Home {
    /// Issues the certificates and writes the settings files.
    pub(crate) fn furnish(wine: &Wine, server: &ScratchServer) -> Result<Self> {
        let home = Self { profile: wine.profile()? };
        for leftover in LEFTOVERS {
            let path = home.profile.join(leftover);
            if path.exists() {
                fs::remove_dir_all(&path)?;
            }
        }
        let url = server.url();
        let [monsiaj, receview] = [".monsiaj/certificates", ".receview"].map(|name| home.profile.join(name));
        server.command(&["tenant", "add", TENANT, "--name", "ひまわり医院"])?;
        for (terminal, folder) in [(&MONSIAJ, &monsiaj), (&RECEVIEW, &receview)] {
            let end = format!("{:+}d", terminal.days);
            server.issue(TENANT, terminal.cn, folder, &["--label", terminal.label, "--not-after", &end])?;
        }
        fs::write(home.monsiaj(), monsiaj_properties(wine, &monsiaj, url)?)?;
        fs::write(home.receview(), receview_conf(wine, &receview, url)?)?;
        let settings = home.profile.join("AppData/Roaming/koshin");
        fs::create_dir_all(&settings)?;
        let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{url}\"\n");
        fs::write(settings.join("hosts.toml"), hosts)?;
        Ok(home)
    }

    /// The settings of ORCAMOクライアント.
    pub(crate) fn monsiaj(&self) -> PathBuf {
        self.profile.join(".monsiaj/monsiaj.jsonrpc.properties")
    }

    /// The settings of レセ電ビューア.
    pub(crate) fn receview(&self) -> PathBuf {
        self.profile.join(".receview/receview.conf")
    }

    /// Where an application leaves a trace that it was started.
    pub(crate) fn trace(&self) -> PathBuf {
        self.profile.join("started.txt")
    }

    /// The folder of ORCAMOクライアント's certificates.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.profile.join(".monsiaj/certificates")
    }
}

/// Java properties, in which a colon and a backslash are escaped.
fn monsiaj_properties(wine: &Wine, certificates: &Path, url: &str) -> Result<String> {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
    let path = |name: String| wine.windows_path(&certificates.join(name)).map(|path| escaped(&path));
    Ok(format!(
        "#monsiaj setting\r\n\
         monsiaj.config.0.description=\\u53d7\\u4ed81\r\n\
         monsiaj.config.0.authuri={}\r\n\
         monsiaj.config.0.useSSL=true\r\n\
         monsiaj.config.0.caCertificateFile={}\r\n\
         monsiaj.config.0.clientCertificateFile={}\r\n\
         monsiaj.config.0.clientCertificatePassword={}\r\n\
         monsiaj.config.0.saveClientCertificatePassword=true\r\n\
         monsiaj.current=0\r\n",
        escaped(&format!("{url}/rpc/")),
        path("ca.crt".to_owned())?,
        path(format!("{}.p12", MONSIAJ.cn))?,
        password(certificates, MONSIAJ.cn)?,
    ))
}

/// YAML as Psych writes it.
fn receview_conf(wine: &Wine, folder: &Path, url: &str) -> Result<String> {
    let path = |name: String| wine.windows_path(&folder.join(name));
    Ok(format!(
        "---\nsetting_version: 2.1.18\napi_host: {url}\napi_mode: true\napi_ca: {}\napi_crt: {}\napi_pem: {}\n\
         api_phrase: '{}'\n",
        path("ca.crt".to_owned())?,
        path(format!("{}.crt", RECEVIEW.cn))?,
        path(format!("{}.pem", RECEVIEW.cn))?,
        password(folder, RECEVIEW.cn)?,
    ))
}

fn password(folder: &Path, cn: &str) -> Result<String> {
    let path = folder.join(format!("{cn}.pass"));
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim_end().to_owned())
}
