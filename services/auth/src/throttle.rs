//! Slowing down those who guess passwords, in every process and over restarts: the counts are rows.
//!
//! Five failures at one user are free, and twenty from one address, behind which an office may sit. From then on each one closes the subject for a time that doubles from a second to a quarter of an hour, and one
//! attempt is let through at its end. Setting a new password by mail stays open throughout.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use db::SystemConn;
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Integer, Timestamptz};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_sign_in_attempts::{self as attempts, dsl};

const FREE_FAILURES: i32 = 5;
const FREE_FAILURES_OF_AN_ADDRESS: i32 = 20;
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// A subject that has been quiet for so long begins anew.
pub(crate) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(1);

/// What is counted: a hash, because the row should not be one more place where addresses can be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject(Vec<u8>);

impl Subject {
    /// An account's user, by the address that somebody tries, whether there is such a user or not.
    pub(crate) fn email(address: &str) -> Self {
        Self::of("email", address)
    }

    /// A signed-in user who is asked for the password again.
    pub(crate) fn user(id: Uuid) -> Self {
        Self::of("user", &id.to_string())
    }

    /// Where attempts come from. An IPv6 customer has at least a /64 to choose from, so that counts as one.
    pub(crate) fn address(address: IpAddr) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => (u128::from(address) >> 64).to_string(),
        };
        Self::of("address", &network)
    }

    fn of(kind: &str, value: &str) -> Self {
        Self(Sha256::digest(format!("{kind} {value}").as_bytes()).to_vec())
    }
}

/// One attempt at a password.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Whose password. A success clears its count.
    owner: Subject,
    /// Where from. A success leaves its count alone: else one good password of one's own would pay for guesses at others.
    origin: Option<Subject>,
    /// Whether either has failed before: most have not, and then a success has nothing to clear.
    has_history: bool,
}

#[derive(HasQuery)]
#[diesel(table_name = attempts)]
struct Row {
    subject: Vec<u8>,
    failures: i32,
    blocked_until: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

/// Lets an attempt through, or answers how long to wait. Of many attempts at once on a slowed-down subject, one passes.
pub(crate) async fn admit(app: &App, owner: Subject, origin: Option<IpAddr>) -> Result<Attempt> {
    let mut attempt = Attempt { owner, origin: origin.map(Subject::address), has_history: false };
    attempt.has_history = app.db.system(async |conn| attempt.take_turn(conn).await).await?;
    Ok(attempt)
}

impl Attempt {
    async fn take_turn(&self, conn: &mut SystemConn) -> Result<bool> {
        let now = Utc::now();
        let rows = self.lock(conn).await?;
        if let Some(until) = rows.iter().filter_map(|row| row.blocked_until).filter(|until| *until > now).max() {
            return Err(too_many((until - now).to_std().unwrap_or_default()));
        }
        for row in rows.iter().filter(|row| row.updated_at + FORGOTTEN_AFTER > now) {
            if let Some(delay) = self.delay_of(&row.subject, row.failures.saturating_add(1)) {
                block(conn, &row.subject, Some(now + delay)).await?;
            }
        }
        Ok(!rows.is_empty())
    }

    /// The password was wrong.
    pub(crate) async fn failed(&self, app: &App) -> Result<()> {
        app.db
            .system(async |conn| {
                let subjects: Vec<&[u8]> = self.subjects().collect();
                let counted = diesel::sql_query(COUNT)
                    .bind::<Array<Binary>, _>(subjects)
                    .bind::<Timestamptz, _>(Utc::now() - FORGOTTEN_AFTER)
                    .load::<Counted>(conn)
                    .await?;
                for Counted { subject, failures } in counted {
                    let until = self.delay_of(&subject, failures).map(|delay| Utc::now() + delay);
                    block(conn, &subject, until).await?;
                }
                Ok(())
            })
            .await
    }

    /// The password was right.
    pub(crate) async fn succeeded(&self, app: &App) -> Result<()> {
        if !self.has_history {
            return Ok(());
        }
        app.db
            .system(async |conn| {
                self.lock(conn).await?;
                diesel::delete(dsl::igny8_sign_in_attempts.find(&self.owner.0)).execute(conn).await?;
                if let Some(Subject(origin)) = &self.origin {
                    block(conn, origin, None).await?; // gives the turn back
                }
                Ok(())
            })
            .await
    }

    fn delay_of(&self, subject: &[u8], failures: i32) -> Option<TimeDelta> {
        let is_origin = self.origin.as_ref().is_some_and(|origin| origin.0 == subject);
        let free = if is_origin { FREE_FAILURES_OF_AN_ADDRESS } else { FREE_FAILURES };
        delay_after(failures.checked_sub(free)?)
    }

    fn subjects(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.owner).chain(&self.origin).map(|subject| subject.0.as_slice())
    }

    /// In one order, so that two attempts never wait for each other.
    async fn lock(&self, conn: &mut SystemConn) -> Result<Vec<Row>> {
        let rows = Row::query().filter(dsl::subject.eq_any(self.subjects())).order(dsl::subject).for_update();
        Ok(rows.load(conn).await?)
    }
}

/// Forgets the count of an address, when its owner has proved by mail to be the owner.
pub(crate) async fn forget(app: &App, email: &str) -> Result<()> {
    let row = dsl::igny8_sign_in_attempts.find(Subject::email(email).0);
    app.db.system(async |conn| Ok(diesel::delete(row).execute(conn).await.map(drop)?)).await
}

const COUNT: &str = "
    INSERT INTO igny8_sign_in_attempts AS counted (subject, failures)
    SELECT subject, 1 FROM unnest($1) subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET
        failures = CASE WHEN counted.updated_at < $2 THEN 1 ELSE counted.failures + 1 END, updated_at = now()
    RETURNING subject, failures";

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Binary)]
    subject: Vec<u8>,
    #[diesel(sql_type = Integer)]
    failures: i32,
}

async fn block(conn: &mut SystemConn, subject: &[u8], until: Option<DateTime<Utc>>) -> Result<()> {
    let row = diesel::update(dsl::igny8_sign_in_attempts.find(subject));
    row.set(dsl::blocked_until.eq(until)).execute(conn).await?;
    Ok(())
}

/// How long a subject is closed after so many failures beyond the free ones.
fn delay_after(failures: i32) -> Option<TimeDelta> {
    let doublings = u32::try_from(failures).ok()?;
    Some(
        1_i32.checked_shl(doublings.min(20)).map_or(LONGEST, |seconds| TimeDelta::seconds(seconds.into())).min(LONGEST),
    )
}

fn too_many(wait: Duration) -> Error {
    let seconds = wait.as_secs() + 1;
    let message =
        format!("There were too many failed attempts. Wait {seconds} s and try again, or set a new password by mail.");
    Error::exhausted("TOO_MANY_ATTEMPTS", message, Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_a_quarter_of_an_hour() {
        assert_eq!(delay_after(-1), None);
        assert_eq!(delay_after(0), Some(TimeDelta::seconds(1)));
        assert_eq!(delay_after(1), Some(TimeDelta::seconds(2)));
        assert_eq!(delay_after(9), Some(TimeDelta::seconds(512)));
        assert_eq!(delay_after(10), Some(TimeDelta::minutes(15)));
        assert_eq!(delay_after(i32::MAX), Some(TimeDelta::minutes(15)));
    }

    #[test]
    fn addresses_of_one_network_are_one_subject() {
        let subject = |text: &str| Subject::address(text.parse().unwrap());
        assert_eq!(subject("2001:db8::1"), subject("2001:db8::ffff"));
        assert_ne!(subject("2001:db8::1"), subject("2001:db8:0:1::1"));
        assert_ne!(subject("192.0.2.1"), subject("192.0.2.2"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
    }
}
