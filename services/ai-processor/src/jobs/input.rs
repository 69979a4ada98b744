//! The input of a job: with it where it is small, in parts before it where it is not.

use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use crate::schema::igny8_job_inputs as inputs;

/// The size of a part, at most.
const PART: usize = 2 * 1024 * 1024;

/// Keeps a part. A repetition changes nothing.
pub(super) async fn put(conn: &mut AccountConn, job: Uuid, part: i32, body: &[u8]) -> Result<()> {
    if body.len() > PART {
        return Err(Error::invalid("body", "A part has at most 2 MiB."));
    }
    diesel::insert_into(inputs::table)
        .values((
            inputs::account_id.eq(conn.account().uuid()),
            inputs::job_id.eq(job),
            inputs::part.eq(part),
            inputs::body.eq(body),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// How many parts there are, none missing before the last.
pub(super) async fn parts(conn: &mut AccountConn, job: Uuid) -> Result<i64> {
    let of_job = inputs::table.filter(inputs::account_id.eq(conn.account().uuid())).filter(inputs::job_id.eq(job));
    Ok(of_job.count().get_result(conn).await?)
}

/// The whole input.
pub async fn read(conn: &mut AccountConn, job: Uuid) -> Result<Vec<u8>> {
    let of_job = inputs::table.filter(inputs::account_id.eq(conn.account().uuid())).filter(inputs::job_id.eq(job));
    let mut parts: Vec<Vec<u8>> = of_job.order(inputs::part).select(inputs::body).load(conn).await?;
    match parts.len() {
        1 => Ok(parts.pop().unwrap_or_default()),
        _ => Ok(parts.concat()),
    }
}
