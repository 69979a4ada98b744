//! What a fault means for whoever publishes: whether waiting helps, and whether what was asked for is gone.

use super::{Class, Fault, Site};

impl Site {
    /// The answer is none that this request has.
    pub(super) fn unreadable(&self) -> Fault {
        Fault::ambiguous(Class::BrokenAnswer, self.root.host())
    }
}

impl Fault {
    /// The site asks to be left alone for a while.
    pub(crate) fn asks_to_wait(&self) -> bool {
        matches!(self.class(), Class::Throttled | Class::Maintenance)
    }

    /// It may be another in a moment, without anybody doing anything.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.class(), Class::Unreachable | Class::TooSlow | Class::SiteError | Class::BrokenAnswer)
    }

    /// What was asked for was deleted for good.
    pub(crate) fn is_missing(&self) -> bool {
        self.class() == Class::Gone
    }

    /// A stable word for programs.
    pub(crate) fn reason(&self) -> &'static str {
        match self.class() {
            Class::Address => "ADDRESS_REFUSED",
            Class::Unreachable => "SITE_UNREACHABLE",
            Class::Certificate => "CERTIFICATE_INVALID",
            Class::TooSlow => "SITE_TOO_SLOW",
            Class::Moved => "SITE_MOVED",
            Class::NotWordpress => "NOT_WORDPRESS",
            Class::WrongRoot | Class::NoRoute => "WRONG_ROOT",
            Class::RestDisabled => "REST_DISABLED",
            Class::Firewall | Class::Page => "FIREWALL",
            Class::SignInWall => "SIGN_IN_WALL",
            Class::PasswordsOff => "PASSWORDS_OFF",
            Class::WrongPassword | Class::AuthorizationStripped | Class::Unauthorized => "NOT_SIGNED_IN",
            Class::RoleTooLow | Class::Forbidden => "ROLE_TOO_LOW",
            Class::Gone => "PAGE_DELETED",
            Class::BadRequest => "NOT_ACCEPTED",
            Class::UploadRefused => "UPLOAD_REFUSED",
            Class::TooLarge => "FILE_TOO_LARGE",
            Class::Maintenance => "SITE_MAINTENANCE",
            Class::Throttled => "SITE_THROTTLED",
            Class::SiteError => "SITE_ERROR",
            Class::BrokenAnswer => "ANSWER_UNREADABLE",
        }
    }
}
