//! The document against the server that serves it, by a program that tries what people do
//! not: <https://schemathesis.readthedocs.io>.

use crate::{
    support::HOSTNAME,
    world::{GUEST, PREFIX, Things, World},
};
use koshin_testkit::{skip, tools};
use std::{ffi::OsString, process::Command};

/// A Python that has it; `cargo xtask test` makes one.
const PYTHON: &str = "KOSHIN_TEST_SCHEMATHESIS_PYTHON";
/// Seconds for each role.
const MOST_SECONDS: &str = "18";
const STOP: &str = "stopTerminal";

#[test]
fn the_server_answers_as_its_document_says_whatever_is_asked() {
    let Some(python) = std::env::var_os(PYTHON) else {
        skip("schemathesis is not installed: `cargo xtask test` installs it");
        return;
    };
    let mut world = World::start();
    for id in ["clinic", "vendor", "operator"] {
        let run = Run::prepare(&mut world, id);
        // Stopping comes last: it would stop the terminal from which everything is asked.
        run.succeed(&python, &["--exclude-operation-id", STOP, "--phases", "coverage,fuzzing"]);
        run.succeed(&python, &["--include-operation-id", STOP, "--phases", "coverage"]);
    }
    let log = world.site.server.log();
    assert!(!log.contains(" ERROR "), "nothing failed inside: {log}");
}

/// What it is started with.
struct Run {
    directory: tempfile::TempDir,
    url: String,
    token: String,
}

impl Run {
    fn prepare(world: &mut World, id: &str) -> Self {
        let token = world.able_program(id).token.unwrap();
        let terminal = world.of(id).desk.clone();
        let directory = tempfile::tempdir().unwrap();
        let (chain, key) = terminal.identity().to_pem();
        std::fs::write(directory.path().join("client.pem"), format!("{key}{chain}")).unwrap();
        std::fs::copy(terminal.ca_file(), directory.path().join("ca.pem")).unwrap();
        let (things, foreign) = (world.things_of(id), world.of("other").target.serial());
        let Things { terminal_id, serial, download, revocation_id } = things;
        let settings = format!(
            r#"[dictionaries]
terminals = {{ values = [{terminal_id}] }}
downloads = {{ values = ["{download}"] }}
serials = {{ values = ["{serial}", "{foreign}"] }}
tenants = {{ values = ["{id}", "other", "nobody"] }}
guests = {{ values = ["{GUEST}"] }}
services = {{ values = ["default"] }}
revocations = {{ values = [{revocation_id}] }}

[parameters]
"path.terminalId" = {{ dictionary = "terminals", probability = 0.7 }}
"path.serial" = {{ dictionary = "serials", probability = 0.7 }}
"path.download" = {{ dictionary = "downloads", probability = 0.7 }}
"path.tenantId" = {{ dictionary = "guests", probability = 0.7 }}
"path.service" = {{ dictionary = "services", probability = 0.7 }}
"path.revocationId" = {{ dictionary = "revocations", probability = 0.7 }}
"query.tenant" = {{ dictionary = "tenants", probability = 0.7 }}

# Which kinds of common names and services there are, the configuration says; what is a host
# name, an instant or an address, and what goes with what, no schema says.
[[operations]]
include-operation-id = ["addTerminal", "addTenant", "changeTenant", "setServicePolicy", "setNotices", "prepareRevocation"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "5xx"]
"#
        );
        std::fs::write(directory.path().join("schemathesis.toml"), settings).unwrap();
        let url = format!("https://{HOSTNAME}:{}{PREFIX}/openapi.json", world.site.address.port());
        Self { directory, url, token }
    }

    fn succeed(&self, python: &OsString, more: &[&str]) {
        let output = tools::run(self.command(python).args(more));
        assert!(output.status.success(), "{}", tools::describe(self.command(python).args(more), &output));
    }

    fn command(&self, python: &OsString) -> Command {
        let mut command = Command::new(python);
        command
            .current_dir(self.directory.path())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/admin_api/run_schemathesis.py"))
            .args(["run", &self.url, "--header", &format!("Authorization: Bearer {}", self.token)])
            .args(["--tls-verify", "ca.pem", "--request-cert", "client.pem"])
            .args(["--checks", "all", "--seed", "4", "--max-examples", "15"])
            .args(["--max-time", MOST_SECONDS, "--continue-on-failure", "--no-color"])
            .env("HYPOTHESIS_STORAGE_DIRECTORY", self.directory.path().join("hypothesis"));
        command
    }
}
