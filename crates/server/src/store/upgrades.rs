//! Which program may work with which database, so that nodes can be upgraded one after the
//! other (`docs/upgrading.md`).

use super::{AnyConnection, StoreError, schema::schema_needs};
use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
    prelude::*,
    sql_types::{BigInt, Text},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

/// The only row of its table.
const ROW: i64 = 1;

/// What the library records of migrations.
const RECORD: &str = "__diesel_schema_migrations";

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// The migrations of this program beside those of the database.
pub(super) struct Migrations {
    /// This program's.
    known: Vec<String>,
    /// The newest of the database that this program does not know.
    stranger: Option<String>,
    /// The first of this program that the database does not have.
    missing: Option<String>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
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
        let known = known::<DB>(source)?;
        let applied = connection.applied_migrations().map_err(unread)?;
        Ok(Self::beside(known, applied.iter().map(ToString::to_string).collect()))
    }

    /// Looks at both without making the table in which the library records them. None when it is not there.
    pub(super) fn recorded<DB: Backend>(
        connection: &mut AnyConnection,
        source: &EmbeddedMigrations,
    ) -> Result<Option<Self>, StoreError>
    where
        EmbeddedMigrations: MigrationSource<DB>,
    {
        let there = match connection {
            AnyConnection::Sqlite(sqlite) => {
                diesel::sql_query("SELECT count(*) AS number FROM sqlite_master WHERE name = $1")
                    .bind::<Text, _>(RECORD)
                    .get_result::<Number>(sqlite)
            }
            AnyConnection::Postgres(postgres) => diesel::sql_query("SELECT count(to_regclass($1)) AS number")
                .bind::<Text, _>(RECORD)
                .get_result::<Number>(postgres),
        }?;
        if there.number == 0 {
            return Ok(None);
        }
        let applied: Vec<String> =
            __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(connection)?;
        Ok(Some(Self::beside(known::<DB>(source)?, applied)))
    }

    fn beside(known: Vec<String>, applied: Vec<String>) -> Self {
        let missing = known.iter().filter(|version| !applied.contains(version)).min().cloned();
        let stranger = applied.into_iter().filter(|version| !known.contains(version)).max();
        Self { stranger, known, missing }
    }

    /// Whether the database has all that this program reads.
    ///
    /// # Errors
    /// [`StoreError::TooOld`].
    pub(super) fn complete(&self) -> Result<(), StoreError> {
        self.missing.clone().map_or(Ok(()), |missing| Err(StoreError::TooOld(missing)))
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

/// The versions of a program's migrations.
fn known<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let own: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(unread)?;
    Ok(own.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn unread(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
