use std::fmt;
use std::ops::{Deref, DerefMut};

use diesel_async::AsyncPgConnection;
use rpc::{AccountId, Caller};
use uuid::Uuid;

use crate::pool::Object;

/// A connection inside a transaction that belongs to one account. diesel-async takes it as it is.
///
/// Only [`Db`](crate::Db) makes one, so a function that takes it has said that it works for an account:
///
/// ```
/// fn owned_by(conn: &db::AccountConn) -> uuid::Uuid {
///     conn.account().uuid()
/// }
/// ```
pub struct AccountConn {
    object: Object,
    account: AccountId,
    actor: Uuid,
    announces: bool,
}

impl AccountConn {
    pub(crate) fn of_caller(object: Object, caller: &Caller) -> Self {
        let account = caller.account();
        let actor = caller.user().or(caller.api_key()).unwrap_or(account.uuid());
        Self { object, account, actor, announces: false }
    }

    pub(crate) fn of_account(object: Object, account: AccountId) -> Self {
        Self { object, account, actor: account.uuid(), announces: false }
    }

    /// The account of this transaction.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Wakes whoever waits in [`Db::announced`](crate::Db::announced), once this transaction is committed.
    pub fn announce(&mut self) {
        self.announces = true;
    }

    pub(crate) fn announces(&self) -> bool {
        self.announces
    }

    /// The user or API key that acts, or the account itself when the system does.
    pub(crate) fn actor(&self) -> Uuid {
        self.actor
    }
}

impl Deref for AccountConn {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl DerefMut for AccountConn {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.object
    }
}

impl From<AccountConn> for Object {
    fn from(conn: AccountConn) -> Self {
        conn.object
    }
}

impl fmt::Debug for AccountConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountConn").field("account", &self.account).finish_non_exhaustive()
    }
}

/// A connection inside a transaction of the service's system role: it crosses accounts, on the columns that migrations granted to it.
pub struct SystemConn {
    object: Object,
}

impl SystemConn {
    pub(crate) fn new(object: Object) -> Self {
        Self { object }
    }
}

impl Deref for SystemConn {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl DerefMut for SystemConn {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.object
    }
}

impl From<SystemConn> for Object {
    fn from(conn: SystemConn) -> Self {
        conn.object
    }
}

impl fmt::Debug for SystemConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemConn").finish_non_exhaustive()
    }
}
