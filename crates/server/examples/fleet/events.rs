//! The events of the audit trail that a fleet's renewals have left, in one chain.

use anyhow::Result;
use sha2::{Digest, Sha256};

use crate::script::{Database, Table};
use crate::terminal::{Certificate, Terminal};

const COLUMNS: &str = "INSERT INTO audit_event (at, kind, tenant_id, common_name, serial, detail) VALUES ";
/// The tables are new: the rows of events count from 1, as their places do.
const LINKS: &str = "INSERT INTO audit_link (position, event_id, hash) VALUES ";

/// Writes events at the end of the chain, whose hashes docs of `koshin_server::store` describe.
pub(crate) struct Events {
    table: Table,
    links: Table,
    position: i64,
    hash: [u8; 32],
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { table: Table::new(COLUMNS), links: Table::new(LINKS), position: 0, hash: [0; 32] }
    }

    /// What a certificate's life has written: issued or renewed, used, replaced.
    pub(crate) fn of(
        &mut self,
        database: &mut Database,
        terminal: &Terminal,
        certificate: &Certificate,
    ) -> Result<()> {
        let Certificate { serial, parent, begin, replaced_at, .. } = certificate;
        match parent {
            Some(parent) => {
                let detail = format!("new serial {serial}, EST");
                self.write(database, terminal, (*begin, "certificate_renewed", parent, &detail))?;
            }
            None => {
                let detail = "first hand-over";
                self.write(database, terminal, (*begin, "certificate_issued", serial, detail))?;
            }
        }
        self.write(database, terminal, (*begin, "certificate_confirmed", serial, "first use"))?;
        let Some(at) = replaced_at else { return Ok(()) };
        let detail = "its successor is in use";
        self.write(database, terminal, (*at, "certificate_replaced", serial, detail))
    }

    fn write(
        &mut self,
        database: &mut Database,
        terminal: &Terminal,
        event: (i64, &str, &str, &str),
    ) -> Result<()> {
        let (at, kind, serial, detail) = event;
        let (tenant, name) = (format!("t{}", terminal.tenant.number()), format!("client{}", terminal.number));
        self.position += 1;
        let words = (self.position, at, kind, &tenant, &name, serial, detail, None::<&str>);
        let mut digest = Sha256::new();
        digest.update(self.hash);
        digest.update(serde_json::to_vec(&words)?);
        self.hash = digest.finalize().into();
        let (position, hash) = (self.position, hex::encode(self.hash));
        let row = format!("({at}, '{kind}', '{tenant}', '{name}', '{serial}', '{detail}')");
        self.table.row(database, &row)?;
        self.links.row(database, &format!("({position}, {position}, '{hash}')"))
    }

    /// Writes what is left, and where the chain ends.
    pub(crate) fn end(mut self, database: &mut Database) -> Result<()> {
        self.table.end(database)?;
        self.links.end(database)?;
        let (position, hash) = (self.position, hex::encode(self.hash));
        database.execute(&format!(
            "DELETE FROM audit_head; INSERT INTO audit_head (id, position, hash, settled) \
             VALUES (1, {position}, '{hash}', {position})"
        ))
    }
}
