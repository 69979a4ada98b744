use uuid::Uuid;

/// Where a secret belongs. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    purpose: &'a str,
    account: Uuid,
    row: Uuid,
}

impl<'a> Place<'a> {
    /// In a row of an account. `purpose` tells secrets of one row apart and never changes, as `wordpress password`.
    pub const fn of_account(purpose: &'a str, account: Uuid, row: Uuid) -> Self {
        Self { purpose, account, row }
    }

    /// In a row that belongs to no account, as a signing key of the installation.
    pub const fn of_installation(purpose: &'a str, row: Uuid) -> Self {
        Self { purpose, account: Uuid::nil(), row }
    }

    /// What the ciphertext is bound to. A key's id has no colon, the ids have one length and the purpose comes last: no two places share an
    /// encoding.
    pub(crate) fn bound_to(&self, key_id: &str) -> Vec<u8> {
        [key_id.as_bytes(), b":", self.account.as_bytes(), self.row.as_bytes(), self.purpose.as_bytes()].concat()
    }
}
