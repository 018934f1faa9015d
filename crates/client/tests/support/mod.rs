//! A scratch home with real configuration files, a scripted server that really signs, and a disk that fails.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "a test writes its own files")]

pub mod disk;
pub mod server;

use jiff::{SignedDuration, Timestamp};
use koshin::{
    applications::{App, Place, credential, discover},
    environment::Environment,
    prompt::Prompt,
    renewal::{
        group::Passwords,
        hook::{HookError, HookRunner},
        performer::{Run, Surroundings, Wishes},
        session::Session,
    },
    storage::FileSystem,
};
use koshin_issuance::{
    BundleContents, BundleProfile, PrivateKey, certificate_to_pem, encrypt_private_key_pem,
    private_key_to_pem, write_pkcs12,
};
use secrecy::SecretString;
use server::{Ca, ScriptedServer};
use std::{
    cell::RefCell,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// The password of every old certificate.
pub const PASSWORD: &str = "Oldpass-1";
/// What the applications connect to; mapped to the scripted server.
pub const SERVICE: &str = "https://sms.test.example/rpc/";

pub fn now() -> Timestamp {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

pub fn days(count: i32) -> SignedDuration {
    SignedDuration::from_hours(24) * count
}

pub fn new_key() -> PrivateKey {
    let key =
        aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING)
            .unwrap();
    PrivateKey::from_pkcs8_der(Zeroizing::new(key.to_pkcs8v1().unwrap().as_ref().to_vec())).unwrap()
}

/// A home with one old certificate, due in 30 days' time, that applications are given with [`World::install`].
pub struct World {
    home: TempDir,
    pub environment: Environment,
    pub ca: Ca,
    pub key: PrivateKey,
    pub certificate: Vec<u8>,
    pub hooks: RecordedHooks,
}

impl World {
    pub fn new() -> Self {
        Self::of("client001", now() + days(30))
    }

    pub fn of(common_name: &str, not_after: Timestamp) -> Self {
        // Thousands of renewals, each with dozens of syncs: in memory where there is such a place.
        let memory = Path::new("/dev/shm");
        let home = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let environment = Environment::in_home(home.path());
        let ca = Ca::new("Test CA");
        let key = new_key();
        let certificate =
            ca.client(&key, common_name, Some("ひまわり医院"), not_after - days(1000), not_after);
        let world = Self { home, environment, ca, key, certificate, hooks: RecordedHooks::default() };
        world.write("ca.crt", certificate_to_pem(world.ca.certificate()).as_bytes());
        world.write(
            ".config/koshin/hosts.toml",
            b"[[host]]\nservice = \"sms.test.example\"\nrenewal = \"https://auth.test.example\"\n",
        );
        world
    }

    /// A world in which all four applications but `files` use the same certificate.
    pub fn with_three_applications() -> Self {
        let world = Self::new();
        world.install(&[App::Monsiaj, App::Glclient2, App::Receview]);
        world
    }

    pub fn install(&self, apps: &[App]) {
        for app in apps {
            match app {
                App::Monsiaj => self.install_monsiaj(true),
                App::Glclient2 => self.install_glclient2(),
                App::Receview => self.install_receview(),
                App::Files => self.install_files(),
                App::Keystore => self.install_keystore(),
                App::Browser => panic!("a test with a browser fills it itself"),
                App::Profile(name) => panic!("the test writes the profile {name:?} itself"),
            }
        }
    }

    pub fn install_monsiaj(&self, password_saved: bool) {
        let bundle = self.write(".monsiaj/client.p12", &self.pkcs12());
        let password = if password_saved { PASSWORD } else { "" };
        let text = format!(
            "#monsiaj setting\n\
             monsiaj.config.0.description=uketsuke\n\
             monsiaj.config.0.authuri=https\\://sms.test.example/rpc/\n\
             monsiaj.config.0.useSSL=true\n\
             monsiaj.config.0.clientCertificateFile={}\n\
             monsiaj.config.0.clientCertificatePassword={password}\n\
             monsiaj.config.0.saveClientCertificatePassword={password_saved}\n\
             monsiaj.config.0.caCertificateFile={}\n\
             monsiaj.current=0\n",
            bundle.display(),
            self.path("ca.crt").display(),
        );
        self.write(".monsiaj/monsiaj.jsonrpc.properties", text.as_bytes());
    }

    fn install_glclient2(&self) {
        let certificate =
            self.write(".glclient/client.crt", certificate_to_pem(&self.certificate).as_bytes());
        let key = self.write(".glclient/client.pem", &self.encrypted_key());
        let text = format!(
            r#"{{"list":[{{"description":"default","authuri":"{SERVICE}","ssl":true,"cafile":"{}","certfile":"{}","certkeyfile":"{}","certpassword":"{PASSWORD}","savecertpassword":true}}],"index":0}}"#,
            self.path("ca.crt").display(),
            certificate.display(),
            key.display(),
        );
        self.write(".glclient/config.json", text.as_bytes());
    }

    fn install_receview(&self) {
        let certificate =
            self.write(".receview/client.crt", certificate_to_pem(&self.certificate).as_bytes());
        let key = self.write(".receview/client.pem", &self.encrypted_key());
        let text = format!(
            "---\nsetting_version: 2.1.18\napi_host: https://sms.test.example:443\napi_mode: true\n\
             api_ca: \"{}\"\napi_crt: \"{}\"\napi_pem: \"{}\"\napi_phrase: '{PASSWORD}'\n",
            self.path("ca.crt").display(),
            certificate.display(),
            key.display(),
        );
        self.write(".receview/receview.conf", text.as_bytes());
    }

    fn install_files(&self) {
        let certificate = self.write("tls/client.crt", certificate_to_pem(&self.certificate).as_bytes());
        let key = self.write("tls/client.key", private_key_to_pem(&self.key).as_bytes());
        let text = format!(
            "[[connection]]\nname = \"stunnel\"\ncertificate = \"{}\"\nkey = \"{}\"\nca = \"{}\"\n\
             renewal_url = \"https://auth.test.example\"\nhook = [\"reload\", \"stunnel\"]\n",
            certificate.display(),
            key.display(),
            self.path("ca.crt").display(),
        );
        self.write(".config/koshin/files.toml", text.as_bytes());
    }

    /// A PKCS#12 keystore, which is replaced as a file.
    fn install_keystore(&self) {
        let file = self.write("java/client.p12", &self.pkcs12());
        let password = self.write("java/pass", PASSWORD.as_bytes());
        let text = format!(
            "[[keystore]]\nname = \"yoyaku\"\nfile = \"{}\"\npassword_file = \"{}\"\nca = \"{}\"\n\
             renewal_url = \"https://auth.test.example\"\nhook = [\"restart\", \"yoyaku\"]\n",
            file.display(),
            password.display(),
            self.path("ca.crt").display(),
        );
        self.write(".config/koshin/keystores.toml", text.as_bytes());
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.home.path().join(relative)
    }

    /// Writes a file, 0600 in directories of 0700, as a careful user has them.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(relative);
        let mut directory = path.parent().unwrap();
        fs::create_dir_all(directory).unwrap();
        while directory != self.home.path() {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
            directory = directory.parent().unwrap();
        }
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    fn pkcs12(&self) -> Vec<u8> {
        let contents = BundleContents {
            friendly_name: "client001",
            key: &self.key,
            certificate_der: &self.certificate,
            chain_der: &[],
        };
        write_pkcs12(&contents, BundleProfile::Compatible, 1, PASSWORD).unwrap().to_vec()
    }

    fn encrypted_key(&self) -> Vec<u8> {
        encrypt_private_key_pem(&self.key, PASSWORD, [1; 16], [2; 16]).unwrap().as_bytes().to_vec()
    }

    pub fn places(&self) -> Vec<Place> {
        let discovery = discover(&self.environment);
        assert!(discovery.problems.is_empty(), "{:?}", discovery.problems);
        discovery.places
    }

    /// Runs the program once. One [`Run`] for each certificate found.
    pub fn run(
        &self,
        disk: &dyn FileSystem,
        server: &ScriptedServer,
        prompt: &mut dyn Prompt,
        wishes: Wishes<'_>,
    ) -> Result<Vec<Run>, koshin::renewal::Failure> {
        self.run_at(now(), disk, server, prompt, wishes)
    }

    pub fn run_at(
        &self,
        now: Timestamp,
        disk: &dyn FileSystem,
        server: &ScriptedServer,
        prompt: &mut dyn Prompt,
        wishes: Wishes<'_>,
    ) -> Result<Vec<Run>, koshin::renewal::Failure> {
        self.run_by(&|| now, disk, server, prompt, wishes)
    }

    pub fn run_by(
        &self,
        clock: &dyn Fn() -> Timestamp,
        disk: &dyn FileSystem,
        server: &ScriptedServer,
        prompt: &mut dyn Prompt,
        wishes: Wishes<'_>,
    ) -> Result<Vec<Run>, koshin::renewal::Failure> {
        let with = Surroundings {
            fs: disk,
            network: server,
            hooks: &self.hooks,
            state_dir: &self.environment.state_dir,
            clock,
        };
        let mut passwords = Passwords::new(prompt, None);
        let session = Session::begin(&self.environment, |_| true, with, &mut passwords)?;
        if let Some((place, error)) = session.unreadable.first() {
            panic!("{} cannot be read: {error}", place.name);
        }
        Ok(session.groups.iter().map(|group| session.renew(group, wishes, with, &mut passwords)).collect())
    }

    /// What every place uses now, opened as its application would open it: configuration, files, password, key.
    pub fn certificates_in_use(&self, password: Option<&str>) -> Vec<Vec<u8>> {
        let password = password.map(SecretString::from);
        let open = |place: &Place| match credential::open(place, password.as_ref()) {
            Ok(opened) => opened.certificate.der,
            Err(error) => panic!("{} does not work any more: {error}", place.app),
        };
        self.places().iter().map(open).collect()
    }

    /// Whether all places use the old certificate (`false`: all a new one). Anything else is a broken clinic.
    pub fn all_old(&self) -> bool {
        let in_use = self.certificates_in_use(None);
        let old = in_use.iter().filter(|der| **der == self.certificate).count();
        assert!(old == 0 || old == in_use.len(), "{old} of {} places have the old certificate", in_use.len());
        assert!(in_use.windows(2).all(|pair| pair[0] == pair[1]), "the places use different certificates");
        old > 0
    }

    /// Every file and directory in the home that another user of the PC may look into.
    pub fn open_to_others(&self) -> Vec<PathBuf> {
        let others = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o077 != 0;
        self.everything().into_iter().filter(others).collect()
    }

    /// Every file and directory below the home.
    pub fn everything(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(self.home.path(), &mut found);
        found.sort();
        found
    }
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        }
        found.push(path);
    }
}

/// Hooks that are only counted, and fail as often as told.
#[derive(Default)]
pub struct RecordedHooks {
    pub ran: RefCell<Vec<String>>,
    pub failures: RefCell<usize>,
}

impl HookRunner for RecordedHooks {
    fn run(&self, hook: &koshin::applications::Hook) -> Result<(), HookError> {
        self.ran.borrow_mut().push(format!("{} {}", hook.program, hook.arguments.join(" ")));
        let mut failures = self.failures.borrow_mut();
        if *failures == 0 {
            return Ok(());
        }
        *failures -= 1;
        Err(HookError::Failed {
            program: hook.program.clone(),
            status: "exit status: 1".to_owned(),
            message: "stunnel.conf: no such file".to_owned(),
        })
    }
}

/// The user agreed beforehand.
pub fn agreed() -> Wishes<'static> {
    Wishes { agreed: true, ..Wishes::default() }
}
