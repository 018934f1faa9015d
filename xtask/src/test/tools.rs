//! The programs that tests call, and how they come onto a Debian machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that some test calls.
struct Tool {
    program: &'static str,
    /// What to install, separated by blanks.
    package: &'static str,
    what_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { program: "initdb", package: "postgresql", what_for: "the store on PostgreSQL" },
    Tool {
        program: "openssl",
        package: "openssl",
        what_for: "certificates and bundles as OpenSSL sees them",
    },
    Tool { program: "curl", package: "curl", what_for: "the wire as libcurl speaks it" },
    Tool {
        program: "pk12util",
        package: "libnss3-tools",
        what_for: "bundles as Firefox and Chromium import them",
    },
    Tool {
        program: "java",
        package: "default-jdk-headless",
        what_for: "the wire and the bundle as Java sees them",
    },
    Tool {
        program: "chromium",
        package: "chromium",
        what_for: "a browser with a certificate that Koshin renewed",
    },
    Tool { program: "jq", package: "jq", what_for: "the commands of docs/admin-api.md" },
    Tool { program: "chromedriver", package: "chromium-driver", what_for: "the site's pages in a browser" },
    Tool { program: "npm", package: "npm", what_for: "axe-core, which looks for barriers in pages" },
    Tool { program: "faketime", package: "faketime", what_for: "the site on a day of the test's choice" },
    Tool { program: "nginx", package: "nginx-light", what_for: "the profile of nginx in docs/profiles.md" },
    Tool {
        program: "psql",
        package: "postgresql-client",
        what_for: "the profile of libpq in docs/profiles.md",
    },
    Tool { program: "haproxy", package: "haproxy", what_for: "several nodes behind a balancer" },
    Tool { program: "stunnel4", package: "stunnel4", what_for: "the profile of stunnel in docs/profiles.md" },
    Tool {
        program: "systemd-analyze",
        package: "systemd",
        what_for: "the timer's units as systemd reads them",
    },
    Tool { program: "dbus-daemon", package: "dbus-daemon", what_for: "notices on a desktop's bus" },
    Tool {
        program: "Xvfb",
        // The libraries are those that windows look for when they open.
        package: "xvfb libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libxrandr2",
        what_for: "windows on a display",
    },
    Tool {
        program: "desktop-file-validate",
        package: "desktop-file-utils",
        what_for: "the entry in the desktop's menu",
    },
    Tool { program: "xdotool", package: "xdotool", what_for: "windows operated by keys alone" },
    Tool {
        // A file: `find` takes its path as it is.
        program: "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        package: "fonts-noto-cjk",
        what_for: "windows in Japanese",
    },
    Tool { program: "ruby", package: "ruby", what_for: "YAML and keys as the viewer reads them" },
    Tool {
        // A file: `find` takes its path as it is.
        program: "/usr/lib/python3/dist-packages/aiosmtpd/smtp.py",
        package: "python3-aiosmtpd",
        what_for: "notices as a mail server takes them",
    },
    Tool { program: "python3", package: "python3", what_for: "JSON as another reader sees it" },
];

/// Makes the missing tools present where that is allowed, and says in sentences what was
/// done and what is still missing. A missing tool skips tests; it never fails the run.
pub(crate) fn prepare(may_install: bool) -> Vec<String> {
    let missing: Vec<_> = TOOLS.iter().filter(|tool| find(tool.program).is_none()).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let mut packages: Vec<_> = missing.iter().flat_map(|tool| tool.package.split(' ')).collect();
    packages.sort_unstable();
    packages.dedup();
    let mut said = Vec::new();
    if may_install && is_root() && find("apt-get").is_some() {
        said.push(format!("installing {}", packages.join(" ")));
        if let Err(why) = install(&packages) {
            said.push(why);
        }
    } else {
        said.push(format!("to run every test, install: apt-get install {}", packages.join(" ")));
    }
    for tool in missing.iter().filter(|tool| find(tool.program).is_none()) {
        said.push(format!("`{}` is missing, so tests are skipped: {}", tool.program, tool.what_for));
    }
    said
}

/// The program in `PATH`, or where Debian keeps PostgreSQL's own.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|directory| directory.join(program));
    on_path
        .chain(postgres_directories().into_iter().map(|directory| directory.join(program)))
        .find(|file| file.is_file())
}

/// `/usr/lib/postgresql/15/bin` and its like, newest first.
fn postgres_directories() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut numbered: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    numbered.sort();
    numbered.into_iter().rev().map(|(_, directory)| directory).collect()
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|metadata| metadata.uid() == 0)
}

/// Installs Debian packages, as root.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "-o=Dpkg::Use-Pty=0"]).args(arguments);
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`apt-get {}` failed: {status}", arguments.join(" "))),
            Err(error) => Err(format!("`apt-get` cannot be started: {error}")),
        }
    };
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}
