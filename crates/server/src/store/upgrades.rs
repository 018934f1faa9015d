//! Which program may work with which database, so that nodes can be upgraded one after the
//! other (`docs/upgrading.md`).

use super::{AnyConnection, StoreError, schema::schema_needs};
use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
    prelude::*,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

/// The only row of its table.
const ROW: i64 = 1;

/// The migrations of this program beside those of the database.
pub(super) struct Migrations {
    /// This program's.
    known: Vec<String>,
    /// The newest of the database that this program does not know.
    stranger: Option<String>,
}

impl Migrations {
    /// Looks at both.
    pub(super) fn of<DB: Backend>(
        connection: &mut impl MigrationHarness<DB>,
        source: &EmbeddedMigrations,
    ) -> Result<Self, StoreError>
    where
        EmbeddedMigrations: MigrationSource<DB>,
    {
        let unread =
            |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Unavailable(error.to_string());
        let own: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(unread)?;
        let known: Vec<String> = own.iter().map(|migration| migration.name().version().to_string()).collect();
        let applied = connection.applied_migrations().map_err(unread)?;
        let strangers = applied.iter().map(ToString::to_string).filter(|version| !known.contains(version));
        Ok(Self { stranger: strangers.max(), known })
    }

    /// Whether this program may work with the database. One that was upgraded by a newer
    /// release goes on serving this one, unless its migrations say otherwise.
    ///
    /// # Errors
    /// [`StoreError::TooNew`].
    pub(super) fn permit(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let Some(stranger) = &self.stranger else { return Ok(()) };
        let needs: Option<String> = schema_needs::table
            .filter(schema_needs::id.eq(ROW))
            .select(schema_needs::migration)
            .first(connection)
            .optional()?;
        if let Some(needs) = needs.filter(|needs| !self.known.contains(needs)) {
            return Err(StoreError::TooNew(needs));
        }
        tracing::warn!(
            migration = stranger,
            "the database was upgraded by a newer koshin-server; this one works with it: upgrade it, too"
        );
        Ok(())
    }
}
