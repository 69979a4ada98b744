//! What people read: what happened, and what to do. Nothing that a site wrote is repeated.

use super::fault::{Class, Parts};

pub(super) fn what(fault: &Parts) -> String {
    let Parts { host, detail, .. } = fault;
    match fault.class {
        Class::Address => {
            format!("IGNY8 does not connect to {host}: it goes to public addresses only, over HTTPS on port 443.")
        }
        Class::Unreachable => format!("Nobody answers at {host}."),
        Class::Certificate => format!("The certificate of {host} is not valid."),
        Class::TooSlow => format!("{host} did not answer in time."),
        Class::Moved => {
            format!("{host} sends visitors on to {detail}, which is another host. The password was not sent there.")
        }
        Class::NotWordpress => format!("There is a page at {host}, but it does not come from WordPress."),
        Class::WrongRoot if detail.is_empty() => format!("There is no WordPress at this address of {host}."),
        Class::WrongRoot => format!("WordPress is not at this address: it seems to be at {detail}."),
        Class::NoRoute => format!("The API of {host} is not where it was."),
        Class::RestDisabled => format!("The REST API of {host} is switched off."),
        Class::Firewall => format!("A firewall in front of {host} blocked the request{}.", status(fault)),
        Class::SignInWall => format!("{host} sends everyone to its sign-in page, the API included."),
        Class::PasswordsOff => format!("Application passwords are switched off at {host}."),
        Class::WrongPassword => format!("{host} does not accept this user and application password."),
        Class::AuthorizationStripped => format!(
            "The user and the application password are right, but they do not reach WordPress: the web server of {host} drops \
             the Authorization header."
        ),
        Class::Unauthorized => format!("{host} did not let us sign in."),
        Class::RoleTooLow => format!("This user of {host} may not {detail}."),
        Class::Forbidden => format!("{host} does not allow this user to do that."),
        Class::Gone => format!("It is not there any more: somebody deleted it at {host}."),
        Class::BadRequest => format!("{host} did not accept what was sent{}.", code(fault)),
        Class::UploadRefused => format!("{host} could not store the file."),
        Class::TooLarge => format!("{host} does not take files this large."),
        Class::Maintenance => format!("{host} is down for maintenance."),
        Class::Throttled => format!("{host} asks for fewer requests."),
        Class::SiteError => format!("{host} failed on its own{}.", status(fault)),
        Class::Page => format!("{host} answered with a page for people where its API should be."),
        Class::BrokenAnswer => {
            format!("The answer of {host} cannot be read: it breaks off, or something else is in it.")
        }
    }
}

pub(super) fn fix(fault: &Parts) -> String {
    let detail = &fault.detail;
    match fault.class {
        Class::Moved => format!("If {detail} is your site too, enter it as the address of the connection."),
        Class::WrongRoot if !detail.is_empty() => format!("Enter {detail} as the address of the connection."),
        Class::Throttled => wait(fault),
        class => getting_there(class).to_owned(),
    }
}

/// What keeps a request from reaching the API of a WordPress, and after that what happens inside.
fn getting_there(class: Class) -> &'static str {
    match class {
        Class::Address => {
            "Enter the public address of the site, beginning with https://. For a site inside your own network, ask whoever runs this \
             installation to allow its address."
        }
        Class::Unreachable => {
            "Check the address for a typing error, and whether the site opens in a browser. If it does, ask its host whether requests \
             from other servers are turned away."
        }
        Class::Certificate => "Renew the certificate, or correct the address. A browser shows what is wrong with it.",
        Class::TooSlow => {
            "Open the site in a browser. If it is slow there too, ask its host; otherwise try again in a few minutes."
        }
        Class::NotWordpress | Class::WrongRoot | Class::NoRoute => {
            "Enter the address that WordPress shows under Settings, General, as Site Address. Where it is in a folder, the folder \
             belongs to it, as https://example.com/blog."
        }
        Class::RestDisabled => {
            "A plugin does that, often one for security. Switch that option off, or let it leave out users who are signed in, and test \
             again."
        }
        Class::Firewall | Class::Page => {
            "Look into the settings of the firewall (Wordfence, Sucuri, Cloudflare, or the host's own) and allow requests to \
             /wp-json/, or ask the host to."
        }
        Class::SignInWall => {
            "A plugin for members, or for a site that is not open yet, does that. Let it leave out the REST API, or switch it off."
        }
        class => inside(class),
    }
}

fn inside(class: Class) -> &'static str {
    match class {
        Class::PasswordsOff => {
            "WordPress has them on sites with HTTPS only, and security plugins switch them off (Wordfence: Disable WordPress \
             application passwords). Allow them, make one under Users, Profile, and enter it here."
        }
        Class::WrongPassword => {
            "Check the user. Then make a new application password in WordPress under Users, Profile, Application Passwords, and enter \
             it here. The password that you sign in with does not work."
        }
        Class::AuthorizationStripped => {
            "Add this line to the file .htaccess of the site: SetEnvIf Authorization \"(.*)\" HTTP_AUTHORIZATION=$1 or ask the host \
             to hand the Authorization header to PHP."
        }
        Class::Unauthorized => "Test the connection: that tells whether the password is wrong or lost on its way.",
        Class::RoleTooLow | Class::Forbidden => {
            "Give the user the role Editor in WordPress under Users, or connect with a user who has it."
        }
        Class::Gone => "Publish the article once more: that makes a new page.",
        Class::BadRequest => "Try again. If it stays, write to support and name this message.",
        Class::UploadRefused => {
            "See whether the folder wp-content/uploads can be written to and has room, and whether the site allows files of this type."
        }
        Class::TooLarge => "Use a smaller picture, or raise the web server's limit for uploads.",
        Class::Maintenance => {
            "That takes a minute as a rule: try again then. If it stays, an update got stuck; delete the file .maintenance from the \
             folder of WordPress."
        }
        Class::SiteError => {
            "Look into the error log of the site, or ask its host. The plugin that was changed last is the first to switch off."
        }
        // An answer that cannot be read; what is told elsewhere never comes here.
        _ => {
            "As a rule a plugin writes its warnings into the answers. Switch the display of PHP errors off on the site and try again."
        }
    }
}

fn wait(fault: &Parts) -> String {
    let seconds = fault.retry_after.map_or(60, |wait| wait.as_secs().max(1));
    format!(
        "Try again in {seconds} seconds. If it stays, let the site's firewall or host allow more requests from IGNY8."
    )
}

fn status(fault: &Parts) -> String {
    fault.status.map(|status| format!(" (status {status})")).unwrap_or_default()
}

fn code(fault: &Parts) -> String {
    if fault.code.is_empty() { status(fault) } else { format!(" ({})", fault.code) }
}
