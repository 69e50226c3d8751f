//! What the store was born with: its id, its birthday, and the proof of its sealing key.

use runtime_core::{InstallationId, StoreError, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::error::unavailable;
use crate::seal::Seal;

const ATTEMPT: &str = "read the installation's id";
/// What is sealed to know the key again.
const PROOF: &[u8] = b"pinfold";
/// In the place of a sandbox's id; none is written like this.
const OWNER: &str = "(installation)";

/// The id and the birthday.
pub(crate) async fn read(readers: &SqlitePool) -> Result<(InstallationId, Timestamp), StoreError> {
    let failed = |error| unavailable(ATTEMPT, error);
    let row = sqlx::query(include_str!("../queries/installation.sql"))
        .fetch_one(readers)
        .await
        .map_err(failed)?;
    let id: &str = row.try_get("id").map_err(failed)?;
    let born_at = row.try_get("born_at").map_err(failed)?;
    let id = Uuid::parse_str(id).map_err(|source| StoreError::Unavailable {
        attempt: ATTEMPT,
        advice: "the database was changed by hand or is damaged: restore a backup".to_owned(),
        source: source.into(),
    })?;
    Ok((InstallationId(id), Timestamp::from_millis(born_at)))
}

/// Whether `seal` can open what was sealed before. The first key that comes is remembered by a proof.
pub(crate) async fn check_seal(
    connection: &mut SqliteConnection,
    seal: &Seal,
) -> Result<bool, sqlx::Error> {
    let proof: Option<Vec<u8>> = sqlx::query_scalar("SELECT seal_check FROM installation")
        .fetch_one(&mut *connection)
        .await?;
    match proof {
        Some(proof) => Ok(seal.open(OWNER, &proof).is_ok_and(|text| text == PROOF)),
        None if seal.encrypts() => {
            let proof = seal
                .seal(OWNER, PROOF)
                .map_err(|error| sqlx::Error::Encode(error.into()))?;
            sqlx::query("UPDATE installation SET seal_check = $1")
                .bind(proof)
                .execute(connection)
                .await?;
            Ok(true)
        }
        None => Ok(true),
    }
}
