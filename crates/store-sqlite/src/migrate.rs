//! The schema and its versions: forward only, each in one transaction.

use std::path::Path;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnection;

use crate::error::OpenError;

/// `PRAGMA application_id` of our databases: the letters *pinf*.
const APPLICATION_ID: i32 = 0x7069_6e66;

/// Every version of the schema. A published one never changes: the database keeps its checksum.
fn versions() -> Migrator {
    Migrator::with_migrations(vec![
        version(
            1,
            "sandboxes",
            include_str!("../migrations/0001_sandboxes.sql"),
        ),
        version(2, "admin", include_str!("../migrations/0002_admin.sql")),
        // The next version goes here.
    ])
}

fn version(number: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration::new(
        number,
        name.into(),
        MigrationType::Simple,
        sql.into_sql_str(),
        false,
    )
}

/// Brings the database to the newest version that this binary knows, if it is ours, whole and not newer.
pub(crate) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), OpenError> {
    let failed = |source| OpenError::from_database(path, source);
    check_owner(connection, path).await?;
    check_pages(connection, path).await?;
    let migrator = versions();
    let known = migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    let found = applied(connection).await.map_err(failed)?;
    if found > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    migrator
        .run_direct(None, connection, false)
        .await
        .map_err(|error| match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                failed(source)
            }
            other => OpenError::Unusable {
                path: path.to_owned(),
                source: other.into(),
            },
        })
}

/// Ours carries our number; an empty one is ours from now on.
async fn check_owner(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::from_database(path, source);
    let owner: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    // The table that counts migrations is made before the first of them, which sets the number.
    let others: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'",
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    if owner == APPLICATION_ID || others == 0 {
        Ok(())
    } else {
        Err(OpenError::Foreign {
            path: path.to_owned(),
        })
    }
}

/// Damage is found before anybody relies on the database, not in the middle of the night.
async fn check_pages(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|source| OpenError::from_database(path, source))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(OpenError::Corrupt {
            path: path.to_owned(),
            source: verdict.into(),
        })
    }
}

/// The newest version that was applied; 0 for none.
async fn applied(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let counted: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await?;
    if counted.is_none() {
        return Ok(0);
    }
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await?;
    Ok(newest.unwrap_or(0))
}
