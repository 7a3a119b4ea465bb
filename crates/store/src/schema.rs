//! The tables, and how an older file becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as ours: `LZRT` in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x4C5A_5254;

/// Each makes the next version of the tables from the one before. Never changed once released.
const MIGRATIONS: [&str; 3] = [
    "
    CREATE TABLE report (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        image_id TEXT,
        name TEXT NOT NULL,
        source_kind TEXT NOT NULL,
        scanned_at_ms INTEGER NOT NULL,
        decision TEXT NOT NULL,
        findings INTEGER NOT NULL,
        -- The report as JSON, compressed with zstd.
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX report_by_image ON report (image_id, scanned_at_ms);
    CREATE INDEX report_by_name ON report (name, scanned_at_ms);
    CREATE INDEX report_by_time ON report (scanned_at_ms);
",
    "
    ALTER TABLE report ADD COLUMN manifest_digest TEXT;
    -- Of the report as JSON, before compression: the name by which decisions call it.
    ALTER TABLE report ADD COLUMN digest TEXT;
    CREATE INDEX report_by_manifest ON report (manifest_digest, scanned_at_ms);
    CREATE INDEX report_by_digest ON report (digest);
    -- Decisions of the gates, appended and never changed. Each row's hash is over the hash before
    -- it and its own body.
    CREATE TABLE decision (
        number INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        gate TEXT NOT NULL,
        decision TEXT NOT NULL,
        enforced TEXT NOT NULL,
        -- The decision as JSON.
        body TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX decision_by_time ON decision (at_ms);
    CREATE TRIGGER decision_stays BEFORE DELETE ON decision
    BEGIN SELECT RAISE(ABORT, 'decisions are kept'); END;
    CREATE TRIGGER decision_holds BEFORE UPDATE ON decision
    BEGIN SELECT RAISE(ABORT, 'decisions do not change'); END;
",
    "
    -- Where the log begins after old decisions were taken out: the last of them and its hash. It
    -- only goes on.
    CREATE TABLE decision_anchor (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        number INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER anchor_stays BEFORE DELETE ON decision_anchor
    BEGIN SELECT RAISE(ABORT, 'the anchor of the decisions is kept'); END;
    CREATE TRIGGER anchor_goes_on BEFORE UPDATE ON decision_anchor WHEN NEW.number <= OLD.number
    BEGIN SELECT RAISE(ABORT, 'the anchor of the decisions only goes on'); END;
    DROP TRIGGER decision_stays;
    CREATE TRIGGER decision_stays BEFORE DELETE ON decision
    WHEN OLD.number > coalesce((SELECT number FROM decision_anchor), 0)
    BEGIN SELECT RAISE(ABORT, 'decisions are kept'); END;
",
];

/// The version whose tables hold digests that older reports are still without.
const DIGESTS_SINCE: usize = 2;

/// What a file is, before anything is changed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// No tables yet.
    Nobody,
    /// Made by this program; its version.
    Us(u32),
    /// Made by another.
    Other,
}

/// The newest version of the tables.
pub(crate) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Whose file it is. One statement: another process may make the tables meanwhile.
pub(crate) fn owner(connection: &Connection) -> rusqlite::Result<Owner> {
    let asked = "SELECT (SELECT count(*) FROM sqlite_master), application_id, user_version
                 FROM pragma_application_id, pragma_user_version";
    let (tables, application, version): (u32, i32, i32) =
        connection.query_row(asked, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(match (application, tables) {
        (APPLICATION_ID, _) => Owner::Us(u32::try_from(version).unwrap_or(u32::MAX)),
        (0, 0) if version == 0 => Owner::Nobody,
        _ => Owner::Other,
    })
}

/// Brings the tables to the newest version. Another process may be doing the same: the version is
/// read again once the write lock is held.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if owner(connection)? == Owner::Us(newest()) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = match owner(&transaction)? {
        Owner::Us(version) => version,
        Owner::Nobody | Owner::Other => 0,
    };
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    if done < DIGESTS_SINCE {
        crate::reports::add_digests(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest().max(version))?;
    transaction.commit()
}
