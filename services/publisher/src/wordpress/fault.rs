//! Why a request to a site came to nothing, and whether it may have had its effect all the same.

use std::time::Duration;

use contracts::publisher::v1::ConnectionProblem;

use super::sentences;

/// Why there is no answer that we can use. Its text is what a person reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.what())]
pub struct Fault(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) class: Class,
    pub(super) host: String,
    pub(super) status: Option<u16>,
    pub(super) code: String,
    pub(super) term: Option<i64>,
    pub(super) retry_after: Option<Duration>,
    /// What belongs into the sentence, as another host.
    pub(super) detail: String,
    ambiguous: bool,
}

/// What was wrong, as far as one request shows. Those that only the doctor can tell apart are here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The address is not one that we go to.
    Address,
    /// The name does not exist, or nobody answers.
    Unreachable,
    Certificate,
    TooSlow,
    /// The site sends us to another host.
    Moved,
    NotWordpress,
    WrongRoot,
    /// The API has no such path.
    NoRoute,
    RestDisabled,
    Firewall,
    SignInWall,
    PasswordsOff,
    WrongPassword,
    AuthorizationStripped,
    /// We were not signed in. The doctor finds out why.
    Unauthorized,
    RoleTooLow,
    /// The user may not do this.
    Forbidden,
    /// What was asked for was deleted on the site.
    Gone,
    /// What we sent is not accepted as it is.
    BadRequest,
    /// The site does not store the file, however often it is sent.
    UploadRefused,
    /// The site does not take a body this large.
    TooLarge,
    Maintenance,
    Throttled,
    /// The site failed on its own.
    SiteError,
    /// A page for people where the API should be.
    Page,
    /// The answer cannot be read, or broke off.
    BrokenAnswer,
}

impl Fault {
    /// It certainly had no effect.
    pub(super) fn before(class: Class, host: &str) -> Self {
        Self::new(class, host, false)
    }

    /// It may have had its effect.
    pub(super) fn ambiguous(class: Class, host: &str) -> Self {
        Self::new(class, host, true)
    }

    fn new(class: Class, host: &str, ambiguous: bool) -> Self {
        Self(Box::new(Parts {
            class,
            host: host.to_owned(),
            status: None,
            code: String::new(),
            term: None,
            retry_after: None,
            detail: String::new(),
            ambiguous,
        }))
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(&mut self.0);
        self
    }

    pub(super) fn with_detail(self, detail: impl Into<String>) -> Self {
        self.with(|parts| parts.detail = detail.into())
    }

    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// WordPress's own name for it, as `term_exists`, or nothing.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The term that is there already, with `term_exists`.
    pub fn term_id(&self) -> Option<i64> {
        self.0.term
    }

    /// How long the site asks us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the request may have had its effect: look before repeating it.
    pub fn is_ambiguous(&self) -> bool {
        self.0.ambiguous
    }

    /// Whether the request certainly had no effect.
    pub fn had_no_effect(&self) -> bool {
        !self.0.ambiguous
    }

    /// What happened, in a sentence for people.
    pub fn what(&self) -> String {
        self.0.what()
    }

    /// What to do about it, in a sentence for people.
    pub fn fix(&self) -> String {
        sentences::fix(&self.0)
    }

    /// What it means for a connection.
    pub fn problem(&self) -> ConnectionProblem {
        match self.0.class {
            Class::Address => ConnectionProblem::AddressRefused,
            Class::Unreachable => ConnectionProblem::Unreachable,
            Class::Certificate => ConnectionProblem::Certificate,
            Class::TooSlow => ConnectionProblem::TooSlow,
            Class::Moved => ConnectionProblem::Moved,
            Class::NotWordpress => ConnectionProblem::NotWordpress,
            Class::WrongRoot | Class::NoRoute | Class::Gone => ConnectionProblem::WrongRoot,
            Class::RestDisabled => ConnectionProblem::RestDisabled,
            Class::Firewall | Class::Page => ConnectionProblem::Firewall,
            Class::SignInWall => ConnectionProblem::SignInWall,
            Class::PasswordsOff => ConnectionProblem::PasswordsOff,
            Class::WrongPassword | Class::Unauthorized => ConnectionProblem::WrongPassword,
            Class::AuthorizationStripped => ConnectionProblem::AuthorizationStripped,
            Class::RoleTooLow | Class::Forbidden => ConnectionProblem::RoleTooLow,
            Class::Maintenance => ConnectionProblem::Maintenance,
            Class::Throttled => ConnectionProblem::Throttled,
            Class::SiteError => ConnectionProblem::SiteError,
            Class::BadRequest | Class::UploadRefused | Class::TooLarge | Class::BrokenAnswer => {
                ConnectionProblem::BrokenAnswer
            }
        }
    }
}

impl Parts {
    fn what(&self) -> String {
        sentences::what(self)
    }
}
