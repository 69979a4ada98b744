//! The words of each mail.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Mail;
use crate::secrets::Secret;

#[derive(Serialize, Deserialize)]
pub(super) struct Text {
    pub(super) subject: String,
    pub(super) body: String,
}

impl Mail<'_> {
    pub(super) fn text(&self, public_url: &Url) -> Text {
        match self {
            Self::VerifyEmail { token } => Text {
                subject: "Confirm your e-mail address".to_owned(),
                body: format!(
                    "Somebody, hopefully you, signed up for IGNY8 with this address. Open this link to confirm it:\n\n{}\n\n\
                     The link works for three days. If it was not you, ignore this mail.\n",
                    link(public_url, "verify-email", token)
                ),
            },
            Self::ResetPassword { token } => Text {
                subject: "Set a new password".to_owned(),
                body: format!(
                    "Somebody, hopefully you, asked for a new password. Open this link to set one:\n\n{}\n\n\
                     The link works once, for one hour. If it was not you, ignore this mail: your password stays as it is.\n",
                    link(public_url, "reset-password", token)
                ),
            },
            Self::PasswordChanged => Text {
                subject: "Your password was changed".to_owned(),
                body: format!(
                    "The password of your IGNY8 account was changed, and your other devices were signed out.\n\n\
                     If it was not you, set a new password now:\n\n{}\n",
                    page(public_url, "forgot-password")
                ),
            },
            Self::Invitation { account, inviter, token } => Text {
                subject: format!("You are invited to {} on IGNY8", one_line(account)),
                body: format!(
                    "{} invites you to work in \"{}\" on IGNY8. Open this link to accept:\n\n{}\n\n\
                     The link works for seven days. If you expect no invitation, ignore this mail.\n",
                    one_line(inviter),
                    one_line(account),
                    link(public_url, "accept-invitation", token)
                ),
            },
        }
    }
}

fn page(public_url: &Url, path: &str) -> Url {
    let mut url = public_url.clone();
    url.set_path(&format!("{}/{path}", public_url.path().trim_end_matches('/')));
    url
}

fn link(public_url: &Url, path: &str, token: &Secret) -> Url {
    let mut url = page(public_url, path);
    url.query_pairs_mut().append_pair("token", token.text());
    url
}

/// What users wrote must not look like our own words, nor like a link that a mail program underlines.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .replace("://", ": / /")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_alone_on_its_line_and_keeps_the_path_of_the_public_address() {
        let (url, token) = ("https://example.com/app/".parse().unwrap(), Secret::new(""));
        let text = Mail::ResetPassword { token: &token }.text(&url);
        let line = format!("https://example.com/app/reset-password?token={}", token.text());
        assert!(text.body.lines().any(|other| other == line), "{}", text.body);
    }

    #[test]
    fn the_name_of_an_account_adds_neither_lines_nor_links() {
        let (url, token) = ("https://example.com".parse().unwrap(), Secret::new(""));
        let account = "Prize!\r\nBcc: a@b.c\n\nhttps://evil.example";
        let text = Mail::Invitation { account, inviter: "Ada", token: &token }.text(&url);
        assert!(!text.subject.contains(['\r', '\n']));
        assert_eq!(text.body.matches("://").count(), 1);
    }
}
